from odoo import api, fields, models
from odoo.addons.message_history.lib.reach import ANYWHERE
from odoo.addons.message_history.lib.transport import (
    Afterwards,
    Chunk,
    FolderRequest,
    IncomingMessage,
    StartPolicy,
)
from odoo.addons.message_history.tools.transaction import in_transaction
from odoo.exceptions import UserError, ValidationError

from ..lib.imap import ImapTransport
from ..lib.pop3 import Pop3Transport
from ..lib.settings import ServerSettings

#: Connection types that we speak ourselves.
OURS = ("imap", "pop")


class FetchmailServer(models.Model):
    """One mailbox that mail is fetched from; owns one channel of the ledger."""

    _inherit = "fetchmail.server"

    channel_id = fields.Many2one("message.channel", readonly=True, copy=False, ondelete="restrict", index=True)
    folder_ids = fields.One2many(related="channel_id.folder_ids", readonly=False, string="Folders")
    starttls = fields.Boolean(
        "STARTTLS", help="The connection begins unencrypted on the usual port and is encrypted before the login.")
    verify = fields.Selection(
        [("system", "Verify"), ("ca", "Verify with an own authority"), ("none", "Do not verify")],
        string="Certificate", required=True, default="system",
        help="Without verification anybody between here and the server can read the password.")
    ca_certificate = fields.Text("Certificate Authority", help="In PEM format.")
    timeout_seconds = fields.Integer("Time-out (Seconds)", default=60)
    public_only = fields.Boolean(
        "Public Mail Servers Only", copy=False,
        help="Set up by somebody who is no system administrator: it is connected to at public addresses, and in the "
             "own networks that the settings list, on the ports of mail.")
    health = fields.Selection(related="channel_id.health")
    health_text = fields.Char(related="channel_id.health_text")
    waiting_count = fields.Integer(related="channel_id.waiting_count")
    failed_count = fields.Integer(related="channel_id.failed_count")
    received_today = fields.Integer(related="channel_id.received_today")
    uses_folders = fields.Boolean(compute="_compute_uses_folders")

    _channel_uniq = models.Constraint("UNIQUE(channel_id)", "A channel belongs to one mail server.")

    @api.depends("server_type")
    def _compute_uses_folders(self):
        for server in self:
            server.uses_folders = server._get_connection_type() == "imap"

    @api.constrains("starttls", "is_ssl")
    def _check_one_encryption(self):
        for server in self:
            if server.starttls and server.is_ssl:
                raise ValidationError(self.env._("Choose either SSL/TLS or STARTTLS for %(server)s.",
                                                 server=server.name))

    @api.constrains("verify", "ca_certificate")
    def _check_ca_certificate(self):
        for server in self:
            if server.verify == "ca" and "BEGIN CERTIFICATE" not in (server.ca_certificate or ""):
                raise ValidationError(self.env._(
                    "Paste the certificate of your authority, beginning with BEGIN CERTIFICATE."))

    @api.onchange("starttls")
    def _onchange_starttls(self):
        if self.starttls:
            self.is_ssl = False
            self.onchange_server_type()

    # Channel ------------------------------------------------------------------------------

    @api.model_create_multi
    def create(self, vals_list):
        servers = super().create(vals_list)
        servers._make_missing_channels()
        return servers

    def write(self, vals):
        result = super().write(vals)
        if "server_type" in vals:
            self._make_missing_channels()
        if "object_id" in vals:
            for server in self.filtered("channel_id"):
                server.sudo().folder_ids[:1].model_id = server.object_id
        if "name" in vals or "user" in vals:
            for server in self.filtered("channel_id"):
                server.channel_id.sudo().write({"name": server.name, "address": server._guess_address()})
        return result

    def unlink(self):
        channels_sudo = self.channel_id.sudo()
        result = super().unlink()
        # what came in through them is the proof, and stays
        for channel_sudo in channels_sudo:
            if self.env["message.history"].sudo().search_count([("channel_id", "=", channel_sudo.id)], limit=1):
                channel_sudo.write({"active": False, "channel_type": "none"})
            else:
                channel_sudo.unlink()
        return result

    def _make_missing_channels(self):
        """Make the channels of servers that we fetch; what scripts hand over has a channel of its own."""
        for server in self:
            if not server.channel_id and server._get_connection_type() in OURS:
                server._make_channel()

    def _make_channel(self):
        """Make the channel of a new server, with its first folder."""
        self.ensure_one()
        is_pop = self._get_connection_type() == "pop"
        self.channel_id = self.env["message.channel"].sudo().create({
            "name": self.name,
            "channel_type": "fetchmail",
            "address": self._guess_address(),
            "company_id": False,
            "folder_ids": [fields.Command.create({
                "name": "INBOX",
                "model_id": self.object_id.id,
                "start": StartPolicy.ALL.value if is_pop else StartPolicy.NOW.value,
                "afterwards": Afterwards.LEAVE.value,
            })],
        })

    def _adopt(self):
        """Take over a server that Odoo itself fetched so far, with its state."""
        self._make_channel()
        is_pop = self._get_connection_type() == "pop"
        self.folder_ids.write({
            "start": StartPolicy.ALL.value if is_pop else StartPolicy.UNSEEN.value,
            "afterwards": Afterwards.DELETE.value if is_pop else Afterwards.SEEN.value,
        })

    def _hand_back(self):
        """Mark as read on the server what the ledger has, so that core does not fetch it again.

        :raise ChannelError: when the server can't be reached
        """
        self.ensure_one()
        self.password = self._get_password__()
        if self._get_connection_type() != "imap" or self.state != "done":
            return
        rows = self.env["message.history"].sudo().search_fetch(
            [("channel_id", "=", self.channel_id.id), ("direction", "=", "in"), ("size", ">", 0)],
            ["external_id", "names"])
        fetched = {}
        for row in rows:
            if row.names and row.names.get("uid"):
                fetched.setdefault(row.names["folder"], []).append(
                    IncomingMessage(external_id=row.external_id, content=b"", size=0, names=row.names))
        with self._get_transport__() as transport:
            for folder, messages in fetched.items():
                transport.acknowledge(FolderRequest(name=folder, mark_seen=True), Chunk(tuple(messages), {}))

    def _guess_address(self):
        return self.user if self.user and "@" in self.user else False

    # Connection ---------------------------------------------------------------------------

    def _get_settings__(self):
        """Return the settings of the connection; they hold the password."""
        self.ensure_one()
        security = "ssl" if self.is_ssl else "starttls" if self.starttls else "none"
        return ServerSettings(
            host=self.server or "", port=int(self.port or 0), security=security, verify=self.verify,
            ca_pem=self.ca_certificate or "", user=self.user or "", password=self._get_password__(),
            timeout=float(self.timeout_seconds or 60),
            login=self._log_in_later if self._get_connection_type() == "imap" else None,
            reach=self.env["message.channel"]._reach_of_others() if self.public_only else ANYWHERE,
        )

    def _log_in_later(self, connection):
        """Log in by Odoo's own socket, also when the transaction that made the transport is over.

        A listener logs in again after hours, and tokens that are renewed then must be kept.
        """
        if not self.env.cr.closed:
            return self._imap_login__(connection)
        return in_transaction(self.env, _log_in, self.id, connection, attempts=1)

    def _get_transport__(self):
        """Return what speaks to the server: IMAP or POP3."""
        settings = self._get_settings__()
        if self._get_connection_type() == "pop":
            return Pop3Transport(settings)
        return ImapTransport(settings, folders=tuple(self.folder_ids.filtered("active").mapped("name")) or ("INBOX",))

    def button_confirm_login(self):
        """Try the connection step by step; the error names the setting that is wrong."""
        for server in self:
            if not server._uses_gateway():
                super(FetchmailServer, server).button_confirm_login()
                continue
            with server._get_transport__() as transport:
                report = transport.check()
            if not report.ok:
                raise UserError(server._words_for_check(report))
            server.write({"state": "done", "error_date": False, "error_message": False})
        return True

    def _words_for_check(self, report):
        """Return a failed connection test in words: what worked, what not, which field to look at."""
        _ = self.env._
        labels = {
            "server": self._fields["server"], "port": self._fields["port"], "user": self._fields["user"],
            "password": self._fields["secret"], "verify": self._fields["verify"],
            "encryption": self._fields["is_ssl"], "folder": self._fields["folder_ids"],
        }
        lines = self.env["message.channel"]._lines_for_steps(report)
        label = labels.get(report.error.field)
        hint = _("Please look at the field “%(field)s”.",
                 field=label._description_string(self.env)) if label else ""
        return "\n".join([self.env["message.fetcher"]._words_for(report.error), hint, "", *lines]).strip()

    def action_view_history(self):
        """Open what came in through this server."""
        self.ensure_one()
        return self.channel_id.action_view_messages()

    def action_view_failed(self):
        """Open what could not be processed."""
        self.ensure_one()
        return self.channel_id.action_view_failed()

    def action_fetch_now(self):
        """Fetch at once and say what came of it."""
        self.ensure_one()
        self.check_access("write")
        return self.channel_id.sudo().action_fetch_now()

    def action_recover(self):
        """Try again what failed and look for what was missed, now."""
        self.ensure_one()
        self.check_access("write")
        return self.sudo()._recover()


def _log_in(env, server_id, connection):
    return env["fetchmail.server"].browse(server_id)._imap_login__(connection)
