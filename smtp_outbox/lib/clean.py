"""Values of headers without what would end a header."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

_CONTROL = re.compile(r"[\x00-\x1f\x7f]+")
_NAME = re.compile(r"[!-9;-~]{1,76}")


def clean_text(value: str) -> str:
    """Return a text on one line."""
    return _CONTROL.sub(" ", value)


def clean_filename(name: Any) -> str:
    """Return a file name on one line."""
    return _CONTROL.sub("_", str(name or "")).strip() or "attachment"


def clean_header_name(name: str) -> str | None:
    """Return a header's name if it is one (RFC 5322 ftext)."""
    return name if _NAME.fullmatch(name) else None


def clean_headers(headers: Mapping[Any, Any]) -> dict[str, str]:
    """Return headers that are nothing but these headers."""
    return {name: clean_text(str(value)) for name, value in headers.items()
            if value is not None and value is not False and isinstance(name, str) and clean_header_name(name)}


def clean_mimetype(value: Any) -> str:
    """Return a MIME type, or that of plain bytes."""
    text = str(value or "").strip().lower()
    return text if re.fullmatch(r"[a-z0-9!#$&^_.+-]+/[a-z0-9!#$&^_.+-]+", text) else "application/octet-stream"


def clean_message_id(value: str) -> str:
    """Return a Message-ID on one line."""
    return _CONTROL.sub("", value).strip()


def clean_references(value: str) -> str:
    """Return References on one line."""
    return " ".join(_CONTROL.sub(" ", value).split())
