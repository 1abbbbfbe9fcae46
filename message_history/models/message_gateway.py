from datetime import timedelta

from odoo import api, fields, models
from odoo.modules import Manifest

#: Of the code that this process has loaded, whatever is on the disk later.
VERSION = Manifest.for_addon("message_history").version
#: A process that was heard of within this time is alive.
ALIVE_SECONDS = 60


class MessageGateway(models.Model):
    """One process of the gateway (listener or worker), on any machine."""

    _name = "message.gateway"
    _description = "Gateway Process"
    _log_access = False
    _order = "host, pid"
    _rec_name = "host"

    host = fields.Char(required=True)
    pid = fields.Integer(required=True, string="Process")
    role = fields.Selection([("listener", "Listener"), ("worker", "Worker")], required=True)
    started = fields.Datetime(required=True, default=fields.Datetime.now)
    heartbeat = fields.Datetime(required=True, default=fields.Datetime.now)
    handled = fields.Integer(help="Messages dealt with since it started.")
    version = fields.Char(required=True, help="Of the addon as the process has it in memory.")

    _process_uniq = models.UniqueIndex("(host, pid)")

    @api.model
    def _beat(self, host, pid, role, handled=0):
        """Note that a process is alive.

        Its version is required: processes of 19.0.1.0.0, which give none, come no further than this.
        """
        self.env.cr.execute(
            "INSERT INTO message_gateway (host, pid, role, started, heartbeat, handled, version) VALUES (%s, %s, %s, "
            "now() at time zone 'UTC', now() at time zone 'UTC', %s, %s) ON CONFLICT (host, pid) "
            "DO UPDATE SET heartbeat = excluded.heartbeat, handled = excluded.handled, role = excluded.role, "
            "version = excluded.version", [host, pid, role, handled, VERSION])

    @api.model
    def _leave(self, host, pid):
        """Note that a process ended cleanly."""
        self.search([("host", "=", host), ("pid", "=", pid)]).unlink()

    @api.model
    def _is_alive(self, role):
        """Whether any process of a role was heard of lately."""
        limit = fields.Datetime.now() - timedelta(seconds=ALIVE_SECONDS)
        return bool(self.sudo().search_count([("role", "=", role), ("heartbeat", ">", limit)], limit=1))

    @api.autovacuum
    def _gc_gone(self):
        """Forget processes that ended without saying so."""
        self.search([("heartbeat", "<", fields.Datetime.now() - timedelta(days=1))]).unlink()
