from odoo.exceptions import AccessError

from .common import OutboxCase


class TestSuppression(OutboxCase):
    """Dead addresses get nothing until somebody releases them."""

    def suppressed(self, address):
        """Return the entry of an address that holds."""
        return self.env["message.suppression"].search([("address", "=", address)])

    def test_an_address_that_is_dead_is_suppressed(self):
        self.smtp.answers["bob"] = (550, "5.1.1 no such user")
        self.mail("Bob@example.com")
        self.smtp.answers["Bob"] = (550, "5.1.1 no such user")
        self.send_queue()
        entry = self.suppressed("bob@example.com")
        self.assertEqual((entry.kind, entry.count), ("refused", 1))
        self.assertIn("no such user", entry.reason)
        again = self.mail("bob@example.com", "ann@example.com")
        self.smtp.refused.clear()
        self.send_queue()
        self.assertFalse(self.smtp.refused, "the server was not even asked")
        self.assertEqual(self.states(again), {"bob@example.com": "refused", "ann@example.com": "accepted"})
        delivery = self.deliveries(again).filtered(lambda one: one.address == "bob@example.com")
        self.assertEqual(delivery.failure_type, "suppressed")
        self.assertEqual((again.state, again.failure_type), ("exception", "mail_bl"))

    def test_a_refusal_of_the_mail_is_no_dead_address(self):
        self.smtp.answers |= {"ann": (550, "5.7.1 looks like spam"), "bob": (552, "5.2.2 mailbox full")}
        self.mail("ann@example.com", "bob@example.com")
        self.send_queue()
        self.assertFalse(self.env["message.suppression"].search([]))

    def test_who_is_released_gets_mail_again(self):
        self.smtp.answers["bob"] = (550, "5.1.1 no such user")
        self.mail("bob@example.com")
        self.send_queue()
        entry = self.suppressed("bob@example.com")
        entry.with_user(self.manager).action_release()
        self.assertFalse(entry.active)
        self.assertEqual(entry.released_by_id, self.manager)
        self.smtp.answers.clear()
        mail = self.mail("bob@example.com")
        self.send_queue()
        self.assertEqual(mail.state, "sent")

    def test_one_that_dies_again_comes_back(self):
        self.smtp.answers["bob"] = (550, "5.1.1 no such user")
        self.mail("bob@example.com")
        self.send_queue()
        self.suppressed("bob@example.com").action_release()
        self.mail("bob@example.com")
        self.send_queue()
        entry = self.suppressed("bob@example.com")
        self.assertEqual((entry.active, entry.count), (True, 2))
        self.assertFalse(entry.released_by_id)

    def test_clerks_may_look_but_neither_enter_nor_release(self):
        with self.assertRaises(AccessError):
            self.env["message.suppression"].with_user(self.clerk).create({"address": "ann@example.com"})
        entry = self.env["message.suppression"].with_user(self.manager).create({"address": "Ann <Ann@Example.com>"})
        self.assertEqual(entry.address, "ann@example.com")
        with self.assertRaises(AccessError):
            entry.with_user(self.clerk).write({"active": False})
        with self.assertRaises(AccessError):
            entry.with_user(self.clerk).action_release()
        self.assertTrue(entry.active)
