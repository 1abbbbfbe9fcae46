import contextlib
import smtplib

from odoo import api, models, modules
from odoo.addons.message_history.lib.errors import ChannelError
from odoo.addons.message_history.lib.masking import as_said, mask
from odoo.tools import email_normalize

from ..lib.addresses import wire_address
from ..lib.clean import (
    clean_address,
    clean_filename,
    clean_headers,
    clean_message_id,
    clean_mimetype,
    clean_references,
    clean_text,
    has_broken_header,
)
from ..lib.headers import Text, as_parsed, plain_header
from ..tools.recording import Notes, RecordingSession

_NOTES = "smtp_outbox_notes"
#: Arguments of ``_build_email__`` that become a header as they are: its name there, and how they are cleaned.
_ARGUMENTS = {"message_id": ("Message-Id", clean_message_id), "references": ("references", clean_references),
              "reply_to": ("Reply-To", clean_address)}


def _clean_arguments(kwargs):
    """Clean the optional arguments of ``_build_email__``, in place; plain ones need no parsing then."""
    headers = kwargs.get("headers")
    if headers:
        kwargs["headers"] = {name: plain_header(name, value) for name, value in clean_headers(headers).items()}
    if kwargs.get("attachments"):
        kwargs["attachments"] = [
            (clean_filename(name), content, clean_mimetype(mimetype))
            for name, content, mimetype in kwargs["attachments"]]
    for argument, (name, clean) in _ARGUMENTS.items():
        if isinstance(kwargs.get(argument), str):
            kwargs[argument] = plain_header(name, clean(kwargs[argument]))
    if isinstance(kwargs.get("object_id"), str):  # becomes a part of a Message-Id
        kwargs["object_id"] = clean_text(kwargs["object_id"])
    for name in ("email_cc", "email_bcc"):
        if kwargs.get(name):
            kwargs[name] = [clean_address(address) for address in kwargs[name]]
    if type(kwargs.get("body_alternative")) is str:
        kwargs["body_alternative"] = Text(kwargs["body_alternative"])


class IrMailServer(models.Model):
    """The sockets of sending: what is built is clean, and what is sent past the outbox is recorded."""

    _inherit = "ir.mail_server"

    @api.model
    def _records_sessions(self):
        """Whether what goes over a session that is opened here is entered into the ledger.

        What is sent at once always is: mostly private mail.
        """
        return bool(self._current_notes()) or not modules.module.current_test

    def _connect__(self, *args, **kwargs):
        """Open a session as ever; unless it is the outbox's own, what goes over it is recorded."""
        session = super()._connect__(*args, **kwargs)
        if session is None or self.env.context.get("outbox_plain_session") or not self._records_sessions():
            return session
        channel_sudo = self._channel_of_connection(*args, **kwargs)
        return RecordingSession(self.env, session, channel_sudo, self._current_notes())

    def _smtp_login__(self, connection, smtp_user, smtp_password):
        """Log in as ever; what the server answers is raised without what was said to it."""
        try:
            return super()._smtp_login__(connection, smtp_user, smtp_password)
        except smtplib.SMTPResponseException as error:
            said = error.smtp_error
            text = said.decode("utf-8", "replace") if isinstance(said, bytes) else str(said)
            secrets = as_said(smtp_user or "", smtp_password or "")
            raise type(error)(error.smtp_code, mask(text, secrets).encode()) from None

    def _channel_of_connection(self, host=None, *_args, smtp_from=None, mail_server_id=None, **_kwargs):
        """Return the channel that a connection belongs to, chosen as core chooses the server."""
        server = self.env["ir.mail_server"].sudo().browse(mail_server_id or False)
        if not server and not host:
            found, _smtp_from = self.sudo()._find_mail_server(smtp_from)
            server = found or server
        return server._get_channel_sudo()

    def _build_email__(self, email_from, email_to, subject, body, **kwargs):
        """Build a mail into which nobody can smuggle a header, through whatever field."""
        _clean_arguments(kwargs)
        if type(body) is str:
            body = Text(body)
        sender = clean_address(email_from) if email_from else email_from
        if sender and kwargs.get("reply_to"):  # else it is given to two headers
            sender = plain_header("From", sender)
        message = super()._build_email__(
            sender,
            [clean_address(address) for address in email_to] if isinstance(email_to, (list, tuple)) else email_to,
            plain_header("Subject", clean_text(subject)) if subject else subject, body, **kwargs)
        if has_broken_header(message):
            raise ValueError(self.env._("A header of the mail would not be one line."))
        return as_parsed(message)

    @api.model
    def _prepare_smtp_to_list(self, message, smtp_session):
        """Keep recipients whose address is not ASCII; core drops them without a word."""
        found = super()._prepare_smtp_to_list(message, smtp_session)
        wanted = self.env.context.get("send_validated_to") or []
        there = {address.lower() for address in found}
        skipped = self.env.context.get("send_smtp_skip_to") or []
        # core compares what it was given with what it encoded (IDNA), and finds nobody
        missed = [address for address in wanted if not address.isascii() and address.lower() not in there
                  and address not in skipped]
        for address in missed:
            with contextlib.suppress(ChannelError):
                found.append(wire_address(address))
        return found

    # What is sent at once ------------------------------------------------------------------

    def _note_mails(self, mails):
        """Remember, while they are sent at once, which mails the messages belong to; see :class:`Notes`."""
        notes = self.env.cr.cache[_NOTES] = Notes(mails, lambda: self.env.cr.cache.pop(_NOTES, None))
        return notes

    def _current_notes(self):
        return self.env.cr.cache.get(_NOTES)

    def _refused_of(self, mail):
        """Return {address: words} of those whom a mail that is sent at once did not reach."""
        notes = self._current_notes()
        return notes.refused_of(mail.message_id) if notes else {}

    # Testing ----------------------------------------------------------------------------------

    def action_send_test_mail(self):
        """Send a mail to the user through this server, at once, and say what the server said."""
        self.check_access("write")
        self.ensure_one()
        address = email_normalize(self.env.user.email)
        if not address:
            return self._notify(self.env._("Enter your own e-mail address in your preferences first."), "warning")
        mail_sudo = self.env["mail.mail"].sudo().create({
            "subject": self.env._("Test of the mail server %(server)s", server=self.name),
            "body_html": self.env._("<p>This mail server works.</p>"),
            "email_from": self._get_test_email_from(), "email_to": address, "mail_server_id": self.id,
            "auto_delete": True, "is_notification": False})
        mail_sudo.send(raise_exception=True)
        return self._notify(self.env._("The server took a mail to %(address)s.", address=address), "success")

    def _notify(self, text, kind):
        return {"type": "ir.actions.client", "tag": "display_notification",
                "params": {"title": self.display_name, "message": text, "type": kind,
                           "next": {"type": "ir.actions.act_window_close"}}}
