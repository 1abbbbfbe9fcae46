"""An automatic check of accessibility (axe-core) of the inbox's screens."""

import json
from importlib import resources

import pytest

SERIOUS = ("serious", "critical")


def findings(page, scope):
    """What axe finds serious within a part of the page: {rule: elements}."""
    script = resources.files("axe_playwright_python").joinpath("axe.min.js").read_text(encoding="utf-8")
    page.evaluate(script + "\n;undefined")
    found = page.evaluate(f"axe.run({json.dumps(scope)}, {{resultTypes: ['violations']}})")
    return {one["id"]: [node["html"][:300] for node in one["nodes"]] for one in found["violations"]
            if one["impact"] in SERIOUS}


def still(page):
    """Wait until nothing fades in any more: half a colour has no contrast."""
    page.wait_for_function("document.getAnimations().every((one) => one.playState !== 'running')")


@pytest.mark.parametrize("width", [1400, 400])
def test_axe_finds_nothing_serious(desk, clerk, width):
    desk.arrives(f"Accessible {width}?", attachment=("plan.pdf", b"%PDF"))
    anna = clerk("anna", viewport={"width": width, "height": 860}).open_inbox()
    page = anna.page
    if width >= 1400:
        anna.open(f"Accessible {width}?")
        assert not findings(page, ".o_messages_queues")
        assert not findings(page, ".o_messages_list_box")
    else:
        assert not findings(page, ".o_kanban_renderer")
        page.locator(".o_kanban_record", has_text=f"Accessible {width}?").tap()
        page.wait_for_selector(".o_messages_pane .o_messages_card")
    still(page)
    assert not findings(page, ".o_messages_pane")
    page.locator(".o_messages_reply").click()
    page.wait_for_selector(".o_messages_composer .odoo-editor-editable")
    still(page)
    assert not findings(page, ".o_messages_composer")
    page.locator(".o_messages_systray_button").click()
    page.wait_for_selector(".o_messages_systray")
    assert not findings(page, ".o_messages_systray")
