import re
import secrets
from datetime import timedelta
from email.parser import BytesHeaderParser
from email.policy import compat32

from odoo import api, fields, models
from odoo.exceptions import UserError, ValidationError
from odoo.tools import email_normalize

from ..lib.authentication import NAMELESS, TrustedServers, common_server, find_server, read_authentication
from ..tools.words import words

#: Messages and different senders' domains that must agree where no test mail tells the name.
_MESSAGES, _DOMAINS = 20, 5
#: How long a test mail is waited for.
_WAIT = timedelta(days=1)
_NAME = re.compile(r"-|(\*\.)?[a-z0-9_-]+(\.[a-z0-9_-]+)*")
_HEAD_BYTES = 128 * 1024


class MessageChannel(models.Model):
    """Whose word about senders counts on a channel (RFC 8601), and how that is found out."""

    _inherit = "message.channel"

    authserv_ids = fields.Char(
        "Servers That Check Senders",
        help="The names under which your own mail server enters its checks (Authentication-Results), separated by "
             "commas; *.example.com for all below example.com, - for a server that gives no name (Exchange Online). "
             "Only their results confirm a sender. Empty: no sender is confirmed.")
    authserv_hops = fields.Integer(
        "Received Lines Above", help="How many Received lines may stand above the server's results. Results further "
        "down came with the mail, and count as forged. 0: they stand at the very top.")
    authserv_found = fields.Char("Found", readonly=True, copy=False)
    authserv_found_hops = fields.Integer(readonly=True, copy=False)
    authserv_found_by = fields.Char("How It Was Found", readonly=True, copy=False)
    authserv_token = fields.Char(copy=False, groups=fields.NO_ACCESS)
    authserv_asked = fields.Datetime(copy=False, groups=fields.NO_ACCESS)

    @api.constrains("authserv_ids", "authserv_hops")
    def _check_authserv_ids(self):
        for channel in self:
            names = TrustedServers.of(channel.authserv_ids or "").names
            # "*.com" would be everybody's
            if any(not _NAME.fullmatch(name) or (name.startswith("*.") and name.count(".") < 2) for name in names):
                raise ValidationError(self.env._(
                    "Write names of servers, such as mx.example.com, with commas between."))
            if not 0 <= channel.authserv_hops <= 20:
                raise ValidationError(self.env._("Enter how many Received lines stand above, 0 to 20."))

    def _trusted_servers(self):
        self.ensure_one()
        return TrustedServers.of(self.authserv_ids or "", self.authserv_hops)

    def _authenticate(self, email_message, headers):
        """Return what the ledger keeps of the sender's authentication; unknown without trusted servers.

        :param headers: ``lib.headers.MailHeaders``: whom people will be shown as the sender
        """
        self.ensure_one()
        _ = words(self.env)
        found = read_authentication(email_message, self._trusted_servers(), headers.sender_address)
        said = [found.summary()]
        if found.forged:
            said.append(_("Carries a forged result in the name of %(server)s", server=found.forged))
        return {"authentication": "; ".join(filter(None, said)) or None,
                "authenticated": {True: "pass", False: "fail"}.get(found.passed, "unknown")}

    # Finding the name out -----------------------------------------------------------------------

    def action_learn_authserv(self):
        """Send a mail to the channel's own address: the name is read from it when it comes in."""
        self.ensure_one()
        self.check_access("write")
        address = email_normalize(self.address or "")
        if not address or not self.receives:
            raise UserError(self.env._("Enter the address of the channel first."))
        token = secrets.token_hex(16)
        self.sudo().write({"authserv_token": token, "authserv_asked": fields.Datetime.now()})
        mail_sudo = self.env["mail.mail"].sudo().create({
            "subject": self.env._("Test of the channel %(channel)s [%(token)s]", channel=self.name, token=token),
            "body_html": self.env._("<p>This mail shows how your mail server marks what it has checked.</p>"),
            "email_from": address,
            "email_to": address, "auto_delete": True, "is_notification": False})
        mail_sudo.send()
        return self._say(self.env._(
            "A test mail is on its way to %(address)s. Look here again when it has come in.", address=address))

    def action_look_up_authserv(self):
        """Look for the name in the messages that came last: the one that stands on top in all of them."""
        self.ensure_one()
        self.check_access("write")
        heads = self._latest_heads()
        domains = {str(head["From"] or "").rpartition("@")[2].strip("<> ").lower() for head in heads}
        found = common_server(heads) if len(domains) >= _DOMAINS else None
        if not found:
            raise UserError(self.env._(
                "The last messages do not show one and the same server. Send a test mail, or ask whoever runs your "
                "mail server for the name in its Authentication-Results."))
        self.sudo()._note_authserv(found, self.env._(
            "The topmost name in the last %(count)s messages, from %(domains)s domains", count=len(heads),
            domains=len(domains)))
        return self._say(self.env._("Compare the name found with that of your mail server, then press Use."))

    def action_use_authserv(self):
        """Trust the server that was found."""
        self.ensure_one()
        self.check_access("write")
        if not self.authserv_found:
            raise UserError(self.env._("No server was found yet."))
        self.sudo().write({"authserv_ids": self.authserv_found, "authserv_hops": self.authserv_found_hops,
                           "authserv_found": False, "authserv_found_by": False})
        return True

    def _learn_from(self, email_message, subject):
        """Read the name from the test mail; returns whether this is it.

        Nobody but us and the servers on its way knows what stands in its subject.
        """
        channel_sudo = self.sudo()
        token = channel_sudo.authserv_token
        if not token or token not in (subject or ""):
            return False
        asked = channel_sudo.authserv_asked
        channel_sudo.write({"authserv_token": False, "authserv_asked": False})
        if asked and asked > fields.Datetime.now() - _WAIT and (found := find_server(email_message)):
            _ = words(self.env)
            channel_sudo._note_authserv(found, _("The topmost name in the test mail"))
        return True

    def _note_authserv(self, found, how):
        name, hops = found
        self.write({"authserv_found": name or NAMELESS, "authserv_found_hops": hops, "authserv_found_by": how})

    def _latest_heads(self):
        """Return the headers of the messages that came last, as far as their originals are kept."""
        messages = self.env["message.history"].sudo().search(
            [("channel_id", "=", self.id), ("direction", "=", "in"), ("private", "=", False)],
            order="id desc", limit=_MESSAGES)
        heads = []
        for message in messages:
            with self.env["message.raw"].sudo()._opened(message.id) as original:
                if original is not None:
                    head = bytes(original[:_HEAD_BYTES])
                    heads.append(BytesHeaderParser(policy=compat32).parsebytes(head))
        return heads

    def _say(self, text):
        return {"type": "ir.actions.client", "tag": "display_notification",
                "params": {"title": self.display_name, "message": text, "type": "info",
                           "next": {"type": "ir.actions.act_window_close"}}}
