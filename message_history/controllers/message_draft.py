import json

from odoo.exceptions import AccessError
from odoo.http import Controller, request, route


class MessageDraftController(Controller):
    """Takes the files that people attach to what they write."""

    @route("/message_history/draft/<int:draft_id>/attach", type="http", auth="user", methods=["POST"])
    def attach(self, draft_id, ufile):
        """Add a file to a draft of the user; answers with what is shown of it."""
        draft = request.env["message.draft"].browse(draft_id).exists()
        try:
            draft.check_access("write")
        except AccessError:
            draft = draft.browse()
        if not draft or draft.state != "draft":
            raise request.not_found()
        described = draft._attach(ufile.filename or "file", ufile.read())
        return request.make_response(json.dumps(described), headers=[("Content-Type", "application/json")])
