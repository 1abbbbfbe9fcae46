"""One Odoo that sends, with or without our addons: what a test does with it and asks it."""

import itertools
import re
from collections import Counter

from dev import paths
from tests.integration.faults.agent import Agent

DOMAIN = "outbox.example"
TOKEN = re.compile(r"tok\d{5}")
_numbers = itertools.count(1)

_PREPARE = """
domain = env['mail.alias.domain'].create({'name': domain_name})
env.company.alias_domain_id = domain
env['ir.cron'].search([]).active = False
env['ir.mail_server'].search([]).active = False
env.ref('base.partner_root').email = 'odoo@' + domain_name
"""
_SERVER = """
server = env['ir.mail_server'].create({
    'name': name, 'smtp_host': '127.0.0.1', 'smtp_port': port, 'smtp_encryption': 'none', **values})
if ours:
    server.channel_id.write({'command_seconds': timeout, 'content_seconds': timeout, **channel})
result = server.id
"""
_MAIL = """
partners = [env['res.partner'].create({'name': one.split('@')[0], 'email': one}).id for one in partners]
mail = env['mail.mail'].create({
    'subject': subject, 'body_html': body, 'email_from': sender, 'email_to': ', '.join(to),
    'recipient_ids': [(6, 0, partners)], 'auto_delete': False, **values})
result = [mail.id, mail.message_id]
"""
_POST = """
partners = env['res.partner'].create([{'name': one.split('@')[0], 'email': one} for one in to])
record = env['res.partner'].create({'name': 'Document ' + subject})
message = record.with_context(mail_notify_author=True).message_post(
    body=body, subject=subject, partner_ids=partners.ids, message_type='comment', subtype_xmlid='mail.mt_comment',
    email_from=sender)
result = message.id
"""


class OutSystem:
    """A database and processes on it."""

    def __init__(self, odoo, dbname, kind, timeout=3):
        self.odoo, self.dbname, self.kind, self.timeout = odoo, dbname, kind, timeout
        self.is_ours = kind == "ours"
        self.agents = []
        self.agent = self.new_agent()
        self.agent.run(_PREPARE, domain_name=DOMAIN)

    def new_agent(self, **environment):
        """Another process on the same database."""
        log = paths.log_dir() / f"{self.dbname}-agent{len(self.agents)}.log"
        agent = Agent(self.odoo, self.dbname, log, FAULTS_TIMEOUT=str(self.timeout), FAULTS_SYSTEM=self.kind,
                      **environment)
        self.agents.append(agent)
        return agent

    def stop(self):
        """End the processes."""
        for agent in self.agents:
            agent.stop()

    def sql(self, query):
        """Rows as lists of texts."""
        return [line.split("|") for line in self.odoo.server.query(query, self.dbname)]

    def server(self, port, channel=None, **values):
        """An outgoing mail server; its id."""
        return self.agent.run(
            _SERVER, name=f"server {next(_numbers)}", port=port, values=values, channel=channel or {},
            ours=self.is_ours, timeout=self.timeout)

    def mail(self, *to, partners=(), sender=f"Sales <sales@{DOMAIN}>", **values):
        """A mail that waits to be sent; its token, which stands in the subject."""
        token = f"tok{next(_numbers):05d}"
        self.agent.run(_MAIL, subject=f"Offer {token}", body=f"<p>Hello, this is {token}.</p>", to=to,
                       partners=partners, sender=sender, values=values)
        return token

    def post(self, *to, sender=f"Sales <sales@{DOMAIN}>"):
        """A message in a chatter, for contacts with these addresses; its token."""
        token = f"tok{next(_numbers):05d}"
        self.agent.run(_POST, subject=f"Note {token}", body=f"Hello, this is {token}.", to=to, sender=sender)
        return token

    def run(self, agent=None, seconds=120):
        """Work the queue off once, as the scheduled action does."""
        script = "env['mail.mail'].process_email_queue()"
        (agent or self.agent).run(script, seconds)

    def due(self):
        """Let the time until the next attempt pass, and circuits close (core has neither)."""
        if self.is_ours:
            self.sql("UPDATE message_delivery SET next_attempt = now() at time zone 'UTC' - interval '1 second' "
                     "WHERE state = 'deferred'")
            self.sql("UPDATE message_channel_status SET next_attempt = NULL")

    def later(self, agent=None, seconds=120):
        """Let time pass, and work the queue off again."""
        self.due()
        self.run(agent, seconds)

    def deliveries(self, token):
        """Return {address: [state, attempts, reply]} of a mail in our outbox."""
        rows = self.sql(
            "SELECT d.address, d.state, d.attempts, COALESCE(d.server_reply, '') FROM message_delivery d "
            f"JOIN message_history h ON h.id = d.history_id WHERE h.subject LIKE '%{token}' ORDER BY d.id")
        return {address: [state, int(attempts), reply] for address, state, attempts, reply in rows}

    def states(self, token):
        """Return {address: state} of a mail in our outbox."""
        return {address: row[0] for address, row in self.deliveries(token).items()}

    def mail_state(self, token):
        """Return core's state of the mail, '' when it is gone."""
        rows = self.sql(
            "SELECT m.state, COALESCE(m.failure_type, '') FROM mail_mail m JOIN mail_message g "
            f"ON g.id = m.mail_message_id WHERE g.subject LIKE '%{token}'")
        return rows[0][0] if rows else ""

    def notifications(self, token):
        """Return {address: status} of the chatter's icons."""
        rows = self.sql(
            "SELECT p.email, n.notification_status FROM mail_notification n JOIN mail_message g "
            "ON g.id = n.mail_message_id JOIN res_partner p ON p.id = n.res_partner_id "
            f"WHERE g.subject LIKE '%{token}'")
        return dict(rows)


def arrivals(taken):
    """Return {(token, address): how often} of what a sink took."""
    found = Counter()
    for mail in taken:
        match = TOKEN.search(mail.content.decode(errors="replace"))
        for address in mail.recipients:
            found[match[0] if match else "", address] += 1
    return found
