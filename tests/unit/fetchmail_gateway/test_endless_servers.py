"""Servers that do not stop, or whose few bytes stand for gigabytes: neither memory nor disk goes with it."""

import dataclasses
import os
from datetime import datetime

import pytest
from odoo.addons.fetchmail_gateway.lib.imap import ImapTransport
from odoo.addons.fetchmail_gateway.lib.imap_parse import from_set, number_of
from odoo.addons.fetchmail_gateway.lib.pop3 import Pop3Transport
from odoo.addons.message_history.lib import errors
from odoo.addons.message_history.lib.transport import FolderRequest, StartPolicy

from dev.servers.broken_imap import BrokenImap
from dev.servers.broken_pop3 import BrokenPop3

ALL = FolderRequest("INBOX", start=StartPolicy.ALL, max_message_size=1024 * 1024)
MAILS = {uid: b"Subject: mail %d\r\n\r\nHello\r\n" % uid for uid in range(1, 4)}
#: Blocks of about 64 KiB, some times more than anybody should listen to; then nothing more comes.
FOR_EVER = 4096
BLOCK = b"* OK still here " + b"x" * 65000 + b"\r\n"


class TalkingImap(BrokenImap):
    """Answers one command with what ``says`` gives, again and again where it is no text."""

    def __init__(self, verb, says, **options):
        super().__init__(MAILS, **options)
        self.verb, self.says = verb, says

    def _answers(self):
        return {**super()._answers(), self.verb: self._talk}

    def _talk(self, conversation, arguments):
        if self.verb == "uid_fetch" and "BODY" not in arguments:
            return self._fetch(conversation, arguments)
        if isinstance(self.says, bytes):
            conversation.send(self.says)
            return None
        for _time in range(FOR_EVER):
            conversation.send(self.says())
        return None


@pytest.mark.parametrize("verb", ["capability", "login", "examine", "list", "uid_search"])
def test_an_imap_server_that_does_not_stop(settings_for, verb):
    with TalkingImap(verb, lambda: BLOCK) as server, ImapTransport(settings_for(server)) as transport:
        unseen = dataclasses.replace(ALL, start=StartPolicy.UNSEEN)
        with pytest.raises(errors.ChannelError, match="does not stop"):
            transport.folders() if verb == "list" else list(transport.fetch(unseen))


@pytest.mark.parametrize("verb", ["list", "examine"])
def test_an_imap_server_that_does_not_stop_within_one_answer(settings_for, verb):
    answer = b"* LIST () {999999999999}\r\n" + b"x" * 100000
    with (
        TalkingImap(verb, lambda: answer) as server,
        ImapTransport(settings_for(server)) as transport,
        pytest.raises(errors.ProtocolError, match="more than"),
    ):
        transport.folders() if verb == "list" else list(transport.fetch(ALL))
    assert not os.listdir(settings_for.spool)


@pytest.mark.parametrize("answer", [
    b"* ESEARCH (TAG \"x\") UID ALL 1:4294967295\r\n", b"* ESEARCH (TAG \"x\") UID ALL 1:%s\r\n" % (b"9" * 5000),
    b"* ESEARCH (TAG \"x\") UID ALL one:two\r\n"], ids=["range", "digits", "words"])
def test_a_few_bytes_that_stand_for_a_mailbox_without_end(settings_for, answer):
    server = TalkingImap("uid_search", answer, capabilities="IMAP4rev1 ESEARCH")
    with server, ImapTransport(settings_for(server)) as transport, pytest.raises(errors.ProtocolError):
        list(transport.fetch(dataclasses.replace(ALL, start=StartPolicy.UNSEEN)))


@pytest.mark.parametrize("answer", [
    b"* 1 FETCH (UID 1 BODY[] {1000000000000}\r\n", b"* 1 FETCH (UID 1 BODY[] {3200000}\r\n",
    b"* 1 FETCH (UID 1" + b" X {1000000}\r\n" + b"x" * 1000000 + b" X {1000000}\r\n" + b"x" * 1000000
    + b" X {1000000}\r\n" + b"x" * 1000000 + b" BODY[] {1000000}\r\n",
    b"* 1 FETCH " + b"(" * 5000 + b")" * 5000 + b"\r\n", b"* 1 FETCH (UID " + b"9" * 5000 + b" BODY[] {2}\r\nhi)\r\n",
    b"* " + b"9" * 5000 + b" FETCH (UID 1 BODY[] {2}\r\nhi)\r\n"],
    ids=["terabyte", "more than announced", "many", "nested", "digits", "number"])
def test_a_message_that_is_not_what_was_announced(settings_for, answer):
    """The channel's own limit counts for what comes, not for what is said before."""
    with TalkingImap("uid_fetch", answer) as server, ImapTransport(settings_for(server)) as transport:
        got, failed = {}, {}
        try:
            for chunk in transport.fetch(ALL):
                got |= {one.names["uid"]: one.size for one in chunk.messages}
                failed |= chunk.failed
        except errors.ChannelError:
            failed = {"all": "the server is broken"}
        assert failed
        assert all(size < 3 * 1024 * 1024 for size in got.values())
    assert not os.listdir(settings_for.spool)


def test_numbers_and_sets_have_an_end():
    assert number_of(b"4294967295") == 4294967295
    assert number_of(b"9" * 5000) == number_of("²".encode("latin-1")) == 0
    assert from_set("3:1,7") == [3, 2, 1, 7]
    for text in ("1:4294967295", "1:4000000,1:4000000", "1:" + "9" * 5000, "a:b", "²"):
        with pytest.raises(errors.ProtocolError):
            from_set(text)


class TalkingPop3(BrokenPop3):
    """Goes on for ever within the answer to one command."""

    def __init__(self, verb):
        super().__init__({"one": MAILS[1], "two": MAILS[2]})
        self.verb = verb

    def _answer(self, conversation, verb, name, drop):
        if verb != self.verb:
            return super()._answer(conversation, verb, name, drop)
        conversation.send(b"+OK\r\n")
        for _time in range(FOR_EVER):
            conversation.send(b"Subject: mail\r\n" * 5000)
        return None


@pytest.mark.parametrize("verb", ["CAPA", "LIST", "UIDL", "RETR", "TOP"])
def test_a_pop3_server_that_does_not_stop(settings_for, verb):
    start = StartPolicy.SINCE if verb == "TOP" else StartPolicy.ALL
    since = datetime(2020, 1, 1)
    with TalkingPop3(verb) as server, Pop3Transport(settings_for(server)) as transport:
        try:
            failed = [one for chunk in transport.fetch(dataclasses.replace(ALL, start=start, since=since))
                      for one in chunk.failed.values()]
        except errors.ProtocolError as error:
            failed = [str(error)]
        assert failed
        assert all("more than" in one for one in failed)
    assert not os.listdir(settings_for.spool)


@pytest.mark.parametrize("row", ["1 " + "9" * 5000, "9" * 5000 + " 1", "² 1", "1 ²"])
def test_sizes_and_numbers_of_a_pop3_server_that_are_none(settings_for, row):
    class Odd(BrokenPop3):
        def _answer(self, conversation, verb, name, drop):
            if verb == "LIST":
                return f"+OK\r\n{row}\r\n.\r\n".encode()
            return super()._answer(conversation, verb, name, drop)

    with Odd({"one": MAILS[1]}) as server, Pop3Transport(settings_for(server)) as transport:
        assert [one.names for chunk in transport.fetch(ALL) for one in chunk.messages] in ([], [{"uidl": "one"}])
