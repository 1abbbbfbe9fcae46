from odoo.addons.message_history.tests.registry_walk import MARK, Call, RegistryWalk
from odoo.exceptions import MissingError, UserError

from .fake_smtp import FakeServer

_OWN = "concerns the user's own rows alone"
_EMPTY = "an action that opens a list: what is in it is searched as the user"
_INTERNAL = ("plain", "outsider", "manager_b")


def _on(name, method, *args, **kwargs):
    """Return a call of a method on a record of the scene."""
    return lambda test, user: getattr(getattr(test, name).with_user(user), method)(*args, **kwargs)


def _post(test, user):
    requests = test.env["message.request"].with_user(user)
    return bool(requests.post_request(False, "ann@example.com", MARK, MARK))


def _cancel(test, user):
    try:
        return test.env["message.request"].with_user(user).cancel_request(test.request.id)
    except UserError as error:
        if "There is no request" in str(error):  # as if it were not there
            raise MissingError(str(error)) from error
        raise


class TestRegistryWalk(RegistryWalk):
    """Every public method of smtp_outbox, by its entitled person and by four others."""

    ADDON = "smtp_outbox"
    TABLE = {
        "mail.mail.send": Call("admin", _on("mail", "send")),
        "mail.mail.send_after_commit": Call("admin", _on("mail", "send_after_commit")),
        "mail.mail.process_email_queue": Call("admin", lambda test, user: test.env["mail.mail"].with_user(
            user).process_email_queue(test.mail.ids)),
        "mail.mail.action_release": Call("admin", _on("held", "action_release")),
        "mail.mail.action_discard_held": Call("admin", _on("held", "action_discard_held")),
        "mail.mail.action_view_deliveries": Call("admin", _on("mail", "action_view_deliveries")),
        "ir.mail_server.action_send_test_mail": Call("admin", _on("mail_server", "action_send_test_mail")),
        **{f"ir.mail_server.{name}": Call("admin", _on("mail_server", name)) for name in (
            "action_pause", "action_continue", "action_view_outbox", "action_view_sent", "action_view_problems")},
        "message.channel.action_send_test": Call("admin", _on("smtp_channel", "action_send_test")),
        "message.suppression.action_release": Call("manager", _on("entry", "action_release")),
        "message.request.post_request": Call("member", _post, _INTERNAL, _OWN),
        "message.request.cancel_request": Call("member", _cancel),
        "message.request.action_cancel": Call("member", _on("request", "action_cancel")),
        "message.request.action_view_deliveries": Call("member", _on("request", "action_view_deliveries")),
        "res.partner.action_view_deliveries": Call(
            "member", lambda test, user: test.env["res.partner"].with_user(user).browse(
                test.plain.partner_id.id).action_view_deliveries(), ("outsider", "manager_b"), _EMPTY),
    }

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.mail_server = cls.env["ir.mail_server"].create({"name": "Walk", "smtp_host": "mail.example.net"})
        cls.smtp_channel = cls.mail_server.channel_id

    def setUp(self):
        super().setUp()
        smtp = FakeServer()
        self.patch(type(self.env["ir.mail_server"]), "_connect__", lambda *_args, **_kwargs: smtp.connect())
        self.patch(type(self.env["mail.mail"]), "_sends_inline", lambda _mails: False)
        self.mail, self.held = self.env["mail.mail"].create([{
            "subject": MARK, "body_html": f"<p>{MARK}</p>", "email_to": "ann@example.com"} for _number in range(2)])
        self.held.outbox_state = "held"
        self.entry = self.env["message.suppression"].create(
            {"address": f"{MARK}@example.com", "company_id": self.env.company.id})
        requests = self.env["message.request"].with_user(self.member)
        self.request = requests.browse(requests.post_request(False, "ann@example.com", MARK, MARK)).sudo(False)
        self.env.flush_all()
        self.env.invalidate_all()

    def test_every_public_method_is_in_the_table(self):
        self.assert_table_is_complete()

    def test_each_is_for_the_entitled(self):
        self.walk()
