import importlib.util

from odoo.tests import new_test_user
from odoo.tools import file_path, mute_logger

from .common import MessageCase, build_mail


class TestGateMigration(MessageCase):
    """The upgrade: who handed mail over goes on, and each folder's rule has somebody who answers for it."""

    def upgrade(self):
        path = file_path("message_history/migrations/19.0.1.1.0/post-10-gate.py")
        spec = importlib.util.spec_from_file_location("post_10_gate", path)
        script = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(script)
        self.env.flush_all()
        with mute_logger("post_10_gate"):
            script.migrate(self.env.cr, "19.0.1.0.0")
        self.env.invalidate_all()

    def test_internal_callers_that_the_ledger_shows_get_the_right(self):
        local = self.env["message.local"]._get_channel()
        users = [new_test_user(self.env, f"upgrade_{name}", groups=f"base.group_{name}") for name in ("user", "portal")]
        gone = new_test_user(self.env, "upgrade_gone", groups="base.group_user")
        for user in (*users, gone):
            self.env["mail.thread"].message_process("res.partner", build_mail())
            self.env.cr.execute("UPDATE message_history SET create_uid = %s WHERE id = %s",
                                (user.id, self.ledger(local)[-1].id))
        gone.active = False
        self.upgrade()
        self.assertEqual([user.has_group("message_history.group_mailgate") for user in (*users, gone, self.manager)],
                         [True, False, False, False])

    def test_a_rule_is_of_who_wrote_the_folder_last(self):
        self.env.cr.execute("UPDATE message_channel_folder SET set_by_id = NULL, write_uid = %s WHERE id = %s",
                            (self.manager.id, self.folder.id))
        self.upgrade()
        self.assertEqual(self.folder.set_by_id, self.manager)
        self.folder.set_by_id = self.member
        self.upgrade()
        self.assertEqual(self.folder.set_by_id, self.member, "once is enough")
