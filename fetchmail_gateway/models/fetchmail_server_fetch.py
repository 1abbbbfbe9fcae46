import logging

from odoo import api, fields, models
from odoo.addons.message_history.lib.errors import ChannelError

from ..lib.connection import GatewayConnection
from .fetchmail_server import OURS

_logger = logging.getLogger(__name__)


class FetchmailServer(models.Model):
    """How servers are fetched: by the ledger's rules, in core's scheduled action and button."""

    _inherit = "fetchmail.server"

    def _connect__(self, allow_archived=False):
        """Return a connection with core's four methods, over our own verified transport."""
        self.ensure_one()
        if self._get_connection_type() not in OURS or (not allow_archived and not self.active):
            return super()._connect__(allow_archived=allow_archived)
        return GatewayConnection(self._get_transport__())

    #: Tells our way of connecting from one that another addon (or a test) put in its place.
    _connect__.enters_ledger = True

    def _uses_gateway(self):
        """Whether the ledger fetches this server itself.

        A server of a kind that we don't speak, or whose ``_connect__`` was replaced, is fetched by
        core's loop; its mails enter the ledger by ``message_process``.
        """
        self.ensure_one()
        return (self._get_connection_type() in OURS and bool(self.channel_id)
                and getattr(type(self)._connect__, "enters_ledger", False))

    def _fetch_mail(self, batch_limit=50):
        """Fetch into the ledger; the workers, or the scheduled actions, process from there."""
        ours = self.filtered(lambda server: server._uses_gateway())
        exception = super(FetchmailServer, self - ours)._fetch_mail(batch_limit=batch_limit) if self - ours else None
        progress = self.env["ir.cron"]._commit_progress
        for index, server in enumerate(ours):
            report = self.env["message.fetcher"]._fetch_channel(server.channel_id)
            exception = report.error or exception
            server._note_fetch(report)
            if not progress(report.received, remaining=len(ours) - index - 1):
                break
        return exception

    def fetch_mail(self):
        """Fetch now; a failure is said in words that name the cause."""
        self.ensure_one()
        if not self._uses_gateway():
            return super().fetch_mail()
        return self.action_fetch_now()

    def _note_fetch(self, report):
        """Keep core's own fields about the last fetch true."""
        self.ensure_one()
        if report.busy or report.unusable:
            return
        values = {"date": fields.Datetime.now()}
        if report.error:
            values |= {"error_date": self.error_date or fields.Datetime.now(), "error_message": report.error_text}
        elif self.error_date:
            values |= {"error_date": False, "error_message": False}
        self.with_context(fetchmail_cron_running=True).write(values)

    @api.model
    def _cron_recover(self):
        """Try again what failed and pick up what was missed, on every server."""
        servers = self.search([("state", "=", "done"), ("channel_id", "!=", False)])
        progress = self.env["ir.cron"]._commit_progress
        for index, server in enumerate(servers):
            if server._uses_gateway():
                try:
                    server._recover()
                except ChannelError as error:  # noted on the channel; the next server has its turn
                    _logger.info("Recovery of %s failed: %s", server.name, error)
            if not progress(1, remaining=len(servers) - index - 1):
                break

    def _recover(self):
        """Fetch what was missed, and make what failed due at once."""
        self.ensure_one()
        channel = self.channel_id
        report = self.env["message.fetcher"]._fetch_channel(channel, reconcile=True)
        failed = self.env["message.history"].search(
            [("channel_id", "=", channel.id), ("state", "=", "failed")])
        grace = fields.Datetime.subtract(fields.Datetime.now(), minutes=channel.grace_minutes)
        due = failed.filtered(lambda message: not message.last_attempt or message.last_attempt <= grace)
        due.write({"next_attempt": fields.Datetime.now()})
        if due or report.received:
            self.env["message.worker"]._wake()
        return {
            "type": "ir.actions.client", "tag": "display_notification",
            "params": {"message": self.env._("%(found)s %(due)s to be tried again.",
                                             found=report.words(self.env), due=len(due)),
                       "type": "danger" if report.error else "success"},
        }
