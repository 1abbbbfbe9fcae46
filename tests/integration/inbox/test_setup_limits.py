"""The set-up form over RPC, as a manager who is no system administrator: tries are counted, come what may."""

import xmlrpc.client

import pytest

_MANAGER = """
from odoo.tests import new_test_user
user = new_test_user(env, "setup_manager", groups="message_history.group_manager", password="setup_manager_s3cret")
result = user.id
"""


def test_tries_outlive_the_request_that_was_rolled_back(database, dovecot):
    mailbox = dovecot.add_user("limited")
    database.shell(_MANAGER)
    # loopback stands for the network of one's own; the ports of mail can't be had on a test machine
    database.shell("env['ir.config_parameter'].set_param('message_history.private_networks', '127.0.0.0/8')")
    client = database.client(database.server(), "setup_manager", "setup_manager_s3cret")

    def form(**values):
        return client.call("message.setup", "create", {
            "kind": "mail", "name": "Office", "address": "office@lamps.example", "user_name": mailbox,
            "secret": "s3cret-wrong", "receives": True, "sends": False, "in_host": "127.0.0.1",
            "in_port": dovecot.imap_port, "in_security": "none", **values})

    def test(setup):
        client.call("message.setup", "action_test", [setup])
        return client.call("message.setup", "read", [setup], ["report", "works"])[0]

    setup = form()
    found = test(setup)
    assert not found["works"]
    assert "no port of a mail server" in found["report"]
    for _number in range(9):
        test(form())
    for _number in range(3):
        with pytest.raises(xmlrpc.client.Fault, match="too many tries"):
            test(form(secret="s3cret", in_host="127.0.0.1"))
    tries = database.value("SELECT tries FROM message_login_try WHERE server = '127.0.0.1'")
    assert tries == "13", "a refused try is counted too, though its request was rolled back"
    # another connection, another session, the same person
    with pytest.raises(xmlrpc.client.Fault, match="too many tries"):
        database.client(database._processes[0], "setup_manager", "setup_manager_s3cret").call(
            "message.setup", "action_test", [setup])
