from odoo import api, fields, models
from odoo.exceptions import UserError


class FaultTicket(models.Model):
    """A document whose making fails in the way its subject asks for.

    ``[raise]``: as long as the setting ``test_faults.mended`` is not set. ``[conflict]``: another
    transaction writes what this one is about to write, once: PostgreSQL refuses the second write
    with a serialization failure, as it does between two busy workers.
    """

    _name = "fault.ticket"
    _description = "Ticket"
    _inherit = ["mail.thread.cc"]

    name = fields.Char()
    email_from = fields.Char()

    @api.model
    def message_new(self, msg_dict, custom_values=None):
        subject = msg_dict.get("subject") or ""
        values = {"name": subject, "email_from": msg_dict.get("from"), **(custom_values or {})}
        ticket = super().message_new(msg_dict, values)
        if "[raise]" in subject and not self.env["ir.config_parameter"].sudo().get_param("test_faults.mended"):
            ticket.flush_recordset()
            raise UserError("A field that is required has no value.")
        if "[conflict]" in subject:
            self._meet_conflict(subject)
        return ticket

    def _meet_conflict(self, name):
        """Write a row that somebody else writes after our snapshot was taken: only the first time."""
        counter = self.env["fault.counter"].sudo().search([("name", "=", name)])
        if counter.value:
            return
        with self.env.registry.cursor() as other:
            other.execute("UPDATE fault_counter SET value = value + 1 WHERE name = %s", [name])
        self.env.cr.execute("UPDATE fault_counter SET value = value + 1 WHERE name = %s", [name])
