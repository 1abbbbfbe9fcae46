"""Shared by the tests of the mail protocols."""

import pytest
from odoo.addons.fetchmail_gateway.lib.settings import ServerSettings


@pytest.fixture
def settings_for(tmp_path):
    """Settings for a server on loopback, without encryption and with short waits."""
    spool = tmp_path / "spool"
    spool.mkdir()

    def make(server, **values):
        values = {
            "security": "none",
            "user": "ann",
            "password": "secret",
            "timeout": 1.0,
            "connect_timeout": 2.0,
            "spool_limit": 2000,
            "spool_folder": str(spool),
            **values,
        }
        return ServerSettings("127.0.0.1", server.port, **values)

    make.spool = spool
    return make
