"""What ``odoo gateway`` does with its arguments."""

import sys

from odoo.service.server import load_server_wide_modules

from . import listener, status, supervisor, worker


def run_gateway(dbname, options):
    """Run the gateway as asked.

    :param dbname: the database
    :param options: ``action``, ``workers``, ``no_listener``, ``channel``, ``once``
    :return: exit code
    """
    if options.action == "status":
        load_server_wide_modules()
        return status.print_status(dbname, sys.stdout)
    if options.once:
        load_server_wide_modules()
        return listener.run_once(dbname, options.channel) or worker.run_once(dbname)
    roles = [("worker", worker.run, (dbname,))] * options.workers
    if not options.no_listener:
        roles.append(("listener", listener.run, (dbname, options.channel)))
    return supervisor.supervise(roles)
