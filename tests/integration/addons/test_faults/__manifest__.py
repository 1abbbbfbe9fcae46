{
    "name": "Faults",
    "summary": "Documents that fail, and points where a process dies, for the tests of faults",
    "version": "19.0.1.0.0",
    "category": "Hidden/Tests",
    "author": "Message Gateways for Odoo",
    "license": "LGPL-3",
    "depends": ["mail"],
    "data": ["security/ir.model.access.csv"],
    "installable": True,
}
