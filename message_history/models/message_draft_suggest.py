import re

from markupsafe import Markup, escape
from odoo import api, models
from odoo.tools import email_normalize, format_datetime

from ..lib.headers import read_headers

#: What mail programs put before the subject of answers and forwards, in the languages of our neighbours.
_PREFIXES = re.compile(r"^\s*((re|aw|antw|sv|vs|r|rif|res|fwd?|wg|tr|rv|i|doorst)(\[\d+\])?\s*:\s*)+", re.IGNORECASE)
#: Bytes of an original in which its headers are looked for.
_HEAD = 256 * 1024


class MessageDraft(models.Model):
    """What a draft begins with: to whom, from which address, about what."""

    _inherit = "message.draft"

    @api.model
    def _suggest(self, conversation, mode, history_id=None):
        """Return what to begin a draft with, as :meth:`open` returns it."""
        senders = self._senders(conversation)
        message_sudo = self._answered_sudo(conversation, history_id)
        people = self._suggest_people(conversation, mode, history_id)
        return {
            "id": None, "conversation_id": conversation.id or None, "mode": mode,
            "history_id": message_sudo.id or None, "sender_id": senders[0]["id"] if senders else None,
            "senders": senders, "recipients": people.get("recipients") or [], "copies": people.get("copies") or [],
            "subject": self._suggest_subject(conversation, mode, message_sudo), "body": self._signature(mode),
            "quote": mode in ("reply", "reply_all", "forward"),
            "attachments": [], "limits": self._limits(conversation._shown_channel()),
        }

    @api.model
    def _suggest_people(self, conversation, mode, history_id):
        """Return values for who gets an answer to a message."""
        if mode not in ("reply", "reply_all"):
            return {"history_id": history_id} if history_id else {}
        message_sudo = self._answered_sudo(conversation, history_id)
        to, copies = self._people(message_sudo)
        own = self._own_addresses()
        if mode == "reply":
            copies = []
        seen = {one["address"].lower() for one in to}
        copies = [one for one in copies if one["address"].lower() not in own | seen]
        return {"history_id": message_sudo.id or False, "recipients": to, "copies": _unique(copies)}

    def _answered_sudo(self, conversation, history_id):
        """Return the message that is answered: the given one, the last incoming one, or the last."""
        messages = self.env["message.history"]
        if not conversation:
            return messages.sudo()
        domain = [("conversation_id", "=", conversation.id), ("private", "=", False)]
        if history_id:
            return messages.search([*domain, ("id", "=", history_id)], limit=1).sudo()
        order = "date DESC, id DESC"
        incoming = [*domain, ("direction", "=", "in"), ("kind", "not in", ("bounce", "receipt", "auto_reply"))]
        found = messages.search(incoming, order=order, limit=1) or messages.search(domain, order=order, limit=1)
        return found.sudo()

    def _people(self, message_sudo):
        """Return (to, copies) of an answer to everybody; Reply-To comes before From (RFC 5322, 3.6.3)."""
        if not message_sudo:
            return [], []
        headers = self._headers(message_sudo)
        if message_sudo.direction == "out":
            to = headers.to if headers else [("", one.address) for one in message_sudo.delivery_ids[:20]]
            return self._with_partners(to), self._with_partners(headers.cc if headers else [])
        sender = (message_sudo.sender_name or "", message_sudo.sender_address or "")
        to = (headers.reply_to if headers else ()) or [sender]
        others = [*headers.to, *headers.cc] if headers else []
        return self._with_partners(to), self._with_partners(others)

    def _headers(self, message_sudo):
        """Return the headers of the original; None where there is none (of that kind)."""
        if message_sudo.content_type != "message/rfc822":
            return None
        with self.env["message.raw"].sudo()._opened_for_people(message_sudo) as original:
            return read_headers(bytes(original[:_HEAD])) if original is not None and len(original) else None

    def _with_partners(self, pairs):
        """Return recipients for (name, address) pairs, with the contact where there is one."""
        pairs = [(name, address) for name, address in pairs if address]
        normalized = [email_normalize(address) or address for _name, address in pairs]
        partners = self.env["res.partner"].search(
            [("email_normalized", "in", normalized)], order="id DESC") if normalized else []
        by_email = {partner.email_normalized: partner for partner in partners}
        found = []
        for (name, address), email in zip(pairs, normalized, strict=True):
            partner = by_email.get(email)
            found.append({"name": name or (partner.name if partner else "") or "", "address": address,
                          "partner_id": partner.id if partner else None})
        return _unique(found)

    def _own_addresses(self):
        """Return the addresses that are ours: of the channels and of the user."""
        channels_sudo = self.env["message.channel"].sudo().search_fetch([("address", "!=", False)], ["address"])
        return {one.lower() for one in (*channels_sudo.mapped("address"), self.env.user.email or "") if one}

    @api.model
    def _senders(self, conversation):
        """Return the addresses that the user may answer from: [{"id": channel, "address", "name"}], the best first.

        The one that the conversation came by is first; the others are of the same kind.
        """
        own = self.env["message.channel"].search([("receives", "=", True), ("channel_type", "!=", "none")])
        came_by = conversation._shown_channel() if conversation and conversation.has_access("read") else own.browse()
        if came_by not in own:
            own = came_by | own
        medium = came_by.medium if came_by else None
        fit = own.sudo().filtered(
            lambda channel: channel._get_answer_channel_sudo() and (not medium or channel.medium == medium))
        return [{"id": one.id, "address": one.address or one.name, "name": one.name, "medium": one.medium,
                 "sent_as": one._get_sent_as()}
                for one in fit.sorted(lambda one: (one.id != came_by.id, one.sequence, one.id))]

    @api.model
    def _limits(self, channel):
        return channel.sudo()._get_limits() if channel else {
            "length": 0, "subject": True, "html": True, "attachments": True}

    def _suggest_subject(self, conversation, mode, message_sudo):
        if mode in ("new", "note"):
            return ""
        subject = _PREFIXES.sub("", message_sudo.subject or conversation.subject or "")
        return f"{'Fwd' if mode == 'forward' else 'Re'}: {subject}"

    def _signature(self, mode):
        signature = self.env.user.signature
        return str(Markup("<p><br></p>{}").format(signature)) if mode != "note" and signature else ""

    @api.model
    def find_people(self, text, medium="mail", limit=8):
        """Return contacts that fit what is typed: [{"name", "address", "partner_id"}]."""
        field = "email" if medium == "mail" else "phone"
        domain = [(field, "!=", False), "|", ("name", "ilike", text), (field, "ilike", text)]
        found = self.env["res.partner"].search(domain, limit=limit)
        return [{"name": one.name or "", "address": one[field], "partner_id": one.id} for one in found]

    # The quoted message -------------------------------------------------------------------------

    def _quoted(self):
        """Return the mark-up of the message that is answered or forwarded; empty if it is not wanted."""
        self.ensure_one()
        message_sudo = self._own_message_sudo()
        if not self.quote or not message_sudo or self.mode not in ("reply", "reply_all", "forward"):
            return Markup("")
        # pictures from elsewhere would tell the sender who reads the answer: only as far as the user trusts him
        text = self.env["message.content"].sudo()._quotable(
            message_sudo, pictures=self.env["message.picture.sender"]._is_trusted(message_sudo))
        when = format_datetime(self.env, message_sudo.date)
        sender = message_sudo.sender or ""
        if self.mode == "forward":
            head = Markup("<p>{title}<br>{who}<br>{when}<br>{what}<br>{to}</p>").format(
                title=self.env._("---------- Forwarded message ----------"),
                who=self.env._("From: %(sender)s", sender=f"{sender} <{message_sudo.sender_address or ''}>"),
                when=self.env._("Date: %(when)s", when=when),
                what=self.env._("Subject: %(subject)s", subject=message_sudo.subject or ""),
                to=self.env._("To: %(recipients)s", recipients=message_sudo.recipients or ""))
            return Markup('<div class="o_message_quote">{}{}</div>').format(head, text)
        head = escape(self.env._("On %(when)s, %(sender)s wrote:", when=when, sender=sender))
        return Markup('<div class="o_message_quote" data-o-mail-quote="1">{}<blockquote type="cite" '
                      'data-o-mail-quote="1">{}</blockquote></div>').format(head, text)


def _unique(people):
    """Return recipients without those whose address was named before."""
    found = {}
    for one in people:
        found.setdefault(one["address"].lower(), one)
    return list(found.values())
