"""Who hears of a channel over the websocket: whoever sees it, until the moment in which he does not any more."""

import time
from contextlib import ExitStack

import pytest

from dev.instance import wait_until
from dev.servers.listener import Listener

CHANGED = "message_history/changed"
PASSWORD = "listens-well-2026"
#: How somebody loses sight of the channel: a script with ``user``, ``channel`` and ``company``.
LOSSES = {
    "membership": "channel.member_ids = [(3, user.id)]",
    "membership-of-user": "user.message_channel_ids = [(3, channel.id)]",
    "company": "user.company_ids = [(3, company.id)]",
    "company-side": "company.user_ids = [(3, user.id)]",
    "group": "user.group_ids = [(3, env.ref('message_history.group_user').id)]",
    "group-side": "env.ref('message_history.group_user').user_ids = [(3, user.id)]",
}
MAKE = """
company = env["res.company"].create({"name": "Where they listen"})
channel = env["message.channel"].create({"name": "Heard", "company_id": company.id})
group = env.ref("message_history.group_user")
for login in logins:
    channel.member_ids += env["res.users"].create({
        "name": login, "login": login, "password": password, "company_id": env.company.id,
        "company_ids": [(6, 0, (env.company + company).ids)], "group_ids": [(4, group.id)]})
result = [company.id, channel.id]
"""
ARRIVES = """
conversation = env["message.conversation"].create({"channel_id": channel_id})
env["message.history"].create({
    "channel_id": channel_id, "direction": "in", "state": "processed", "external_id": f"heard/{conversation.id}",
    "subject": "Confidential", "preview": "Confidential", "conversation_id": conversation.id, "settled": False})
env["message.conversation"]._settle()
result = conversation.id
"""
LOSE = """
channel, company = env["message.channel"].browse(channel_id), env["res.company"].browse(company_id)
user = env["res.users"].search([("login", "=", login)])
exec(how)
env.cr.commit()
env.registry.signal_changes()  # as every request does, so that the server's process forgets what it knew
"""


@pytest.fixture(scope="module")
def heard(module_database):
    """A channel that all of them see, and the server that tells them."""
    company_id, channel_id = module_database.shell(MAKE, logins=["witness", *LOSSES], password=PASSWORD)
    return module_database, module_database.server(), company_id, channel_id


def _hears(listener, conversation_id):
    return any(conversation_id in payload["conversation_ids"] for payload in listener.payloads(CHANGED))


@pytest.mark.parametrize("loss", LOSSES)
def test_who_loses_sight_of_a_channel_hears_no_more_of_it(heard, loss):
    database, server, company_id, channel_id = heard
    with ExitStack() as stack:
        loser, witness = (stack.enter_context(Listener(server.url, database.name, login, PASSWORD))
                          for login in (loss, "witness"))
        # a subscription has no answer: news is made until both are heard to listen
        deadline = time.monotonic() + 60
        before = database.shell(ARRIVES, channel_id=channel_id)
        while not all(_hears(one, before) for one in (loser, witness)):
            assert time.monotonic() < deadline, "neither hears of what both see"
            time.sleep(0.2)

        database.shell(LOSE, channel_id=channel_id, company_id=company_id, login=loss, how=LOSSES[loss])
        wait_until(lambda: witness.payloads("message_history/listen_anew"), 30, "the witness is told to listen anew")
        witness.subscribe()  # as every browser does then; one that does not is no better off
        for anew in (False, True):
            if anew:
                loser.subscribe()
            after = database.shell(ARRIVES, channel_id=channel_id)
            wait_until(lambda after=after: _hears(witness, after), 30, "the witness hears")
            time.sleep(1)
            assert not _hears(loser, after), f"who does not see the channel any more hears of it (anew: {anew})"
        for one in (loser, witness):
            assert "Confidential" not in str(one.heard), "news carries ids only"
