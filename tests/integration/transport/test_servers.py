"""The servers that other tests rely on do what they say."""

import smtplib
import socket
import ssl
import time

import pytest

from dev.servers.proxy import Proxy, ProxyProcess
from dev.servers.scripted import ScriptedServer
from dev.servers.smtp import SmtpProcess, SmtpSink, Taken, read_log

SENDER = "ann@example.com"
CONTENT = b"Subject: x\r\n\r\n.\r\n..dots\r\n"


def send(sink, *recipients, **options):
    with smtplib.SMTP(sink.host, sink.port, **options) as smtp:
        return smtp.sendmail(SENDER, recipients, CONTENT)


def test_smtp_takes_and_refuses_each_recipient(tmp_path):
    log = tmp_path / "smtp.log"
    with SmtpSink(log=log) as sink:
        refused = send(sink, "bob@x.org", "reject-a@x.org", "defer-b@x.org")
        assert {name: code for name, (code, _text) in refused.items()} == {
            "reject-a@x.org": 550,
            "defer-b@x.org": 451,
        }
        (taken,) = sink.taken
        assert (taken.sender, taken.recipients, taken.content) == (SENDER, ("bob@x.org",), CONTENT)
    rows = read_log(log)
    assert [row.content for row in rows if isinstance(row, Taken)] == [CONTENT]
    assert len([row for row in rows if not isinstance(row, Taken)]) == 2


@pytest.mark.parametrize(("name", "code"), [("data-reject", 554), ("data-defer", 451)])
def test_smtp_refuses_after_data(name, code):
    with SmtpSink() as sink:
        with pytest.raises(smtplib.SMTPDataError) as caught:
            send(sink, f"{name}-x@x.org")
        assert caught.value.smtp_code == code
        assert not sink.taken


def test_smtp_greylists_once():
    with SmtpSink() as sink:
        with pytest.raises(smtplib.SMTPRecipientsRefused):
            send(sink, "grey-x@x.org")
        assert send(sink, "grey-x@x.org") == {}
        assert len(sink.taken) == 1


def test_smtp_takes_and_cuts():
    with SmtpSink() as sink:
        with pytest.raises(smtplib.SMTPServerDisconnected):
            send(sink, "drop-x@x.org")
        assert len(sink.taken) == 1


def test_smtp_is_slow():
    with SmtpSink(slow=0.5) as sink:
        began = time.monotonic()
        send(sink, "slow-x@x.org")
        assert time.monotonic() - began >= 0.5


def test_smtp_login_and_tls(tmp_path):
    with SmtpSink(folder=tmp_path, users={"ann": "s3cret"}) as sink:
        context = ssl.create_default_context(cadata=sink.certificate.ca_pem)
        with smtplib.SMTP("localhost", sink.port) as smtp:
            smtp.starttls(context=context)
            with pytest.raises(smtplib.SMTPAuthenticationError):
                smtp.login("ann", "wrong")
        with smtplib.SMTP("localhost", sink.port) as smtp:
            smtp.starttls(context=context)
            smtp.login("ann", "s3cret")
            smtp.sendmail(SENDER, ["bob@x.org"], CONTENT)
        with pytest.raises(smtplib.SMTPException):
            send(sink, "bob@x.org")
        (taken,) = sink.taken
        assert (taken.user, taken.tls) == ("ann", True)


def test_smtp_in_a_process(tmp_path):
    with SmtpProcess(tmp_path / "log") as sink:
        send(sink, "bob@x.org")
        assert [mail.recipients for mail in sink.taken()] == [("bob@x.org",)]


class Echo(ScriptedServer):
    def talk(self, conversation):
        while True:
            conversation.send(conversation.readline() + b"\r\n")


def ask(port, line, timeout=5):
    with socket.create_connection(("127.0.0.1", port), timeout=timeout) as sock:
        began = time.monotonic()
        sock.sendall(line + b"\r\n")
        answer = b""
        while not answer.endswith(b"\r\n"):
            block = sock.recv(65536)
            if not block:
                break
            answer += block
        return answer, time.monotonic() - began


def answer_or_nothing(port):
    try:
        return ask(port, b"123456")[0]
    except ConnectionError:
        return b""


def test_proxy_delays_and_counts():
    with Echo() as server, Proxy(server.port, 0.1) as proxy:
        answer, seconds = ask(proxy.port, b"A1 NOOP")
        assert answer == b"A1 NOOP\r\n"
        assert 0.1 <= seconds < 0.3
        total = proxy.snapshot()
        assert (total.connections, total.commands) == (1, 1)
        assert (total.sent, total.received) == (9, 9)


def test_proxy_does_not_limit_what_is_on_its_way():
    with Echo() as server, Proxy(server.port, 0.1) as proxy:
        _answer, seconds = ask(proxy.port, b"x" * 1_000_000)
        assert seconds < 1


def test_proxy_cuts_and_hangs():
    with Echo() as server, Proxy(server.port) as proxy:
        proxy.faults.cut_after = 4
        assert ask(proxy.port, b"123456")[0] == b"1234"
        proxy.faults.cut_after, proxy.faults.hang_after = None, 0
        with pytest.raises(TimeoutError):
            ask(proxy.port, b"123456", timeout=0.3)
        proxy.faults.hang_after, proxy.faults.refuse = None, True
        assert not answer_or_nothing(proxy.port)


def test_proxy_in_a_process(tmp_path):
    with Echo() as server, ProxyProcess(server.port, 0.05, stats=tmp_path / "stats") as proxy:
        assert ask(proxy.port, b"A1 NOOP")[1] >= 0.05
        time.sleep(0.2)
        assert proxy.snapshot().commands == 1
