"""A real Postfix with a Dovecot behind it: arrival, real undeliverable notices, and the circle closed."""

import pytest

from dev.instance import wait_until
from dev.servers import dovecot as dovecot_module
from dev.servers import postfix as postfix_module
from tests.integration.faults.system import FETCH
from tests.integration.outbox.system import DOMAIN

_FETCHMAIL = """
server = env['fetchmail.server'].create({
    'name': 'bounces', 'server': '127.0.0.1', 'port': port, 'user': 'bounce', 'password': 's3cret',
    'server_type': 'imap', 'state': 'done'})
server.folder_ids.write({'start': 'all', 'afterwards': 'seen'})
result = server.id
"""


@pytest.fixture(scope="module")
def post_office():
    """A Postfix that delivers to a Dovecot."""
    if not dovecot_module.is_available() or not postfix_module.is_available():
        pytest.skip("Postfix or Dovecot is not installed, or we are not root")
    with dovecot_module.Dovecot() as dovecot, postfix_module.Postfix(dovecot, ("post.example", DOMAIN)) as postfix:
        for user in ("ann", "bounce", "sales"):
            dovecot.add_user(user)
        yield dovecot, postfix


def test_a_mail_arrives(out_ours, post_office):
    """Through Postfix and LMTP into a mailbox."""
    dovecot, postfix = post_office
    server = out_ours.server(postfix.port, sequence=1)
    token = out_ours.mail("ann@post.example")
    out_ours.run()
    assert out_ours.states(token) == {"ann@post.example": "accepted"}
    wait_until(lambda: any(token in one["hdr.subject"] for one in dovecot.messages("ann")), 20, "it is in the mailbox")
    _archive(out_ours, server)


@pytest.mark.parametrize("verp", [False, True], ids=["plain", "verp"])
def test_a_real_bounce_closes_the_circle(out_ours, post_office, verp):
    """Accepted by Postfix, refused by Dovecot: the notice makes the delivery bounced, and the address suppressed."""
    dovecot, postfix = post_office
    nobody = f"nobody{verp:d}@post.example"
    server = out_ours.server(postfix.port, sequence=1, channel={"verp": verp})
    token = out_ours.mail(partners=[nobody])
    before = len(dovecot.messages("bounce"))
    out_ours.run()
    assert out_ours.states(token) == {nobody: "accepted"}
    wait_until(lambda: len(dovecot.messages("bounce")) > before, 30, f"the notice comes: {postfix.log()[-500:]}")
    assert ("from=<bounce+" in postfix.log()) == verp, "the return address is the delivery's own"
    box = out_ours.agent.run(_FETCHMAIL, port=dovecot.imap_port)
    assert out_ours.agent.run(FETCH, ids=[box]) is None
    out_ours.agent.run("env['message.worker']._cron_process()")
    out_ours.run()
    assert out_ours.states(token) == {nobody: "bounced"}
    assert out_ours.sql(f"SELECT message_bounce FROM res_partner WHERE email = '{nobody}'") == [["1"]]
    assert out_ours.sql(f"SELECT kind FROM message_suppression WHERE active AND address = '{nobody}'") == [["bounced"]]
    again = out_ours.mail(nobody)
    out_ours.run()
    assert out_ours.states(again) == {nobody: "refused"}, "nothing is sent to a dead address"
    out_ours.agent.run(
        "env['message.suppression'].search([('address', '=', address)]).action_release()", address=nobody)
    released = out_ours.mail(nobody)
    out_ours.run()
    assert out_ours.states(released) == {nobody: "accepted"}
    out_ours.agent.run("env['fetchmail.server'].browse(id).active = False", id=box)
    _archive(out_ours, server)


def _archive(system, server):
    system.agent.run("env['ir.mail_server'].browse(id).active = False", id=server)
