"""One office for all tests of the inbox; each test has mails and browsers of its own."""

import pytest

from dev import database as databases
from dev import paths, system_packages
from dev.servers.smtp import SmtpProcess
from tests.integration.conftest import Database
from tests.integration.inbox.desk import Clerk, Desk


@pytest.fixture(scope="session")
def desk(odoo, template, dovecot, tmp_path_factory):
    """The office."""
    with (
        databases.temporary(odoo, template, "inbox") as name,
        SmtpProcess(tmp_path_factory.mktemp("inbox") / "smtp.jsonl") as sink,
    ):
        database = Database(odoo, name, paths.log_dir())
        try:
            yield Desk(database, dovecot, sink)
        finally:
            database.stop_all()


@pytest.fixture(scope="session")
def browser():
    """A Chromium without a window."""
    from playwright.sync_api import sync_playwright  # noqa: PLC0415 - only in the environment

    program = system_packages.find("chromium")
    if not program:
        pytest.skip("Chromium is not installed: apt-get install chromium")
    with sync_playwright() as driver:
        chromium = driver.chromium.launch(executable_path=program, args=[
            "--no-sandbox", "--headless=new", "--disable-gpu", "--disable-background-networking",
            "--disable-component-update", "--disable-sync", "--no-first-run"])
        yield chromium
        chromium.close()


@pytest.fixture
def clerk(browser, desk, request):
    """``clerk("anna")`` sits down at the desk; at the end the browser must have had nothing to complain of."""
    sitting = []

    def sit(login="anna", **options):
        sitting.append(Clerk(browser, desk, login, **options))
        return sitting[-1]

    yield sit
    for one in sitting:
        one.page.screenshot(path=str(paths.log_dir() / f"{request.node.name}-{sitting.index(one)}.png"))
        one.close()
    assert not [error for one in sitting for error in one.errors]
