from odoo.tests import new_test_user

from .common import OutboxCase

LOGGER = "odoo.addons.smtp_outbox.models.message_request_party"


class RequestCase(OutboxCase):
    """A group of three, one of whom has no address."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.group = cls.env["res.groups"].create({"name": "Club", "message_address": "club@example.com"})
        cls.members = [new_test_user(cls.env, f"club{number}", email=f"club{number}@example.com") for number in (1, 2)]
        cls.lost = new_test_user(cls.env, "club3", email="club3@example.com")
        cls.lost.partner_id.email = False
        cls.group.user_ids = [(6, 0, [user.id for user in (*cls.members, cls.lost)])]
        cls.requests = cls.env["message.request"]

    def post(self, party_to, *, as_user=None, **options):
        """Post a request; returns it."""
        requests = self.requests.with_user(as_user) if as_user else self.requests
        request_id = requests.post_request(
            options.pop("party_from", False), party_to, options.pop("subject", "News"),
            options.pop("message", "Hello,\nthis is new."), **options)
        self.assertIsInstance(request_id, int)
        return self.requests.browse(request_id)

    def sent(self):
        """Send what waits; returns the last message as the server got it."""
        self.send_queue()
        return self.smtp.taken[-1][2]
