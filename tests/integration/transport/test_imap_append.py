"""Putting messages into folders of a real Dovecot."""

from datetime import datetime, timedelta

import pytest
from odoo.addons.message_history.lib import errors
from odoo.addons.message_history.lib.transport import FolderRequest, StartPolicy

from tests.integration.transport.mailboxes import Reader, mail

MOMENT = datetime(2026, 2, 3, 4, 5, 6)


def read(transport, folder):
    return Reader(transport, FolderRequest(folder, start=StartPolicy.ALL)).fetch()


@pytest.mark.parametrize("size", [10, 5000, 100_000, 3_000_000])
def test_it_comes_back_as_it_was(mailbox, size):
    content = mail(1, size)
    with mailbox.imap() as transport:
        assert not transport.has_message("Sent", "<1@test>")
        assert transport.append("Sent", content, ("\\Seen", "$Own"), MOMENT) == "Sent"
        assert transport.has_message("Sent", "<1@test>")
        assert transport.has_message("Sent", "<1@test>", MOMENT)
        assert not transport.has_message("Sent", "<1@test>", MOMENT + timedelta(days=3))
        assert not transport.has_message("Sent", "<2@test>")
        assert not transport.has_message("INBOX", "<1@test>")
    with mailbox.imap(spool_limit=2**30) as transport:
        (message,) = read(transport, "Sent")
    assert message.content == content
    assert message.received_at == MOMENT
    assert {"\\Seen", "$Own"} <= set(message.flags)


@pytest.mark.parametrize("folder", ["Sent", "Büro/Gesendet & mehr", "INBOX"])
def test_folders_are_made_and_subscribed(mailbox, folder):
    with mailbox.imap() as transport:
        for number in (1, 2):
            assert transport.append(folder, mail(number)) == folder
    assert mailbox.subjects(folder) == ["mail 1", "mail 2"]
    if folder != "INBOX":
        told = mailbox.server.doveadm("mailbox", "list", "-s", "-u", mailbox.user)
        assert folder in told.splitlines()


def test_a_folder_that_is_deleted_meanwhile(mailbox):
    with mailbox.imap() as transport:
        transport.append("Sent", mail(1))
        mailbox.server.delete_folder(mailbox.user, "Sent")
        transport.append("Sent", mail(2))
        assert transport.has_message("Sent", "<2@test>")
    assert mailbox.subjects("Sent") == ["mail 2"]


def test_it_finds_what_came_since_the_folder_was_opened(mailbox):
    with mailbox.imap() as transport:
        transport.append("Sent", mail(1))
        assert not transport.has_message("Sent", "<2@test>")
        mailbox.put(2, folder="Sent")
        assert transport.has_message("Sent", "<2@test>")
        assert len(read(transport, "Sent")) == 2


def test_many_over_one_connection_beside_other_work(mailbox):
    with mailbox.imap() as transport:
        for number in range(1, 60):
            transport.append("Sent", mail(number, 3000), ("\\Seen",))
            if number % 10 == 0:
                mailbox.put(number)
                read(transport, "INBOX")
    assert mailbox.subjects("Sent") == [f"mail {number}" for number in range(1, 60)]
    assert all("\\Seen" in flags for flags in mailbox.flags("Sent").values())


def test_a_folder_that_can_not_be(mailbox):
    with mailbox.imap() as transport:
        with pytest.raises(errors.ConfigurationError) as caught:
            transport.append("Sent//x", mail(1))
        assert caught.value.field == "folder"
        transport.append("Sent", mail(1))


def test_the_connection_breaks_in_the_middle(mailbox, proxy_to):
    proxy = proxy_to(mailbox.server.imap_port)
    with mailbox.imap(security="none", port=proxy.port) as transport:
        transport.append("Sent", mail(1))
        proxy.cut()
        with pytest.raises(errors.ConnectionFailed):
            transport.append("Sent", mail(2))
        transport.append("Sent", mail(2))
    assert mailbox.subjects("Sent") == ["mail 1", "mail 2"]
