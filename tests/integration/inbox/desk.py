"""An office: Odoo with its gateway, a mailbox on Dovecot, an SMTP server, and clerks with browsers."""

import contextlib
import re
from email.message import EmailMessage
from email.utils import make_msgid

from dev.instance import OdooProcess, wait_until

ADDRESS = "info@lamps.example"
WIDE, PHONE = {"width": 1400, "height": 860}, {"width": 400, "height": 800}
#: Milliseconds until what should happen is said not to happen: a machine may be busy with something else.
PATIENCE = 90_000
#: Complaints of Odoo's own package, which has nothing to do with us.
_NOT_OURS = re.compile(r"selfie_segmentation|Failed to load resource|Ignored attempt to cancel a touchmove")
_SET_UP = """
env['res.lang']._activate_lang('de_DE')
env['ir.mail_server'].search([]).active = False
server = env['ir.mail_server'].create({
    'name': 'Post', 'smtp_host': '127.0.0.1', 'smtp_port': smtp_port, 'smtp_encryption': 'none',
    'from_filter': 'lamps.example'})
group = env.ref('message_history.group_user')
clerks = env['res.users']
for name in ('Anna', 'Bert'):
    clerks += env['res.users'].with_context(no_reset_password=True).create({
        'name': name, 'login': name.lower(), 'password': name.lower() + name.lower(),
        'email': name.lower() + '@lamps.example',
        'group_ids': [(4, group.id), (4, env.ref('base.group_partner_manager').id)]})
# Odoo's own greetings open windows over the desk whenever they like
for person in clerks + env.ref('base.user_admin'):
    person.write({name: value for name, value in (('tour_enabled', False), ('odoobot_state', 'disabled'))
                if name in person._fields})
account = env['fetchmail.server'].create({
    'name': 'Inquiries', 'server': '127.0.0.1', 'port': imap_port, 'user': user, 'password': 's3cret',
    'server_type': 'imap', 'state': 'done'})
channel = account.channel_id
channel.write({'address': address, 'member_ids': [(6, 0, clerks.ids)]})
channel.folder_ids.write({'start': 'all', 'model_id': False, 'without_document': 'inbox'})
env['mail.canned.response'].create({'source': 'hours', 'substitution': 'We are open from 9 to 17 h.',
                                    'group_ids': [(4, env.ref('base.group_user').id)]})
result = channel.id
"""


class Desk:
    """The office: what comes in, what went out, what the database says."""

    def __init__(self, database, dovecot, sink):
        self.database, self.dovecot, self.sink = database, dovecot, sink
        self.user = dovecot.add_user("desk")
        self.channel = database.shell(
            _SET_UP, smtp_port=sink.port, imap_port=dovecot.imap_port, user=self.user, address=ADDRESS)
        self.web = database.server(cron=True)
        self.gateway = database.process("gateway", "-d", database.name, "--workers", "1", name="gateway")
        assert isinstance(self.gateway, OdooProcess)

    def restart_web(self):
        """Kill the web server as a crash would, and start it again at the same address."""
        self.web.kill()
        self.web.start()
        self.web.wait_ready()

    def write(self, subject, text="Hello", *, sender="Clara Jansen <clara@customer.example>", references="",
              html=None, attachment=None, **headers):
        """A customer writes; returns the mail's Message-ID. Headers with underscores for dashes."""
        message = EmailMessage()
        message["From"], message["To"], message["Subject"] = sender, ADDRESS, subject
        message["Message-ID"] = make_msgid(domain="customer.example")
        if references:
            message["References"] = message["In-Reply-To"] = references
        for name, value in headers.items():
            message[name.replace("_", "-")] = value
        message.set_content(text)
        if html:
            message.add_alternative(html, subtype="html")
        if attachment:
            message.add_attachment(attachment[1], maintype="application", subtype="pdf", filename=attachment[0])
        self.dovecot.deliver(self.user, message.as_bytes(policy=message.policy.clone(linesep="\r\n")))
        return message["Message-ID"]

    def arrives(self, subject, text="Hello", **options):
        """A customer writes, and it is in the inbox; returns (conversation id, Message-ID)."""
        message_id = self.write(subject, text, **options)
        query = ("SELECT conversation_id FROM message_history WHERE direction = 'in' AND settled AND conversation_id "
                 f"IS NOT NULL AND message_uid = '{message_id}'")
        rows = wait_until(lambda: self.database.sql(query), 60, f"{subject} in the inbox")
        return int(rows[0][0]), message_id

    def sent_to(self, address, seconds=60):
        """The last mail that the SMTP server took for an address, parsed."""
        from email import message_from_bytes, policy  # noqa: PLC0415 - for this alone

        def find():
            return next((one for one in reversed(self.sink.taken()) if address in one.recipients), None)

        return message_from_bytes(wait_until(find, seconds, f"a mail to {address}").content, policy=policy.default)

    def open_count(self):
        """How many conversations are to be answered; all clerks of the office see all."""
        return int(self.database.value("SELECT COUNT(*) FROM message_conversation WHERE state = 'open'"))

    def becomes(self, conversation_id, state):
        """Wait until a conversation is in a state."""
        wait_until(lambda: self.state(conversation_id) == state, PATIENCE / 1000, f"{conversation_id} is {state}")

    def refusals(self, name):
        """How often the SMTP server has refused an address with a name in it."""
        return sum(name in address for address, _answer in self.sink.refused())

    def state(self, conversation_id):
        """The state of a conversation."""
        return self.database.value(f"SELECT state FROM message_conversation WHERE id = {conversation_id}")


class Clerk:
    """Somebody at the desk, with a browser; remembers whatever the browser complains of."""

    def __init__(self, browser, desk, login, viewport=WIDE, **options):
        self.desk, self.errors = desk, []
        self.context = browser.new_context(viewport=viewport, has_touch=viewport["width"] < 768, **options)
        self.page = self.context.new_page()
        self.page.set_default_timeout(PATIENCE)
        self.page.on("console", self._on_console)
        self.page.on("pageerror", lambda error: self.errors.append(f"error: {error}"))
        self.page.on("response", self._on_response)
        self.page.on("requestfailed", self._on_failed)
        self.leaving = False
        self.log_in(login)

    def log_in(self, login):
        """Log in, without the page for it, which loads Odoo twice; whoever was logged in here no longer is."""
        password = "admin" if login == "admin" else login * 2
        params = {"db": self.desk.database.name, "login": login, "password": password}
        url = f"{self.desk.web.url}/web/session/authenticate"
        answer = self.context.request.post(url, data={"jsonrpc": "2.0", "params": params}, timeout=PATIENCE)
        assert answer.json()["result"]["uid"]

    def _on_console(self, message):
        if message.type == "error" and not _NOT_OURS.search(message.text):
            self.errors.append(f"console: {message.text}")

    def _on_response(self, response):
        if response.status >= 400 and not _NOT_OURS.search(response.url):
            self.errors.append(f"{response.status}: {response.url}")

    def _on_failed(self, request):
        # what a page that is left had asked for is no failure
        if request.failure != "net::ERR_ABORTED":
            self.errors.append(f"{request.failure}: {request.url}")

    def lose_session(self):
        """Have the server forget who is logged in, as after a week."""
        (sid,) = [one["value"] for one in self.context.cookies() if one["name"] == "session_id"]
        for folder in (self.desk.database.odoo.data_dir / "sessions").rglob(f"{sid[:42]}*"):
            folder.unlink()

    def open_inbox(self):
        """Open the inbox and wait for its rows."""
        self.page.goto(f"{self.desk.web.url}/odoo/messages")
        self.page.wait_for_selector(
            ".o_messages_inbox .o_messages_row, .o_messages_help, .o_messages_cards .o_messages_row")
        return self

    def row(self, text):
        """The row of a conversation."""
        return self.page.locator(".o_data_row", has_text=text)

    def open(self, text):
        """Click a row and wait until its conversation is in the pane."""
        self.row(text).locator(".o_messages_row").click()
        self.page.wait_for_selector(f".o_messages_subject:has-text('{text}')")
        self.page.wait_for_selector(".o_messages_pane .o_messages_card")

    def editor(self, mode="reply"):
        """The text of the composer."""
        return self.page.locator(f".o_messages_composer[data-mode='{mode}'] .odoo-editor-editable")

    def reply(self, text, mode="reply"):
        """Begin an answer (or a note) by its key and type a text."""
        self.page.keyboard.press({"reply": "r", "note": "n", "reply_all": "Shift+r", "forward": "f"}[mode])
        self.editor(mode).wait_for()
        self.page.wait_for_function("document.activeElement.closest('.o_messages_composer')")
        self.page.keyboard.type(text)

    def send(self, key="Control+Enter"):
        """Send what is written, at once."""
        self.page.keyboard.press(key)
        self.page.click(".o_messages_undo button:has-text('Now')")

    def counter(self, queue):
        """The counter of a queue as the page shows it now, which may be a moment behind; 0 if it shows none."""
        return self.page.evaluate(
            "(queue) => Number(document.querySelector(`[data-queue='${queue}'] .o_messages_count`)?.textContent || 0)",
            queue)

    def counts(self, queue, number=None):
        """Wait until the counter of a queue shows a number, and return it.

        :param number: None: how many conversations are open by the database: a page that follows it is a
            state to begin from
        """
        def is_shown():
            wanted = self.desk.open_count() if number is None else number
            return (wanted,) if self.counter(queue) == wanted else None

        (shown,) = wait_until(is_shown, PATIENCE / 1000, f"the counter of {queue}: {number}, not {self.counter(queue)}")
        return shown

    def shown(self, text):
        """Wait until the body of the message that is open is laid out, with a text in it."""
        self.page.frame_locator(".o_messages_body").first.locator("body", has_text=text).wait_for()
        self.page.frames[-1].wait_for_load_state("load")

    def holds(self, pattern):
        """Hold requests back; returns the list that they get into, as routes."""
        held = []

        def hold(route):
            held.append(route)

        self.page.route(pattern, hold)
        return held

    def awaits(self, held, count=1):
        """Wait until so many requests are held back by a route."""
        for _moment in range(PATIENCE // 50):
            if len(held) >= count:
                return
            self.page.wait_for_timeout(50)
        raise AssertionError(f"{len(held)} of {count} requests came")

    def leaves(self, text):
        """Wait until a conversation has no row any more."""
        self.row(text).first.wait_for(state="detached")

    def says(self, selector, *words):
        """Wait until one element has all these words in it, and return its text."""
        found = self.page.locator(selector)
        for word in words:
            found = found.filter(has_text=word)
        found.first.wait_for()
        return found.first.inner_text()

    def listens(self):
        """Wait until the page hears news: its socket is open, and the server knows what it is for."""
        self.page.wait_for_function(
            "odoo.__WOWL_DEBUG__.root.env.services.bus_service.workerState === 'CONNECTED'")

    def sideways(self):
        """How many pixels the page can be scrolled sideways."""
        return self.page.evaluate(
            "document.scrollingElement.scrollWidth - document.scrollingElement.clientWidth")

    def close(self):
        """Close the browser's window."""
        with contextlib.suppress(Exception):
            self.context.close()
