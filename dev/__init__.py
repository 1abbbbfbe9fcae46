"""The developer's tool: brings up Odoo, PostgreSQL and the servers that a test needs.

Run it as ``python3 dev COMMAND``. Until the virtual environment exists only the standard library
is imported, so that it works on a machine where nothing has been set up.
"""
