"""The dialogue, on a scripted server: each odd case in an order of its own."""

import contextlib
import smtplib
import socket
import threading

import pytest
from hypothesis import given
from hypothesis import strategies as st
from odoo.addons.message_history.lib.errors import (
    ConnectionFailed,
    MessageRefused,
    ProtocolError,
    RecipientRefused,
)
from odoo.addons.smtp_outbox.lib.wire import AnswerLost, Envelope, SmtpConnection, stuffed

from dev.servers.smtp import SmtpSink

CONTENT = b"Subject: x\r\n\r\nHello.\r\n"


class Scripted:
    """Answers each command by what a table says for its first word; keeps what it was sent.

    :param answers: {first word of a command, or "CONTENT", or an address: answer}; None hangs up
    """

    def __init__(self, answers=(), features=("PIPELINING", "SIZE 10000", "SMTPUTF8", "8BITMIME")):
        self.answers, self.features = dict(answers), features
        self.lines, self.contents = [], []
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port = self._listener.getsockname()[1]
        self._peer = None
        self._thread = threading.Thread(target=self._serve, daemon=True)
        self._thread.start()

    def __enter__(self):
        return self

    def __exit__(self, *_exc_info):
        self._listener.close()
        if self._peer is not None:
            with contextlib.suppress(OSError):
                self._peer.shutdown(socket.SHUT_RDWR)
        self._thread.join(5)

    def connection(self, **options):
        """A greeted session with it."""
        session = smtplib.SMTP("127.0.0.1", self.port, timeout=5)
        session.ehlo()
        return SmtpConnection(session, **{"timeout": 2, "data_timeout": 1, **options})

    def _serve(self):
        try:
            peer, _address = self._listener.accept()
        except OSError:
            return
        self._peer = peer
        with peer, peer.makefile("rb") as stream:
            try:
                self._talk(peer, stream)
            except OSError:
                return

    def _talk(self, peer, stream):
        peer.sendall(b"220 ready\r\n")
        while line := stream.readline():
            text = line.decode().strip()
            self.lines.append(text)
            word = text.split(":")[0].split()[0].upper()
            if word == "EHLO":
                lines = ["scripted", *self.features]
                peer.sendall("".join(
                    f"250{' ' if one == lines[-1] else '-'}{one}\r\n" for one in lines).encode())
                continue
            address = text.partition("<")[2].partition(">")[0]
            answer = self.answers.get(address, self.answers.get(word, "354 go on" if word == "DATA" else "250 ok"))
            if answer is None:
                return
            peer.sendall(f"{answer}\r\n".encode())
            if word == "DATA" and answer.startswith("354") and not self._content(peer, stream):
                return

    def _content(self, peer, stream):
        content = b""
        while (line := stream.readline()) not in (b".\r\n", b""):
            content += line
        self.contents.append(content)
        answer = self.answers.get("CONTENT", "250 2.0.0 taken")
        if answer is None:
            return False
        if answer:
            peer.sendall(f"{answer}\r\n".encode())
        return True


def envelope(*recipients, **options):
    return Envelope("sales@example.com", recipients or ("ann@example.com",), len(CONTENT), **options)


def send(connection, wanted):
    """One whole transaction; returns both answers."""
    connection.write_envelope(wanted)
    reply = connection.read_envelope()
    if not reply.go:
        return reply, None
    connection.write_content(CONTENT)
    return reply, connection.read_final()


@pytest.mark.parametrize("features", [("PIPELINING",), ()], ids=["pipelining", "stepwise"])
def test_a_mail_and_another(features):
    with Scripted(features=features) as server:
        connection = server.connection()
        for _mail in range(2):
            reply, final = send(connection, envelope("ann@example.com", "bob@example.com"))
            assert reply.accepted == ("ann@example.com", "bob@example.com")
            assert final.reply == "250 2.0.0 taken"
        connection.close()
    assert server.contents == [CONTENT, CONTENT]


def test_the_next_envelope_goes_behind_the_content():
    with Scripted() as server:
        connection = server.connection()
        connection.write_envelope(envelope())
        assert connection.read_envelope().go
        connection.write_content(CONTENT, envelope("bob@example.com"))
        assert not connection.read_final().error
        reply = connection.read_envelope()
        assert reply.accepted == ("bob@example.com",)
        connection.write_content(CONTENT)
        assert not connection.read_final().error


@pytest.mark.parametrize("features", [("PIPELINING",), ()], ids=["pipelining", "stepwise"])
def test_one_of_two_refused(features):
    with Scripted({"bob@example.com": "550 5.1.1 no such user"}, features) as server:
        reply, final = send(server.connection(), envelope("ann@example.com", "bob@example.com"))
        assert reply.accepted == ("ann@example.com",)
        assert isinstance(reply.refused["bob@example.com"], RecipientRefused)
        assert not final.error


@pytest.mark.parametrize("data", ["354 go on anyway", "554 5.5.1 no valid recipients", "503 5.5.1 no"])
def test_all_refused(data):
    with Scripted({"ann@example.com": "550 5.1.1 no such user", "DATA": data}) as server:
        connection = server.connection()
        reply, _final = send(connection, envelope())
        assert (reply.go, reply.accepted, reply.error) == (False, (), None)
        assert "no such user" in str(reply.refused["ann@example.com"])
        assert not connection.broken
        connection.reset()
        server.answers.clear()
        _reply, final = send(connection, envelope())
        assert not final.error
    assert server.contents == ([b"", CONTENT] if data.startswith("354") else [CONTENT])


@pytest.mark.parametrize("features", [("PIPELINING",), ()], ids=["pipelining", "stepwise"])
def test_the_sender_is_refused(features):
    answers = {"MAIL": "550 5.7.1 not you", "RCPT": "503 5.5.1 MAIL first", "DATA": "503 5.5.1 RCPT first"}
    with Scripted(answers, features) as server:
        connection = server.connection()
        reply, _final = send(connection, envelope())
        assert isinstance(reply.error, MessageRefused)
        assert "not you" in reply.error.server_reply
        assert not connection.broken


def test_an_error_of_one_content_leaves_the_next_alone():
    with Scripted({"CONTENT": "554 5.7.1 not wanted"}) as server:
        connection = server.connection()
        connection.write_envelope(envelope())
        assert connection.read_envelope().go
        connection.write_content(CONTENT, envelope("bob@example.com"))
        assert isinstance(connection.read_final().error, MessageRefused)
        assert connection.read_envelope().go


@pytest.mark.parametrize("answer", [None, ""], ids=["cut", "silence"])
def test_an_answer_that_is_lost_is_in_doubt(answer):
    with Scripted({"CONTENT": answer}) as server:
        connection = server.connection()
        connection.write_envelope(envelope())
        assert connection.read_envelope().go
        connection.write_content(CONTENT)
        with pytest.raises(AnswerLost):
            connection.read_final()
        assert connection.broken


@pytest.mark.parametrize("word", ["MAIL", "RCPT", "DATA"])
def test_cut_before_the_content_is_no_doubt(word):
    with Scripted({word: None}) as server, pytest.raises(ConnectionFailed) as raised:
        send(server.connection(), envelope())
    assert not isinstance(raised.value, AnswerLost)
    assert raised.value.retryable


def test_421_breaks_the_connection():
    with Scripted({"ann@example.com": "421 4.3.2 closing"}) as server:
        connection = server.connection()
        with pytest.raises(ConnectionFailed):
            send(connection, envelope())
        assert connection.broken


def test_garbage_breaks_the_connection():
    with Scripted({"ann@example.com": "hello there"}) as server:
        connection = server.connection()
        with pytest.raises((ProtocolError, ConnectionFailed)):
            send(connection, envelope())
        assert connection.broken


def test_what_the_server_cannot_take_is_not_even_tried():
    with Scripted(features=("SIZE 10",)) as server:
        connection = server.connection()
        assert "10" in str(connection.check(envelope()))
        assert "SMTPUTF8" in str(connection.check(Envelope("a@b.c", ("jörg@x.de",), 5, utf8=True)))
        assert connection.check(Envelope("a@b.c", ("d@e.f",), 5)) is None


@pytest.mark.parametrize("address", ["a@b.c\r\nRSET", "a b@c.d", "a@b.c> SIZE=1", "", "a\x00@b.c", "<a@b.c>"])
def test_no_command_can_be_injected(address):
    with Scripted() as server:
        connection = server.connection()
        assert isinstance(connection.check(envelope(address)), RecipientRefused)
        with pytest.raises(RecipientRefused):
            connection.write_envelope(envelope(address))
        if address:
            assert isinstance(connection.check(Envelope(address, ("a@b.c",), 1)), MessageRefused)


def test_many_recipients_do_not_fill_the_buffers():
    addresses = tuple(f"reader{number}@example.com" for number in range(2000))
    with Scripted() as server:
        reply, final = send(server.connection(timeout=20), envelope(*addresses))
        assert len(reply.accepted) == 2000
        assert not final.error


def test_parameters_only_where_they_are_offered():
    with Scripted(features=()) as server:
        send(server.connection(), envelope(eight_bit=True))
        assert "MAIL FROM:<sales@example.com>" in server.lines
    with Scripted() as server:
        send(server.connection(), envelope(eight_bit=True, utf8=True))
        assert f"MAIL FROM:<sales@example.com> SIZE={len(CONTENT)} BODY=8BITMIME SMTPUTF8" in server.lines


def test_another_server_agrees():
    with SmtpSink() as sink:
        session = smtplib.SMTP(sink.host, sink.port)
        session.ehlo()
        connection = SmtpConnection(session)
        assert connection.pipelining
        connection.write_envelope(envelope("a0@example.com"))
        for number in range(20):
            assert connection.read_envelope().go
            following = envelope(f"a{number + 1}@example.com") if number < 19 else None
            connection.write_content(CONTENT + b"." * number, following)
            assert not connection.read_final().error
        connection.close()
        assert [mail.recipients for mail in sink.taken] == [(f"a{number}@example.com",) for number in range(20)]
        assert sink.taken[7].content == CONTENT + b"." * 7 + b"\r\n"


@given(st.binary(max_size=300))
def test_stuffing_can_be_undone(content):
    sent = stuffed(content)
    assert sent.endswith(b"\r\n.\r\n") or sent == b".\r\n"
    body = sent[:-3]
    assert b"\r\n.\r\n" not in b"\r\n" + body
    lines = [line[1:] if line.startswith(b".") else line for line in body.split(b"\r\n")]
    plain = content.replace(b"\r\n", b"\n").replace(b"\r", b"\n").replace(b"\n", b"\r\n")
    assert b"\r\n".join(lines) == (plain if plain.endswith(b"\r\n") or not plain else plain + b"\r\n")
