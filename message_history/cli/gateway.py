"""``odoo gateway``: the processes that listen to channels and work off the ledger.

Odoo loads this file as ``odoo.cli.gateway``, so it has no relative imports.
"""

import argparse

from odoo.cli.command import Command
from odoo.tools import config


class Gateway(Command):
    """Listen to the message channels, and process what comes in.

    Any number of gateways may run on any number of machines: each channel is held by one of them,
    and another takes over when that one dies.
    """

    epilog = """
    Examples
      odoo gateway -d mydb --workers 2          listener and two workers, until Ctrl-C or SIGTERM
      odoo gateway -d mydb --once               fetch every channel once, process what is there, end
      odoo gateway -d mydb --channel 3 --once   the same for one channel
      odoo gateway -d mydb status               how channels and processes are doing
    """

    def run(self, args):
        """Read the arguments and do what they ask; ends the process with a fitting exit code."""
        parser = self.parser
        parser.formatter_class = argparse.RawDescriptionHelpFormatter
        parser.add_argument("action", nargs="?", choices=["run", "status"], default="run",
                            help="run (default) or status")
        parser.add_argument("--workers", type=int, default=1, metavar="N",
                            help="processes that work off the ledger (default 1; 0: the scheduled actions do)")
        parser.add_argument("--no-listener", action="store_true", help="workers only")
        parser.add_argument("--channel", type=int, action="append", metavar="ID", default=None,
                            help="only this channel (may be given several times)")
        parser.add_argument("--once", action="store_true", help="fetch and process what is there, then end")
        parser.add_argument("-d", "--database", metavar="NAME", help="the database, unless the configuration says")
        options, rest = parser.parse_known_args(args)
        if options.workers < 0:
            parser.error("--workers can't be negative")
        config.parse_config([*rest, "-d", options.database] if options.database else rest, setup_logging=True)
        names = config["db_name"]
        names = names if isinstance(names, list) else [name for name in (names or "").split(",") if name]
        if len(names) != 1:
            parser.error("say which database: -d NAME")
        # needs the configuration; and no relative import, since Odoo loads this file as odoo.cli.gateway
        from odoo.addons.message_history.gateway import run_gateway  # noqa: PLC0415  # pylint: disable=W8150
        raise SystemExit(run_gateway(names[0], options))
