"""What a folder is for."""

import pytest
from odoo.addons.fetchmail_gateway.lib.imap_folders import role_of


@pytest.mark.parametrize(
    ("name", "attributes", "delimiter", "role"),
    [
        ("INBOX", (), "/", "inbox"),
        ("inbox", (), ".", "inbox"),
        ("Gesendet", (), "/", "sent"),
        ("Gesendete Elemente", (), "/", "sent"),
        ("INBOX.Sent", (), ".", "sent"),
        ("INBOX/Papierkorb", (), "/", "trash"),
        ("Entwürfe", (), "/", "drafts"),
        ("Spam", (), "/", "junk"),
        ("Archiv", (), "/", "archive"),
        ("[Gmail]/Sent Mail", ("\\HasNoChildren", "\\Sent"), "/", "sent"),
        ("[Gmail]/All Mail", (), "/", "archive"),
        ("Irgendwas", ("\\Junk",), "/", "junk"),
        ("Kunden/Sent", (), "/", ""),
        ("INBOX.Kunden.Sent", (), ".", ""),
        ("Rechnungen", (), "/", ""),
        ("Sent", (), "", "sent"),
    ],
)
def test_role(name, attributes, delimiter, role):
    assert role_of(name, set(attributes), delimiter) == role
