{
    "name": "Fetchmail Gateway: Example",
    "summary": "A document type without chatter that mails make and replies reach, as an example",
    "version": "19.0.1.0.0",
    "category": "Hidden",
    "author": "Message Gateways for Odoo",
    "license": "LGPL-3",
    "depends": ["fetchmail_gateway"],
    "data": [
        "security/ir.model.access.csv",
        "views/message_demo_request_views.xml",
    ],
}
