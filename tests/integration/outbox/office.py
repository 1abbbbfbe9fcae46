"""An Odoo as people have it: web server, gateway, SMTP server; what its users do that sends private mail."""

import contextlib
import email
import http.cookiejar
import re
import time
import urllib.parse
import urllib.request
from email import policy

from dev import database as databases
from dev.instance import Client, OdooProcess, OdooServer, wait_until
from dev.servers.smtp import SmtpProcess
from tests.integration.outbox.system import DOMAIN, OutSystem

#: Seconds within which a mail is to be there, on a machine that does other things as well.
SOON = 30
#: Seconds after which nothing more is expected.
QUIET = 1.5
_CSRF = re.compile(r'name="csrf_token" value="([^"]+)"')


@contextlib.contextmanager
def opened(odoo, source, name, folder):
    """An office at work on a copy of a database, until the block ends.

    :param folder: where the SMTP server keeps what it takes
    """
    with databases.temporary(odoo, source, name) as copy, SmtpProcess(folder / "smtp.jsonl") as sink:
        house = Office(odoo, copy, sink)
        try:
            house.start_gateway()
            yield house
        finally:
            house.stop()


class Browser:
    """What asks for pages and sends forms, with cookies."""

    def __init__(self, office):
        self._office = office
        self._opener = urllib.request.build_opener(
            urllib.request.HTTPCookieProcessor(http.cookiejar.CookieJar()))

    def get(self, path):
        """Return a page as text."""
        with self._opener.open(f"{self._office.web.url}{path}", timeout=60) as answer:
            return answer.read().decode()

    def post(self, path, **values):
        """Fill the form of a page and send it; returns the page that comes."""
        token = _CSRF.search(self.get(path))[1]
        data = urllib.parse.urlencode({"csrf_token": token, **values}).encode()
        with self._opener.open(f"{self._office.web.url}{path}", data=data, timeout=60) as answer:
            return answer.read().decode()


class Office(OutSystem):
    """A database of ours with a web server and a gateway on it, whose mail a real SMTP server takes."""

    def __init__(self, odoo, dbname, sink):
        super().__init__(odoo, dbname, "ours")
        self.sink = sink
        self.server(sink.port, from_filter=DOMAIN)
        self.web = OdooServer(odoo, dbname, name=f"{dbname}-web").start()
        self.gateway = None
        self.web.wait_ready()
        self.agent.run("env['ir.config_parameter'].set_param('web.base.url', url)\n"
                       "env['ir.config_parameter'].set_param('web.base.url.freeze', 'True')\n"
                       "env['ir.config_parameter'].set_param('auth_signup.reset_password', 'True')", url=self.web.url)

    def start_gateway(self):
        """Have a worker send, as ``odoo gateway`` does."""
        self.gateway = OdooProcess(
            self.odoo, "gateway", "-d", self.dbname, "--workers", "1", "--no-listener", name=f"{self.dbname}-gateway")
        self.gateway.start()
        wait_until(lambda: self.sql("SELECT 1 FROM message_gateway WHERE role = 'worker'"), 60, "the worker is there")

    @contextlib.contextmanager
    def without_gateway(self):
        """Nobody sends meanwhile."""
        self.gateway.stop()
        try:
            yield
        finally:
            self.start_gateway()

    def stop(self):
        """End the processes."""
        for process in filter(None, (self.gateway, self.web)):
            process.stop()
        super().stop()

    def client(self, login="admin", password="admin"):
        """XML-RPC as a user."""
        return Client(self.web.url, self.dbname, login, password)

    def user(self, login, groups=("base.group_user",), password="a long s3cret word", **values):
        """A user who was told nothing; the id."""
        return self.agent.run(
            "result = env['res.users'].with_context(no_reset_password=True).create({\n"
            "    'name': login, 'login': login, 'email': login, 'password': password,\n"
            "    'group_ids': [(6, 0, [env.ref(one).id for one in groups])], **values}).id",
            login=login, groups=groups, password=password, values=values)

    # What came --------------------------------------------------------------------------------

    def mails_to(self, address):
        """What the SMTP server took for an address."""
        return [email.message_from_bytes(one.content, policy=policy.default)
                for one in self.sink.taken() if address in one.recipients]

    def one_mail_to(self, address, count=1):
        """Wait for the mail to an address; it must come once. Returns it (or them, in order)."""
        wait_until(lambda: len(self.mails_to(address)) >= count, SOON, f"a mail to {address} is there")
        time.sleep(QUIET)
        mails = self.mails_to(address)
        assert len(mails) == count, [str(mail["Subject"]) for mail in mails]
        return mails[0] if count == 1 else mails

    def nothing_to(self, address):
        """Nothing came, nothing waits, and nothing is parked any more."""
        wait_until(lambda: self.sql("SELECT COUNT(*) FROM message_parked WHERE state = 'waiting'") == [["0"]], SOON,
                   "what was parked is dropped")
        time.sleep(QUIET)
        assert not self.mails_to(address)
        assert self.sql(f"SELECT COUNT(*) FROM message_delivery WHERE address = '{address}'") == [["0"]]

    def kept_of(self, address):
        """What the ledger keeps of mail to an address: [private, text, bytes of the original, state]."""
        wait_until(lambda: self.sql(
            "SELECT 1 FROM message_delivery d JOIN message_history h ON h.id = d.history_id "
            f"WHERE d.address = '{address}' AND h.finished"), SOON, "it is settled")
        return self.sql(
            "SELECT h.private, COALESCE(h.body_text, '') || COALESCE(h.preview, ''), COALESCE(r.size, 0), d.state "
            "FROM message_delivery d JOIN message_history h ON h.id = d.history_id "
            f"LEFT JOIN message_raw r ON r.history_id = h.id WHERE d.address = '{address}' ORDER BY d.id")


def text_of(mail):
    """All words of a mail."""
    return "\n".join(part.get_content() for part in mail.walk() if part.get_content_maintype() == "text")
