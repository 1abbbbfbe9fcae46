"""The commands of ``python3 dev``: arguments in, exit code out."""

from __future__ import annotations

import argparse
import importlib
import signal
import sys

from dev import console
from dev.console import DevError

OLDEST_PYTHON = (3, 11)
# Each command is a function ``main(options) -> exit code`` of the module beside it, imported
# only when it is called: most need nothing of the others.
COMMANDS = {
    "run": "dev.run",
    "mail": "dev.demo_mail",
    "test": "dev.testing",
    "peers": "dev.peers",
    "lint": "dev.lint",
    "bench": "dev.bench",
    "faults": "dev.faults",
    "guards": "dev.guards",
    "upgrade": "dev.upgrade",
    "pictures": "dev.pictures",
    "odoo": "dev.odoo_command",
    "database": "dev.database_command",
    "postgres": "dev.postgres_command",
    "python": "dev.python_command",
    "clean": "dev.clean",
}


def parser() -> argparse.ArgumentParser:
    """All commands and their options."""
    top = argparse.ArgumentParser(prog="python3 dev", description=__doc__)
    commands = top.add_subparsers(dest="command", required=True, metavar="COMMAND")
    source = argparse.ArgumentParser(add_help=False)
    source.add_argument("--odoo", metavar="PATH", help="an Odoo 19.0 that is already there")

    run = commands.add_parser("run", parents=[source], help="start everything, with demo data")
    run.add_argument("--database", metavar="URL", help="a PostgreSQL that is already there: "
                     "postgresql://user:password@host:5432/name")  # fmt: skip
    run.add_argument("--port", type=int, help="port of the web client (default 8069 or a free one)")

    mail = commands.add_parser("mail", help="send a mail to the demo mailbox")
    mail.add_argument("--subject", default="Question about an offer")
    mail.add_argument("--sender", default="Clara Customer <clara@customer.example>")
    mail.add_argument("--text", default="Good morning,\n\ncould you send me an offer?\n\nClara\n")

    test = commands.add_parser("test", parents=[source], help="run the tests")
    test.add_argument("ring", nargs="?", choices=["unit", "addons", "integration", "peers", "desk"],
                      help="one ring; desk: the browser tests of integration alone")
    test.add_argument("-k", dest="pattern", metavar="TEXT", help="only tests with it in the name")
    test.add_argument("-x", dest="stop", action="store_true", help="stop at the first failure")
    test.add_argument("--installed", action="store_true",
                      help="addons with -k: in a database made once for the last commit, for changes of Python alone")
    test.add_argument("--times", type=int, default=1, metavar="N",
                      help="desk: so many runs, every second one with all cores busy")  # fmt: skip
    test.add_argument("--minutes", type=int, metavar="M", help="desk: begin no run that ends later; goes on next time")
    test.add_argument("--fresh", action="store_true", help="desk: forget the runs so far")

    peers = commands.add_parser("peers", parents=[source],
                                help="Odoo's own tests, without and with our addons")  # fmt: skip
    peers.add_argument("--browser", action="store_true", help="tours in the browser too (slow)")
    commands.add_parser("lint", help="ruff, pylint-odoo, mypy")

    bench = commands.add_parser("bench", parents=[source], help="run a benchmark")
    bench.add_argument("--beside", metavar="COMMIT", help="of that commit too, in turns")
    bench.add_argument("--turns", type=int, default=1, metavar="N", help="with --beside: so many of each (default 1)")
    bench.add_argument("name", help="file of tests/bench, for example mail-in")
    bench.add_argument("arguments", nargs=argparse.REMAINDER, help="--json and what it takes")

    _add_proofs(commands, source)
    rest = {
        "odoo": "run Odoo with the settings of this checkout, for example: odoo shell -d NAME",
        "python": "run Python with Odoo and the repository on its path",
    }
    for name, text in rest.items():
        commands.add_parser(name, help=text).add_argument("arguments", nargs=argparse.REMAINDER)

    database = commands.add_parser("database", parents=[source], help="create, drop, list, psql")
    database.add_argument("action", choices=["create", "drop", "list", "psql"])
    database.add_argument("arguments", nargs=argparse.REMAINDER, help="NAME [MODULE…] or SQL")

    postgres = commands.add_parser("postgres", help="keep PostgreSQL running, or stop it")
    postgres.add_argument("action", choices=["start", "stop", "status"])

    clean = commands.add_parser("clean", help="remove the data of this checkout")
    clean.add_argument("--all", action="store_true", help="the downloads of this user as well")
    return top


def _add_proofs(commands: argparse._SubParsersAction[argparse.ArgumentParser], source: argparse.ArgumentParser) -> None:
    """Commands that write down what was shown."""
    faults = commands.add_parser("faults", parents=[source],
                                 help="play every fault on Odoo and on us, write docs/faults.md")  # fmt: skip
    faults.add_argument("--kills", type=int, default=200, help="processes to kill (default 200)")
    faults.add_argument("--out", action="store_true", help="those of outgoing mail only")

    guards = commands.add_parser("guards", help="take each guard out in a copy, its test must go red")
    guards.add_argument("--only", metavar="NAME,…", help="those whose names begin so, for example B4")
    guards.add_argument("--minutes", type=int, metavar="M", help="begin none after that; goes on next time")
    guards.add_argument("--fresh", action="store_true", help="forget what was tried so far")
    guards.add_argument("--check", action="store_true", help="only see whether every guard stands where it is said")

    _add_upgrade(commands.add_parser("upgrade", parents=[source],
                                     help="upgrade a database that older code filled, and compare"))  # fmt: skip

    pictures = commands.add_parser("pictures", help="take the pictures of a running Odoo's screens")
    for name in ("url", "login", "password"):
        pictures.add_argument(name)
    pictures.add_argument("--out", metavar="FOLDER", help="where to (default docs/pictures)")
    pictures.add_argument("--outbox", action="store_true", help="those of the outbox")
    pictures.add_argument("--desk", action="store_true", help="those of the inbox")


def _add_upgrade(upgrade: argparse.ArgumentParser) -> None:
    upgrade.add_argument("--from", dest="commit", default="a099d15", metavar="COMMIT", help="the older code")
    upgrade.add_argument("--size", type=int, default=450, help="mails that come in before, and as many that go out")
    upgrade.add_argument("--alone", action="store_true", help="each addon alone, with no data, instead")


def _interrupt(_number: int, _frame: object) -> None:
    raise KeyboardInterrupt


def main(arguments: list[str] | None = None) -> int:
    """Run one command; errors that a developer can mend are shown without a traceback."""
    if sys.version_info < OLDEST_PYTHON:
        print("Python 3.11 or newer is needed.", file=sys.stderr)
        return 2
    given = sys.argv[1:] if arguments is None else arguments
    if given[:1] in (["odoo"], ["python"]):
        # argparse would take options like -d for its own.
        options = argparse.Namespace(command=given[0], arguments=given[1:])
    else:
        options = parser().parse_args(given)
    # Every way to be ended cleans up; a shell's background even ignores Ctrl-C.
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, _interrupt)
    try:
        return int(importlib.import_module(COMMANDS[options.command]).main(options))
    except DevError as error:
        console.warn(str(error))
        if error.hint:
            print(f"   → {error.hint}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print(file=sys.stderr)
        return 130
