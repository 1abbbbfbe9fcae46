"""Rules of the outbox that hold across processes and transactions; ours alone, with real servers."""

import time

import pytest

from dev.instance import OdooProcess, wait_until
from dev.servers.smtp import SmtpProcess
from tests.integration.outbox.system import DOMAIN, arrivals

_POST_AND_ROLL_BACK = """
record = env['res.partner'].create({'name': 'Document'})
partner = env['res.partner'].create({'name': 'Ann', 'email': 'ann@example.com'})
record.message_post(body='Hello', subject=subject, partner_ids=partner.ids, message_type='comment')
env['mail.mail'].create({'subject': subject, 'body_html': 'x', 'email_to': 'ann@example.com'}).send()
env.cr.rollback()
"""
_AT_ONCE = """
mail = env['mail.mail'].create({
    'subject': subject, 'body_html': '<p>%s</p>' % subject, 'email_from': sender, 'email_to': to})
try:
    mail.send(raise_exception=True)
    result = [mail.state, '']
except Exception as error:
    result = ['raised', '%s' % (error,)]
    env.cr.rollback()
"""


@pytest.fixture
def second_sink(tmp_path):
    """Another SMTP server."""
    with SmtpProcess(tmp_path / "second.jsonl") as server:
        yield server


@pytest.fixture
def servers(out_ours):
    """Makes outgoing servers that are archived at the end; ``servers(port, **values)``."""
    made = []

    def make(port, **values):
        made.append(out_ours.server(port, **values))
        return made[-1]

    yield make
    out_ours.agent.run(
        "env['ir.mail_server'].browse(ids).active = False\n"
        "env['mail.mail'].search([('state', '=', 'outgoing')]).write({'state': 'cancel'})", ids=made)


def test_what_is_rolled_back_is_never_sent(out_ours, sink, servers):
    """A transaction that fails sends nothing, whatever it asked for."""
    servers(sink.port)
    out_ours.agent.run(_POST_AND_ROLL_BACK, subject="Note tok99001")
    out_ours.run()
    assert not arrivals(sink.taken())


def test_at_once_means_at_once(out_ours, sink, servers):
    """Who asks for the outcome gets it, within the caller's own transaction."""
    servers(sink.port)
    state, _words = out_ours.agent.run(
        _AT_ONCE, subject="Code tok99002", to="ann@example.com", sender=f"odoo@{DOMAIN}")
    assert state == "sent"
    assert arrivals(sink.taken()) == {("tok99002", "ann@example.com"): 1}
    out_ours.run()
    assert out_ours.states("tok99002") == {"ann@example.com": "accepted"}
    linked = out_ours.sql("SELECT COUNT(*) FROM message_history WHERE subject = 'Code tok99002' AND mail_mail_id > 0")
    assert linked == [["1"]]


def test_a_refusal_outlives_the_caller_s_rollback(out_ours, sink, servers):
    """It is raised, and it is in the ledger although the caller rolled everything back."""
    servers(sink.port)
    state, said = out_ours.agent.run(
        _AT_ONCE, subject="Code tok99003", to="reject-ann@example.com", sender=f"odoo@{DOMAIN}")
    assert state == "raised"
    assert "no such user" in said
    assert out_ours.states("tok99003") == {"reject-ann@example.com": "refused"}


def test_another_server_takes_over(out_ours, sink, second_sink, servers):
    """While one is down; only where its filter allows the sender."""
    sink.set_mode("refuse")
    second = servers(second_sink.port, from_filter=DOMAIN, sequence=20)
    third = servers(second_sink.port, from_filter="elsewhere.example", sequence=19)
    first = servers(sink.port, from_filter=DOMAIN, sequence=1)
    out_ours.agent.run(
        "env['ir.mail_server'].browse(first).channel_id.fallback_ids = "
        "env['ir.mail_server'].browse([third, second]).channel_id", first=first, second=second, third=third)
    token = out_ours.mail("ann@example.com", mail_server_id=first)
    for _run in range(3):
        out_ours.run()
    assert arrivals(second_sink.taken()) == {(token, "ann@example.com"): 1}
    rows = out_ours.sql(
        "SELECT s.id FROM message_delivery d JOIN message_history h ON h.id = d.history_id "
        f"JOIN ir_mail_server s ON s.channel_id = d.via_channel_id WHERE h.subject LIKE '%{token}'")
    assert rows == [[str(second)]]


def test_one_server_down_stops_no_other(out_ours, sink, second_sink, servers):
    """Each has its own queue."""
    sink.set_mode("refuse")
    down, up = servers(sink.port), servers(second_sink.port)
    waiting = [out_ours.mail(f"w{number}@example.com", mail_server_id=down) for number in range(5)]
    token = out_ours.mail("ann@example.com", mail_server_id=up)
    out_ours.run()
    assert arrivals(second_sink.taken()) == {(token, "ann@example.com"): 1}
    assert {state for one in waiting for state in out_ours.states(one).values()} == {"queued"}, "none used up attempts"
    sink.set_mode("")
    out_ours.later()
    assert len(arrivals(sink.taken())) == 5


def test_rates_hold_across_processes(out_ours, sink, servers):
    """Two processes at once send no more than the limit in a minute."""
    server = servers(sink.port, channel={"rate_minute": 12})
    for number in range(30):
        out_ours.mail(f"r{number}@example.com", mail_server_id=server)
    other = out_ours.new_agent().start()
    script = "env['mail.mail'].process_email_queue()"
    other.send(script)
    out_ours.agent.send(script)
    out_ours.agent.wait()
    other.wait()
    other.stop()
    assert len(arrivals(sink.taken())) == 12


def test_a_copied_database_sends_nothing(out_ours, sink, servers):
    """Until somebody confirms it."""
    server = servers(sink.port)
    original = out_ours.sql("SELECT value FROM ir_config_parameter WHERE key = 'database.uuid'")[0][0]
    change = "env['ir.config_parameter'].set_param('database.uuid', value)"
    out_ours.agent.run(change, value="a-copy")
    try:
        token = out_ours.mail("ann@example.com", mail_server_id=server)
        out_ours.run()
        assert out_ours.states(token) == {"ann@example.com": "queued"}
        assert not sink.taken()
        out_ours.agent.run("env['ir.mail_server'].browse(id).channel_id.action_confirm_database()", id=server)
        out_ours.run()
        assert arrivals(sink.taken()) == {(token, "ann@example.com"): 1}
    finally:
        out_ours.agent.run(change, value=original)


def test_a_gateway_sends_at_once(out_ours, sink, servers):
    """The click commits, a worker wakes: the mail is there within a second or two, also after idling."""
    servers(sink.port)
    process = OdooProcess(
        out_ours.odoo, "gateway", "-d", out_ours.dbname, "--workers", "1", "--no-listener",
        name=f"{out_ours.dbname}-gateway")
    with process:
        wait_until(lambda: out_ours.sql("SELECT COUNT(*) FROM message_gateway") != [["0"]], 60, "the worker is up")
        waits = []
        for number in range(3):
            time.sleep(2)
            token = out_ours.post(f"reader{number}@example.com")
            began = time.monotonic()
            wait_until(lambda token=token: any(key[0] == token for key in arrivals(sink.taken())), 30, "it arrives",
                       every=0.05)
            waits.append(time.monotonic() - began)
        assert sorted(waits)[1] < 2, waits
        wait_until(lambda: set(out_ours.notifications(token).values()) == {"sent"}, 20, "its icon says so")


def test_paused_means_paused(out_ours, sink, servers):
    """Nothing goes out until somebody presses Continue."""
    server = servers(sink.port)
    out_ours.agent.run("env['ir.mail_server'].browse(id).action_pause()", id=server)
    token = out_ours.mail("ann@example.com", mail_server_id=server)
    out_ours.run()
    assert out_ours.states(token) == {"ann@example.com": "queued"}
    out_ours.agent.run("env['ir.mail_server'].browse(id).action_continue()", id=server)
    out_ours.run()
    assert arrivals(sink.taken()) == {(token, "ann@example.com"): 1}
