import contextlib

from odoo.exceptions import AccessError
from odoo.http import Controller, content_disposition, request, route

from ..tools.download import pieces, safe_filename


class MessageOriginalController(Controller):
    """Gives out the bytes of a message as they came or went."""

    @route("/message_history/original/<int:history_id>", type="http", auth="user",
           methods=["GET"], readonly=True)
    def original(self, history_id):
        """Send one original as a download, in pieces, so that memory stays flat."""
        message = request.env["message.history"].browse(history_id).exists()
        try:
            message.check_access("read")
        except AccessError:
            message = message.browse()  # whether it exists is nobody's business
        if not message:
            raise request.not_found()
        stack = contextlib.ExitStack()
        content = stack.enter_context(request.env["message.raw"]._opened_for_people(message))
        if content is None:
            stack.close()
            raise request.not_found()
        is_mail = message.content_type == "message/rfc822"
        response = request.make_response(pieces(content), headers=[
            ("Content-Type", "message/rfc822" if is_mail else "application/octet-stream"),
            ("Content-Length", str(len(content))),
            ("Content-Disposition", content_disposition(
                safe_filename(message.subject, ".eml" if is_mail else ".bin"))),
            ("X-Content-Type-Options", "nosniff"),
            ("Content-Security-Policy", "default-src 'none'; sandbox"),
            ("Cache-Control", "private, no-store"),
        ])
        response.call_on_close(stack.close)
        return response
