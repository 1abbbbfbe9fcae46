"""Where a connection may go, by who set it up: anywhere, or to mail servers on the internet only.

What a system administrator sets up may be anywhere, as in Odoo's own forms. What others set up is
reached on the ports of mail and at public addresses, else our server would be their way into the
networks around it (loopback, private nets, the metadata services of clouds). Addresses are judged
after the look-up and before the connection, and the one that was judged is connected to, so that a
name which means another address a moment later (DNS rebinding) gains nothing.

Public is what IANA's special-purpose registries (RFC 6890 and its successors) don't take out:
https://www.iana.org/assignments/iana-ipv4-special-registry and iana-ipv6-special-registry.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Iterable
from dataclasses import dataclass

Ip = ipaddress.IPv4Address | ipaddress.IPv6Address
Network = ipaddress.IPv4Network | ipaddress.IPv6Network

#: SMTP, submission (RFC 8314, and 2525 as many providers offer it), POP3 and IMAP with and without TLS.
MAIL_PORTS = frozenset({25, 110, 143, 465, 587, 993, 995, 2525})

_NOT_PUBLIC_4 = tuple(ipaddress.IPv4Network(net) for net in (
    "0.0.0.0/8", "10.0.0.0/8", "100.64.0.0/10", "127.0.0.0/8", "169.254.0.0/16", "172.16.0.0/12", "192.0.0.0/24",
    "192.0.2.0/24", "192.88.99.0/24", "192.168.0.0/16", "198.18.0.0/15", "198.51.100.0/24", "203.0.113.0/24",
    "224.0.0.0/4", "240.0.0.0/4"))
#: All that IANA gives to hosts on the internet; loopback, link-local, ULA and multicast are outside of it.
_GLOBAL_6 = ipaddress.IPv6Network("2000::/3")
#: Protocol assignments with Teredo and ORCHID, documentation (twice), 6to4.
_NOT_PUBLIC_6 = tuple(ipaddress.IPv6Network(net) for net in (
    "2001::/23", "2001:db8::/32", "2002::/16", "3fff::/20"))
#: How an IPv4 address looks to a machine that has IPv6 only (RFC 6052).
_NAT64 = ipaddress.IPv6Network("64:ff9b::/96")


def plain(address: str) -> Ip:
    """Return an address without its disguises: IPv4-mapped and NAT64 forms are the IPv4 address in them.

    :raise ValueError: when it is no address
    """
    found = ipaddress.ip_address(address)
    if isinstance(found, ipaddress.IPv4Address):
        return found
    if found.ipv4_mapped is not None:
        return found.ipv4_mapped
    if found in _NAT64:
        return ipaddress.IPv4Address(int(found) & 0xFFFFFFFF)
    return found


def is_public(address: Ip) -> bool:
    """Whether an address (as :func:`plain` returns it) can be a server on the internet."""
    if isinstance(address, ipaddress.IPv4Address):
        return not any(address in net for net in _NOT_PUBLIC_4)
    return address in _GLOBAL_6 and not any(address in net for net in _NOT_PUBLIC_6)


def read_networks(text: str) -> tuple[Network, ...]:
    """Return the networks in a text, apart by blanks, commas or lines; a single address is a network of one.

    :raise ValueError: when one is none; the message names it
    """
    return tuple(ipaddress.ip_network(word) for word in text.replace(",", " ").replace(";", " ").split())


@dataclass(frozen=True)
class Reach:
    """Which ports and addresses may be connected to.

    :param ports: None for all
    :param public_only: public addresses, and those in ``networks``
    :param networks: beside the public ones
    """

    ports: frozenset[int] | None = None
    public_only: bool = False
    networks: tuple[Network, ...] = ()

    def permits_port(self, port: int) -> bool:
        """Whether a port may be connected to."""
        return self.ports is None or port in self.ports

    def permits(self, address: str) -> bool:
        """Whether an address may be connected to; what is no address may not."""
        if not self.public_only:
            return True
        try:
            found = plain(address)
        except ValueError:
            return False
        return is_public(found) or any(found in net for net in self.networks)


#: What system administrators set up.
ANYWHERE = Reach()


def mail_servers(networks: Iterable[Network] = ()) -> Reach:
    """Return what everybody else may reach: the ports of mail, public addresses and the listed networks."""
    return Reach(ports=MAIL_PORTS, public_only=True, networks=tuple(networks))
