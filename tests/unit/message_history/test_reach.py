"""Where a connection may go: addresses in all their forms, ports, and names that change their meaning."""

import ast
import re
import socket
from pathlib import Path

import pytest
from odoo.addons.message_history.lib import connect, reach
from odoo.addons.message_history.lib.checking import kind_of
from odoo.addons.message_history.lib.errors import ConfigurationError, OutOfReach

REPO = Path(__file__).resolve().parents[3]
OTHERS = reach.mail_servers()

NOT_PUBLIC = [
    # this host, this network
    "0.0.0.0", "0.1.2.3", "127.0.0.1", "127.255.255.254", "::", "::1",
    # private, shared (carrier-grade NAT), link-local with the clouds' metadata
    "10.0.0.1", "10.255.255.255", "172.16.0.1", "172.31.255.255", "192.168.0.1", "100.64.0.1", "100.127.255.255",
    "169.254.169.254", "fe80::1", "fe80::1%1", "fec0::1", "fc00::1", "fd00:ec2::254",
    # multicast, broadcast, reserved, documentation, benchmarks, protocol assignments
    "224.0.0.1", "239.255.255.255", "255.255.255.255", "240.0.0.1", "192.0.2.1", "198.51.100.7", "203.0.113.9",
    "198.18.0.1", "192.0.0.8", "192.88.99.1", "ff02::1", "ff05::1:3", "2001:db8::1", "3fff::1", "100::1",
    "5f00::1",
    # an IPv4 address in the clothes of an IPv6 one: mapped, compatible, NAT64, 6to4, Teredo, translated
    "::ffff:127.0.0.1", "::ffff:10.0.0.1", "::ffff:a9fe:a9fe", "::127.0.0.1", "64:ff9b::127.0.0.1",
    "64:ff9b::a9fe:a9fe",
    "64:ff9b::10.0.0.1", "64:ff9b:1::10.0.0.1", "2002:7f00:1::1", "2002:a00:1::", "2001:0:7f00:1::",
    "::ffff:0:127.0.0.1",
]
PUBLIC = ["8.8.8.8", "1.1.1.1", "172.15.255.255", "172.32.0.1", "100.63.255.255", "100.128.0.1", "11.0.0.1",
          "192.167.255.255", "192.0.1.1", "223.255.255.255", "2606:4700::1111", "2a00:1450:4001::6d", "::ffff:8.8.8.8",
          "64:ff9b::8.8.8.8"]
#: Other ways to write 127.0.0.1 that the C library understands.
SPELLINGS = ["127.0.0.1", "127.1", "127.0.1", "2130706433", "0x7f000001", "0x7f.1", "017700000001", "0177.0.0.1",
             " 127.0.0.1 ", "::1", "::ffff:127.0.0.1", "0:0:0:0:0:ffff:7f00:1", "localhost", "LOCALHOST", "0",
             "0.0.0.0"]


@pytest.mark.parametrize("address", NOT_PUBLIC)
def test_not_public(address):
    assert not OTHERS.permits(address)
    assert reach.ANYWHERE.permits(address), "what a system administrator sets up may be anywhere"


@pytest.mark.parametrize("address", PUBLIC)
def test_public(address):
    assert OTHERS.permits(address)


@pytest.mark.parametrize("address", ["", "mail.example.com", "10.0.0.1:25", "1.2.3", "08.8.8.8", "/tmp/socket"])
def test_what_is_no_address_is_not_permitted(address):
    assert not OTHERS.permits(address)


def test_listed_networks_are_permitted_and_nothing_beside_them():
    listed = reach.mail_servers(reach.read_networks("10.1.2.0/24, fd12:3456::/48;192.168.7.7\n127.0.0.0/8"))
    for address in ("10.1.2.3", "::ffff:10.1.2.3", "fd12:3456::1", "192.168.7.7", "127.0.0.1"):
        assert listed.permits(address), address
    for address in ("10.1.3.1", "fd12:3457::1", "192.168.7.8", "::1", "169.254.169.254"):
        assert not listed.permits(address), address
    assert listed.permits("8.8.8.8")
    assert not listed.permits_port(22)


@pytest.mark.parametrize("text", ["10.1.2.3/24", "10.0.0.0/33", "intranet", "10.0.0", "fd00::/129"])
def test_what_is_no_network_is_refused(text):
    with pytest.raises(ValueError, match=re.escape(text)):
        reach.read_networks(text)


@pytest.mark.parametrize("host", SPELLINGS)
def test_no_spelling_of_loopback_is_connected_to(host):
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        near = reach.Reach(ports=frozenset({port}), public_only=True)
        place = connect.Endpoint(host, port, reach=near, connect_timeout=1.0)
        with pytest.raises((OutOfReach, ConfigurationError)):
            connect.open_tcp(place, connect.resolve(place))
        server.settimeout(0.05)
        with pytest.raises(TimeoutError):
            server.accept()


def test_the_same_words_for_what_is_there_and_what_is_not():
    with socket.create_server(("127.0.0.1", 0)) as server:
        ports = server.getsockname()[1], 1
        said = set()
        for port in ports:
            for host in ("127.0.0.1", "localhost", "no-such-name.invalid"):
                near = reach.Reach(ports=frozenset(ports), public_only=True)
                with pytest.raises(OutOfReach) as caught:
                    connect.resolve(connect.Endpoint(host, port, reach=near))
                said.add((str(caught.value).replace(host, "HOST"), caught.value.field, kind_of(caught.value)))
    assert len(said) == 1


@pytest.mark.parametrize("port", [1, 22, 80, 443, 3306, 5432, 6379, 8069, 9200, 11211, 65535])
def test_only_ports_of_mail(port):
    with pytest.raises(OutOfReach) as caught:
        connect.resolve(connect.Endpoint("8.8.8.8", port, reach=OTHERS))
    assert kind_of(caught.value) == "port"


def test_a_name_that_changes_its_meaning_gains_nothing(monkeypatch):
    """DNS rebinding: the second look-up says something else. There is none; and each connection is asked about."""
    asked = []

    def look_up(host, port, **_options):
        asked.append(host)
        address = "8.8.8.8" if len(asked) == 1 else "127.0.0.1"
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (address, port))]

    monkeypatch.setattr(socket, "getaddrinfo", look_up)
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        near = reach.Reach(ports=frozenset({port}), public_only=True)
        place = connect.Endpoint("rebind.example", port, "none", reach=near, connect_timeout=0.2, timeout=0.2)
        found = connect.resolve(place)
        assert [one[3][0] for one in found] == ["8.8.8.8"]
        pinned = connect.Endpoint("rebind.example", port, reach=near, pinned=tuple(found))
        assert connect.resolve(pinned) == found
        assert asked == ["rebind.example"], "what was looked up is not looked up again"
        with pytest.raises(OutOfReach):
            connect.resolve(place)
        with pytest.raises(OutOfReach):  # whatever somebody puts in its place
            connect.open_tcp(place, [(socket.AF_INET, socket.SOCK_STREAM, 6, ("127.0.0.1", port))])
        assert not connect.speaks_tls(place), "the question whether a port speaks TLS is a connection, too"
        server.settimeout(0.05)
        with pytest.raises(TimeoutError):
            server.accept()


def test_of_several_addresses_only_those_within_reach_are_tried(monkeypatch):
    mixed = [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (address, 993))
             for address in ("10.0.0.1", "8.8.8.8", "127.0.0.1")]
    monkeypatch.setattr(socket, "getaddrinfo", lambda *_args, **_options: mixed)
    found = connect.resolve(connect.Endpoint("mixed.example", 993, reach=OTHERS))
    assert [one[3][0] for one in found] == ["8.8.8.8"]


def test_nothing_connects_past_the_one_function():
    """Every socket of ours is opened by ``lib/connect.py``; the rest is Odoo's own, named here."""
    own = {"message_history/lib/connect.py": {"socket.socket", "sock.connect", "socket.getaddrinfo"}}
    opening = {"create_connection", "getaddrinfo", "urlopen", "IMAP4_SSL", "POP3", "POP3_SSL", "SMTP_SSL", "LMTP",
               "HTTPConnection", "HTTPSConnection", "gethostbyname"}
    found = {}
    for file in REPO.glob("*/**/*.py"):
        path = file.relative_to(REPO)
        if path.parts[0] in ("dev", "tests", ".dev") or "tests" in path.parts:
            continue
        for node in ast.walk(ast.parse(file.read_text())):
            if not isinstance(node, ast.Call):
                continue
            name = ast.unparse(node.func)
            last = name.rpartition(".")[2]
            positional = name in ("smtplib.SMTP", "imaplib.IMAP4") and node.args
            if last in opening or positional or name in ("socket.socket", "sock.connect") or name[:9] == "requests.":
                found.setdefault(str(path), set()).add(name)
    assert found == own
