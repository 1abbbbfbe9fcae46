"""``dev pictures``: takes the pictures of ``docs/pictures`` from a running Odoo, with a browser.

The database is to hold what :mod:`dev.pictures_data` makes (in ``dev odoo shell``:
``from dev.pictures_data import fill; fill(env)``). Needs Chromium on the machine.
"""

from __future__ import annotations

import argparse
import io
import os
import shutil
import sys
from argparse import Namespace
from pathlib import Path
from typing import Any

from dev import foreground, paths, venv
from dev.console import DevError
from dev.picture import PHONE, Picture
from dev.pictures_desk import PICTURES as DESK_PICTURES

COLOURS = 128
MAX_BYTES = 200_000
BROWSERS = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")


PICTURES = (
    Picture("failed", "/odoo/failed-messages"),
    Picture("failed_message", "/odoo/failed-messages", row="Order for the town hall"),
    Picture("channel", "/odoo/message-channels", row="Inquiries"),
    Picture("channels", "/odoo/message-channels"),
    Picture("server", "/odoo/action-mail.action_email_server_tree", row="Inquiries"),
)
#: Those of the outbox, of the database that :mod:`dev.pictures_outbox` fills.
OUTBOX = (
    Picture("outbox", "/odoo/message-outbox"),
    Picture("outbox_phone", "/odoo/message-outbox", size=PHONE),
    Picture("big_send", "/odoo/message-outbox", row="Spring in the garden"),
    Picture("sent", "/odoo/message-sent"),
    Picture("failed_delivery", "/odoo/failed-messages", row="Offer for the playground"),
    Picture("in_doubt", "/odoo/failed-messages", row="Contract, signed"),
    Picture("suppression_list", "/odoo/suppression-list"),
    Picture("suppression_phone", "/odoo/suppression-list", size=PHONE),
    Picture("outgoing_server", "/odoo/action-base.action_ir_mail_server_list", row="Office"),
)


def main(options: Namespace) -> int:
    """Take the pictures in the environment's own Python, which has the browser's driver."""
    python = venv.ensure()
    out = Path(options.out or paths.REPO / "docs" / "pictures").resolve()
    command = [python, "-m", "dev.pictures", options.url, options.login, options.password, out]
    command += [which for which in ("outbox", "desk") if getattr(options, which, False)][:1]
    return foreground.run(command, {**os.environ, "PYTHONPATH": str(paths.REPO)})


def browser() -> str:
    """Where Chromium is on this machine."""
    for name in BROWSERS:
        if found := shutil.which(name):
            return found
    raise DevError("No Chromium was found.", "Install the package chromium.")


def take(
    url: str, login: str, password: str, out: Path, pictures: tuple[Picture, ...] = PICTURES
) -> list[Path]:
    """Take every picture and return the files.

    :param url: where Odoo answers, without a path
    :raise DevError: when there is no browser
    """
    from playwright.sync_api import sync_playwright  # noqa: PLC0415 - only in the environment

    out.mkdir(parents=True, exist_ok=True)
    files = []
    with sync_playwright() as driver:
        chromium = driver.chromium.launch(
            executable_path=browser(), args=["--no-sandbox", "--headless=new"])  # fmt: skip
        for size in dict.fromkeys(picture.size for picture in pictures):
            context = chromium.new_context(
                viewport={"width": size[0], "height": size[1]}, is_mobile=size == PHONE,
                has_touch=size == PHONE)  # fmt: skip
            page = context.new_page()
            page.goto(f"{url}/web/login")
            page.fill("input[name=login]", login)
            page.fill("input[name=password]", password)
            page.click("button[type=submit]")
            page.wait_for_selector(".o_web_client")
            files += [_take(page, url, picture, out)
                      for picture in pictures if picture.size == size]  # fmt: skip
            context.close()
        chromium.close()
    return files


def _take(page: Any, url: str, picture: Picture, out: Path) -> Path:
    page.goto(url + picture.path)
    page.wait_for_selector(".o_action_manager .o_view_controller")
    if picture.row:
        page.locator(".o_data_row", has_text=picture.row).first.locator("td[name]").nth(1).click()
        page.wait_for_selector(".o_form_view .o_form_sheet")
    for step in picture.steps:
        _do(page, *step)
    page.mouse.move(0, 0)
    if not picture.steps:
        page.evaluate("document.activeElement?.blur()")
    page.wait_for_timeout(1200)  # pictures of people and the chat window come in late
    file = out / f"{picture.name}.png"
    file.write_bytes(shrink(page.screenshot()))
    return file


def _do(page: Any, action: str, target: str, text: str = "") -> None:
    if action == "click":
        page.locator(target).first.click()
    elif action == "wait":
        page.wait_for_selector(target)
    elif action == "press":
        page.keyboard.press(target)
    elif action == "fill":
        page.fill(target, text)
    elif action == "pause":
        page.wait_for_timeout(int(target))
    else:
        page.wait_for_timeout(300)
        page.keyboard.type(target)


def shrink(content: bytes) -> bytes:
    """The picture with a palette: a quarter of the size, no difference to be seen.

    :raise DevError: when it is still too large for a README
    """
    from PIL import Image  # noqa: PLC0415 - only in the environment

    result = io.BytesIO()
    with Image.open(io.BytesIO(content)) as image:
        image.convert("RGB").quantize(COLOURS).save(result, "PNG", optimize=True)
    if result.tell() > MAX_BYTES:
        raise DevError(f"A picture has {result.tell()} bytes, of at most {MAX_BYTES}.")
    return result.getvalue()


def _main(arguments: list[str]) -> int:
    parser = argparse.ArgumentParser(prog="python -m dev.pictures", description=__doc__)
    for name in ("url", "login", "password", "out"):
        parser.add_argument(name)
    parser.add_argument("which", nargs="?", choices=["outbox", "desk"])
    options = parser.parse_args(arguments)
    url = options.url.rstrip("/")
    pictures = {"outbox": OUTBOX, "desk": DESK_PICTURES}.get(options.which, PICTURES)
    for file in take(url, options.login, options.password, Path(options.out), pictures):
        print(f"{file.name}: {file.stat().st_size} bytes")
    return 0


if __name__ == "__main__":
    sys.exit(_main(sys.argv[1:]))
