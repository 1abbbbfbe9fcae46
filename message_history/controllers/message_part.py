from odoo.http import Controller, content_disposition, request, route

#: What a browser may show within a page; everything else is only downloaded.
_SHOWN = ("image/png", "image/jpeg", "image/gif", "image/webp", "image/bmp")


class MessagePartController(Controller):
    """Gives out the files of a message."""

    @route("/message_history/part/<int:history_id>/<int:index>", type="http", auth="user",
           methods=["GET"], readonly=True)
    def part(self, history_id, index, download=None):
        """Send one file of a message: a picture is shown, anything else downloaded."""
        message_sudo = request.env["message.desk"]._readable_message_sudo(history_id)
        part = message_sudo and request.env["message.content"].sudo()._part(message_sudo, index)
        if not part:
            raise request.not_found()
        name, mimetype, content = part
        shown = mimetype in _SHOWN and not download
        return request.make_response(content, headers=[
            ("Content-Type", mimetype if shown else "application/octet-stream"),
            ("Content-Length", str(len(content))),
            ("Content-Disposition", "inline" if shown else content_disposition(name or "file")),
            ("X-Content-Type-Options", "nosniff"),
            ("Content-Security-Policy", "default-src 'none'; sandbox"),
            ("Cache-Control", "private, max-age=3600"),
        ])
