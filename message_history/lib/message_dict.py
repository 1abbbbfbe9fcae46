"""The message dictionary that ``message_new`` and ``message_update`` are given."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any


class MessageDict(dict[str, Any]):
    """Core's message dictionary, with the documented further keys beside it.

    The further keys can be read, but are not listed: Odoo hands the whole dictionary on to
    ``message_post``, which refuses keys that it doesn't know.
    """

    def __init__(self, values: Mapping[str, Any], extra: Mapping[str, Any]) -> None:
        super().__init__(values)
        self.extra = dict(extra)

    def __missing__(self, key: str) -> Any:
        return self.extra[key]

    def __contains__(self, key: object) -> bool:
        return super().__contains__(key) or key in self.extra

    def get(self, key: str, default: Any = None) -> Any:
        """Return a value by any of its keys, listed or not."""
        return super().get(key, self.extra.get(key, default))
