import logging
import mimetypes
from urllib.parse import urlsplit

from markupsafe import Markup
from odoo import api, models
from odoo.http import request
from odoo.tools import html_sanitize, plaintext2html

from ..lib.display import Display, prepare_html, quote_html
from ..lib.repair import parse_mail, restore_cut_parts

_logger = logging.getLogger(__name__)


class MessageContent(models.AbstractModel):
    """Reads messages from their originals for people to look at: text, and files."""

    _name = "message.content"
    _description = "Message Content"

    @api.model
    def _display(self, message):
        """Return what is shown of a message (``message.history``), read from its original.

        The mark-up holds only what ``lib/markup_rules.py`` allows and leads nowhere by itself; the page
        that shows it forbids scripts and, unless the reader wants them, pictures from elsewhere.

        :return: ``lib.display.Display``; without an original the text that the ledger kept
        """
        if message.private:
            return Display()
        body, files = self._parse(message)
        if body is None:
            kept = prepare_html(self._kept_text(message), {}, self._own_hosts())
            kept.complete = False
            return kept
        urls = {info["cid"]: f"/message_history/part/{message.id}/{index}"
                for index, (_name, _content, info) in enumerate(files) if info.get("cid")}
        display = prepare_html(html_sanitize(body), urls, self._own_hosts())
        display.files = [
            {"index": index, "name": name, "size": len(_as_bytes(content)), "mimetype": _mimetype(name)}
            for index, (name, content, info) in enumerate(files)
            if not (info.get("cid") and info["cid"] in display.used_cids)]
        return display

    @api.model
    def _quotable(self, message, *, pictures=False):
        """Return the mark-up of a message as it may go out again, within an answer.

        :param pictures: with the pictures from elsewhere, which tell the sender that the answer is being read
        """
        if message.private:
            return Markup("")
        body, _files = self._parse(message)
        source = self._kept_text(message) if body is None else html_sanitize(body)
        quoted = quote_html(source, self._own_hosts(), pictures=pictures)
        return Markup(quoted)  # noqa: S704 - made of what lib/markup_rules.py allows

    @api.model
    def _own_hosts(self):
        """Return the names by which browsers know this server."""
        base = self.env["ir.config_parameter"].sudo().get_param("web.base.url") or ""
        names = {urlsplit(base).hostname, urlsplit(f"//{request.httprequest.host}").hostname if request else None}
        return names - {None}

    @api.model
    def _kept_text(self, message):
        return plaintext2html(message.body_text or message.preview or "")

    @api.model
    def _parse(self, message):
        """Return (mark-up, [(name, content, info)]) of an original; (None, []) where it is gone, or can't be read."""
        if message.content_type != "message/rfc822":
            return None, []
        with self.env["message.raw"]._opened_for_people(message) as original:
            if original is None or not len(original):
                return None, []
            parsed = parse_mail(bytes(original))
            thread = self.env["mail.thread"].with_context(message_gateway=True, message_gateway_no_report=True)
            try:
                found = thread._message_parse_extract_payload(parsed.message, {"message_id": ""}, save_original=False)
            except Exception:  # core fails on a body that is one comment; a conversation must open all the same
                _logger.info("The text of message %s could not be read", message.id, exc_info=True)
                return None, []
            files = restore_cut_parts(found.get("attachments") or [], parsed.cut_parts)
            return found.get("body") or "", [tuple(file) for file in files]

    @api.model
    def _part(self, message, index):
        """Return (name, mime type, bytes) of a file of a message; None if there is none."""
        _body, files = self._parse(message)
        if not 0 <= index < len(files):
            return None
        name, content, _info = files[index]
        return name, _mimetype(name), _as_bytes(content)

    @api.model
    def _files(self, message):
        """Return [(name, bytes)] of the files of a message."""
        _body, files = self._parse(message)
        return [(name, _as_bytes(content)) for name, content, _info in files]


def _as_bytes(content):
    return content.encode("utf-8", "replace") if isinstance(content, str) else bytes(content)


def _mimetype(name):
    return mimetypes.guess_type(name or "")[0] or "application/octet-stream"
