from odoo import api, fields, models
from odoo.tools import SQL
from psycopg2.extras import execute_values


class MessageVariant(models.Model):
    """What one recipient's copy of an outgoing message has of its own.

    The copy is ``head`` followed by the last ``shared`` bytes of the message's original, so that an
    attachment for a thousand people is stored once.
    """

    _name = "message.variant"
    _description = "Copy for One Recipient"
    _log_access = False

    history_id = fields.Many2one("message.history", required=True, ondelete="cascade", index=True)
    head = fields.Binary(attachment=False)
    shared = fields.Integer(help="Bytes taken from the end of the original.")

    @api.model
    def _insert(self, rows):
        """Store variants.

        :param rows: list of (history id, head, shared)
        :return: their ids, in order
        """
        if not rows:
            return []
        found = execute_values(
            self.env.cr._obj, "INSERT INTO message_variant (history_id, head, shared) VALUES %s RETURNING id",
            rows, page_size=len(rows), fetch=True)
        return [variant_id for (variant_id,) in found]

    @api.model
    def _drop(self, history_ids):
        """Forget the variants of messages whose originals go, too."""
        self.env.cr.execute(SQL("DELETE FROM message_variant WHERE history_id = ANY(%s)", list(history_ids)))
