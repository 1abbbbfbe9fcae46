"""Folders of an IMAP account: listing, what each is for, making one."""

from __future__ import annotations

import re

from odoo.addons.message_history.lib.errors import ChannelError, ConfigurationError
from odoo.addons.message_history.lib.transport import FolderInfo

from .imap_errors import folder_refused
from .imap_parse import Token, encode_folder, from_utf7, number_of, text_of
from .imap_session import ImapSession
from .spool import Received

# RFC 6154
_BY_ATTRIBUTE = {
    "\\sent": "sent",
    "\\junk": "junk",
    "\\trash": "trash",
    "\\drafts": "drafts",
    "\\archive": "archive",
}
# What servers and mail programs without SPECIAL-USE call them: Outlook, Apple Mail, Thunderbird,
# Roundcube, and the German, French, Spanish and Italian forms of these.
_BY_NAME = {
    "sent": "sent", "sent items": "sent", "sent messages": "sent", "sent mail": "sent",
    "gesendet": "sent", "gesendete objekte": "sent", "gesendete elemente": "sent",
    "gesendete nachrichten": "sent", "envoyés": "sent", "éléments envoyés": "sent",
    "enviados": "sent", "posta inviata": "sent",
    "junk": "junk", "junk e-mail": "junk", "junk email": "junk", "spam": "junk",
    "bulk mail": "junk", "spamverdacht": "junk", "unerwünscht": "junk", "werbung": "junk",
    "courrier indésirable": "junk", "correo no deseado": "junk",
    "trash": "trash", "deleted items": "trash", "deleted messages": "trash", "deleted": "trash",
    "papierkorb": "trash", "gelöscht": "trash", "gelöschte objekte": "trash",
    "gelöschte elemente": "trash", "corbeille": "trash", "papelera": "trash", "cestino": "trash",
    "drafts": "drafts", "draft": "drafts", "entwürfe": "drafts", "entwurf": "drafts",
    "brouillons": "drafts", "borradores": "drafts", "bozze": "drafts",
    "archive": "archive", "archives": "archive", "archiv": "archive", "all mail": "archive",
    "archivo": "archive", "archivio": "archive",
}  # fmt: skip


def role_of(name: str, attributes: set[str], delimiter: str) -> str:
    """What a folder is for; see :class:`FolderInfo`."""
    if name.upper() == "INBOX":
        return "inbox"
    for attribute in attributes:
        if attribute.lower() in _BY_ATTRIBUTE:
            return _BY_ATTRIBUTE[attribute.lower()]
    parts = name.split(delimiter) if delimiter else [name]
    # A folder "Sent" of a customer's project is not the account's: only top levels count.
    if len(parts) > 1 and parts[0].upper() not in ("INBOX", "[GMAIL]", "[GOOGLE MAIL]"):
        return ""
    return _BY_NAME.get(parts[-1].lower(), "") if len(parts) <= 2 else ""


def list_folders(session: ImapSession) -> list[FolderInfo]:
    """Every folder, INBOX first; with the number of messages where LIST can tell (RFC 5819)."""
    wire = session.wire
    options = ""
    if "LIST-STATUS" in session.capabilities and "LIST-EXTENDED" in session.capabilities:
        special = "SPECIAL-USE " if "SPECIAL-USE" in session.capabilities else ""
        options = f" RETURN ({special}STATUS (MESSAGES))"
    command = wire.ask(f'LIST "" "*"{options}', "listing folders")
    if not command.ok:
        raise folder_refused(command.text, "*")
    counts = {
        folder_name(row[0]): number_of(row[1][1])
        for row in command.rows("STATUS")
        if len(row) == 2 and isinstance(row[1], list) and len(row[1]) == 2
    }
    found = [_info(row, counts) for row in command.rows("LIST") if len(row) >= 3]
    return sorted(_one_per_role(found), key=lambda info: (info.role != "inbox", info.name.lower()))


def _info(row: list[Token], counts: dict[str, int]) -> tuple[FolderInfo, bool]:
    attributes = {text_of(one) for one in row[0]} if isinstance(row[0], list) else set()
    lower = {one.lower() for one in attributes}
    name = folder_name(row[2])
    role = role_of(name, attributes, text_of(row[1]))
    info = FolderInfo(
        name=name,
        role=role,
        selectable=not lower & {"\\noselect", "\\nonexistent"},
        messages=counts.get(name),
    )
    return info, bool(lower & set(_BY_ATTRIBUTE))


def _one_per_role(found: list[tuple[FolderInfo, bool]]) -> list[FolderInfo]:
    """A role that the server states itself outweighs one guessed from a name."""
    stated = {info.role for info, is_stated in found if is_stated}
    return [
        info if is_stated or info.role not in stated else FolderInfo(
            info.name, "", info.selectable, info.messages
        )
        for info, is_stated in found
    ]  # fmt: skip


def folder_name(token: Token) -> str:
    """A mailbox name of an answer as people read it."""
    if isinstance(token, Received):
        token = token.content or b""
    name = from_utf7(token) if isinstance(token, bytes) else ""
    return "INBOX" if name.upper() == "INBOX" else name


def create_folder(session: ImapSession, name: str) -> str:
    """Make a folder and subscribe it; returns its name on this server.

    ``/`` in the name is replaced by the server's own delimiter, and the prefix that some servers
    want before every folder (``INBOX.``) is put there (RFC 2342).
    """
    real = native_name(session, name)
    refused = _create(session, real)
    prefix, delimiter = namespace(session)
    if refused is not None and not prefix and delimiter and not real.upper().startswith("INBOX"):
        # A server that wants the prefix and does not say so.
        other = f"INBOX{delimiter}{real}"
        if _create(session, other) is None:
            return other
    if refused is not None:
        raise refused
    return real


def _create(session: ImapSession, name: str) -> ChannelError | None:
    """Make and subscribe; returns the refusal if there was one."""
    wire = session.wire
    command = wire.ask(f"CREATE {encode_folder(name)}", f"making {name}")
    is_there = "ALREADYEXISTS" in command.codes or re.search(r"\bexists\b", command.text, re.I)
    if not command.ok and not is_there:
        return folder_refused(command.text, name)
    wire.ask(f"SUBSCRIBE {encode_folder(name)}", f"subscribing {name}")
    return None


def native_name(session: ImapSession, name: str) -> str:
    """A folder's name with this server's delimiter and prefix."""
    prefix, delimiter = namespace(session)
    real = name.replace("/", delimiter) if delimiter and delimiter != "/" else name
    if prefix and real.upper() != "INBOX" and not real.lower().startswith(prefix.lower()):
        real = prefix + real
    if delimiter and delimiter != "/" and "/" in real:
        raise ConfigurationError(f"{name!r} can't be a folder's name here.", field="folder")
    return real


def namespace(session: ImapSession) -> tuple[str, str]:
    """Prefix and delimiter of the user's own folders."""
    wire = session.wire
    if "NAMESPACE" in session.capabilities:
        for row in wire.run("NAMESPACE", "asking for namespaces").rows("NAMESPACE"):
            personal = row[0] if row and isinstance(row[0], list) and row[0] else None
            first = personal[0] if personal else None
            if isinstance(first, list) and len(first) >= 2:
                return folder_name(first[0]), text_of(first[1])
    for row in wire.run('LIST "" ""', "asking for the delimiter").rows("LIST"):
        if len(row) >= 2:
            return "", text_of(row[1])
    return "", ""
