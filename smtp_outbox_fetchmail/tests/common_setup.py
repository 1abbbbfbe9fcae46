"""The test kit of the set-up form."""

import base64

from odoo.addons.message_history.lib.reach import Reach, read_networks
from odoo.tests import TransactionCase, new_test_user, tagged

from .mail_trap import MailTrap

SECRET = "s3cret-of-the-form"


@tagged("post_install", "-at_install")
class SetupCase(TransactionCase):
    """A manager who is no system administrator, an administrator, and small servers on loopback."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.manager = new_test_user(cls.env, "setup_manager", groups="message_history.group_manager")
        cls.admin = new_test_user(cls.env, "setup_admin", groups="message_history.group_manager,base.group_system")

    def trap(self, kind, security="none", password=None, **options):
        """Return a small server that ends with the test."""
        trap = MailTrap(kind, security, password, **options)
        self.addCleanup(trap.close)
        return trap

    def form(self, user, trap=None, host="127.0.0.1", **values):
        """Return a set-up form of a user for one server."""
        kind = trap.kind if trap else "imap"
        sends = kind == "smtp" or values.get("sends", False)
        port, security = (trap.port, trap.security) if trap else (993, "ssl")
        side = {"out_host": host, "out_port": port, "out_security": security} if sends else {
            "in_type": "pop" if kind == "pop" else "imap", "in_host": host, "in_port": port, "in_security": security}
        return self.env["message.setup"].with_user(user).create({
            "kind": "mail", "name": "Office", "address": "office@lamps.example", "user_name": "office",
            "secret": SECRET, "receives": not sends, "sends": sends, **side, **values})

    def let_reach(self, *ports, networks="127.0.0.0/8"):
        """Let managers reach loopback, and there these ports."""
        near = Reach(ports=frozenset(ports), public_only=True, networks=read_networks(networks))
        self.patch(type(self.env["message.channel"]), "_reach_of_others", lambda _self: near)

    def assertSaidNothing(self, trap):
        """Neither user nor password was said, in any encoding of the protocols."""
        words = [SECRET, base64.b64encode(SECRET.encode()).decode(), base64.b64encode(b"office").decode(),
                 base64.b64encode(f"\0office\0{SECRET}".encode()).decode(), "LOGIN office", "USER office"]
        heard = trap.heard.decode("utf-8", "replace")
        for word in words:
            self.assertNotIn(word, heard)
