"""The fixtures themselves: shell, server, remote calls and temporary databases."""

import pytest

from dev import database as databases
from dev.console import DevError


def test_shell_returns_what_the_script_set(module_database):
    result = module_database.shell("result = env['res.users'].browse(uid).login", uid=2)
    assert result == "admin"


def test_shell_commits(module_database):
    module_database.shell("env['res.partner'].create({'name': name})", name="O'Hara \u00e9")
    count = "SELECT count(*) FROM res_partner WHERE name LIKE 'O''Hara%'"
    assert module_database.value(count) == "1"


def test_shell_shows_the_error_of_the_script(module_database):
    with pytest.raises(DevError, match="ZeroDivisionError"):
        module_database.shell("1 / 0")


def test_server_answers_remote_calls_and_ends(module_database):
    server = module_database.server()
    client = module_database.client(server)
    assert client.call("res.users", "read", [client.uid], ["login"])[0]["login"] == "admin"
    assert server.stop() == 0
    assert not server.alive()


def test_a_killed_server_leaves_at_once(module_database):
    server = module_database.server()
    server.kill()
    assert not server.alive()


def test_temporary_databases_go_away(odoo, template):
    with databases.temporary(odoo, template, "gone") as name:
        assert name in odoo.server.databases()
    assert name not in odoo.server.databases()
    assert not databases.filestore(odoo, name).exists()
