"""The state both databases begin with: companies, aliases, people, documents and their threads."""

SECRET = "the same in both databases"


def begin(env):
    """Make it; returns the Message-IDs of threads, notes and messages that were sent."""
    env["ir.config_parameter"].set_param("mail.gateway.loop.threshold", "1000000")
    env["ir.config_parameter"].set_param("web.base.url", "http://odoo.example")
    env["ir.config_parameter"].set_param("database.secret", SECRET)
    first, second = _companies(env)
    manager, clerk = _users(env, first | second)
    partners = _partners(env)
    teams = _teams(env, first, second, manager, clerk)
    leads = _leads(env, teams, manager, partners)
    return _messages(env, leads, manager)


def _companies(env):
    first = env.company
    second = env["res.company"].create({"name": "Second Company"})
    for company, name in ((first, "company.example"), (second, "second.example")):
        domain = env["mail.alias.domain"].create({
            "name": name, "bounce_alias": "bounce", "catchall_alias": "catchall", "company_ids": [(4, company.id)],
        })  # fmt: skip
        company.write({"alias_domain_id": domain.id, "email": f"office@{name}"})
    return first, second


def _users(env, companies):
    users = env["res.users"].with_context(no_reset_password=True).create([
        {
            "name": name, "login": login, "email": f"{login}@company.example", "company_id": companies[0].id,
            "company_ids": [(6, 0, companies.ids)], "notification_type": kind,
            "group_ids": [(4, env.ref("sales_team.group_sale_manager").id)],
        } for name, login, kind in (("Sales Manager", "manager", "email"), ("Clerk", "clerk", "inbox"))
    ])  # fmt: skip
    env["res.users"].with_context(no_reset_password=True).create({
        "name": "Portal Customer", "login": "portal@customer.example", "email": "portal@customer.example",
        "group_ids": [(6, 0, [env.ref("base.group_portal").id])],
    })  # fmt: skip
    return users


def _partners(env):
    partners = env["res.partner"].create([
        {"name": f"Known {number}", "email": f"Known {number} <known{number}@customer.example>",
         "phone": f"+3210{number}"}
        for number in range(8)
    ])
    # two contacts of one address: core has a rule which one counts
    env["res.partner"].create({"name": "Known again", "email": "known1@customer.example", "is_company": True})
    partners[2].message_bounce = 3
    return partners


def _teams(env, first, second, manager, clerk):
    teams = env["crm.team"].create([
        {"name": "Sales One", "company_id": first.id, "user_id": manager.id, "alias_name": "sales",
         "alias_defaults": "{'priority': '2'}"},
        {"name": "Sales Two", "company_id": second.id, "user_id": clerk.id, "alias_name": "sales"},
        {"name": "Closed", "company_id": first.id, "alias_name": "closed", "alias_contact": "partners"},
    ])  # fmt: skip
    for team, company in zip(teams, (first, second, first), strict=True):
        team.alias_id.alias_domain_id = company.alias_domain_id
    subtypes = env["mail.message.subtype"].search([])
    teams[0].message_subscribe(partner_ids=(manager | clerk).partner_id.ids, subtype_ids=subtypes.ids)
    env["mail.alias"].create({
        "alias_name": "contacts", "alias_model_id": env["ir.model"]._get("res.partner").id,
        "alias_domain_id": first.alias_domain_id.id, "alias_defaults": "{'comment': 'by mail'}",
    })  # fmt: skip
    return teams


def _leads(env, teams, manager, partners):
    leads = env["crm.lead"].create([
        {
            "name": f"Old lead {number}", "team_id": teams[number % 2].id,
            "type": "lead" if number % 3 else "opportunity",
            "partner_id": partners[number % 8].id if number % 2 else False,
            "email_from": f"known{number % 8}@customer.example", "user_id": manager.id if number % 4 == 0 else False,
        } for number in range(12)
    ])  # fmt: skip
    for number, lead in enumerate(leads):
        lead.message_subscribe(partner_ids=[partners[(number + 3) % 8].id, manager.partner_id.id])
    return leads


def _messages(env, leads, manager):
    found = {"threads": [], "notes": [], "sent": []}
    for number, lead in enumerate(leads):
        by_manager = lead.with_user(manager).with_context(mail_notify_force_send=False)
        kinds = [("threads", "mail.mt_comment", f"<start.{number}@odoo.example>")]
        kinds += [("notes", "mail.mt_note", f"<note.{number}@odoo.example>")] if number % 3 == 0 else []
        for kind, subtype, message_id in kinds:
            message = by_manager.message_post(body=f"Message {number}", subtype_xmlid=subtype, message_type="comment")
            message.sudo().message_id = message_id
            found[kind].append(message_id)
    found["sent"] = found["threads"][:6]
    return found
