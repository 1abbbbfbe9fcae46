from odoo.addons.smtp_outbox.tests.common import OutboxCase
from odoo.exceptions import UserError
from odoo.sql_db import db_connect
from odoo.tests import new_test_user


class TestResetPassword(OutboxCase):
    """A reset is parked beside core's savepoint; the ticket lies in the transaction that asked for it."""

    def setUp(self):
        super().setUp()
        self.user = new_test_user(self.env, "forgetful", email="forgetful@example.com")
        self.addCleanup(self.forget)

    def forget(self):
        """Take away what was committed apart."""
        with db_connect(self.env.cr.dbname).cursor() as cr:
            cr.execute("DELETE FROM message_parked WHERE recipients LIKE 'forgetful%%'")

    def parked(self):
        """Return [(mark, bytes)] of what is parked."""
        with db_connect(self.env.cr.dbname).cursor() as cr:
            cr.execute("SELECT mark, content FROM message_parked WHERE recipients LIKE 'forgetful%%' ORDER BY id")
            return [(mark, bytes(content)) for mark, content in cr.fetchall()]

    def tickets(self):
        """Return the tickets of this transaction."""
        self.env.cr.execute("SELECT mark FROM message_parked_ticket ORDER BY id")
        return [mark for (mark,) in self.env.cr.fetchall()]

    def test_it_is_parked_and_granted(self):
        self.user.action_reset_password()
        ((mark, content),) = self.parked()
        self.assertIn(b"Password reset", content)
        self.assertIn(mark, self.tickets())
        self.assertFalse(self.env["mail.mail"].search([("email_to", "=", "forgetful@example.com")]))
        self.assertEqual(self.env["message.parked"]._sweep(), 0, "this transaction is not over")

    def test_each_of_several(self):
        other = new_test_user(self.env, "forgetful2", email="forgetful2@example.com")
        (self.user + other).action_reset_password()
        self.assertEqual([mark for mark, _content in self.parked()], self.tickets())
        self.assertEqual(len(self.tickets()), 2)

    def test_an_enclosing_savepoint_takes_the_ticket_along(self):
        savepoint = self.env.cr.savepoint()
        self.user.action_reset_password()
        savepoint.close(rollback=True)
        self.assertEqual(len(self.parked()), 1)
        self.assertFalse(self.tickets())

    def test_one_that_fails_grants_nothing(self):
        nobody = new_test_user(self.env, "nobody_has_mail", email=False)
        nobody.email = False
        raised = None
        try:
            # not assertRaises: Odoo's takes back what was written meanwhile
            (self.user + nobody).action_reset_password()
        except UserError as error:
            raised = error
        self.assertIn("no email", str(raised))
        self.assertFalse(self.tickets())

    def test_while_a_file_is_imported(self):
        self.user.with_context(import_file=True)._action_reset_password()
        self.assertFalse(self.parked() or self.tickets())
