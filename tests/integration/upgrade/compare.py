"""What an upgrade has to keep, compared; and what is allowed to be different, each with its reason."""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from dev import database as databases
from dev import paths, results

if TYPE_CHECKING:
    from tests.integration.upgrade.play import Play

#: Every address that an open mail of the fill goes to, which must get it once.
ONCE = ("state-queued", "state-deferred", "state-claimed", "private-built", "guest", "not-entered", "later", "request",
        "chat")  # fmt: skip
#: Those that must get nothing (again).
NEVER = ("state-sending", "state-in-doubt", "state-accepted", "state-bounced", "state-refused", "state-failed",
         "state-cancelled", "state-delivered", "state-read", "state-private-doubt")  # fmt: skip
SECRETS = ("built0s3cret", "in0doubt0s3cret")
OURS = re.compile(r"odoo\.addons\.(" + "|".join(paths.addons()) + r")\b|odoo\.(modules|registry|orm|sql_db|schema)")
#: A warning that is meant.
MEANT = ("These users handed mail over so far",)


class Report:
    """A table of what was compared; ``wrong`` is what is not as it was.

    :param say: takes each line
    """

    def __init__(self, say: Callable[[str], None]) -> None:
        self._say = say
        self.wrong: list[str] = []

    def line(self, what: str, value: Any, note: str = "") -> None:
        """One line of the table."""
        self._say(f"{what:<58} {value!s:>10}  {note}")

    def fail(self, what: str) -> None:
        """Note that something is wrong."""
        self.wrong.append(what)

    # Rows -------------------------------------------------------------------------------------

    def compare(self, before: dict[str, Any], after: dict[str, Any]) -> None:
        """Compare what was there before with what is there now; what came since is no matter."""
        reasons = Reasons(before, after)
        for name, rows in before["found"].items():
            now = after["found"].get(name, {})
            gone = [key for key in rows if key not in now]
            lost = [key for key in gone if not reasons.may_go(name, key)]
            changed = {key: (row, now[key]) for key, row in rows.items() if key in now and row != now[key]}
            left = {key: pair for key, pair in changed.items() if not reasons.may_change(name, key, *pair)}
            self.line(name, len(rows), f"gone {len(gone)}, changed {len(changed)}"
                      + (f", of these {len(lost) + len(left)} without a reason" if lost or left else ""))
            if lost:
                self.fail(f"{name}: {len(lost)} are gone: {lost[:8]}")
            if left:
                self.fail(f"{name}: {len(left)} have changed: {dict(list(left.items())[:4])}")

    def same(self, before: dict[str, Any], after: dict[str, Any]) -> None:
        """Nothing may change: for a second upgrade."""
        for name, rows in [*before["found"].items(), *before["schema"].items()]:
            now = after["found"].get(name, after["schema"].get(name))
            if rows != now:
                self.fail(f"second upgrade: {name} changed")
        self.line("second upgrade: kinds compared", len(before["found"]) + len(before["schema"]))

    def schema(self, upgraded: dict[str, Any], odoo: Any) -> None:
        """Compare columns, indexes and constraints with those of a database that is new."""
        fresh = databases.with_our_addons(odoo)
        text = (Path(__file__).parent / "state.py").read_text().rpartition("\nprint(")[0]
        script = f"{text}\nprint('@@' + json.dumps(schema(env)))"
        log = paths.log_dir() / "upgrade-fresh.log"
        with databases.temporary(odoo, fresh, "fresh") as name:
            wanted = _read(odoo.shell(name, script, log))
        # keys and indexes of relations have their columns in the order in which the sides were loaded
        for kind, found_there in wanted.items():
            here = {key: value for key, value in upgraded[kind].items() if kind == "columns" or "_rel_" not in key}
            rows = {key: value for key, value in found_there.items() if kind == "columns" or "_rel_" not in key}
            missing = sorted(rows.keys() - here.keys())
            extra = sorted(here.keys() - rows.keys())
            other = sorted(key for key in rows.keys() & here.keys() if rows[key] != here[key])
            self.line(f"{kind} as in a new database", len(rows))
            for word, found in (("missing", missing), ("left over", extra), ("different", other)):
                if found:
                    self.fail(f"{kind} {word}: {found}")

    # Mails and logs ---------------------------------------------------------------------------

    def mails(self, game: Play) -> None:
        """Ask the SMTP server what went out, and the ledger what came in."""
        taken = Counter(address.partition("@")[0] for mail in game.smtp.taken() for address in mail.recipients)
        live = [f"{'slow-' if number % 10 == 0 else ''}live{number}" for number in range(40)]
        rows = game.sql("SELECT address FROM message_delivery WHERE state = 'in_doubt'")
        doubt = {row.partition("@")[0] for row in rows}
        for name in (*ONCE, *live):
            if taken[name] != 1 and not (name in doubt and name in live and not taken[name]):
                self.fail(f"{name} got {taken[name]} mails")
        self.line("open mails that arrived once", len(ONCE))
        self.line("mails of the old gateway at the moment of the upgrade", len(live),
                  f"in doubt {len(doubt & set(live))}")
        for name in NEVER:
            if taken[name]:
                self.fail(f"{name} got {taken[name]} mails")
        self.line("mails that must not go again", len(NEVER))
        copies = Counter((mail_id(mail.content), one) for mail in game.smtp.taken() for one in mail.recipients)
        if twice := [name for name, count in copies.items() if count > 1]:
            self.fail(f"sent twice: {twice}")
        self.line("mails that the SMTP server took", sum(taken.values()), "none twice")
        self._private(game)
        if game.sql("SELECT state FROM ir_module_module WHERE name = 'smtp_outbox_auth_signup'") != ["installed"]:
            self.fail("what lets password resets leave is not installed")
        rows = Counter(game.came_in())
        if wrong := [name for name in game.delivered if rows[name] != 1]:
            self.fail(f"not once in the ledger: {wrong[:9]}")
        self.line("mails that came in, each once in the ledger", len(game.delivered))

    def _private(self, game: Play) -> None:
        """Private mail was delivered, and is nowhere to be read."""
        for secret in SECRETS:
            for place in ("mail_message WHERE body", "message_history WHERE body_text", "message_history WHERE preview",
                          "mail_mail WHERE state = 'sent' AND body_html",  # core's, for system administrators
                          "message_raw WHERE encode(content, 'escape')"):  # fmt: skip
                count = game.sql(f"SELECT COUNT(*) FROM {place} LIKE '%{secret}%'")
                if count != ["0"]:
                    self.fail(f"{secret} can be read in {place}")
        self.line("places where private mail is not", 5 * len(SECRETS))

    def logs(self, logs: list[Path]) -> None:
        """No errors, and no warnings of ours, in the logs of the upgrades."""
        lines = 0
        for log in logs:
            for line in log.read_text(errors="replace").splitlines():
                lines += 1
                match = results.LOG_LINE.match(line)
                if match and (match["level"] in ("ERROR", "CRITICAL") or (
                        match["level"] == "WARNING" and OURS.search(line))) and not any(one in line for one in MEANT):
                    self.fail(f"log: {line[:300]}")
        self.line("lines of log of the upgrades", lines)


def _read(answer: str) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(answer.rpartition("@@")[2])
    return found


#: What may become of a row while it is upgraded: the gateway works, and private mail is treated as new one.
_DEAD = {"claimed": "queued", "sending": "in_doubt"}
_MAILS = {("outgoing", None, "outgoing", "done"), ("outgoing", "done", "exception", "done")}
_LINK = re.compile("/web/(signup|reset_password)")
#: Who sees one channel only, and what people joined by hand on others no longer.
CLERKS = ("ann", "bob", "cleo")


class Reasons:
    """Why something may be different after the upgrade.

    :param before: what was described before; ``after``: now
    """

    def __init__(self, before: dict[str, Any], after: dict[str, Any]) -> None:
        self.before, self.after = before["found"], after["found"]
        self.empty = set(self.before["what conversations are"]) - {
            str(row[8]) for row in self.before["messages"].values()}
        self._dead = {key for key, row in self.before["states of messages"].items() if row[0] == "sending"}

    def may_go(self, name: str, key: str) -> bool:
        """Whether a row may be gone."""
        if name == "originals":
            return bool(self.before["messages"][key][12]) and self.before["states of messages"][key][0] == "in_doubt"
        if name == "what conversations are":
            return key in self.empty  # what first attempts that failed left behind
        who = re.split(" that | as ", name)[-1].split()[0]
        if name.startswith("messages that"):
            return self._is_walled(who, key)
        if name.startswith("conversations"):
            return key in self.empty or all(self._is_walled(who, one) for one in self._messages(key))
        return False

    def _messages(self, conversation: str) -> list[str]:
        return [key for key, row in self.before["messages"].items() if str(row[8]) == conversation]

    def _is_walled(self, login: str, message: str) -> bool:
        """Whether somebody may not see a message any more: another company's, or merged in from another channel."""
        channel = self.before["channels"][str(self.before["messages"][message][1])]
        now = self.after["companies of messages"][message][0]
        companies = self.before["users"][login][0]
        return now not in (None, *companies) or (login in CLERKS and channel[0] not in OWN[login])

    def may_change(self, name: str, key: str, old: Any, new: Any) -> bool:
        """Whether a row may be different."""
        if name in ("states of messages", "states of deliveries"):
            return old[0] != new[0] and (_DEAD.get(old[0]) == new[0] or (old[0], new[0]) == ("sending", "queued"))
        if name == "mails":
            return (*old[:2], *new[:2]) in _MAILS
        if name == "notes and chatters":
            return old[:3] == new[:3] and not new[3] and bool(self._was_private(key, old))
        if " as " in name:
            return self._may_read_otherwise(name.partition(" as ")[2].split()[0], key, old, new)
        return False

    def _was_private(self, key: str, old: list[Any]) -> bool:
        return bool(_LINK.search(old[3] or "")) or any(
            str(row[9]) == key and row[12] for row in self.before["messages"].values()) or (
            old[0] == "res.users")  # fmt: skip

    def _may_read_otherwise(self, login: str, key: str, old: dict[str, Any], new: dict[str, Any]) -> bool:
        messages = self._messages(key)
        if any(self._is_walled(login, one) for one in messages):
            return login != "admin"
        names = {one for one in old if old[one] != new[one]}
        if login != "admin":
            names -= {"channel_ids"}  # who was given a conversation sees its messages, and not the channel as such
        if str(old["last_message_id"]) not in messages:
            names -= {"last_message_id", "unread"}  # it was split off
        elif new["last_message_id"] is False:
            names -= {"last_message_id", "unread"}  # nothing came in: there is nothing to read
        if not old["channel_ids"]:
            names -= {"channel_ids", "last_direction"}  # the demo data never had them; now they have
        if all(self.before["messages"][one][0] == "out" for one in messages):
            names -= {"partner_id"}  # it was our own author
        if set(messages) & self._dead:
            names -= {"failed_count", "preview", "state"}
        return not names


#: The channels of the clerks, and those that send for all.
OWN = {"ann": ("sales",), "bob": ("support",), "cleo": ("office",)}


def mail_id(content: bytes) -> bytes:
    """Return the Message-ID of a mail."""
    found = re.search(rb"(?im)^message-id:\s*(\S+)", content)
    return found[1] if found else content


def renewed(log: Path) -> str:
    """Return how often a gateway's log says that it started anew, and failed."""
    text = log.read_text(errors="replace")
    return f"{text.count('starts anew')} anew, {text.count(' ERROR ')} errors"
