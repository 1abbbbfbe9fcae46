"""The demo's mail server, as a process and spoken to by real clients."""

import imaplib
import smtplib
import subprocess
import sys
import time

import pytest

from dev import paths
from dev.demo_accounts import ACCOUNTS, CUSTOMER, PASSWORD, SALES
from dev.instance import free_port


def answers(port):
    try:
        with smtplib.SMTP("127.0.0.1", port, timeout=5):
            return True
    except OSError:
        return False


def start(folder, imap_port, smtp_port):
    process = subprocess.Popen(
        [sys.executable, "-m", "dev.demo_server", folder, str(imap_port), str(smtp_port)],
        cwd=paths.REPO,
    )
    deadline = time.monotonic() + 20
    while not answers(smtp_port):
        assert process.poll() is None
        assert time.monotonic() < deadline
        time.sleep(0.1)
    return process


@pytest.fixture
def server(tmp_path):
    ports = free_port(), free_port()
    process = start(tmp_path / "mail", *ports)
    yield ports
    process.terminate()
    assert process.wait(10) == 0


def send(port, *recipients):
    with smtplib.SMTP("127.0.0.1", port, timeout=10) as client:
        raw = b"Subject: Gr\xc3\xbc\xc3\x9fe\r\n\r\n\x00x\r\n"
        client.sendmail("a@example.com", recipients, raw)


def inbox(port, login):
    with imaplib.IMAP4("127.0.0.1", port, timeout=10) as client:
        client.login(login, PASSWORD)
        client.select("INBOX", readonly=True)
        numbers = client.search(None, "ALL")[1][0].split()
        return [client.fetch(number, "(BODY.PEEK[])")[1][0][1] for number in numbers]


def test_mail_for_an_account_reaches_its_inbox(server):
    imap, smtp = server
    send(smtp, ACCOUNTS[SALES].upper())
    # pymap serves the line ends of its files.
    (raw,) = inbox(imap, SALES)
    assert raw.replace(b"\r\n", b"\n") == b"Subject: Gr\xc3\xbc\xc3\x9fe\n\n\x00x\n"
    assert inbox(imap, CUSTOMER) == []


def test_mail_for_anybody_else_reaches_the_customer_once(server):
    imap, smtp = server
    send(smtp, "x@nowhere.example", "y@nowhere.example")
    assert len(inbox(imap, CUSTOMER)) == 1


def test_a_wrong_password_is_refused(server):
    with imaplib.IMAP4("127.0.0.1", server[0]) as client, pytest.raises(imaplib.IMAP4.error):
        client.login(SALES, "wrong")


def test_mail_is_still_there_after_a_restart(tmp_path):
    imap, smtp = free_port(), free_port()
    for expected in (1, 2):
        process = start(tmp_path / "mail", imap, smtp)
        try:
            send(smtp, ACCOUNTS[SALES])
            assert len(inbox(imap, SALES)) == expected
        finally:
            process.terminate()
            process.wait(10)
