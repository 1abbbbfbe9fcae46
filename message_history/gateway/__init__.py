"""The processes behind ``odoo gateway``.

supervisor  forks the others, restarts what dies, loads no database itself
listener    holds channels (one advisory lock each) and turns their events into ledger rows
worker      works off the ledger
status      one look at all of it
"""

from .entry import run_gateway

__all__ = ["run_gateway"]
