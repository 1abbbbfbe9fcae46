"""What is on the suppression list, and what programs asked to have sent, belongs to a company."""


def migrate(cr, _version):
    """Give entries the company of the mail, or of who entered them; what managers of all entered stays for all.

    Where there is one company nothing is told apart, and entries stay for all.
    """
    cr.execute("SELECT COUNT(*) FROM res_company WHERE active")
    if cr.fetchone()[0] < 2:
        return
    cr.execute(
        "UPDATE message_suppression s SET company_id = h.company_id FROM message_delivery d, message_history h "
        "WHERE d.id = s.delivery_id AND h.id = d.history_id AND s.company_id IS NULL")
    cr.execute(
        "UPDATE message_suppression s SET company_id = u.company_id FROM res_users u "
        "WHERE u.id = s.create_uid AND s.kind = 'manual' AND s.company_id IS NULL AND EXISTS ("
        "SELECT FROM res_company c WHERE c.active AND NOT EXISTS (SELECT FROM res_company_users_rel r "
        "WHERE r.cid = c.id AND r.user_id = u.id))")
    cr.execute(
        "UPDATE message_request q SET company_id = u.company_id FROM res_users u "
        "WHERE u.id = q.create_uid AND q.company_id IS NULL")
