"""Runs in Odoo's shell at each ``dev run``: points Odoo at the demo mail server."""

from __future__ import annotations

import json
from typing import Any

SCRIPT = """
import json
settings = json.loads({settings!r})
Incoming, Outgoing = env["fetchmail.server"], env["ir.mail_server"]
values = {{
    "name": settings["mailbox"], "server_type": "imap", "server": "127.0.0.1",
    "port": settings["imap_port"], "is_ssl": False, "user": settings["login"],
    "password": settings["password"],
}}
server = Incoming.with_context(active_test=False).search(
    [("name", "=", settings["mailbox"])], limit=1)
if not server:
    model = env["ir.model"]._get("crm.lead")
    server = Incoming.create({{**values, "object_id": model.id}})
    server.state = "done"
else:
    # Only what moves: the developer's own changes stay.
    server.write({{"server": "127.0.0.1", "port": settings["imap_port"]}})
smtp = Outgoing.search([("name", "=", settings["outgoing"])], limit=1)
values = {{"name": settings["outgoing"], "smtp_host": "127.0.0.1", "smtp_encryption": "none",
          "smtp_port": settings["smtp_port"]}}
smtp.write(values) if smtp else Outgoing.create(values)
# Nothing here calls services outside this machine.
for name in ("mail.ir_cron_module_update_notification", "crm_iap_enrich.ir_cron_lead_enrichment"):
    cron = env.ref(name, raise_if_not_found=False)
    if cron:
        cron.active = False
if not env.company.alias_domain_id:
    Domain = env["mail.alias.domain"]
    domain = Domain.search([("name", "=", settings["domain"])]) or Domain.create(
        {{"name": settings["domain"]}})
    env.company.alias_domain_id = domain
env.cr.commit()
"""


def script(settings: dict[str, Any]) -> str:
    """The script with its settings."""
    return SCRIPT.format(settings=json.dumps(settings))
