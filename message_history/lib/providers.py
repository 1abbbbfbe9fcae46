"""Guesses the servers of an e-mail address: the well-known providers, else the usual names.

What the providers publish about their servers changes seldom; sources are their help pages, named
beside each. For other domains the names are guesses that a connection test has to confirm.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Server:
    """One server: ``security`` is ``ssl`` (from the first byte) or ``starttls``."""

    host: str
    port: int
    security: str


@dataclass(frozen=True)
class Provider:
    """The servers of one provider.

    :param hint: what people stumble over there, a key of the texts that the form shows
    """

    imap: Server
    smtp: Server
    hint: str = ""


def _provider(imap: str, smtp: str, *, smtp_port: int = 587, hint: str = "") -> Provider:
    security = "ssl" if smtp_port == 465 else "starttls"
    return Provider(Server(imap, 993, "ssl"), Server(smtp, smtp_port, security), hint)


_GMAIL = _provider("imap.gmail.com", "smtp.gmail.com", hint="oauth")  # support.google.com/mail/answer/7126229
_OUTLOOK = _provider("outlook.office365.com", "smtp.office365.com", hint="oauth")  # learn.microsoft.com
_GMX = _provider("imap.gmx.net", "mail.gmx.net", hint="switch")  # hilfe.gmx.net, "POP3/IMAP"
_WEBDE = _provider("imap.web.de", "smtp.web.de", hint="switch")  # hilfe.web.de, "POP3/IMAP"
_TONLINE = _provider("secureimap.t-online.de", "securesmtp.t-online.de", smtp_port=465, hint="app")  # telekom.de/hilfe
_YAHOO = _provider("imap.mail.yahoo.com", "smtp.mail.yahoo.com", smtp_port=465, hint="app")  # help.yahoo.com
_ICLOUD = _provider("imap.mail.me.com", "smtp.mail.me.com", hint="app")  # support.apple.com/102525

PROVIDERS = {
    "gmail.com": _GMAIL, "googlemail.com": _GMAIL,
    "outlook.com": _OUTLOOK, "outlook.de": _OUTLOOK, "hotmail.com": _OUTLOOK, "hotmail.de": _OUTLOOK,
    "live.com": _OUTLOOK, "live.de": _OUTLOOK, "msn.com": _OUTLOOK,
    "gmx.de": _GMX, "gmx.net": _GMX, "gmx.at": _GMX, "gmx.ch": _GMX, "web.de": _WEBDE,
    "t-online.de": _TONLINE, "magenta.de": _TONLINE,
    "yahoo.com": _YAHOO, "yahoo.de": _YAHOO, "icloud.com": _ICLOUD, "me.com": _ICLOUD, "mac.com": _ICLOUD,
    "posteo.de": _provider("posteo.de", "posteo.de"),  # posteo.de/hilfe
    "mailbox.org": _provider("imap.mailbox.org", "smtp.mailbox.org"),  # kb.mailbox.org
    "freenet.de": _provider("mx.freenet.de", "mx.freenet.de"),  # email.freenet.de/hilfe
}  # fmt: skip


def guess(address: str) -> Provider | None:
    """Return the servers that an address most probably has; None without a domain."""
    domain = address.strip().lower().rpartition("@")[2]
    if "@" not in address or "." not in domain:
        return None
    return PROVIDERS.get(domain) or _provider(f"imap.{domain}", f"smtp.{domain}")
