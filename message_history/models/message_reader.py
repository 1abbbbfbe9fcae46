import mmap
from datetime import timedelta

from odoo import fields, models
from odoo.tools import SQL, email_normalize

from ..lib.automatic import classify
from ..lib.headers import read_headers
from ..lib.html_text import html_to_text
from ..lib.preview import preview
from ..lib.repair import parse_mail, restore_cut_parts
from ..lib.spam_headers import read_spam
from ..lib.threading_ids import thread_ids
from ..tools.mail import Aside
from ..tools.words import words

#: Characters of the text kept for search and for the list.
MAX_TEXT = 20000


class MessageReader(models.AbstractModel):
    """Reads raw mail: what the ledger shows of it, and core's dictionary."""

    _name = "message.reader"
    _description = "Message Reader"

    def _share_lookups(self, originals):
        """Look up for the whole batch what core would look up for each of its messages.

        :param originals: {ledger id: raw message}
        :return: {ledger id: headers}
        """
        senders, everybody = set(), set()
        read = {history_id: read_headers(original) for history_id, original in originals.items()}
        for headers in read.values():
            senders.add(email_normalize(headers.sender_address))
            everybody.update(email_normalize(address) for _name, address in (*headers.to, *headers.cc))
        gateway_env = self.with_context(message_gateway=True).env
        gateway_env["mail.thread"]._share_bounced(senders - {False})
        addresses = (senders | everybody) - {False}
        gateway_env["res.partner"]._share_by_email(addresses)
        gateway_env["mail.alias.domain"].sudo()._find_aliases(sorted(addresses))
        ids = {one for headers in read.values() for one in (headers.message_id, *headers.references) if one}
        gateway_env["mail.message"]._share_by_message_id(ids)
        return read

    def _count_senders(self, messages):
        """Return {sender key: messages received in the last two hours}, counted as far as a limit asks for it."""
        keys = [key for key in set(messages.mapped("sender_key")) if key]
        most = max(messages.channel_id.mapped("loop_limit"), default=0)
        rows = self.env.execute_query(SQL(
            "SELECT k.key, (SELECT COUNT(*) FROM (SELECT 1 FROM message_history h WHERE h.sender_key = k.key "
            "AND h.date > %s AND h.direction = 'in' LIMIT %s) few) FROM unnest(%s::bigint[]) AS k(key)",
            fields.Datetime.now() - timedelta(hours=2), most + 1, keys))
        return dict(rows)

    def _read(self, mail, original):
        """Read headers and structure; nothing in here may fail on any content."""
        headers = mail.headers = mail.headers or read_headers(original)
        mail.parsed = parse_mail(original)
        email_message = mail.parsed.message
        automatic = classify(email_message, self._own_addresses())
        spam = read_spam(email_message)
        mail.thread_ids = thread_ids(email_message)
        recipients = ", ".join(address for _name, address in (*headers.to, *headers.cc))
        mail.values |= {
            "message_uid": headers.message_id or None,
            "sender_name": headers.sender_name or None,
            "sender_address": headers.sender_address or None,
            "recipients": recipients[:1000] or None,
            "subject": headers.subject or None,
            "header_date": headers.date,
            "kind": automatic.kind.value,
            "state_reason": None,
            "spam": bool(spam.is_spam),
            **mail.message.channel_id._authenticate(email_message, headers),
        }
        if mail.message.channel_id._learn_from(email_message, headers.subject):
            _ = words(self.env)
            raise Aside("ignored", _("The test mail of this channel."))

    def _own_addresses(self):
        """Return the addresses of the channels, read once per transaction.

        Mail through a group address of Google or Exchange looks like a list's, unless the list is ours.
        """
        cache = self.env.cr.cache
        if "message_own_addresses" not in cache:
            channels = self.env["message.channel"].sudo().search_fetch([("address", "!=", False)], ["address"])
            cache["message_own_addresses"] = frozenset(channel.address.lower() for channel in channels)
        return cache["message_own_addresses"]

    def _parse(self, mail):
        """Have core parse the mail, and add what it leaves out."""
        thread = self._get_thread(mail)
        email_message = mail.parsed.message
        if mail.values["kind"] not in ("bounce", "receipt"):
            thread = thread.with_context(message_gateway_no_report=True)  # found out already
        msg_dict = thread.message_parse(email_message)
        context = thread.env.context
        if context.get("gateway_strip_attachments"):
            msg_dict.pop("attachments", None)
        else:
            msg_dict["attachments"] = restore_cut_parts(msg_dict.get("attachments") or [], mail.parsed.cut_parts)
            _let_go(mail.parsed.cut_parts)
        if context.get("gateway_save_original"):
            with self.env["message.raw"]._opened(mail.message.id) as original:
                msg_dict["attachments"].insert(
                    0, thread._Attachment("original_email.eml", bytes(original), {}))
        text = html_to_text(msg_dict.get("body") or "")[:MAX_TEXT]
        mail.msg_dict = msg_dict
        mail.values |= {
            "body_text": text or None,
            "preview": preview(text) or None,
            "attachment_count": len(msg_dict.get("attachments") or ()),
            "repairs": ", ".join(mail.parsed.repairs) or None,
        }

    def _get_thread(self, mail):
        channel = mail.message.channel_id
        context = channel._get_dispatch_context()
        if channel.authserv_ids and mail.values.get("authenticated") != "pass":
            context = {**context, "message_gateway_not_confirmed": True}
        options = self.env["message.local"]._get_options(mail.message)
        for name in ("save_original", "strip_attachments"):
            if options.get(name):
                context = {**context, f"gateway_{name}": True}
        # files stay byte for byte what was sent; core would unpack every picture to make it smaller, and raise where
        # one is damaged, or has more points than fit into memory
        return self.env["mail.thread"].with_context(
            message_gateway=True, mail_notify_force_send=False, image_no_postprocess=True, **context)


def _let_go(parts):
    """Give back the memory that reading large parts out of a mapped file took; the map stays usable."""
    for part in parts:
        if isinstance(part.source, mmap.mmap):
            part.source.madvise(mmap.MADV_DONTNEED)
