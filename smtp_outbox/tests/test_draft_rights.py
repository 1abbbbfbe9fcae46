from odoo.exceptions import AccessError, UserError

from .test_message_draft import DraftCase


class TestDraftRights(DraftCase):
    """What a clever clerk tries by remote calls."""

    def test_nobody_makes_a_draft_of_what_others_sent(self):
        _outcome, history = self.send(self.draft_for(self.receive(1).conversation_id))
        for values in ({"state": "sent", "sent_id": history.id}, {"before": {"undo": []}}):
            with self.subTest(values), self.assertRaises(AccessError):
                self.drafts(self.stranger).create({"mode": "new", **values})
        draft = self.drafts(self.stranger).create({"mode": "new"})
        with self.assertRaises(AccessError):
            draft.write({"sent_id": history.id, "state": "sent"})
        with self.assertRaises(UserError):
            draft.take_back()

    def test_nobody_quotes_what_he_may_not_read(self):
        question = self.receive(1)
        values = {"mode": "forward", "history_id": question.id, "conversation_id": question.conversation_id.id,
                  "recipients": [{"name": "", "address": "mallory@evil.example"}]}
        for given in (values, {**values, "conversation_id": False}, {**values, "history_id": False}):
            with self.subTest(given), self.assertRaises(AccessError):
                self.drafts(self.stranger).create(given)
        draft = self.drafts(self.stranger).create({"mode": "forward", "recipients": values["recipients"]})
        draft.sudo().write({"history_id": question.id, "conversation_id": question.conversation_id.id})
        self.assertEqual(str(draft._quoted()), "")
        self.assertEqual(draft.add_original_files(), [])
        with self.assertRaises(AccessError):
            draft.send({})

    def test_nobody_sends_files_that_he_may_not_read(self):
        secret = self.env["ir.attachment"].create(
            {"name": "secret", "raw": b"secret", "res_model": "message.channel", "res_id": self.mailbox.id})
        draft = self.draft_for(self.receive(1).conversation_id)
        draft.sudo().attachment_ids = secret
        self.mailbox.member_ids -= self.clerk
        self.env.registry.clear_cache()
        with self.assertRaises(AccessError):
            draft.send({})

    def test_taking_back_takes_no_file_of_others_along(self):
        shared = self.env["ir.attachment"].create(
            {"name": "prices", "raw": b"prices", "res_model": "res.company", "res_id": self.env.company.id})
        draft = self.draft_for(self.receive(1).conversation_id)
        own = draft._attach("offer.txt", b"offer")
        draft.write({"attachment_ids": [(4, shared.id)]})
        self.send(draft)
        draft.take_back()
        self.assertEqual((shared.res_model, shared.res_id), ("res.company", self.env.company.id))
        for file_id in (shared.id, own["id"]):
            draft.remove_attachment(file_id)
        self.assertTrue(shared.exists())
        self.assertFalse(self.env["ir.attachment"].browse(own["id"]).exists())

    def test_nobody_reads_the_drafts_of_others(self):
        draft = self.draft_for(self.receive(1).conversation_id)
        self.assertFalse(self.drafts(self.colleague).search([("id", "=", draft.id)]))
        with self.assertRaises(AccessError):
            draft.with_user(self.colleague).read(["body"])

    def test_the_portal_learns_nothing(self):
        portal = self.env["res.users"].with_context(no_reset_password=True).create({
            "name": "Portal", "login": "desk_portal", "group_ids": [(6, 0, self.env.ref("base.group_portal").ids)]})
        desk = self.env["message.desk"].with_user(portal)
        for ask in (desk.get_counters, desk.get_colleagues, desk.get_figures, lambda: desk.get_latest("mine")):
            with self.subTest(ask), self.assertRaises(AccessError):
                ask()
