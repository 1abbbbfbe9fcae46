"""Builds what is sent of a ``mail.mail``, by core's own steps."""

import functools
import hashlib
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from odoo import fields, tools
from odoo.addons.message_history.lib.errors import ChannelError
from odoo.addons.message_history.lib.preview import preview
from odoo.addons.message_history.tools.outgoing import Outgoing, Recipient
from odoo.addons.message_history.tools.words import plain_words

from ..lib.addresses import is_ascii, wire_address
from ..lib.render import render
from .private import is_private

#: Priorities of deliveries; lower goes first.
PERSONAL, USUAL, BULK = 5, 10, 20
UNDISCLOSED = "undisclosed-recipients:;"
MAX_TEXT = 100_000


class CaptureSession:
    """Stands for an SMTP session while core prepares a mail: keeps what it would have sent.

    :param from_filter: of the server that will send it; core rewrites the sender accordingly
    :param smtp_from: the address that the server was chosen for
    """

    #: What it keeps is marked when it is sent; see ``sender/shipment.py``.
    keeps = True

    def __init__(self, from_filter, smtp_from):
        self.from_filter, self.smtp_from = from_filter, smtp_from
        self.message, self.sender, self.recipients = None, None, []

    def send_message(self, message, smtp_from, smtp_to_list, *_args, **_kwargs):
        """Keep the message and its envelope."""
        self.message, self.sender, self.recipients = message, smtp_from, list(smtp_to_list)
        return {}

    def quit(self):
        """Nothing is open."""


@dataclass
class Route:
    """Which way a mail goes: its server and channel, and what core rewrites on that way."""

    server: Any
    channel: Any
    alias_domain: Any
    session: CaptureSession


class Builder:
    """Builds the mails of one batch; what they share is looked up once."""

    def __init__(self, env, mails):
        self.env = env
        self.servers = env["ir.mail_server"]
        with_link = mails.filtered(lambda mail: mail.body_html and "/mail/unfollow" in mail.body_html)
        self.followers = env["mail.followers"]._get_mail_doc_to_followers(with_link.ids) if with_link else {}

    def route(self, server_id, alias_domain_id, smtp_from):
        """Return the way of mails that core groups together."""
        server = self.servers.browse(server_id)
        from_filter = server.sudo().from_filter if server else self.servers._get_default_from_filter()
        return Route(server, server._get_channel_sudo(), self.env["mail.alias.domain"].sudo().browse(alias_domain_id),
                     CaptureSession(from_filter, smtp_from))

    def build(self, mail, route):
        """Return one mail as an ``Outgoing``: its bytes and its recipients.

        :raise Exception: whatever core or an override of it raises
        """
        emails = mail._prepare_outgoing_list(
            mail_server=route.server or mail.mail_server_id, doc_to_followers=self.followers)
        message = Outgoing(
            channel_id=route.channel.id, content=b"", recipients=[], message_uid=mail.message_id or "",
            references=tuple(reversed((mail.references or "").split())), values=self._values(mail, emails),
            private=is_private(mail), priority=_priority(mail), expires=_expiry(mail, route.channel))
        if mail.outbox_not_before:
            message.not_before = mail.outbox_not_before
        elif mail.message_type == "comment" and route.channel.take_back_seconds:
            message.not_before = (mail.outgoing_since or fields.Datetime.now()) + timedelta(
                seconds=route.channel.take_back_seconds)
        for group in self._groups(emails, route.channel):
            self._add(message, mail, route, group)
        if not message.recipients:
            message.recipients.append(_refused("?", self.servers.NO_VALID_RECIPIENT))
        return message

    def failed(self, mail, route, error):
        """Return a mail that can't be built as one that has failed for everybody it was for."""
        kind = "configuration" if isinstance(error, AssertionError) else "message"
        private = is_private(mail)
        reason = str(error.args[-1]) if isinstance(error, AssertionError) and error.args else (
            type(error).__name__ if private else plain_words(error))  # an error may quote what the mail says
        partners = [(partner.email_normalized or partner.email or "?", partner.id) for partner in mail.recipient_ids]
        others = [(address, None) for address in
                  tools.mail.email_normalize_all(f"{mail.email_to or ''},{mail.email_cc or ''}")]
        recipients = [Recipient(address, partner_id, state="failed", failure_type=kind, server_reply=reason[:500])
                      for address, partner_id in partners + others or [("?", None)]]
        return Outgoing(
            channel_id=route.channel.id, content=b"", recipients=recipients, message_uid=mail.message_id or "",
            values=self._values(mail, []), private=private, priority=_priority(mail))

    # Parts ------------------------------------------------------------------------------------

    def _values(self, mail, emails):
        name, address, _formatted = _sender(mail.email_from or "")
        text = (emails[0]["body_alternative"] if emails else tools.html2plaintext(mail.body_html or ""))[:MAX_TEXT]
        return {
            "mail_mail_id": mail.id, "mail_message_id": mail.mail_message_id.id, "model": mail.model or None,
            "res_id": mail.res_id or None, "subject": mail.subject, "sender_name": name, "sender_address": address,
            "company_id": mail.record_company_id.id or self._company_of(mail.author_id),
            "max_attempts": mail.outbox_max_attempts, "partner_id": mail.author_id.id or None, "body_text": text,
            "preview": preview(text),
            "attachment_count": len(emails[0]["attachments"]) if emails else 0,
        }

    def _company_of(self, author):
        """Return the id of the company that somebody writes for, where no document says whose a mail is."""
        users = author.sudo().with_context(active_test=False).user_ids[:1]
        return users.company_id.id or author.sudo().company_id.id or None

    def _groups(self, emails, channel):
        """Return the emails in groups of those that may be handed over together.

        Those for partners, when text and headers are the same for enough of them.
        """
        if not channel.share_from or channel.verp or len(emails) < channel.share_from:
            return [[email] for email in emails]
        alike, singles = {}, []
        for email in emails:
            if email["partner_id"] and email["email_to_normalized"] and not email["email_cc"]:
                key = (email["body"], email["subject"], email["reply_to"], repr(email["headers"]))
                alike.setdefault(key, []).append(email)
            else:
                singles.append([email])
        for group in alike.values():
            singles += [group] if len(group) >= channel.share_from else [[email] for email in group]
        return singles

    def _add(self, message, mail, route, group):
        """Build one email, for one recipient or for all of a group, and add who gets it."""
        email, session = group[0], route.session
        try:
            self._hand_over(mail, route, email)
        except AssertionError as error:
            if str(error) != self.servers.NO_VALID_RECIPIENT:
                raise
            message.recipients.append(_refused(email["email_to_raw"] or "?", str(error), email["partner_id"]))
            return
        message.values.setdefault("envelope_sender", session.sender)
        message.names.setdefault("from", _normalized(str(session.message["From"] or "")) or session.sender)
        token = hashlib.blake2b((mail.message_id or str(mail.id)).encode(), digest_size=12).hexdigest()
        addresses = [(address, email["partner_id"]) for address in dict.fromkeys(session.recipients)]
        if len(group) > 1:
            session.message.replace_header("To", UNDISCLOSED)
            addresses = [(address, one["partner_id"]) for one in group
                         for address in dict.fromkeys(one["email_to_normalized"])]
        self._add_recipients(message, addresses, session.message, token)

    def _add_recipients(self, message, addresses, built, token):
        """Add recipients of one built email; those whose address isn't ASCII get a copy of their own."""
        content = None
        for given, partner in addresses:
            try:
                address = wire_address(given)
            except ChannelError as error:
                message.recipients.append(_refused(given, error.reason, partner))
                continue
            utf8 = not is_ascii(address)
            if utf8:
                copy = render(built, utf8=True, token=token)
            else:
                copy = content = content if content is not None else render(_ascii_only(built), token=token)
            message.content = message.content or copy
            message.recipients.append(Recipient(
                address, partner.id if partner else None, content=copy if copy != message.content else None))

    def _hand_over(self, mail, route, email):
        """Have core build the email and hand it to the session that only keeps it; see ``mail.mail._send``."""
        servers = self.servers.with_context(send_validated_to=email["email_to_normalized"])
        if route.alias_domain:
            servers = self.servers.with_context(
                domain_notifications_email=route.alias_domain.default_from_email,
                domain_bounce_address=email["headers"].get("Return-Path") or route.alias_domain.bounce_email,
                send_validated_to=email["email_to_normalized"])
        _name, _address, sender = _sender(mail.email_from or "")
        built = servers._build_email__(
            email_from=sender or mail.email_from, email_to=email["email_to"],
            subject=email["subject"], body=email["body"], body_alternative=email["body_alternative"],
            email_cc=email["email_cc"], reply_to=email["reply_to"], attachments=email["attachments"],
            message_id=email["message_id"], references=email["references"], object_id=email["object_id"],
            subtype="html", subtype_alternative="plain", headers=email["headers"])
        servers.send_email(built, mail_server_id=mail.mail_server_id.id, smtp_session=route.session)


@functools.lru_cache(maxsize=256)
def _sender(given):
    """Return name, address and the usual form of an ``email_from``; many mails have the same."""
    name, address = next(iter(tools.mail.email_split_tuples(given)), ("", given or None))
    return name, address, next(iter(tools.mail.email_split_and_format_normalize(given)), "")


_normalized = functools.lru_cache(maxsize=256)(tools.email_normalize)


def _refused(address, reason, partner=None):
    return Recipient(address, partner.id if partner else None, state="refused", failure_type="recipient",
                     server_reply=reason)


def _ascii_only(built):
    """Leave addresses that need SMTPUTF8 out of the headers of the copy for everybody else."""
    for name in ("To", "Cc"):
        value = str(built[name] or "")
        if value.isascii() or not any(not is_ascii(one) for one in tools.mail.email_split(value)):
            continue
        kept = [one for one in tools.mail.email_split_and_format(value)
                if all(is_ascii(address) for address in tools.mail.email_split(one))]
        copy = type(built)(policy=built.policy)
        copy.__dict__.update(built.__dict__, _headers=list(built._headers))
        copy.replace_header(name, ", ".join(kept) or UNDISCLOSED)
        built = copy
    return built


def _expiry(mail, channel):
    """Return the moment until which a mail is tried; one that is to wait has its time after that."""
    expires = channel._get_expiry()
    wait = (mail.outbox_not_before or fields.Datetime.now()) - fields.Datetime.now()
    return expires + max(wait, timedelta())


def _priority(mail):
    if "mailing_id" in mail._fields and mail.mailing_id:
        return BULK
    return PERSONAL if mail.message_type == "comment" else USUAL
