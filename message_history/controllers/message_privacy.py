import tempfile

from odoo.exceptions import AccessError
from odoo.http import Controller, content_disposition, request, route

from ..tools.download import PIECE, safe_filename


class MessagePrivacyController(Controller):
    """Gives out what is recorded of one person."""

    @route("/message_history/privacy/<int:wizard_id>", type="http", auth="user",
           methods=["GET"], readonly=True)
    def export(self, wizard_id):
        """Send the archive of a look-up, written to disk first: it may be large."""
        wizard = request.env["message.privacy"].browse(wizard_id).exists()
        try:
            wizard.check_access("read")
        except AccessError:
            wizard = wizard.browse()
        if not wizard:
            raise request.not_found()
        archive = tempfile.TemporaryFile()  # noqa: SIM115  closed when the response is
        wizard._write_archive(archive)
        size = archive.tell()
        archive.seek(0)
        response = request.make_response(iter(lambda: archive.read(PIECE), b""), headers=[
            ("Content-Type", "application/zip"),
            ("Content-Length", str(size)),
            ("Content-Disposition", content_disposition(safe_filename(wizard.address, ".zip"))),
            ("X-Content-Type-Options", "nosniff"),
            ("Cache-Control", "private, no-store"),
        ])
        response.call_on_close(archive.close)
        return response
