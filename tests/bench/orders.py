"""What an Odoo process of a benchmark can be asked to do; see ``driver``."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from odoo import SUPERUSER_ID, api
from odoo.modules.registry import Registry

ORDERS: dict[str, Callable[..., Any]] = {}


def order(function: Callable[..., Any]) -> Callable[..., Any]:
    """Make a function callable from outside; it gets the database's name first."""
    ORDERS[function.__name__] = function
    return function


def environment(dbname: str) -> Any:
    """A superuser's environment as a context manager."""
    return _Environment(dbname)


class _Environment:
    def __init__(self, dbname: str) -> None:
        self.cr = Registry(dbname).cursor()

    def __enter__(self) -> Any:
        return api.Environment(self.cr, SUPERUSER_ID, {})

    def __exit__(self, *failure: object) -> None:
        if failure[0] is None:
            self.cr.commit()
        self.cr.close()
