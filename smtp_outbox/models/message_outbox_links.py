from odoo import fields, models
from odoo.addons.message_history.lib.variants import join, shared_tail
from odoo.exceptions import UserError

from ..lib.from_filter import allows
from ..lib.links import attachments_of, with_links

#: What certainly did not arrive, and is still owed.
LINKABLE = ("refused", "bounced", "failed")


class MessageDelivery(models.Model):
    """Which mails can go with links instead of their attachments."""

    _inherit = "message.delivery"

    has_links = fields.Boolean(readonly=True, help="Its copy has links in place of the attachments.")

    def _supports_links(self):
        history = self.history_id
        if not history.attachment_count or history.content_type != "message/rfc822" or history.private:
            return super()._supports_links()
        # once is enough: what is still too large has another reason
        return not self.has_links and self.state in LINKABLE and bool(history._with_original())

    def _get_alternatives_sudo(self):
        """Return the servers that may also send for the message's sender: their *FROM Filtering*."""
        found_sudo = super()._get_alternatives_sudo()
        if self.channel_id.sudo().channel_type != "smtp":
            return found_sudo
        sender = self.history_id.sudo().sender_address or ""
        return found_sudo.filtered(
            lambda channel: allows(channel._get_mail_server_sudo().from_filter or "", sender))


class MessageOutbox(models.AbstractModel):
    """Recipients' own copies of a mail: with links in place of the attachments."""

    _inherit = "message.outbox"

    def _send_as_links(self, deliveries):
        """Send once more, with links in place of the attachments; for a mail that is too large.

        The files are kept with the message, and go with it. Whoever has a link can download, as with the links
        that Odoo itself puts into mails that it thinks too large.
        """
        # in doubt is no reason to send more, and what was taken back stays
        deliveries = deliveries.filtered(lambda delivery: delivery.state in LINKABLE)
        if not deliveries:
            raise UserError(self.env._("Nobody is owed this message any more."))
        for history, rows in deliveries.grouped("history_id").items():
            original = self._original(history)
            files = self._linked_files(history) or self._link_files(history, original)
            if not files:
                raise UserError(self.env._("“%(subject)s” has no attachments.", subject=history.display_name))
            html = str(self.env["ir.qweb"]._render("mail.mail_attachment_links", {"attachments": files}))
            text = "\n".join(f"{file.name}: {_url(file)}" for file in files)
            for delivery in rows:
                content = self._own_copy(delivery, original)
                self._give_copy(delivery, original, with_links(content, html, text))
            rows.has_links = True
        return self._send_again(deliveries)

    def _linked_files(self, history):
        return self.env["ir.attachment"].search([("res_model", "=", history._name), ("res_id", "=", history.id)])

    def _link_files(self, history, original):
        files = self.env["ir.attachment"].create([{
            "name": file.name, "mimetype": file.mimetype, "raw": file.content,
            "res_model": history._name, "res_id": history.id,
        } for file in attachments_of(original)])
        files.generate_access_token()
        return files

    # Copies -----------------------------------------------------------------------------------

    def _original(self, history):
        """Return the bytes of a message, none where they are no longer kept."""
        with self.env["message.raw"]._opened_for_people(history) as opened:
            return bytes(opened) if opened is not None else b""

    def _own_copy(self, delivery, original):
        """Return what one recipient gets: the original, or a variant of it."""
        variant = delivery.variant_id
        return join(bytes(variant.head), original, variant.shared) if variant else original

    def _give_copy(self, delivery, original, copy):
        """Let a recipient have a copy of its own, kept as what differs from the original."""
        shared = shared_tail(original, copy)
        row = (delivery.history_id.id, copy[:len(copy) - shared], shared)
        delivery.variant_id = self.env["message.variant"]._insert([row])[0]


def _url(file):
    return f"{file.get_base_url()}/web/content/{file.id}?download=1&access_token={file.access_token}"
