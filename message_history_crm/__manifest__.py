{
    "name": "Message History for CRM",
    "summary": "Shares CRM's look-ups over a batch of incoming messages",
    "version": "19.0.1.0.0",
    "category": "Hidden",
    "author": "Message Gateways for Odoo",
    "license": "LGPL-3",
    "depends": ["message_history", "crm"],
    "auto_install": True,
}
