{
    "name": "SMTP Outbox: Copies in the Sent Folder",
    "summary": "Puts a copy of what was sent into the Sent folder of an IMAP account",
    "version": "19.0.1.0.0",
    "category": "Hidden",
    "author": "Message Gateways for Odoo",
    "license": "LGPL-3",
    "depends": ["smtp_outbox", "fetchmail_gateway"],
    "data": [
        "data/ir_cron.xml",
        "views/ir_mail_server_views.xml",
        "views/message_history_views.xml",
    ],
    "auto_install": True,
}
