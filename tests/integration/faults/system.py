"""One Odoo, with or without our addons: what a test of faults does with it and asks it."""

import dataclasses
import itertools
from pathlib import Path

from dev import database as databases
from dev import paths
from tests.integration.faults.agent import Agent

ADDONS = Path(__file__).resolve().parents[1] / "addons"
DOMAIN = "faults.example"
#: What core waits for at most, instead of its 60 s, and what our servers are set to.
TIMEOUT = 3
_numbers = itertools.count(1)


def prepared(odoo):
    """Odoo with the addon of these tests on its addons path."""
    addons_path = f"{odoo.addons_path},{ADDONS}"
    config = paths.state_dir() / "faults.conf"
    lines = [f"addons_path = {addons_path}" if line.startswith("addons_path") else line
             for line in odoo.config.read_text().splitlines()]
    config.write_text("\n".join(lines) + "\n")
    config.chmod(0o600)
    return dataclasses.replace(odoo, config=config, addons_path=addons_path)


def template(odoo, kind):
    """Name of the database that tests copy: ``core`` or ``ours``, with the addon of these tests."""
    base = databases.full(odoo) if kind == "core" else databases.with_our_addons(odoo)
    files = sorted(path for path in ADDONS.rglob("*") if path.is_file() and path.suffix != ".pyc")
    content = "|".join(path.read_text() for path in files)
    return databases.template(odoo, f"faults_{kind}", ("test_faults",), base=f"{base}|{content}")


class System:
    """A database and a process on it."""

    def __init__(self, odoo, dbname, kind):
        self.odoo, self.dbname, self.kind = odoo, dbname, kind
        self.is_ours = kind == "ours"
        self.agents = []
        self.agent = self.new_agent()
        self.agent.run(_PREPARE, domain=DOMAIN)

    def new_agent(self):
        """Another process on the same database."""
        log = paths.log_dir() / f"{self.dbname}-agent{len(self.agents)}.log"
        agent = Agent(self.odoo, self.dbname, log, FAULTS_SYSTEM=self.kind, FAULTS_TIMEOUT=str(TIMEOUT))
        self.agents.append(agent)
        return agent

    def stop(self):
        """End the processes."""
        for agent in self.agents:
            agent.stop()

    def sql(self, query):
        """Rows as lists of texts."""
        return [line.split("|") for line in self.odoo.server.query(query, self.dbname)]

    def mailbox(self, dovecot, **options):
        """A mailbox of its own and the mail server record that fetches it; see :class:`Mailbox`."""
        user = f"{self.kind}{next(_numbers)}"
        dovecot.add_user(user)
        return Mailbox(self, dovecot, user, **options)

    def fetch(self, *boxes, agent=None, seconds=120):
        """Fetch some mailboxes in one run, as the scheduled action does, and process."""
        agent = agent or self.agent
        error = agent.run(FETCH, seconds, ids=[box.id for box in boxes])
        self.process(agent, seconds)
        return error

    def process(self, agent=None, seconds=120):
        """Work off what was fetched, as the scheduled action does; core did so while fetching."""
        if self.is_ours:
            (agent or self.agent).run("env['message.worker']._cron_process()", seconds)

    def alias(self, name, model):
        """An alias of the domain that makes documents, unless it is there."""
        self.agent.run(_MAKE_ALIAS, name=name, model=model)

    def mend(self, done):
        """Mend (or break again) what makes documents with ``[raise]`` fail."""
        self.agent.run("env['ir.config_parameter'].set_param('test_faults.mended', done)", done=(done and "1") or "")


class Mailbox:
    """A mailbox on Dovecot and the ``fetchmail.server`` that fetches it.

    :param model: what a mail becomes that is no reply and goes to no alias
    :param port: instead of Dovecot's own: a proxy, or a server that misbehaves
    :param channel: settings of our channel; ``folder``: of our folder
    """

    def __init__(self, system, dovecot, user, *, kind="imap", model="crm.lead", port=None, channel=None,
                 folder=None):
        self.system, self.dovecot, self.user, self.kind = system, dovecot, user, kind
        self.sent = []
        usual = dovecot.pop3_port if kind == "pop" else dovecot.imap_port
        self.id = system.agent.run(
            _MAKE_SERVER, user=user, kind=kind, model=model, port=port or usual, ours=system.is_ours,
            timeout=TIMEOUT, channel={"grace_minutes": 0, "retry_minutes": 1, **(channel or {})},
            folder={"start": "all", "afterwards": "delete" if kind == "pop" else "seen", **(folder or {})})

    def deliver(self, *mails, seen=False):
        """Put mails into the mailbox."""
        for mail in mails:
            self.dovecot.deliver_file(self.user, mail.content, seen=seen)
            self.sent.append(mail)
        return mails[0]

    def fetch(self, agent=None, seconds=120):
        """Fetch once, as the scheduled action does, and process; returns the error's words if any."""
        return self.system.fetch(self, agent=agent, seconds=seconds)

    def only_fetch(self):
        """Fetch, without processing (core can't)."""
        return self.system.agent.run(FETCH, ids=[self.id])

    def recover(self):
        """What the scheduled action does every twenty minutes; core has none: it fetches again."""
        if not self.system.is_ours:
            return self.fetch()
        self.system.agent.run("env['fetchmail.server'].browse(id)._recover()", id=self.id)
        self.system.process()
        return None

    def set_model(self, model):
        """Have mails become documents of that kind."""
        self.system.agent.run(
            "env['fetchmail.server'].browse(id).object_id = env['ir.model']._get(model)", id=self.id, model=model)

    def set_port(self, port):
        """Have the server at another port."""
        self.system.agent.run("env['fetchmail.server'].browse(id).port = port", id=self.id, port=port)

    def close(self):
        """Fetch it no more."""
        self.system.agent.run("env['fetchmail.server'].browse(id).active = False", id=self.id)

    def messages(self):
        """What is in the mailbox, seen from outside."""
        return self.dovecot.messages(self.user)

    def unseen(self):
        """How many messages in the mailbox are unread."""
        return sum("\\Seen" not in one["flags"] for one in self.messages())

    def left(self):
        """How many messages are in the mailbox."""
        return len(self.messages())


FETCH = """
error = env['fetchmail.server'].browse(ids)._fetch_mail()
result = str(error) if error is not None else None
"""

_PREPARE = """
company = env.company
domain = env['mail.alias.domain'].create({'name': domain})
company.alias_domain_id = domain
env['ir.cron'].search([]).active = False
"""

_MAKE_SERVER = """
server = env['fetchmail.server'].create({
    'name': user, 'server': '127.0.0.1', 'port': port, 'user': user, 'password': 's3cret',
    'server_type': kind, 'state': 'done',
    'object_id': model and env['ir.model']._get(model).id,
})
if ours:
    server.timeout_seconds = timeout
    server.channel_id.write(channel)
    server.folder_ids.write(folder)
result = server.id
"""

_MAKE_ALIAS = """
if not env['mail.alias'].search_count([('alias_name', '=', name)]):
    env['mail.alias'].create({'alias_name': name, 'alias_model_id': env['ir.model']._get(model).id})
"""
