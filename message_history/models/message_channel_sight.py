import functools

from odoo import api, models
from odoo.exceptions import AccessError


class MessageChannel(models.Model):
    """Who sees a channel, and what a change of that brings along."""

    _inherit = "message.channel"

    def unlink(self):
        result = super().unlink()
        self.env.registry.clear_cache()
        return result

    def _sight_changed(self):
        """Let every process find out anew who sees these channels, and browsers listen anew."""
        self.env.registry.clear_cache()
        self.env["message.conversation"]._forget_sight()
        self._renew_bus()

    @api.model
    def _scope_domain(self, scope):
        return scope.channels()

    def _is_known_to(self, scope):
        return set(self._ids) <= set(scope.all_channel_ids)

    def _check_access(self, operation):
        refused = super()._check_access(operation)
        if refused or self.env.su or operation == "read" or not any(self._ids) or self._decides_for_all():
            return refused
        shared_sudo = self.sudo().filtered(lambda channel: not channel.company_id)
        return (shared_sudo.with_env(self.env), functools.partial(self._refuse_shared)) if shared_sudo else None

    @api.model
    def _decides_for_all(self):
        """Whether the user may set up what every company uses: who manages all of them, and administrators.

        Another one could pause the mail of all, or take a shared channel with everybody's messages into his company.
        """
        return self._scope().everything or self.env.user.has_group("base.group_system")

    def _refuse_shared(self):
        return AccessError(self.env._(
            "A channel without a company is every company's: only managers who work in all of them may change it."))

    @api.depends("name")
    @api.depends_context("uid")
    def _compute_display_name(self):
        """Name a channel to who sees it, and servers that only send to everybody who works in their company."""
        user = self.env.user
        seen = self._seen_by_user()
        for channel_sudo in self.sudo():
            serves = not channel_sudo.receives and (
                not channel_sudo.company_id or channel_sudo.company_id in user.company_ids)
            named = channel_sudo.id in seen._ids or (serves and user.has_group("message_history.group_user"))
            channel = channel_sudo.with_env(self.env)
            channel.display_name = channel_sudo.name if named else self.env._("Another channel")
