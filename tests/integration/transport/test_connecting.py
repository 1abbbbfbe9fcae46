"""Connecting to a real server: every way of encryption and login, and what each error points at."""

import dataclasses

import pytest
from odoo.addons.message_history.lib import errors
from odoo.addons.message_history.lib.transport import FolderRequest, StartPolicy

from dev.servers.certificates import make_certificate

PROTOCOLS = ["imap", "pop3"]
ALL = FolderRequest("INBOX", start=StartPolicy.ALL)


def transport_of(mailbox, protocol, **values):
    return getattr(mailbox, protocol)(**values)


@pytest.mark.parametrize("protocol", PROTOCOLS)
@pytest.mark.parametrize("security", ["none", "starttls", "ssl"])
def test_every_encryption(mailbox, protocol, security):
    mailbox.put(1)
    with transport_of(mailbox, protocol, security=security) as transport:
        report = transport.check()
        assert report.ok, report.error
        names = [step.name for step in report.steps]
        expected = ["resolve", "connect", "tls", "login", "folder", "read"]
        expected.remove("tls") if security == "none" else None
        expected.remove("folder") if protocol == "pop3" else None
        assert names == expected
        assert all(step.ok and step.seconds >= 0 for step in report.steps)
        if security != "none":
            assert "TLSv1" in next(step.detail for step in report.steps if step.name == "tls")
        assert [len(chunk.messages) for chunk in transport.fetch(ALL)] == [1]


def other_authority(tmp_path):
    folder = tmp_path / "other"
    folder.mkdir()
    return make_certificate(folder).ca_pem


WRONG = [
    # changed settings, error, field, step that failed
    ({"host": "no-such-host.invalid"}, errors.ConnectionFailed, "server", "resolve"),
    ({"host": "a..b"}, errors.ChannelError, "server", "resolve"),
    ({"host": ""}, errors.ConfigurationError, "server", "resolve"),
    ({"port": 1}, errors.ConnectionFailed, "port", "connect"),
    ({"port": 99999}, errors.ChannelError, "port", "connect"),
    ({"verify": "system"}, errors.ConnectionFailed, "verify", "tls"),
    ({"ca_pem": "OTHER"}, errors.ConnectionFailed, "verify", "tls"),
    ({"ca_pem": ""}, errors.ConfigurationError, "verify", "tls"),
    ({"ca_pem": "nonsense"}, errors.ConfigurationError, "verify", "tls"),
    ({"host": "127.1"}, errors.ConnectionFailed, "verify", "tls"),  # another name for loopback
    ({"password": "s3cret-wrong"}, errors.AuthenticationError, "password", "login"),
    ({"password": "s3cret-wröng"}, errors.AuthenticationError, "password", "login"),
    ({"user": "nobody"}, errors.AuthenticationError, "password", "login"),
]


@pytest.mark.parametrize("protocol", PROTOCOLS)
@pytest.mark.parametrize(("values", "kind", "field", "step"), WRONG, ids=[str(row[0])[:40] for row in WRONG])
def test_wrong_setting(mailbox, tmp_path, protocol, values, kind, field, step):
    if values.get("ca_pem") == "OTHER":
        values = {"ca_pem": other_authority(tmp_path)}
    transport = transport_of(mailbox, protocol, **values)
    report = transport.check()
    assert isinstance(report.error, kind)
    assert report.error.field == field
    assert [one.name for one in report.steps if not one.ok] == [step]
    with pytest.raises(kind):
        list(transport.fetch(ALL))
    assert "s3cret" not in str(report)


@pytest.mark.parametrize("protocol", PROTOCOLS)
@pytest.mark.parametrize(("security", "port_of"), [("ssl", "none"), ("none", "ssl"), ("starttls", "ssl")])
def test_wrong_encryption(mailbox, protocol, security, port_of):
    port = mailbox.settings(port_of, protocol).port
    report = transport_of(mailbox, protocol, security=security, port=port, timeout=1.0).check()
    assert isinstance(report.error, errors.ConnectionFailed)
    assert report.error.field == "encryption"


@pytest.mark.parametrize("protocol", PROTOCOLS)
def test_trusting_anybody(mailbox, protocol):
    assert transport_of(mailbox, protocol, verify="none", ca_pem="", host="127.1").check().ok


@pytest.mark.parametrize("protocol", PROTOCOLS)
@pytest.mark.parametrize("password", ["pässwörd €", 'quo"te\\', "two words", " space "])
def test_any_password(mailbox, protocol, password):
    mailbox.server.add_user(mailbox.user, password)
    report = transport_of(mailbox, protocol, password=password).check()
    assert report.ok, report.error


def test_folder_that_is_not_there(mailbox):
    report = mailbox.imap(folders=["INBOX", "Nowhere"]).check()
    assert isinstance(report.error, errors.ConfigurationError)
    assert report.error.field == "folder"
    assert [(step.name, step.ok) for step in report.steps][-2:] == [
        ("folder", True),
        ("folder", False),
    ]
    with pytest.raises(errors.ConfigurationError) as caught:
        list(mailbox.imap().fetch(dataclasses.replace(ALL, name="Nowhere")))
    assert caught.value.field == "folder"


# What the Gmail and Outlook addons of Odoo do in _imap_login__.
def by_token(user, token):
    def login(connection):
        text = f"user={user}\1auth=Bearer {token}\1\1"
        connection.authenticate("XOAUTH2", lambda _challenge: text)
        connection.select("INBOX")

    return login


def test_token_login(mailbox):
    """The login hook leaves INBOX selected; another folder is read all the same."""
    mailbox.put(1, 2)
    mailbox.server.create_folder(mailbox.user, "Other")
    mailbox.put(3, folder="Other")
    login = by_token(mailbox.user, mailbox.server.token_for(mailbox.user))
    with mailbox.imap(login=login, password="") as transport:
        assert transport.check().ok
        for folder, expected in (("INBOX", [2]), ("Other", [1])):
            request = dataclasses.replace(ALL, name=folder, mark_seen=True)
            chunks = list(transport.fetch(request))
            assert [len(chunk.messages) for chunk in chunks] == expected
            for chunk in chunks:
                transport.acknowledge(request, chunk)
        assert mailbox.flags() == {1: {"\\Seen"}, 2: {"\\Seen"}}


@pytest.mark.parametrize("wrong", ["expired", "other user", "garbage"])
def test_token_that_is_refused(mailbox, wrong):
    server = mailbox.server
    token = {
        "expired": server.token_for(mailbox.user, expired=True),
        "other user": server.token_for("somebody"),
        "garbage": "x.y.z",
    }[wrong]
    transport = mailbox.imap(login=by_token(mailbox.user, token))
    report = transport.check()
    assert isinstance(report.error, errors.AuthenticationError)
    assert [step.name for step in report.steps if not step.ok] == ["login"]
    with pytest.raises(errors.AuthenticationError):
        transport.folders()


def test_error_of_the_login_hook_passes(mailbox):
    """Odoo's UserError, e.g. of a token that can't be renewed, has words for people already."""

    class UserError(Exception):
        pass

    def login(_connection):
        raise UserError("Please connect your account again")

    with pytest.raises(UserError):
        mailbox.imap(login=login).folders()


def test_time_out_is_no_wrong_password(mailbox):
    """A server that is asleep must not make anybody change a password."""

    def login(connection):
        connection.sock.settimeout(0.2)
        connection.readline()

    with pytest.raises(errors.ConnectionFailed):
        mailbox.imap(login=login).folders()
