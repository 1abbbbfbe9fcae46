import logging

from odoo import api, fields, models
from odoo.fields import Domain
from odoo.tools import SQL

from ..lib.automatic import answer_address, automatic_headers, may_answer
from ..tools.answering import KEY, Answer
from ..tools.transaction import CONCURRENCY_ERRORS

_logger = logging.getLogger(__name__)


class MessageAnswer(models.Model):
    """An automatic answer that was given: the unique key says that it is given once."""

    _name = "message.answer"
    _description = "Automatic Answer"
    _inherit = ["message.scoped"]
    _log_access = False
    _rec_name = "address"

    folder_id = fields.Many2one("message.channel.folder", required=True, ondelete="cascade")
    address = fields.Char(required=True)
    period = fields.Integer(required=True, help="Days since 1970-01-01, in steps of the folder's period.")
    history_id = fields.Many2one("message.history", ondelete="set null", index="btree_not_null")
    date = fields.Datetime(required=True, default=fields.Datetime.now)

    _once_uniq = models.UniqueIndex("(folder_id, address, period)")

    @api.model
    def _scope_domain(self, scope):
        """On a channel of every company: the answers to messages that the user sees."""
        if scope.everything:
            return Domain.TRUE
        own = Domain("folder_id.channel_id", "in", scope.channel_ids)
        return own | Domain("history_id", "any!", scope.messages())

    @api.model
    def _answer(self, mail):
        """Run the folder's automatic answer for a new document.

        RFC 3834: never to automatic or bulk mail, never to an empty return path, once per sender
        and period. It is given with the rights of who set it. An action that raises, or that he may
        not run, is logged and does not fail the message; the folder's form says what is not allowed.
        """
        folder = mail.message.folder_id
        action = folder.answer_action_id
        if not action or not mail.document or mail.values["kind"] != "person":
            return
        if mail.values.get("authenticated") == "fail":
            _logger.info("No automatic answer to message %s: it is not from whom it says", mail.message.id)
            return
        allowed, reason = may_answer(mail.parsed.message)
        address = answer_address(mail.parsed.message) if allowed else ""
        if not address or self._is_own_address(address):
            _logger.info("No automatic answer to message %s: %s", mail.message.id, reason or "own address")
            return
        try:
            with self.env.cr.savepoint():
                if self._take(folder, address, mail.message):
                    self._run(folder, mail, address)
        except CONCURRENCY_ERRORS:
            raise
        except Exception:  # an answer is a courtesy: whatever it raises, the message is processed
            _logger.warning("The automatic answer %s to message %s failed", action.name, mail.message.id, exc_info=True)

    def _take(self, folder, address, message):
        """Whether this sender has had no answer in this period; if so, it has one now."""
        days = max(1, folder.answer_days)
        today = (fields.Date.today() - fields.Date.to_date("1970-01-01")).days
        rows = self.env.execute_query(SQL(
            "INSERT INTO message_answer (folder_id, address, period, history_id, date) VALUES %s "
            "ON CONFLICT (folder_id, address, period) DO NOTHING RETURNING id",
            (folder.id, address.lower()[:320], today // days * days, message.id, fields.Datetime.now())))
        return bool(rows)

    def _run(self, folder, mail, address):
        model, res_id = mail.document
        warrant = self.env["message.warrant"]._of(folder.set_by_id.id)
        warrant._check_answer(folder.answer_action_id.sudo(), model)
        answer = Answer(email_to=address, headers=automatic_headers(mail.parsed.message))
        folder.answer_action_id.with_user(warrant.env.uid).with_context(
            active_model=model, active_id=res_id, active_ids=[res_id], **{KEY: answer}).run()

    @api.model
    def _is_own_address(self, address):
        """Whether an address is an alias or a channel of this database: answering it makes a loop."""
        address = address.lower()
        if self.env["message.channel"].sudo().search_count([("address", "=ilike", address)], limit=1):
            return True
        return bool(self.env["mail.alias.domain"].sudo()._find_aliases([address]))
