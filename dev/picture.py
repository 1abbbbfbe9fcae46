"""What a picture of the documentation shows."""

from __future__ import annotations

from typing import NamedTuple

WIDE, PHONE, DESK = (1280, 760), (400, 800), (1400, 860)


class Picture(NamedTuple):
    """One picture: the page, what is done there, the size of the window.

    :param row: a row to open (any text in it)
    :param steps: ``("click", selector)``, ``("press", key)``, ``("type", text)``, ``("wait", selector)``,
        ``("fill", selector, text)``, ``("pause", milliseconds)``
    """

    name: str
    path: str
    row: str = ""
    size: tuple[int, int] = WIDE
    steps: tuple[tuple[str, ...], ...] = ()
