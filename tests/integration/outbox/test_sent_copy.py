"""Copies of what was sent, in the Sent folder of a real Dovecot: each one, once."""

import itertools
import random
import re
import time
from collections import Counter
from contextlib import suppress

import pytest

from dev import database as databases
from dev.console import DevError
from dev.instance import OdooProcess, wait_until
from dev.servers.proxy import ProxyProcess
from dev.servers.scripted import ScriptedServer
from tests.integration.faults.agent import AgentDied
from tests.integration.faults.system import template
from tests.integration.outbox.system import TOKEN, OutSystem

_numbers = itertools.count(1)
_ACCOUNT = """
account = env['fetchmail.server'].create({
    'name': user, 'server': '127.0.0.1', 'port': port, 'user': user, 'password': 's3cret', 'server_type': 'imap',
    'state': 'done', 'timeout_seconds': 3, 'object_id': env['ir.model']._get('crm.lead').id})
result = account.id
"""
_WATCH = """
account = env['fetchmail.server'].browse(account)
account.folder_ids.active = False  # the first folder is told of at once, others within a minute
account.folder_ids = [(0, 0, {
    'name': 'Sent', 'role': role, 'start': 'all', 'model_id': env['ir.model']._get('crm.lead').id})]
"""
_COPY = "env['message.sent.copy']._cron_copy()"
#: Dies when the server has taken the so-many-eth copy, before anything is written.
_DIE = """
import os
from odoo.addons.fetchmail_gateway.lib.imap import ImapTransport
origin, count = ImapTransport.append, [0]
def append(self, *args, **kwargs):
    found = origin(self, *args, **kwargs)
    count[0] += 1
    if count[0] == number:
        os.kill(os.getpid(), 9)
    return found
ImapTransport.append = append
"""
#: Of what was fetched: how often each state, copies of how many, with a conversation, with a document.
_FETCHED = (
    "SELECT h.state, COUNT(*), COUNT(DISTINCT s.id), COUNT(h.conversation_id), COUNT(h.res_id) "
    "FROM message_history h JOIN message_channel c ON c.id = h.channel_id LEFT JOIN message_history s "
    "ON s.id = h.same_as_id AND s.content_digest = h.content_digest WHERE c.channel_type = 'fetchmail' GROUP BY 1")
KILLS = 5
_DUE = (
    "UPDATE message_history SET sent_copy_next = now() at time zone 'UTC' - interval '1 second' "
    "WHERE sent_copy = 'wanted'")
# Each recipient's copy has one of its own, which is nobody else's business: not in the Sent folder.
_MARK = re.compile(rb"^X-Delivery-Mark: [0-9a-f]{32}\r\n")


class Office:
    """An outgoing server whose copies go to an account on Dovecot."""

    def __init__(self, system, dovecot, sink, port=None):
        self.system, self.dovecot = system, dovecot
        self.user = dovecot.add_user(f"office{next(_numbers)}")
        self.account = system.agent.run(_ACCOUNT, user=self.user, port=port or dovecot.imap_port)
        self.server = system.server(sink.port, sent_server_id=self.account)

    def send(self, count=1, run=True):
        """Send some mails; their tokens."""
        tokens = [self.system.mail("ann@example.com", mail_server_id=self.server) for _ in range(count)]
        if run:
            self.system.run()
        return tokens

    def copy(self):
        """What the scheduled action does, when all attempts are due."""
        self.system.sql(_DUE)
        self.system.agent.run(_COPY)

    def copies(self, folder="Sent"):
        """How often each mail is in the folder, seen from outside."""
        if folder not in self.dovecot.folder_names(self.user):
            return Counter()
        return Counter(TOKEN.search(one["hdr.subject"])[0] for one in self.dovecot.messages(self.user, folder))

    def state(self, token):
        """What the message says of its copy."""
        (row,) = self.system.sql(
            "SELECT sent_copy, COALESCE(sent_copy_reason, '') FROM message_history "
            f"WHERE direction = 'out' AND subject LIKE '%{token}' AND recipient_count > 0")
        return row


@pytest.fixture
def office(out_ours, dovecot, sink):
    return Office(out_ours, dovecot, sink)


@pytest.fixture
def fresh(outbox_odoo):
    """A database of our addons for one test alone."""
    with databases.temporary(outbox_odoo, template(outbox_odoo, "ours"), "sent_copy") as name:
        system = OutSystem(outbox_odoo, name, "ours")
        try:
            yield system
        finally:
            system.stop()


@pytest.fixture
def gateway_on(request):
    """Start gateways that end with the test."""

    def start(system, *options):
        process = OdooProcess(
            system.odoo, "gateway", "-d", system.dbname, "--workers", "2", *options, name=f"{system.dbname}-gateway")
        request.addfinalizer(process.stop)
        return process.start()

    return start


def test_the_bytes_that_were_sent(office, sink):
    tokens = office.send(3)
    office.copy()
    assert office.copies() == Counter(tokens)
    files = [path for path in office.dovecot.maildir(office.user, "Sent").glob("[cn]*/*") if path.is_file()]
    kept = [path.read_bytes().replace(b"\n", b"\r\n") for path in files]  # Dovecot's own form is without
    sent = [_MARK.subn(b"", mail.content) for mail in sink.taken()]
    assert sorted(kept) == sorted(content for content, _count in sent)
    assert [count for _content, count in sent] == [1, 1, 1]
    assert all("\\Seen" in one["flags"] for one in office.dovecot.messages(office.user, "Sent"))
    assert office.state(tokens[0]) == ["done", ""]
    office.copy()
    assert office.copies() == Counter(tokens)


def test_a_crash_between_append_and_commit(office):
    tokens = office.send(5)
    office.system.agent.run(_DIE, number=3)
    with pytest.raises(AgentDied):
        office.copy()
    assert sum(office.copies().values()) == 3
    assert sorted(office.state(token)[0] for token in tokens) == ["done"] * 2 + ["wanted"] * 3
    office.copy()
    assert office.copies() == Counter(tokens)
    assert {office.state(token)[0] for token in tokens} == {"done"}


class Silent(ScriptedServer):
    """Says nothing at all."""

    def talk(self, conversation):
        conversation.hang()


def test_a_silent_account_stops_nothing(out_ours, dovecot, sink):
    with Silent() as server:
        office = Office(out_ours, dovecot, sink, port=server.port)
        (token,) = office.send()
        began = time.monotonic()
        office.copy()
        assert time.monotonic() - began < 15
    state, reason = office.state(token)
    assert (state, bool(reason)) == ("wanted", True)
    assert out_ours.states(token) == {"ann@example.com": "accepted"}
    assert out_ours.mail_state(token) == "sent"
    out_ours.agent.run("env['fetchmail.server'].browse(id).port = port", id=office.account, port=dovecot.imap_port)
    office.copy()
    assert office.copies() == Counter([token])
    assert office.state(token) == ["done", ""]


@pytest.mark.parametrize("role", ["sent", "inbox"])
def test_the_gateway_copies_and_knows_its_copies(fresh, dovecot, sink, gateway_on, role):
    """The same account is listened to, its Sent folder included: no lead, no second message comes of it."""
    office = Office(fresh, dovecot, sink)
    dovecot.create_folder(office.user, "Sent")
    fresh.agent.run(_WATCH, account=office.account, role=role)
    gateway = gateway_on(fresh)
    tokens = office.send(8, run=False)
    fetched = []

    def are_known():
        fetched[:] = fresh.sql(_FETCHED)
        return fetched == [["ignored", "8", "8", "0", "0"]]

    with suppress(DevError):
        wait_until(are_known, 40, "the copies come in and are known")
    assert fetched == [["ignored", "8", "8", "0", "0"]]
    assert office.copies() == Counter(tokens)
    assert fresh.sql("SELECT COUNT(*) FROM crm_lead WHERE name LIKE '%tok%'") == [["0"]]
    assert gateway.stop() == 0


def test_kills_while_copies_are_made(out_ours, dovecot, sink, tmp_path):
    """Processes are killed at random instants: every mail is in the folder, and none twice."""
    seed = int(time.time())
    print(f"random seed {seed}")
    rng = random.Random(seed)
    with ProxyProcess(dovecot.imap_port, 0.05, stats=tmp_path / "traffic.json") as proxy:
        office = Office(out_ours, dovecot, sink, port=proxy.port)
        tokens, agent = office.send(60), out_ours.new_agent()
        begun = []
        for _kill in range(KILLS):
            agent.start()
            out_ours.sql(_DUE)
            agent.send(_COPY)
            time.sleep(rng.uniform(0.5, 2.5))
            agent.kill()
            begun.append(sum(office.copies().values()))
        office.copy()
    print(f"after each kill there were {begun}")
    assert any(0 < count < len(tokens) for count in begun), "some kill fell into the middle"
    assert office.copies() == Counter(tokens)
    assert {office.state(token)[0] for token in tokens} == {"done"}
