"""Digests by which mail is recognised: of Message-IDs, of addresses, of contents.

Ids and addresses get 64 bits, signed, as PostgreSQL's ``bigint``: an index a quarter as large as
one of texts. Two ids may share a digest, so whoever finds one compares the text.
"""

from __future__ import annotations

import hashlib
import mmap
import re
from typing import BinaryIO

#: Longer ids (RFC 5322 allows a line of 998) are replaced by a short one made of their digest.
MAX_MESSAGE_ID = 998
_BRACKETED = re.compile(r"<([^<>]+)>")
_NOISE = re.compile("[\\s\x00-\x20\x7f-\x9f\ud800-\udfff\ufffe\uffff<>]+")
_BLOCK = 1 << 20


def _digest64(text: str) -> int:
    data = text.encode("utf-8", "surrogatepass")
    return int.from_bytes(hashlib.blake2b(data, digest_size=8).digest(), "big", signed=True)


def normalise_message_id(text: str) -> str:
    """Return a Message-ID as ``<left@right>``, or an empty string if there is none.

    Takes the first id in angle brackets, or the whole text where a sender forgot them. White
    space (left by folding) and control characters go. An id longer than :data:`MAX_MESSAGE_ID`
    becomes a short one made of its digest, always the same, so that threads hold together.
    """
    found = _BRACKETED.search(text)
    bare = _NOISE.sub("", found[1] if found else text)
    if not bare:
        return ""
    if len(bare) + 2 > MAX_MESSAGE_ID:
        bare = (
            f"{hashlib.blake2b(bare.encode('utf-8'), digest_size=16).hexdigest()}@clipped.invalid"
        )
    return f"<{bare}>"


def split_message_ids(text: str) -> list[str]:
    """Return the normalised ids of a References or In-Reply-To value, in order."""
    found = _BRACKETED.findall(text)
    if not found and "@" in text:
        found = [word for word in text.split() if "@" in word]
    return [one for one in map(normalise_message_id, found) if one]


def id_digest(message_id: str) -> int:
    """Return the signed 64-bit digest of a Message-ID (of its normalised form); 0 for none."""
    normalised = normalise_message_id(message_id)
    return _digest64(normalised) if normalised else 0


def address_digest(address: str) -> int:
    """Return the signed 64-bit digest of a bare mail address, letter case ignored; 0 for none."""
    normalised = address.strip().lower()
    return _digest64(normalised) if normalised else 0


def content_digest(source: bytes | bytearray | memoryview | mmap.mmap | BinaryIO) -> bytes:
    """Return the SHA-256 (32 bytes) of bytes or of an open binary file, read in blocks."""
    hasher = hashlib.sha256()
    if isinstance(source, bytes | bytearray | memoryview | mmap.mmap):
        hasher.update(source)
    else:
        while block := source.read(_BLOCK):
            hasher.update(block)
    return hasher.digest()
