{
    "name": "Message History",
    "summary": "Every message in or out, on every channel: recorded, handled once, never lost",
    "version": "19.0.1.0.0",
    "category": "Productivity/Discuss",
    "author": "Message Gateways for Odoo",
    "license": "LGPL-3",
    "depends": ["mail"],
    "external_dependencies": {"python": ["flufl.bounce"]},
    "data": [
        "security/message_history_groups.xml",
        "security/ir.model.access.csv",
        "security/ir_rule.xml",
        "data/ir_cron.xml",
    ],
    "application": True,
    "installable": True,
}
