from odoo import api, models

from ..tools.memo import is_active, memo


class MailAliasDomain(models.Model):
    """Alias domains, looked up once per batch of messages."""

    _name = "mail.alias.domain"
    _inherit = ["mail.alias.domain", "message.shared.search"]

    @api.model
    def _find_aliases(self, email_list):
        """Answer for single addresses from what was looked up for the whole batch; see ``tools.memo``."""
        if not is_active(self.env):
            return super()._find_aliases(email_list)
        # kept with the aliases, so that a change of one empties it
        known = memo(self.env, "mail.alias").setdefault("is_alias", {})
        asked = [email for email in email_list if email and "@" in email]
        if unknown := [email for email in asked if email not in known]:
            found = set(super()._find_aliases(unknown))
            known.update((email, email in found) for email in unknown)
        return [email for email in asked if known[email]]
