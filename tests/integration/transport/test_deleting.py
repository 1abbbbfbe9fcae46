"""Nothing that was not read whole leaves a real Dovecot: files are replaced and emptied below it."""

import dataclasses
import os

import pytest
from odoo.addons.message_history.lib import errors
from odoo.addons.message_history.lib.transport import FolderRequest, Removal, StartPolicy, Stays

from tests.integration.transport.mailboxes import Reader, as_kept, mail

INBOX = FolderRequest("INBOX", start=StartPolicy.ALL)
DELETE = dataclasses.replace(INBOX, delete_after_fetch=True)
OTHER = b"Subject: mail 9\r\nMessage-ID: <9@test>\r\n\r\nanother\r\n"


@pytest.fixture(params=["delete", "move"])
def remove(request):
    """Both ways by which a message leaves its folder."""
    return lambda transport, kept: transport.delete(kept) if request.param == "delete" else transport.move(kept, "Done")


def files_of(mailbox):
    """The file of each mail, by its number."""
    root = mailbox.server.maildir(mailbox.user)
    files = [one for name in ("cur", "new") for one in (root / name).iterdir()]
    return {int(one.read_bytes().split(b"\r\n", 1)[0].rsplit(b" ", 1)[1]): one for one in files}


def overwrite(path, content):
    """Replace a file as a restore or a virus scanner does: same name, other bytes."""
    path.with_suffix(".part").write_bytes(content)
    os.replace(path.with_suffix(".part"), path)


def forget_sizes(mailbox):
    """What the server remembers of the files: gone, as after a crash or a migration."""
    for one in mailbox.server.maildir(mailbox.user).glob("dovecot.index*"):
        one.unlink()


@pytest.mark.parametrize("session", ["same", "new"])
@pytest.mark.parametrize("content", [OTHER, b"", b"\r\n\r\n", bytes(400)], ids=["other", "empty", "blank", "zeros"])
def test_a_file_that_changed_below_the_server_stays(mailbox, remove, session, content):
    mailbox.put(1, 2, 3)
    transport = mailbox.imap()
    messages = Reader(transport, INBOX).fetch()
    if session == "new":
        transport.close()
    overwrite(files_of(mailbox)[2], content)
    if session == "new":
        forget_sizes(mailbox)
        transport = mailbox.imap()
    with transport:
        results = remove(transport, [as_kept(one) for one in messages])
        assert [one.stays for one in results[::2]] == [None, None]
        assert results[1].stays in (Stays.OTHER, Stays.UNREADABLE)
        if results[1].stays is Stays.OTHER:
            # Dovecot goes by the size in the file's name, and cuts what is longer.
            assert OTHER.startswith(results[1].other.content)
    root = mailbox.server.maildir(mailbox.user)
    left = [one.read_bytes() for name in ("cur", "new") for one in (root / name).iterdir()]
    assert left == [content]


def test_a_folder_made_again_with_its_old_numbers(mailbox, remove):
    """The same UIDVALIDITY, the same UIDs, other mails: as after a restore."""
    server, user = mailbox.server, mailbox.user
    mailbox.put(1, 2, 3)
    with mailbox.imap() as transport:
        messages = Reader(transport, INBOX).fetch()
    validity = messages[0].names["uidvalidity"]
    server.expunge(user, "all")
    for one in server.maildir(user).glob("dovecot*"):
        one.unlink()
    mailbox.put(7, 8, 9)
    server.set_uidvalidity(user, validity)
    with mailbox.imap() as transport:
        again = Reader(transport, INBOX).fetch()
        assert [one.names for one in again] == [one.names for one in messages], "nothing tells by the names"
        results = remove(transport, [as_kept(one) for one in messages])
        assert [one.stays for one in results] == [Stays.OTHER] * 3
        assert [one.other.content for one in results] == [mail(7), mail(8), mail(9)]
        assert mailbox.subjects() == ["mail 7", "mail 8", "mail 9"]


def test_marked_by_others_while_ours_go(mailbox, remove):
    mailbox.put(1, 2, 3)
    with mailbox.imap() as transport:
        first, _second, _third = Reader(transport, INBOX).fetch()
        mailbox.server.doveadm("flags", "add", "-u", mailbox.user, "\\Deleted", "mailbox", "INBOX", "subject", "mail 3")
        assert remove(transport, [as_kept(first)])[0].stays is None
        assert mailbox.subjects() == ["mail 2", "mail 3"]


def test_gone_meanwhile(mailbox, remove):
    mailbox.put(1, 2)
    with mailbox.imap() as transport:
        first, second = Reader(transport, INBOX).fetch()
        mailbox.server.expunge(mailbox.user, "subject", "mail 1")
        assert remove(transport, [as_kept(first)]) == [Removal()]
        assert remove(transport, [as_kept(second)])[0].stays is None
        assert mailbox.subjects() == []


@pytest.mark.parametrize("content", [b"", b"\r\n\r\n"], ids=["empty", "blank"])
def test_an_empty_file_is_no_mail(mailbox, content):
    mailbox.put(1, 2)
    path = files_of(mailbox)[2]
    overwrite(path, content)
    forget_sizes(mailbox)
    with mailbox.imap() as transport:
        reader = Reader(transport, INBOX)
        assert reader.subjects() == [1]
        assert sum(len(chunk.failed) for chunk in reader.chunks) == 1
    with mailbox.pop3() as transport:
        reader = Reader(transport, DELETE)
        for _number in range(2):
            try:
                reader.fetch()
            except errors.ChannelError:
                continue  # Dovecot ends the session at a size that is wrong
        left = [one.read_bytes() for name in ("cur", "new") for one in (path.parent.parent / name).iterdir()]
        assert content in left
        assert not [one for one in reader.kept.values() if not one.content.strip()]


def test_over_pop3_what_changed_before_the_deletion_was_confirmed_is_received(mailbox, proxy_to):
    mailbox.put(1, 2)
    proxy = proxy_to(mailbox.server.pop3_port)
    with mailbox.pop3(security="none", port=proxy.port) as transport:
        reader = Reader(transport, DELETE)
        transport._delete = lambda uids: proxy.cut() if uids else None
        with pytest.raises(errors.ChannelError):
            reader.fetch()
    assert len(reader.kept) == 2
    overwrite(files_of(mailbox)[2], OTHER)
    forget_sizes(mailbox)
    with mailbox.pop3() as transport:
        reader.transport = transport
        assert [one.content for one in reader.fetch()] == [OTHER]
        assert reader.fetch() == []
    assert mailbox.subjects() == []
