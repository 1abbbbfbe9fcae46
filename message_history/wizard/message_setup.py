from odoo import api, fields, models
from odoo.exceptions import UserError
from odoo.tools import email_normalize

from ..lib.providers import guess


class MessageSetup(models.TransientModel):
    """Sets a channel up: kind, address, password; the servers are guessed, tried, and then used.

    Addons for protocols add their fields, and override :meth:`_get_places`, :meth:`_check_parts` and
    :meth:`_apply_parts`. The password is in ``message_setup_secret.py``, where connections may go in
    ``message_setup_reach.py``.
    """

    _name = "message.setup"
    _description = "Set Up Channel"

    kind = fields.Selection(
        selection="_selection_kind", required=True, default=lambda self: self._selection_kind()[0][0])
    name = fields.Char(help="What the channel is called in the inbox.")
    address = fields.Char(help="The address that people write to.")
    user_name = fields.Char(string="User", help="As the server knows it; mostly the address.")
    receives = fields.Boolean(default=True)
    sends = fields.Boolean(default=True)
    member_ids = fields.Many2many("res.users", string="Members", default=lambda self: self.env.user,
                                  domain=[("share", "=", False)], help="Who sees the messages.")
    hint = fields.Selection([
        ("oauth", "This provider mostly wants a login by its own page: use Gmail or Outlook in the mail servers."),
        ("switch", "This provider lets programs in only after POP3 and IMAP were switched on in its settings."),
        ("app", "This provider wants a password made for programs, not the usual one."),
    ], readonly=True)
    report = fields.Text(readonly=True)
    works = fields.Boolean(readonly=True)
    wrong_field = fields.Char(readonly=True, help="The setting that the test points at.")

    @api.model
    def _selection_kind(self):
        """Return the kinds of channels that can be set up here. For addons."""
        return [("none", self.env._("None: install E-mail in or E-mail out first"))]

    @api.onchange("address")
    def _onchange_address(self):
        """Guess name, user and servers from the address; what was typed before stays."""
        address = email_normalize(self.address or "") or (self.address or "")
        provider = guess(address)
        if not provider:
            return
        self.user_name = self.user_name or address
        self.name = self.name or address.partition("@")[0].capitalize()
        self.hint = provider.hint or False
        self._guess(provider)

    def _guess(self, provider):
        """Fill in the servers of a provider (``lib.providers.Provider``). For addons."""

    def action_test(self):
        """Try the settings step by step; what was typed stays, and the report says which setting is wrong."""
        self.ensure_one()
        self.check_access("write")
        self._check_complete()
        parts = self._check_parts(self._admit())
        self.write({
            "report": "\n\n".join("\n".join([part.title, *part.lines]) for part in parts),
            "works": bool(parts) and all(part.ok for part in parts),
            "wrong_field": next((part.field for part in parts if not part.ok), False)})
        return self._reopen()

    def action_apply(self):
        """Try the settings, and make the channel if they work."""
        self.ensure_one()
        self._check_may_apply()
        self.action_test()
        if not self.works:
            return self._reopen()
        channel = self._apply_parts()
        self._forget_password()
        return {"type": "ir.actions.act_window", "res_model": "message.channel", "res_id": channel.id,
                "views": [(False, "form")]}

    def _check_complete(self):
        if self.kind == "none" or not (self.receives or self.sends):
            raise UserError(self.env._("Choose what the channel is to do: receive, send, or both."))
        if not email_normalize(self.address or ""):
            raise UserError(self.env._("%(address)s is no e-mail address.", address=self.address or "?"))
        self._check_password_known()

    def _check_may_apply(self):
        """Refuse what the user may try but not make, before anything is tried. For addons.

        :raise UserError: with who can make it
        """
        self.check_access("write")

    def _check_parts(self, admitted):
        """Try what was asked for; returns a list of :class:`Part`. For addons.

        :param admitted: what :meth:`_get_places` named, ready to be connected to: {name: ``Admission``}
        """
        return []

    def _apply_parts(self):
        """Make what was asked for; returns the channel that people will look at. For addons."""
        return self.env["message.channel"]

    def _prepare_channel(self):
        """Return what a channel that was just made is to have."""
        return {"name": self.name or self.address, "address": email_normalize(self.address),
                "member_ids": [(6, 0, self.member_ids.ids)]}

    def _reopen(self):
        return {"type": "ir.actions.act_window", "name": self.env._("Set Up Channel"), "res_model": self._name,
                "res_id": self.id, "views": [(False, "form")], "target": "new"}


class Part:
    """What came of trying one half of a channel.

    :param field: name of the wizard's field that is wrong, None if none is
    """

    def __init__(self, title, ok, lines, field=None):
        self.title, self.ok, self.lines, self.field = title, ok, lines, field
