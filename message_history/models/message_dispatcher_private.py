import html
import itertools
import re
from urllib.parse import unquote

from odoo import api, models
from odoo.exceptions import MissingError
from odoo.tools import SQL

from ..lib.bounce import read_bounce
from ..lib.digest import id_digest
from ..lib.masking import masked
from ..tools.mail import Aside
from ..tools.words import words
from .message_reference import OWN

#: What machines send back, and may quote in it what it is about.
_MACHINES = ("bounce", "receipt", "auto_reply", "auto_generated")
#: Links that let whoever has them set a password; a text may be broken into lines, and quoted.
_ACCOUNT_LINK = re.compile(r"/web/(?:signup|reset_password|login)\?")
_TOKEN = re.compile(r"token=([^<\"'&]{20,2000})")
_SPACE = re.compile(r"[\s>]+")
#: Links that are looked at, characters of one, pieces that its token may be broken into.
_MOST_LINKS, _LINK, _MOST_PIECES = 50, 3000, 8


class MessageDispatcher(models.AbstractModel):
    """What comes back of a private message is private, too: an undeliverable notice has the whole mail in it."""

    _inherit = "message.dispatcher"

    @api.model
    def _judge_private(self, mail):
        """Note whether a message that came in brings a private one of ours back."""
        if mail.message.private or mail.values["kind"] in _MACHINES:
            mail.hidden = mail.message.private or self._is_about_private(mail)

    def _is_about_private(self, mail):
        ids = {*mail.headers.references}
        if mail.values["kind"] in ("bounce", "receipt") and (report := read_bounce(mail.parsed.message)):
            ids.update(report.original_message_ids)
        digests = [digest for digest in map(id_digest, ids) if digest]
        # what a machine writes of its own accord (a digest, a ticket's news) may name what anybody wrote into it:
        # it is about a private message only where it comes from where that went to
        domain = (mail.values.get("sender_address") or "").rpartition("@")[2].lower()
        anybody = mail.values["kind"] != "auto_generated"
        return bool(digests) and bool(self.env.execute_query(SQL(
            "SELECT 1 FROM message_reference r JOIN message_history h ON h.id = r.history_id "
            "WHERE r.digest = ANY(%s) AND r.kind = %s AND h.private AND h.direction = 'out' "
            "AND (%s OR EXISTS (SELECT FROM message_delivery d WHERE d.history_id = h.id "
            "AND position(%s in lower(d.address)) > 0)) LIMIT 1", digests, OWN, anybody, f"@{domain}")))

    @api.model
    def _check_private(self, mail):
        """Put aside what a machine says to a private message; undeliverable notices are handled as ever."""
        if mail.values["kind"] in _MACHINES and self._holds_account_link(str(mail.msg_dict.get("body") or "")):
            mail.hidden = True
        if mail.hidden and not mail.msg_dict.get("is_bounce"):
            _ = words(self.env)
            raise Aside("ignored", _("An automatic answer to a private message."))

    def _holds_account_link(self, body):
        """Whether a text holds a link that sets a password here, now.

        Only such a link is a reason to keep nothing: anybody can write one that does nothing, into whatever
        a machine then sends on to us (a form, a ticket, a list of news).
        """
        partners_sudo = self.env["res.partner"].sudo()
        if not hasattr(partners_sudo, "_get_partner_from_token"):
            return False  # Odoo without accounts that are made by mail (auth_signup)
        for link in itertools.islice(_ACCOUNT_LINK.finditer(body), _MOST_LINKS):
            found = _TOKEN.search(html.unescape(body[link.end():link.end() + _LINK]))
            pieces = _SPACE.split(found[1].strip())[:_MOST_PIECES] if found else ()
            if any(_is_token(partners_sudo, unquote(token)) for token in itertools.accumulate(pieces)):
                return True
        return False

    def _strip_hidden(self, mails):
        """Keep of private messages no word of what they say, and no bytes once they are dealt with."""
        for mail in mails:
            copied = self.env["message.history"].browse(mail.values.get("same_as_id") or False)
            mail.hidden = mail.hidden or copied.private
        hidden = [mail for mail in mails if mail.hidden]
        for mail in hidden:
            mail.values |= {
                "private": True, "body_text": None, "preview": None, "attachment_count": 0,
                "failure_traceback": None, "subject": masked(mail.values.get("subject") or "") or None}
        done = [mail.message.id for mail in hidden if mail.values["state"] in ("processed", "ignored")]
        if done:
            self.env["message.raw"]._drop(done)


def _is_token(partners_sudo, token):
    try:
        return bool(partners_sudo._get_partner_from_token(token))
    except (ValueError, TypeError, MissingError):  # so core says that it is none
        return False
