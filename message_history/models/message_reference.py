from odoo import api, fields, models
from psycopg2.extras import execute_values

from ..tools.fields import BigInteger

OWN, PARENT = 0, 1


class MessageReference(models.Model):
    """An id that a message has, or refers to, as a 64-bit digest.

    One message may have several ids, since providers rewrite them. The digest keeps the index
    small and makes ids of any length or alphabet harmless.
    """

    _name = "message.reference"
    _description = "Message Reference"
    _log_access = False

    history_id = fields.Many2one("message.history", required=True, ondelete="cascade", index=True)
    digest = BigInteger(required=True)
    kind = fields.Integer(required=True, help="0: an id of the message; 1: an id that it refers to.")

    _digest_idx = models.Index("(digest, kind, history_id)")

    @api.model
    def _insert(self, rows):
        """Store references.

        :param rows: list of (history id, digest, kind)
        """
        if rows:
            execute_values(
                self.env.cr._obj,
                "INSERT INTO message_reference (history_id, digest, kind) VALUES %s", rows, page_size=500)
