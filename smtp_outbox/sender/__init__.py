"""The threads that send.

pump       one for each process: enters mails into the outbox, starts senders, settles
sender     one for each connection to a server: claims, sends, notes
shipment   what goes over a connection in one transaction
verdict    from what the server said to what is noted
scheduled  the same for processes that are no gateway: Odoo's scheduled actions
"""
