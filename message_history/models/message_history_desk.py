from odoo import api, fields, models
from odoo.fields import Domain


class MessageHistory(models.Model):
    """What the desk and its figures need of a message."""

    _inherit = "message.history"

    is_answer = fields.Boolean(readonly=True, string="Answer", help="A person wrote it, here or in another program.")
    answer_minutes = fields.Float(
        readonly=True, string="Answered After (Minutes)", aggregator="avg",
        help="How long the oldest message that it answers had waited.")

    @api.model
    def get_document_action(self, model, res_id):
        """Return the action that shows the messages about a document, and of the conversations about it.

        :raise AccessError: when the user may not read the document
        """
        record = self.env[model].browse(res_id)
        record.check_access("read")
        domain = Domain("model", "=", model) & Domain("res_id", "=", res_id)
        conversations = self.env["message.conversation"].search(domain)
        action = self.env["ir.actions.act_window"]._for_xml_id("message_history.message_history_action")
        return {**action, "name": self.env._("Messages of %(name)s", name=record.display_name), "context": {},
                "domain": list(domain | Domain("conversation_id", "in", conversations.ids))}

    def _answer_after_all(self):
        """Answers are on their way again: nobody has to answer, unless somebody wrote again meanwhile.

        That an answer failed had opened its conversation; if it fails once more it is opened again.
        """
        for answer in self.filtered("is_answer"):
            conversation = answer.conversation_id
            newer = self.sudo().search_count(
                [("conversation_id", "=", conversation.id), ("direction", "=", "in"), ("date", ">", answer.date)],
                limit=1)
            if conversation.state == "open" and not newer:
                conversation.write({"state": "waiting", "waiting_since": False})
