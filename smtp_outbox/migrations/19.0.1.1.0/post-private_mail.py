"""Private mail that waits, or is in doubt, as new mail is treated: see docs/decisions/0028."""

from odoo import SUPERUSER_ID, api


def migrate(cr, _version):
    """Take what it says from where people read it; nobody can have what is in doubt sent again."""
    cr.execute(
        "UPDATE mail_message m SET body = NULL FROM mail_mail x WHERE x.mail_message_id = m.id "
        "AND x.auto_delete AND x.is_notification IS NOT TRUE AND x.body_html IS NOT NULL "
        "AND (m.model IS NULL OR m.model = 'res.users' OR x.body_html ~ '/web/(signup|reset_password)[?]')")
    cr.execute("SELECT h.id FROM message_history h WHERE h.private AND h.state = 'in_doubt'")
    ids = [history_id for (history_id,) in cr.fetchall()]
    if ids:
        api.Environment(cr, SUPERUSER_ID, {})["message.raw"]._drop(ids)
