"""Mailboxes of the demo; known to the server, to ``dev run`` and to ``dev mail``."""

PASSWORD = "demo"  # noqa: S105 - a mail server on loopback with made-up mail
SALES, CUSTOMER = "sales", "customer"
ACCOUNTS = {SALES: "sales@demo.example", CUSTOMER: "clara@customer.example"}
# Who gets the mail for every other address.
OTHERS = CUSTOMER
