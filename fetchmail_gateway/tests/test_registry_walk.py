from odoo.addons.message_history.tests.registry_walk import MARK, Call, RegistryWalk

from .common import FetchmailCase


def _on(name, method):
    """Return a call of a method on a record of the scene."""
    return lambda test, user: getattr(getattr(test, name).with_user(user), method)()


class TestRegistryWalk(FetchmailCase, RegistryWalk):
    """Every public method of fetchmail_gateway, by its entitled person and by four others."""

    ADDON = "fetchmail_gateway"
    TABLE = {
        **{f"fetchmail.server.{name}": Call("admin", _on("mail_server", name)) for name in (
            "fetch_mail", "button_confirm_login", "action_view_history", "action_view_failed", "action_fetch_now",
            "action_recover")},
        **{f"fetchmail.folder.wizard.{name}": Call("admin", _on("folders_form", name)) for name in (
            "action_count", "action_apply")},
    }

    def setUp(self):
        super().setUp()
        form = self.env["fetchmail.folder.wizard"].with_user(self.admin).create({
            "server_id": self.mail_server.id,
            "line_ids": [(0, 0, {"name": "INBOX", "selected": True}), (0, 0, {"name": MARK, "selected": False})]})
        self.folders_form = form
        self.env.flush_all()
        self.env.invalidate_all()

    def walk(self):
        with self.at_work():
            return super().walk()

    def test_every_public_method_is_in_the_table(self):
        self.assert_table_is_complete()

    def test_each_is_for_the_entitled(self):
        self.walk()
