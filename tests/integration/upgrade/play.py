"""Plays an upgrade with data: old code fills, old gateway works on, new code upgrades; then everything is compared.

Run as a module by ``dev upgrade``; the test of the integration ring calls :func:`play` with a short size.
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

from dev import database as databases
from dev import odoo as odoo_module
from dev import paths, upgrade
from dev.instance import OdooProcess, wait_until
from dev.odoo import Odoo
from dev.servers.dovecot import Dovecot
from dev.servers.smtp import SmtpProcess
from tests.integration.upgrade import compare, mails

HERE = Path(__file__).resolve().parent
MARK = "@@"
#: Seconds within which everything is sent after the upgrade.
QUIET_SECONDS = 90
#: What the old gateway sends while the database is upgraded: some take the server five seconds each.
LIVE = """
live = env['ir.mail_server'].search([('name', '=', 'live')])
live.connection_limit = 2
for number in range(40):
    env['mail.mail'].create({'subject': f'Live {number}', 'body_html': '<p>x</p>', 'auto_delete': False,
        'email_from': 'me@live.example',
        'email_to': f"{'slow-' if number % 10 == 0 else ''}live{number}@customer.example"})
env.cr.commit()
"""
CONTINUE = """
env['message.channel'].search([('paused', '=', True)]).action_continue()
env.cr.execute("UPDATE message_delivery SET next_attempt = now() at time zone 'UTC' WHERE state = 'deferred'")
env.cr.commit()
"""
CAME_IN = """
SELECT COALESCE(h.message_uid, substring(encode(r.content, 'escape') FROM 'Message-ID: (<[^>]*>)'))
  FROM message_history h LEFT JOIN message_raw r ON r.history_id = h.id WHERE h.direction = 'in'
"""
OPEN = """
SELECT (SELECT COUNT(*) FROM message_delivery WHERE state IN ('queued', 'deferred', 'claimed', 'sending')
        AND address NOT LIKE 'slow-%' OR NOT settled)
     + (SELECT COUNT(*) FROM mail_mail WHERE state = 'outgoing' AND outbox_state IS NULL)
     + (SELECT COUNT(*) FROM message_history h WHERE NOT settled OR state = 'received' AND NOT EXISTS (
        SELECT FROM message_history f WHERE f.sender_key = h.sender_key AND f.state IN ('failed', 'held', 'given_up')))
"""


class Play:
    """One database, filled by the old code, and the servers around it."""

    def __init__(self, odoo: Odoo, commit: str, size: int, stack: ExitStack) -> None:
        self.folder = upgrade.worktree(commit)
        self.size = size
        self.link = paths.state_dir() / "upgrade-code"
        self._point_to(self.folder)
        self.old = upgrade.old_odoo(odoo, self.folder)
        # what a machine has whose checkout is replaced while the gateway runs
        self.moved = upgrade.old_odoo(odoo, self.link)
        self.new = odoo
        template = upgrade.old_template(self.old, self.folder, upgrade.addons_of(self.folder))
        self.database = stack.enter_context(databases.temporary(odoo, template, "upgrade"))
        self.log = paths.log_dir() / f"{self.database}.log"
        scratch = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        self.smtp = stack.enter_context(SmtpProcess(scratch / "smtp.jsonl"))
        self.dovecot = stack.enter_context(Dovecot())
        self.delivered: Counter[str] = Counter()
        for name in mails.BOXES:
            self.dovecot.add_user(name)

    def _point_to(self, folder: Path) -> None:
        partial = self.link.with_suffix(".new")
        partial.unlink(missing_ok=True)
        partial.symlink_to(folder)
        partial.replace(self.link)

    # Steps ------------------------------------------------------------------------------------

    def deliver(self, count: int, prefix: str) -> None:
        """Put mails into the mailboxes."""
        for box, content in mails.mails(count, prefix):
            self.dovecot.deliver_file(box, content)
            self.delivered[mails.name_of(content)] += 1

    def fill(self) -> dict[str, Any]:
        """Have the old code fill its database; returns what it told."""
        settings = {"imap_port": self.dovecot.imap_port, "smtp_port": self.smtp.port, "sent": self.size}
        text = f"SETTINGS = {json.dumps(settings)!r}\n{(HERE / 'fill.py').read_text()}"
        return self._answer(self.old, text)

    def describe(self, odoo: Odoo) -> dict[str, Any]:
        """Describe the database with the eyes of one code."""
        return self._answer(odoo, (HERE / "state.py").read_text())

    def _answer(self, odoo: Odoo, script: str) -> dict[str, Any]:
        answer: dict[str, Any]
        answer = json.loads(odoo.shell(self.database, script, self.log).rpartition(MARK)[2])
        return answer

    @contextmanager
    def gateway(self, odoo: Odoo, name: str) -> Iterator[OdooProcess]:
        """A gateway of one code: a worker and a listener."""
        process = OdooProcess(odoo, "gateway", "-d", self.database, "--workers", "1", name=f"{self.database}-{name}")
        with process:
            wait_until(lambda: self.sql("SELECT 1 FROM message_gateway WHERE role = 'worker' AND heartbeat > "
                                        "now() at time zone 'UTC' - interval '20 seconds'"), 60, "a worker is there")
            yield process

    def upgrade(self, log: Path) -> float:
        """Upgrade with the present code, as docs/operations.md says; returns the seconds."""
        self._point_to(paths.REPO)
        begun = time.monotonic()
        code = self.new.run("-d", self.database, "-u", ",".join(upgrade.addons_of(self.folder)), "--stop-after-init",
                            "--no-http", log=log)  # fmt: skip
        if code:
            raise upgrade.DevError("The upgrade failed.", f"See {log}")
        return time.monotonic() - begun

    def sql(self, query: str) -> list[str]:
        """Rows of the database."""
        return self.new.server.query(query, self.database)

    def wait_quiet(self, report: compare.Report) -> None:
        """Wait until nothing is under way; says what still is when it takes too long."""
        try:
            wait_until(self.quiet, QUIET_SECONDS, "all is sent and fetched", every=0.5)
        except upgrade.DevError:
            report.fail(f"not quiet: {self.sql(OPEN)} open, missing {self.missing()[:5]}")

    def quiet(self) -> bool:
        """Whether nothing is under way any more, and all that came in is there."""
        return self.sql(OPEN) == ["0"] and not self.missing()

    def missing(self) -> list[str]:
        """Return the Message-IDs of mails that came and are not in the ledger."""
        return sorted(set(self.delivered) - set(self.came_in()))

    def came_in(self) -> list[str]:
        """Return the Message-IDs in the ledger; of what waits behind a failed one, by its original."""
        return self.sql(CAME_IN)


def play(odoo: Odoo, commit: str = upgrade.BEFORE, size: int = 600, say: Callable[[str], None] = print) -> list[str]:
    """Play it; returns what is wrong, in words: nothing, if all is well.

    :param size: mails that come in before the upgrade, and about as many that go out
    """
    with ExitStack() as stack:
        game = Play(odoo, commit, size, stack)
        report = compare.Report(say)
        game.deliver(size, "t")
        game.fill()
        before = game.describe(game.old)
        report.line("the old code filled its database", sum(map(len, before["found"].values())))
        logs = _upgrade_while_the_old_gateway_works(game, report)
        after = game.describe(game.new)
        for name, found in (("before", before), ("after", after)):
            (paths.log_dir() / f"upgrade-{name}.json").write_text(json.dumps(found))
        report.compare(before, after)
        _again(game, report, after, logs)
        report.schema(after["schema"], game.new)
        with game.gateway(game.new, "new"):
            game.new.shell(game.database, CONTINUE, game.log)
            game.wait_quiet(report)
        report.mails(game)
        report.logs(logs)
    return report.wrong


def _upgrade_while_the_old_gateway_works(game: Play, report: compare.Report) -> list[Path]:
    log = paths.log_dir() / f"{game.database}-upgrade.log"
    with game.gateway(game.moved, "old") as old:
        game.old.shell(game.database, LIVE, game.log)
        game.deliver(30, "during")
        time.sleep(1)
        report.line("seconds of the upgrade, an old gateway beside it", round(game.upgrade(log), 1))
        game.deliver(30, "after")
        time.sleep(8)
        if not old.alive():
            report.fail(f"The old gateway ended: {old.tail()}")
        report.line("what the old gateway says", compare.renewed(old.log))
    return [log]


def _again(game: Play, report: compare.Report, after: dict[str, Any], logs: list[Path]) -> None:
    """Upgrade a second time, with nobody at work: nothing may change."""
    before = game.describe(game.new)
    log = paths.log_dir() / f"{game.database}-again.log"
    game.upgrade(log)
    report.same(before, game.describe(game.new))
    logs.append(log)


def main() -> int:
    """Play what the command line says; 1 when something is wrong."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("commit")
    parser.add_argument("size", type=int)
    options = parser.parse_args()
    with odoo_module.ready() as odoo:
        wrong = play(odoo, options.commit, options.size)
    for line in wrong:
        print(f"WRONG: {line}")
    print("Nothing is wrong." if not wrong else f"{len(wrong)} things are wrong.")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
