"""What a server's refusal says: about the address, the mailbox, the message, or us.

Enhanced status codes (RFC 3463, RFC 5248) decide; where there is none, or only a vague one, the words do.
"""

from __future__ import annotations

import re

_STATUS = re.compile(r"(?<![\d.])([245]\.\d{1,3}\.\d{1,3})(?![\d.])")
#: The address does not exist, is written wrongly, has moved without a word, or is switched off.
_DEAD = ("5.1.1", "5.1.2", "5.1.3", "5.1.6", "5.1.10", "5.2.1")
#: Codes that say no more than that something is wrong.
_VAGUE = ("5.0.0", "5.1.0", "5.3.0", "5.5.0")
_DEAD_WORDS = re.compile(
    r"user (?:is )?unknown|unknown (?:user|recipient|mailbox)|no such (?:user|recipient|mailbox|person|address)"
    r"|(?:user|recipient|mailbox|address|account)(?: \S{1,60})? (?:does not|doesn'?t) exist"
    r"|not a (?:known|valid) (?:user|mailbox)"
    r"|mailbox (?:not found|is disabled|unavailable)|user not found|address rejected: undeliverable"
    r"|recipient not found|no mailbox here|invalid (?:recipient|mailbox)"
    r"|account (?:that you tried to reach )?(?:has been |is )?(?:disabled|deactivated)"
    r"|unknown local part|unrouteable address|no longer (?:on server|valid|available)|empf.nger unbekannt",
    re.IGNORECASE,
)
_NOT_DEAD_WORDS = re.compile(
    r"spam|blocked|blacklist|block list|policy|reputation|relay|not permitted|denied|quota|full|dmarc|spf|dkim",
    re.IGNORECASE,
)
_FULL_WORDS = re.compile(
    r"mailbox (?:is )?full|over ?quota|exceed\w{0,6} (?:\w{1,30} )?(?:quota|storage)|quota exceeded"
    r"|postfach (?:ist )?voll",
    re.IGNORECASE,
)
_LARGE_WORDS = re.compile(
    r"(?:message|mail|size|content) (?:is )?too (?:large|big)|message (?:file )?size (?:exceeds|limit)"
    r"|exceeds? (?:the )?(?:maximum|fixed|allowed|size)[\w ]{0,60}size|size exceeds|exceeds size limit"
    r"|too much mail data",
    re.IGNORECASE,
)
#: Statuses for what is too large: for the mailbox, for the system (RFC 3463 3.3, 3.4).
_LARGE = ("2.3", "3.4")
#: The sender's address or its domain is refused (RFC 3463 3.2, RFC 7505).
_SENDER = ("1.7", "1.8", "7.27")


def status_of(reply: str) -> str:
    """Return the enhanced status code of a reply, empty if there is none."""
    found = _STATUS.search(reply)
    return found[1] if found else ""


def is_bad_address(reply: str) -> bool:
    """Whether a permanent reply says that the address itself is dead.

    Not dead is an address whose server only refuses this mail or its sender, or whose mailbox is
    full.
    """
    if not reply.startswith("5"):
        return False
    status = status_of(reply)
    if status in _DEAD:
        return not _NOT_DEAD_WORDS.search(reply) or bool(_DEAD_WORDS.search(reply))
    if status and status not in _VAGUE:
        return False
    return bool(_DEAD_WORDS.search(reply)) and not _NOT_DEAD_WORDS.search(reply)


def is_too_large(reply: str) -> bool:
    """Whether a reply says that the message is too large, for the server or for the mailbox."""
    detail = status_of(reply)[2:]
    if detail in _LARGE:
        return True
    return (not detail or f"5.{detail}" in _VAGUE) and bool(_LARGE_WORDS.search(reply))


def is_full(reply: str) -> bool:
    """Whether a reply says that the recipient's mailbox is full (X.2.2)."""
    detail = status_of(reply)[2:]
    return detail == "2.2" or (not detail and bool(_FULL_WORDS.search(reply)))


def sharpen(failure_type: str, reply: str) -> str:
    """Return what a refusal comes down to for the person who reads it.

    :param failure_type: what is noted about the delivery: a key of the ledger's causes
    :param reply: what the server said, or a bounce quoted of it; may be empty
    :return: ``no_address``, ``full``, ``too_large``, ``sender`` or ``policy`` where the reply says so; else the
        cause as it is
    """
    if failure_type not in ("recipient", "message"):
        return failure_type
    # a bounce quotes the status alone
    answer = reply if reply[:3].isdigit() else f"550 {reply}"
    if is_bad_address(answer):
        return "no_address"
    if is_full(reply):
        return "full"
    if is_too_large(reply):
        return "too_large"
    detail = status_of(reply)[2:]
    if detail in _SENDER:
        return "sender"
    return "policy" if detail.startswith("7.") else failure_type
