from odoo import fields
from odoo.exceptions import UserError

from ..tools.outgoing import Outgoing, Recipient
from .common import build_mail
from .registry_walk import MARK, Call, RegistryWalk

_NOBODY_S = "tells names of colleagues in the user's own companies"
_OWN = "concerns the user's own rows alone"
_EMPTY = "an action that opens a list: what is in it is searched as the user"


def _on(name, method, *args, **kwargs):
    """Return a call of a method on a record of the scene."""
    return lambda test, user: getattr(getattr(test, name).with_user(user), method)(*args, **kwargs)


def _of(model, method, *names, **kwargs):
    """Return a call of a model's method with the ids of records of the scene."""
    def made(test, user):
        args = [getattr(test, name).id if isinstance(name, str) and hasattr(test, name) else name for name in names]
        return getattr(test.env[model].with_user(user), method)(*args, **kwargs)
    return made


def _wizard(model, method, values):
    """Return a call of a wizard's button by whoever opens it."""
    def made(test, user):
        wizard = test.env[model].with_user(user).create(values(test))
        return getattr(wizard, method)()
    return made


def _picture(test, user):
    return test.env["message.picture.sender"].with_user(user).trust("ann@example.com")


_DRAFT_OF_MEMBER = "a draft is its writer's alone"
_CONVERSATION = ("action_assign_to_me", "action_done", "action_reopen", "action_spam", "action_mark_seen",
                 "action_mark_unread", "action_put_on_document", "action_open_document", "action_view_messages")
_INCOMING = ("action_download", "action_ignore", "action_ignore_sender", "action_open_conversation",
             "action_open_document", "action_put_on_document")
_OUTGOING = ("action_cancel", "action_send_now", "action_open_channel", "action_view_deliveries")
_SERVERS = ("action_learn_authserv", "action_look_up_authserv", "action_use_authserv", "action_send_test",
            "action_open_settings")
_REFUSED = ("action_correct", "action_other_channel", "action_send_again")
_CHANNEL = ("action_pause", "action_continue", "action_fetch_now", "action_test_connection", "action_confirm_database")
_LISTS = ("action_view_attempts", "action_view_failed", "action_view_inbox", "action_view_messages",
          "action_view_outbox", "action_view_problems", "action_view_waiting")
_ALL_OTHERS = ("portal", "plain", "outsider", "manager_b")
_CLERKS = ("outsider", "manager_b")


class TestRegistryWalk(RegistryWalk):
    """Every public method of message_history, by its entitled person and by four others."""

    ADDON = "message_history"
    TABLE = {
        **{f"message.conversation.{name}": Call("member", _on("conversation", name)) for name in _CONVERSATION},
        "message.conversation.action_merge": Call("member", _on("two", "action_merge")),
        "message.conversation.desk_merge": Call("member", _on("two", "desk_merge")),
        "message.conversation.desk_change": Call("member", _on("conversation", "desk_change", {"name": "done"})),
        "message.conversation.desk_split": Call("member", lambda test, user: test.thread.with_user(user).desk_split(
            test.second.ids)),
        "message.conversation.desk_undo": Call("member", lambda test, user: test.changed.with_user(
            user).desk_undo(test.undo), _ALL_OTHERS, "takes back what the caller did himself: nothing"),
        "message.conversation.message_post": Call("member", _on(
            "conversation", "message_post", body=f"{MARK} noted", message_type="comment")),
        "message.conversation.message_subscribe": Call("member", lambda test, user: test.conversation.with_user(
            user).message_subscribe(user.partner_id.ids)),
        "message.conversation.message_notify": Call("member", lambda test, user: bool(test.conversation.with_user(
            user).message_notify(body="x", partner_ids=test.member.partner_id.ids))),
        "message.conversation.message_mail_with_source": Call("member", lambda test, user: bool(
            test.conversation.with_user(user).message_mail_with_source(
                "mail.message_activity_done", render_values={"activity": test.env["mail.activity"]}) and None)),
        **{f"message.history.{name}": Call("member", _on("message", name)) for name in _INCOMING},
        **{f"message.history.{name}": Call("member", _on("waiting", name)) for name in _OUTGOING},
        **{f"message.history.{name}": Call("member", _on("refused", name)) for name in _REFUSED},
        "message.history.action_mark_arrived": Call("member", _on("doubtful", "action_mark_arrived")),
        "message.history.action_try_again": Call("member", _on("failed", "action_try_again")),
        "message.history.action_fetch_anyway": Call("member", _on("failed", "action_fetch_anyway")),
        "message.history.get_document_action": Call("member", lambda test, user: test.env["message.history"].with_user(
            user).get_document_action(test.message.model, test.message.res_id), ("plain", "outsider", "manager_b"),
            "for who may read the document; what is in the list is searched as the user"),
        "message.delivery.action_correct": Call("member", _on("refused_to", "action_correct")),
        "message.delivery.action_other_channel": Call("member", _on("refused_to", "action_other_channel")),
        "message.delivery.action_send_again": Call("member", _on("refused_to", "action_send_again")),
        "message.delivery.action_send_now": Call("member", _on("waiting_for", "action_send_now")),
        "message.delivery.action_cancel": Call("member", _on("waiting_for", "action_cancel")),
        "message.delivery.action_mark_arrived": Call("member", _on("doubtful_to", "action_mark_arrived")),
        "message.delivery.action_open_channel": Call("member", _on("waiting_for", "action_open_channel")),
        "message.delivery.action_send_links": Call("member", _on("refused_to", "action_send_links"), reaches=UserError),
        "message.history.action_send_links": Call("member", _on("linkable", "action_send_links"), reaches=UserError),
        "message.setup.action_test": Call("manager", _wizard("message.setup", "action_test", lambda test: {
            "name": "x"}), ("manager_b",), "a form of one's own", UserError),
        "message.setup.action_apply": Call("manager", _wizard("message.setup", "action_apply", lambda test: {
            "name": "x"}), ("manager_b",), "a form of one's own", UserError),
        "mail.mail.send": Call("admin", lambda test, user: test.mail.with_user(user).send()),
        "message.attempt.action_open_message": Call("member", _on("attempt", "action_open_message")),
        **{f"message.channel.{name}": Call("manager", _on("channel", name)) for name in _CHANNEL},
        **{f"message.channel.{name}": Call("manager", _on("channel", name), reaches=UserError) for name in _SERVERS},
        **{f"message.channel.{name}": Call("manager", _on("channel", name), _ALL_OTHERS, _EMPTY) for name in _LISTS},
        "message.channel.action_set_up": Call("manager", _on("channel", "action_set_up"), _ALL_OTHERS,
                                              "names the form, which only managers can open"),
        "message.channel.message_subscribe": Call("manager", lambda test, user: test.channel.with_user(
            user).message_subscribe(user.partner_id.ids)),
        "message.channel.message_notify": Call("manager", lambda test, user: bool(test.channel.with_user(
            user).message_notify(body="x", partner_ids=test.manager.partner_id.ids))),
        "message.channel.message_mail_with_source": Call("manager", lambda test, user: bool(
            test.channel.with_user(user).message_mail_with_source(
                "mail.message_activity_done", render_values={"activity": test.env["mail.activity"]}) and None)),
        "message.desk.get_counters": Call("member", _of("message.desk", "get_counters"), _CLERKS, _OWN),
        "message.desk.get_figures": Call("member", _of("message.desk", "get_figures"), _CLERKS, _OWN),
        "message.desk.get_held_up": Call("member", _of("message.desk", "get_held_up"), _CLERKS, _OWN),
        "message.desk.get_latest": Call("member", _of("message.desk", "get_latest", "unassigned")),
        "message.desk.get_ticker": Call("member", lambda test, user: test.env["message.desk"].with_user(
            user).get_ticker(test.conversation.ids)),
        "message.desk.get_colleagues": Call("member", _of("message.desk", "get_colleagues"), _CLERKS, _NOBODY_S),
        "message.desk.get_snooze_presets": Call("member", _of("message.desk", "get_snooze_presets"), _ALL_OTHERS,
                                                "four moments of the clock"),
        "message.desk.open_conversation": Call("member", _of("message.desk", "open_conversation", "conversation")),
        "message.desk.open_message": Call("member", _of("message.desk", "open_message", "message")),
        "message.draft.open": Call("member", _of("message.draft", "open", "conversation", "reply")),
        "message.draft.store": Call("member", lambda test, user: test.env["message.draft"].with_user(user).store(
            {"conversation_id": test.conversation.id, "mode": "reply", "body": "<p>x</p>"}), _CLERKS,
            "who does not see the conversation keeps a message of his own"),
        "message.draft.find_people": Call("member", _of("message.draft", "find_people", MARK), ("plain", *_CLERKS),
                                          "contacts that the user may read"),
        "message.draft.discard": Call("member", _on("draft", "discard")),
        "message.draft.add_original_files": Call("member", _on("draft", "add_original_files")),
        "message.draft.remove_attachment": Call("member", _on("draft", "remove_attachment", 0)),
        "message.draft.send": Call("member", _on("note", "send")),
        "message.draft.take_back": Call("member", _on("sent", "take_back")),
        "message.draft.send_now": Call("member", _on("sent", "send_now")),
        "message.link.action_apply": Call("member", _wizard("message.link", "action_apply", lambda test: {
            "history_ids": [(6, 0, test.message.ids)], "mode": "existing"}), reaches=UserError),
        "message.correct.action_apply": Call("member", _wizard("message.correct", "action_apply", lambda test: {
            "history_id": test.refused.id, "line_ids": [(0, 0, {
                "delivery_id": test.refused_to.id, "new_address": "new@example.com"})]})),
        "message.privacy.action_look_up": Call("manager", _wizard("message.privacy", "action_look_up", lambda test: {
            "address": "ann@example.com"}), ("manager_b",), "finds what is of the manager's own companies"),
        "message.privacy.action_view_messages": Call("manager", _wizard(
            "message.privacy", "action_view_messages", lambda test: {"address": "ann@example.com"}),
            ("manager_b",), _EMPTY),
        "message.privacy.action_export": Call("manager", _wizard("message.privacy", "action_export", lambda test: {
            "address": "ann@example.com"}), ("manager_b",), "the archive holds what is of the manager's own companies"),
        "message.privacy.action_erase": Call("manager", _wizard("message.privacy", "action_erase", lambda test: {
            "address": "ann@example.com", "confirmation": "ann@example.com"}), (), ""),
        "message.presence.note": Call("member", _of("message.presence", "note", "conversation")),
        "message.picture.sender.trust": Call("member", _picture, _CLERKS, _OWN),
        "res.partner.action_view_message_history": Call(
            "member", lambda test, user: test.env["res.partner"].with_user(user).browse(
                test.message.res_id).action_view_message_history(), ("plain", *_CLERKS), _EMPTY),
        "res.users.settings.get_message_preferences": Call(
            "member", lambda test, user: bool(test.env["res.users.settings"].with_user(user).get_message_preferences()),
            _ALL_OTHERS, _OWN),
        "res.users.settings.action_message_save": Call(
            "member", lambda test, user: test.env["res.users.settings"].with_user(user).action_message_save(),
            _ALL_OTHERS, "has the browser load itself anew"),
        "mail.thread.message_process": Call(
            "admin", lambda test, user: test.env["mail.thread"].with_user(user).message_process(
                "res.partner", build_mail(f"{MARK} by the gate"))),
    }

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.sender, _server = cls.make_channel("Sender", sends=True, receives=False, member_ids=cls.member.ids)

    def setUp(self):
        super().setUp()
        self.patch(type(self.env["message.channel"]), "_get_answer_channel_sudo", lambda channel: self.sender.sudo())
        ann = f"Ann {MARK} <ann@example.com>"
        self.message = self.receive(build_mail(f"{MARK} text", subject=MARK, sender=ann))
        self.second = self.receive(build_mail(f"{MARK} more", subject=MARK, sender=ann,
                                              references=self.message.message_uid))
        self.thread = self.second.conversation_id
        self.message, self.conversation = self.message, self.message.conversation_id
        other = self.receive(build_mail(f"{MARK} else", subject=f"{MARK} 2"))
        self.two = self.conversation + other.conversation_id
        self.failed = self.receive(build_mail(f"{MARK} failed", subject=f"{MARK} 3"))
        self.failed.write({"state": "given_up", "failure_type": "document"})
        self._queue()
        drafts = self.env["message.draft"].with_user(self.member)
        self.draft = drafts.create({"conversation_id": self.conversation.id, "mode": "forward",
                                    "history_id": self.message.id, "subject": MARK})
        self.note = drafts.create({"conversation_id": self.conversation.id, "mode": "note", "body": f"<p>{MARK}</p>"})
        self.sent = drafts.create({"conversation_id": self.conversation.id, "mode": "reply", "subject": MARK})
        self.sent.sudo().write({"state": "sent", "sent_id": self.held_back.id, "before": {}})
        self.changed = self.receive(build_mail(f"{MARK} changed", subject=f"{MARK} 4")).conversation_id
        self.undo = self.changed.with_user(self.member).desk_change({"name": "done"})["undo"]
        self.mail = self.env["mail.mail"].create({"subject": MARK, "body_html": MARK, "email_to": "a@example.com"})
        self.env.flush_all()
        self.env.invalidate_all()

    def _queue(self):
        """Put outgoing messages in every state that a button is for into the outbox."""
        def enqueue(state, **values):
            ids = self.env["message.enqueue"]._enqueue([Outgoing(
                channel_id=self.sender.id, content=b"Subject: x\r\n\r\nx", message_uid=f"<{state}@out.example>",
                recipients=[Recipient(f"{state}-{MARK}@example.com")], values={"subject": f"{MARK} {state}"},
                **values)])
            history = self.env["message.history"].browse(ids)
            if state not in ("queued", "deferred"):
                history.delivery_ids.write({"state": state, "attempts": 1, "attempt_date": fields.Datetime.now()})
            self.env.flush_all()
            self.env["message.outbox"]._refresh(history.ids)
            return history
        self.refused, self.doubtful = enqueue("refused"), enqueue("in_doubt")
        self.linkable = self.refused
        later = fields.Datetime.add(fields.Datetime.now(), hours=5)
        self.waiting, self.held_back = enqueue("queued", not_before=later), enqueue("deferred", not_before=later)
        self.refused_to, self.doubtful_to = self.refused.delivery_ids, self.doubtful.delivery_ids
        self.waiting_for = self.waiting.delivery_ids
        self.env["message.attempt"]._note(self.refused.ids)
        self.attempt = self.env["message.attempt"].search([("delivery_id", "in", self.refused_to.ids)], limit=1)

    def test_every_public_method_is_in_the_table(self):
        self.assert_table_is_complete()

    def test_each_is_for_the_entitled(self):
        self.walk()

    def test_the_chatter_s_and_the_activities_methods_on_models_of_ours(self):
        """What message.channel and message.conversation inherit can be called as well."""
        walked = {
            "activity_schedule": ("mail.mail_activity_data_todo",),
            "activity_unlink": (["mail.mail_activity_data_todo"],),
            "activity_feedback": (["mail.mail_activity_data_todo"],), "message_get_followers": (),
            "activity_reschedule": (["mail.mail_activity_data_todo"],), "message_unsubscribe": (),
            "activity_search": (["mail.mail_activity_data_todo"],), "message_change_thread": None,
            "message_post_with_source": ("mail.message_activity_done",), "activity_send_mail": (0,),
            "notify_cancel_by_type": ("email",), "message_update": ({},),
        }
        for record in (self.channel, self.conversation):
            before = self.digest()
            for name, args in walked.items():
                for label, user in self.others.items():
                    with self.subTest(model=record._name, method=name, user=label), self._undone():
                        given = (record,) if args is None else args
                        self._try_inherited(record.with_user(user), name, given)
                        self.assertEqual(self.digest(), before)

    def _try_inherited(self, record, name, args):
        if name in ("message_unsubscribe",):
            args = (self.member.partner_id.ids,)
        try:
            answer = getattr(record, name)(*args)
        except Exception as error:  # noqa: BLE001 - refused, in whatever words; the digest tells whether it is
            self.assertNotIsInstance(error, (TypeError, AttributeError), f"{name}: {error}")
            return
        self.assertNotIn(MARK, str(answer))
