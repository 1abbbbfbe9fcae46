{
    "name": "SMTP Outbox",
    "summary": "E-mail out: the truth per recipient, tried again until it arrives, never twice",
    "version": "19.0.1.0.0",
    "category": "Productivity/Discuss",
    "author": "Message Gateways for Odoo",
    "license": "LGPL-3",
    "depends": ["message_history"],
    "data": [
        "security/ir.model.access.csv",
        "security/ir_rule.xml",
        "data/message_channel.xml",
        "data/ir_cron.xml",
    ],
    "post_init_hook": "post_init_hook",
    "uninstall_hook": "uninstall_hook",
}
