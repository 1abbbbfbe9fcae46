"""Guessed servers."""

import pytest
from odoo.addons.message_history.lib.providers import PROVIDERS, guess


@pytest.mark.parametrize(("address", "imap", "smtp"), [
    ("info@gmail.com", "imap.gmail.com", "smtp.gmail.com"),
    ("Info@GMX.de ", "imap.gmx.net", "mail.gmx.net"),
    ("info@lamps.example", "imap.lamps.example", "smtp.lamps.example"),
])
def test_guess(address, imap, smtp):
    found = guess(address)
    assert (found.imap.host, found.smtp.host) == (imap, smtp)


@pytest.mark.parametrize("address", ["", "info", "info@", "info@localhost"])
def test_nothing_to_guess(address):
    assert guess(address) is None


def test_every_provider_is_encrypted():
    for provider in PROVIDERS.values():
        assert (provider.imap.port, provider.imap.security) == (993, "ssl")
        assert (provider.smtp.port, provider.smtp.security) in ((465, "ssl"), (587, "starttls"))
