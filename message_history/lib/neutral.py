"""The transport of a channel without a kind: it can do nothing, and says so."""

from __future__ import annotations

from .transport import Transport


class NeutralTransport(Transport):
    """What ``channel_type = none`` speaks, e.g. after its addon was uninstalled."""
