"""Whose each message is: of its channel's company or, where that has none, of its document's or its author's.

A million rows that are all changed cost minutes, for their many indexes. So the company that most are of is
given with the new column, which costs nothing, and only the others are changed.
"""

from odoo import SUPERUSER_ID
from odoo.tools import SQL
from odoo.tools.sql import column_exists

_WANTED = SQL("""
    SELECT h.id, COALESCE(c.company_id, m.record_company_id, CASE WHEN h.direction = 'out' THEN a.company_id END)
           AS company_id
      FROM message_history h
      JOIN message_channel c ON c.id = h.channel_id
      LEFT JOIN mail_message m ON m.id = h.mail_message_id
      LEFT JOIN (SELECT p.id, COALESCE((SELECT u.company_id FROM res_users u WHERE u.partner_id = p.id AND u.id <> %s
                                         ORDER BY u.active DESC, u.id LIMIT 1), p.company_id) AS company_id
                   FROM res_partner p WHERE EXISTS (SELECT FROM res_users u WHERE u.partner_id = p.id)
                     OR p.company_id IS NOT NULL) a ON a.id = m.author_id""", SUPERUSER_ID)


def migrate(cr, version):
    """Make the column, with what belongs into it; a column that is there already is left as it is."""
    if not version or column_exists(cr, "message_history", "company_id"):
        return
    cr.execute(SQL("SELECT company_id FROM (%s) w GROUP BY company_id ORDER BY COUNT(*) DESC LIMIT 1", _WANTED))
    most = (cr.fetchone() or [None])[0]
    cr.execute(SQL("ALTER TABLE message_history ADD COLUMN company_id int4 DEFAULT %s",
                   SQL(str(int(most))) if most else SQL("NULL")))
    cr.execute("ALTER TABLE message_history ALTER COLUMN company_id DROP DEFAULT")
    cr.execute(SQL("UPDATE message_history h SET company_id = w.company_id FROM (%s) w "
                   "WHERE w.id = h.id AND h.company_id IS DISTINCT FROM w.company_id", _WANTED))
