"""The inbox in a browser: how long it takes to open it, and to go from one conversation to the next.

As an ordinary member of a quiet channel, beside a ledger of a hundredth of the size; the two take
turns. ``open_ms`` is from the click on the menu to the rows and counters, ``switch_ms`` from the key
to the pane with the text of another conversation. SQL statements are those of all requests that
an opening makes, as Odoo's own log counts them.
"""

from __future__ import annotations

import argparse
import re
from pathlib import Path
from typing import Any

from dev import system_packages
from dev.instance import OdooServer

from . import ledger_fill, rig
from .rig import Rig, median

#: Messages; four make a conversation, so that a large ledger has 300,000.
SMALL, LARGE = 12_000, 1_200_000
CHANNELS = 20
CEILINGS = {"open_growth": 1.5, "switch_growth": 1.5}
PASSWORD = "ledger_member"
_MENU = "[data-menu-xmlid='message_history.{}']"
_COUNTED = re.compile(r'"(?:POST|GET) (\S+) HTTP/1.1" 200 - (\d+) ([\d.]+) ([\d.]+)')
#: Presses or clicks, and tells after how many milliseconds the page shows what is waited for.
_MEASURE = """async ([action, shows]) => {
    const done = new Function("return (" + shows + ")");
    const begin = performance.now();
    new Function(action)();
    while (!done()) {
        await new Promise((resolve) => requestAnimationFrame(resolve));
        if (performance.now() - begin > 30000) { throw new Error("not shown: " + shows); }
    }
    return performance.now() - begin;
}"""
_OPENED = ("document.querySelectorAll('.o_messages_inbox .o_messages_row').length > 20 "
           "&& document.querySelector('.o_messages_queues .o_messages_count')")
_TEXT = """INSERT INTO message_raw (history_id, size, content) SELECT h.id, 400, convert_to(
    'From: ' || h.sender_name || ' <' || h.sender_address || E'>\\r\\nTo: info@company.example\\r\\nSubject: '
    || h.subject || E'\\r\\nContent-Type: text/html; charset=utf-8\\r\\n\\r\\n<p>Hello,</p><p>'
    || repeat(h.preview || ' ', 20) || '</p>', 'UTF8') FROM message_history h WHERE h.channel_id = %s"""


def main(arguments: list[str]) -> dict[str, float]:
    """Run; the figures by name."""
    parser = argparse.ArgumentParser(prog="dev bench inbox")
    parser.add_argument("--json", action="store_true", help="figures as the last line (always)")
    parser.add_argument("--quick", action="store_true", help="a tenth of the size, checked roughly")
    options = parser.parse_args(arguments)
    program = system_packages.find("chromium")
    if not program:
        raise SystemExit("Chromium is not installed: apt-get install chromium")
    from playwright.sync_api import sync_playwright  # noqa: PLC0415 - only in the environment

    with rig.ready() as bench, sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=program, args=["--no-sandbox", "--headless=new"])
        sides = [Side(bench, browser, SMALL), Side(bench, browser, LARGE // 10 if options.quick else LARGE)]
        figures = compare(*sides, turns=3 if options.quick else 12)
        browser.close()
    if options.quick:
        rig.check(figures, {}, {name: 2 * limit for name, limit in CEILINGS.items()})
    return figures


class Side:
    """A ledger of some size, and a browser at it."""

    def __init__(self, bench: Rig, browser: Any, rows: int) -> None:
        self.rows = rows
        name = bench.database(f"inbox_{rows}", ours=True)
        people = bench.driver(name)("add_ledger_people", channels=CHANNELS, password=PASSWORD)
        sql = bench.sql(name)
        ledger_fill.fill(sql, rows, people["channels"], people["member"])
        sql.rows(_TEXT, people["channels"][0])
        sql.rows("ANALYZE message_raw")
        self.conversations = int(sql.value("SELECT COUNT(*) FROM message_conversation"))
        rig.say(f"{rows} messages in {self.conversations} conversations")
        self.server = bench.keep(OdooServer(bench.odoo, name, name=f"{name}-server"))
        self.server.wait_ready()
        self.page = browser.new_page(viewport={"width": 1400, "height": 860})
        self.page.goto(f"{self.server.url}/web/login")
        self.page.fill("input[name=login]", "ledger_member")
        self.page.fill("input[name=password]", PASSWORD)
        self.page.click("button[type=submit]")
        self.page.wait_for_selector(".o_main_navbar")
        self.page.goto(f"{self.server.url}/odoo/message-sent")
        self.page.wait_for_selector(".o_list_view, .o_view_nocontent")

    def open(self) -> float:
        """Milliseconds until the inbox is there."""
        self.page.click(_MENU.format("message_sent_menu"))
        self.page.wait_for_selector(".o_messages_inbox", state="detached")
        self.page.wait_for_timeout(700)  # what the page before asks for is over
        return float(self.page.evaluate(_MEASURE, [
            f"document.querySelector(\"{_MENU.format('message_conversation_menu')}\").click()", _OPENED]))

    def switch(self) -> float:
        """Milliseconds until the next conversation is in the pane, with its text."""
        self.page.wait_for_timeout(200)
        before = self.page.evaluate("document.querySelector('.o_messages_subject')?.textContent || ''")
        shows = (f"document.querySelector('.o_messages_subject')?.textContent !== {before!r} && "
                 "document.querySelector('.o_messages_body')?.contentDocument?.body?.textContent.includes('Some text')")
        press = ("document.querySelector('.o_list_renderer').dispatchEvent(new KeyboardEvent('keydown', "
                 "{key: 'j', code: 'KeyJ', bubbles: true, cancelable: true}))")
        return float(self.page.evaluate(_MEASURE, [press, shows]))

    def statements(self) -> int:
        """SQL statements of the requests of one opening."""
        log = Path(self.server.log)
        start = log.stat().st_size
        self.open()
        self.page.wait_for_timeout(700)  # what the page before asks for is over
        text = log.read_bytes()[start:].decode(errors="replace")
        calls = [(path, int(count)) for path, count, _sql, _rest in _COUNTED.findall(text)]
        opening = [one for one in calls if "message.desk" in one[0] or "message.conversation" in one[0]]
        return sum(count for _path, count in opening)


def compare(small: Side, large: Side, turns: int) -> dict[str, float]:
    """Milliseconds on both sides and what they grow by."""
    figures: dict[str, float] = {"conversations": large.conversations, "messages": large.rows}
    for what in ("open", "switch"):
        spent: dict[int, list[float]] = {small.rows: [], large.rows: []}
        if what == "switch":
            for side in (small, large):
                side.open()
        for turn in range(turns + 1):
            for side in (small, large):
                taken = getattr(side, what)()
                spent[side.rows] += [taken] if turn else []  # the first warms up
        before, after = median(spent[small.rows]), median(spent[large.rows])
        figures[f"{what}_ms_small"] = round(before, 1)
        figures[f"{what}_ms"] = round(after, 1)
        figures[f"{what}_growth"] = round(after / before, 3)
        rig.say(f"{what}: {before:.0f} ms, {after:.0f} ms, {after / before:.2f}")
    figures["open_sql_small"], figures["open_sql"] = small.statements(), large.statements()
    return figures
