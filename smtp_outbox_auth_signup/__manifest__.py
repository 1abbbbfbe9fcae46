{
    "name": "SMTP Outbox: Password Reset",
    "summary": "Has password resets sent when what asked for them is saved, and never otherwise",
    "version": "19.0.1.1.0",
    "category": "Hidden",
    "author": "Message Gateways for Odoo",
    "license": "LGPL-3",
    "depends": ["smtp_outbox", "auth_signup"],
    "auto_install": True,
}
