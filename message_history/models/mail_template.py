from odoo import models

from ..tools.answering import current_answer


class MailTemplate(models.Model):
    """An automatic answer's template sees what the person sees who set the answer."""

    _inherit = "mail.template"

    def _generate_template(self, *args, **kwargs):
        """Render an automatic answer without the superuser's rights: server actions run with them."""
        template = self.sudo(False) if current_answer(self.env) else self
        return super(MailTemplate, template)._generate_template(*args, **kwargs)
