{
    "name": "Fetchmail Gateway",
    "summary": "E-mail in over IMAP and POP3: every mail reaches its document, none is lost",
    "version": "19.0.1.1.0",
    "category": "Productivity/Discuss",
    "author": "Message Gateways for Odoo",
    "license": "LGPL-3",
    "depends": ["message_history"],
    "data": [
        "security/ir.model.access.csv",
        "security/ir_rule.xml",
        "data/ir_cron.xml",
        "wizard/fetchmail_folder_views.xml",
        "wizard/message_setup_views.xml",
        "views/fetchmail_server_views.xml",
    ],
    "post_init_hook": "post_init_hook",
    "uninstall_hook": "uninstall_hook",
}
