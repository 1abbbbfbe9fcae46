"""Runs in the shell of the old code: fills its database by the old code's own ways.

Nothing of this checkout is imported here: the text is read and given to the other code's shell.
"""

import itertools
import json
from datetime import timedelta

from odoo import Command, fields

OPEN_STATES = ("queued", "deferred", "claimed", "sending")
END_STATES = ("in_doubt", "accepted", "bounced", "refused", "failed", "cancelled", "delivered", "read")
MODES = ("reply", "reply_all", "forward", "note")
_numbers = itertools.count(1)


def fill(env, settings):
    """Make everything, in the order in which people would; commits in between as they would."""
    world = _World(env, settings)
    world.people()
    world.channels()
    env.cr.commit()
    world.receive()
    world.send()
    world.conversations()
    world.drafts()
    world.waiting()
    world.rest()
    env.cr.commit()
    return world.told


class _World:
    def __init__(self, env, settings):
        self.env, self.settings = env, settings
        self.told = {}

    # Who and where ----------------------------------------------------------------------------

    def people(self):
        env = self.env
        env["ir.cron"].search([]).active = False
        env["ir.mail_server"].search([]).active = False
        env["fetchmail.server"].search([]).active = False
        self.first = env.company
        self.second = env["res.company"].create({"name": "Second"})
        for company, domain in ((self.first, "first.example"), (self.second, "second.example")):
            company.alias_domain_id = env["mail.alias.domain"].create({"name": domain})
        admin = env.ref("base.user_admin")
        admin.write({"group_ids": [Command.link(env.ref("message_history.group_manager").id)],
                     "company_ids": [Command.link(self.second.id)]})
        self.users = {"admin": admin}
        clerk = env.ref("message_history.group_user")
        sales = env.ref("sales_team.group_sale_salesman_all_leads")
        for name, company in (("ann", self.first), ("bob", self.first), ("cleo", self.second), ("fay", self.first),
                              ("gus", self.first), ("mia", self.second)):
            self.users[name] = env["res.users"].with_context(no_reset_password=True).create({
                "name": name, "login": name, "email": f"{name}@office.example", "password": f"{name} s3cret {name}",
                "company_id": company.id, "company_ids": [Command.set(company.ids)],
                "group_ids": [Command.set([env.ref("base.group_user").id, clerk.id, sales.id])]})
        self.users["mia"].group_ids += env.ref("message_history.group_manager")

    def channels(self):
        env = self.env
        self.boxes = {}
        lead = env["ir.model"]._get("crm.lead")
        for name, company, member in (("sales", self.first, "ann"), ("support", self.first, "bob"),
                                      ("office", self.second, "cleo")):
            server = env["fetchmail.server"].create({
                "name": name, "server": "127.0.0.1", "port": self.settings["imap_port"], "user": name,
                "password": "s3cret", "server_type": "imap", "state": "done",
                "object_id": lead.id if name == "sales" else False})
            server.channel_id.write({
                "address": f"{name}@first.example" if company == self.first else f"{name}@second.example",
                "company_id": company.id, "member_ids": [Command.set(self.users[member].ids)], "spam_policy": "hold",
                "grace_minutes": 0, "loop_limit": 0, "keep_raw_days": 400, "color": 3})
            server.folder_ids.write({"start": "all", "afterwards": "seen",
                                     "without_document": "fail" if name == "office" else "inbox"})
            self.boxes[name] = server
        template = env["mail.template"].create({
            "name": "Thanks", "model_id": lead.id, "subject": "We have it", "email_from": "sales@first.example",
            "email_to": "{{ object.email_from }}", "body_html": "<p>Thank you.</p>"})
        action = env["ir.actions.server"].create({
            "name": "Thank", "model_id": lead.id, "state": "mail_post", "mail_post_method": "email",
            "template_id": template.id})
        self.boxes["sales"].folder_ids.with_user(self.users["admin"]).sudo().write(
            {"default_values": "{'priority': '2', 'description': 'came by mail'}"})
        self.answer_action = action
        self.out = env["ir.mail_server"].create({
            "name": "out", "smtp_host": "127.0.0.1", "smtp_port": self.settings["smtp_port"],
            "smtp_encryption": "none", "from_filter": "first.example"})
        self.live = env["ir.mail_server"].create({
            "name": "live", "smtp_host": "127.0.0.1", "smtp_port": self.settings["smtp_port"],
            "smtp_encryption": "none", "from_filter": "live.example,second.example", "sequence": 5})
        env["ir.config_parameter"].set_param("web.base.url", "http://odoo.example")

    # What came, what went ---------------------------------------------------------------------

    def receive(self):
        env = self.env
        env["message.sender.rule"].create([
            {"pattern": "nobody@ignored.example"}, {"pattern": "shop.example"},
            {"pattern": "boss@customer.example", "action": "process", "channel_id": self.boxes["sales"].channel_id.id}])
        env.cr.commit()
        for server in self.boxes.values():
            server._fetch_mail()
        env.cr.commit()
        env["message.worker"]._cron_process()
        env.cr.commit()
        # an automatic answer is set afterwards, or everybody above would get one
        self.boxes["sales"].folder_ids.write({"answer_action_id": self.answer_action.id})

    def _mail(self, to, sender="sales@first.example", **values):
        return self.env["mail.mail"].create({
            "subject": f"Out {next(_numbers)} {to}", "body_html": f"<p>To {to}</p>", "email_from": sender,
            "email_to": to, "auto_delete": False, **values})

    def send(self):
        env = self.env
        for number in range(self.settings["sent"]):
            self._mail(f"c{number}@customer.example", author_id=env.ref("base.partner_admin").id)
        lead = env["crm.lead"].search([], limit=1, order="id desc")
        lead.message_post(body="From the chatter", partner_ids=env["res.partner"].create(
            {"name": "Chat", "email": "chat@customer.example"}).ids, message_type="comment",
            subtype_xmlid="mail.mt_comment", email_from="sales@first.example")
        env.cr.commit()
        env["mail.expander"]._cron_send()
        env.cr.commit()

    # What people did --------------------------------------------------------------------------

    def _of(self, number):
        """Return the conversation of a thread of the mails that came in."""
        message = self.env["message.history"].search([("message_uid", "=", f"<t{number}-0@customer.example>")], limit=1)
        return message.conversation_id

    def conversations(self):
        admin, env = self.users["admin"], self.env
        # threads are on sales, support and office in turn, see the driver
        (self._of(0) | self._of(1)).with_user(admin).desk_merge()  # two channels
        (self._of(3) | self._of(6)).with_user(admin).desk_merge()  # one channel
        (self._of(9) | self._of(11)).with_user(admin).desk_merge()  # two companies
        whole = self._of(12)
        whole.with_user(admin).desk_split(whole.history_ids.sorted("id")[-1:].ids)
        for number, name in ((15, "gus"), (1, "gus"), (18, "ann"), (4, "bob"), (9, "gus")):
            self._of(number).with_user(admin).assignee_id = self.users[name]
        for number in (0, 3, 7, 9, 21):  # fay follows, and is a member of nothing
            self._of(number).with_user(admin)._tell_mentioned(self.users["fay"])
        tag = env["message.tag"].create({"name": "Urgent"})
        for number, change in ((24, {"name": "done"}), (27, {"name": "snooze", "reply": True}),
                               (13, {"name": "tag", "tag_ids": tag.ids}), (10, {"name": "spam"}),
                               (16, {"name": "snooze", "until": str(fields.Datetime.now() + timedelta(days=9))})):
            self._of(number).with_user(admin).desk_change(change)
        self._of(6).with_user(admin).action_mark_seen()
        self._of(15).with_user(self.users["ann"]).action_mark_seen()
        note = env["ir.attachment"].with_user(self.users["ann"]).create(
            {"name": "note.txt", "raw": b"of the note", "res_model": "message.conversation", "res_id": self._of(0).id})
        self._of(0).with_user(self.users["ann"]).message_post(
            body="Look at this", message_type="comment", subtype_xmlid="mail.mt_note", attachment_ids=note.ids)
        self._of(9).with_user(admin).message_post(body="Of both companies", message_type="comment",
                                                  subtype_xmlid="mail.mt_note")

    def drafts(self):
        for name, numbers in (("ann", (15, 0, 3)), ("bob", (4, 1)), ("fay", (7, 21)), ("admin", (9,))):
            draft = self.env["message.draft"].with_user(self.users[name])
            for number, mode in itertools.product(numbers, MODES):
                conversation = self._of(number)
                known = draft.open(conversation.id, mode)
                people = [{"name": "A", "address": f"draft{number}@customer.example"}]
                kept = draft.store({"conversation_id": conversation.id, "mode": mode, "recipients": people,
                                    "history_id": known.get("history_id"), "subject": f"Draft {mode}",
                                    "body": f"<p>{mode} by {name}</p>", "sender_id": known.get("sender_id")})
                draft.browse(kept["id"])._attach("draft.txt", f"{name} {mode} {number}".encode())
            draft.store({"mode": "new", "subject": "New one", "body": "<p>new</p>", "recipients": []})

    # What waits -------------------------------------------------------------------------------

    def waiting(self):
        env = self.env
        self.out.channel_id.paused = True
        mails = {state: self._mail(f"state-{state.replace('_', '-')}@customer.example")
                 for state in (*OPEN_STATES, *END_STATES)}
        mails["private_in_doubt"] = self._mail(
            "state-private-doubt@customer.example", auto_delete=True,
            body_html="<a href='http://odoo.example/web/signup?token=in0doubt0s3cret'>x</a>")
        self._mail("private-built@customer.example", auto_delete=True,
                   body_html="<a href='http://odoo.example/web/signup?token=built0s3cret'>x</a>")
        env.cr.commit()
        env["mail.expander"]._cron_send()
        env.cr.commit()
        later = self._answer_later()
        env.cr.execute("SELECT c.n FROM (SELECT 2000000000 + 7 AS n) c")
        dead = env.cr.fetchone()[0]
        for name, mail in mails.items():
            state = "in_doubt" if name == "private_in_doubt" else name
            attempted = state not in ("queued", "cancelled")
            env.cr.execute("""
                UPDATE message_delivery d SET state = %s, settled = false, claimer = %s,
                       attempts = %s, attempt_date = CASE WHEN %s THEN now() at time zone 'UTC' END,
                       next_attempt = CASE WHEN %s = 'deferred' THEN now() at time zone 'UTC' + interval '9 hours' END,
                       failure_type = CASE WHEN %s IN ('refused', 'failed', 'bounced') THEN 'recipient' END,
                       server_reply = CASE WHEN %s THEN '550 5.1.1 no such user ' || address END,
                       via_channel_id = CASE WHEN %s THEN d.channel_id END
                  FROM message_history h WHERE h.id = d.history_id AND h.mail_mail_id = %s""",
                (state, dead if state in ("claimed", "sending") else None, int(attempted), attempted, state, state,
                 state in ("refused", "failed", "bounced", "deferred"), attempted, mail.id))
        env.cr.commit()
        env["message.outbox"]._settle_all()
        env.cr.commit()
        # mails that nobody has entered yet: an invitation as portal access sends it, and an ordinary one
        partner = env["res.partner"].create({"name": "Guest", "email": "guest@customer.example"})
        wizard = env["portal.wizard"].with_context(active_ids=partner.ids).create({})
        wizard.user_ids.filtered(lambda one: one.partner_id == partner).action_grant_access()
        self._mail("not-entered@customer.example")
        self.told["later"] = later
        env.cr.commit()

    def _answer_later(self):
        """An answer that leaves at a time of its own, and one that may still be taken back."""
        ann, conversation = self.users["ann"], self._of(18)
        draft = self.env["message.draft"].with_user(ann)
        known = draft.open(conversation.id, "reply")
        kept = draft.store({"conversation_id": conversation.id, "mode": "reply", "subject": "Re: later",
                            "history_id": known.get("history_id"), "sender_id": known.get("sender_id"),
                            "recipients": [{"name": "L", "address": "later@customer.example"}], "body": "<p>Later</p>"})
        one = draft.browse(kept["id"])
        one._attach("later.txt", b"of the scheduled answer")
        return one.send({"at": str(fields.Datetime.now() + timedelta(hours=2)), "force": True})["history_id"]

    def rest(self):
        env = self.env
        env["message.suppression"].create([
            {"address": "dead@customer.example", "reason": "by hand"},
            {"address": "free@customer.example", "active": False, "released_by_id": env.uid}])
        # what a mail gate hands over, as a user who is no administrator
        gate = self.users["gus"]
        env["mail.thread"].with_user(gate).message_process("crm.lead", (
            b"From: gate@customer.example\nTo: gate@elsewhere.example\nSubject: By the gate\n"
            b"Message-ID: <gate@customer.example>\n\nHello\n"))
        env["message.setup"].with_user(self.users["admin"]).create({
            "kind": env["message.setup"]._selection_kind()[0][0], "name": "Half", "address": "half@first.example",
            "secret": "s3cret of the form"})
        env["message.request"].post_request(
            self.users["admin"], env["res.partner"].create({"name": "R", "email": "request@customer.example"}),
            "A request", "Hello")
        env.cr.commit()
        env["message.worker"]._settle_conversations()


TOLD = fill(env, json.loads(SETTINGS))  # noqa: F821 - the shell's
print("@@" + json.dumps(TOLD))
