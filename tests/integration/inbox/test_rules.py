"""The desk's rules: reading answers nothing, a try again tries, pictures wait, keys and filters work."""

from dev.instance import wait_until
from tests.integration.inbox.desk import PATIENCE

SPY = '<p>Hello</p><img src="http://spy.example/spy.png?who=me" width="10" height="10">'


def test_opening_does_not_answer(desk, clerk):
    conversation, _message_id = desk.arrives("Only looked at")
    anna = clerk("anna").open_inbox()
    before = anna.counts("open")
    anna.open("Only looked at")
    anna.page.wait_for_selector(".o_data_row:has-text('Only looked at') .o_messages_row:not(.o_messages_unread)")
    assert desk.state(conversation) == "open"
    anna.counts("open", before)
    anna.page.keyboard.press("u")
    anna.page.wait_for_selector(".o_data_row:has-text('Only looked at') .o_messages_row.o_messages_unread")


def test_pictures_from_elsewhere_wait(desk, clerk):
    desk.arrives("Newsletter", "Hello", html=SPY)
    anna = clerk("anna").open_inbox()
    anna.page.route("**/spy.png*", lambda route: route.fulfill(content_type="image/gif", body=b"GIF89a"))
    asked = []
    anna.page.on("request", lambda request: asked.append(request.url) if "spy.png" in request.url else None)
    anna.open("Newsletter")
    anna.page.wait_for_selector(".o_messages_pictures")
    anna.shown("Hello")
    assert not asked
    with anna.page.expect_request(lambda request: "spy.png" in request.url):
        anna.page.click(".o_messages_pictures button:has-text('Show Pictures')")
    anna.errors.clear()  # there is no such picture


def test_mails_reach_nothing_of_odoo(desk, clerk):
    """A picture that is none could log its reader out."""
    base = desk.web.url
    desk.arrives("Trap", "Hi", html=f'<p>Hi</p><img src="{base}/web/session/logout"><img src="/web/session/logout">')
    anna = clerk("anna").open_inbox()
    anna.open("Trap")
    anna.shown("Hi")
    if anna.page.locator(".o_messages_pictures").count():
        anna.page.click(".o_messages_pictures button:has-text('Show Pictures')")
        anna.page.locator(".o_messages_pictures").wait_for(state="detached")
        anna.shown("Hi")
    anna.open_inbox()
    anna.row("Trap").wait_for()


def test_scripts_in_mails_do_nothing(desk, clerk):
    html = ('<p>Hi</p><img src=x onerror="parent.hacked=1"><script>parent.hacked=1</script>'
            '<a href="javascript:parent.hacked=1">click</a><svg onload="parent.hacked=1"></svg>')
    desk.arrives("Evil mail", "Hi", html=html)
    anna = clerk("anna").open_inbox()
    anna.open("Evil mail")
    anna.shown("Hi")
    assert anna.page.evaluate("window.hacked") is None
    anna.errors.clear()


def test_snooze_and_wake(desk, clerk):
    conversation, message_id = desk.arrives("Not today")
    anna = clerk("anna").open_inbox()
    anna.open("Not today")
    anna.page.keyboard.press("z")
    anna.page.click(".o_messages_menu .dropdown-item:has-text('Until Reply')")
    desk.becomes(conversation, "waiting")
    anna.leaves("Not today")
    anna.page.click("[data-queue='snoozed']")
    anna.row("Not today").wait_for()
    desk.arrives("Re: Not today", "Now!", references=message_id)
    desk.becomes(conversation, "open")


def test_keys_walk_the_list(desk, clerk):
    for number in range(3):
        desk.arrives(f"Walk {number}")
    anna = clerk("anna").open_inbox()
    page = anna.page
    rows = page.locator(".o_messages_row_subject").all_inner_texts()
    page.keyboard.press("j")
    page.wait_for_selector(f".o_messages_subject:has-text('{rows[0]}')")
    page.keyboard.press("j")
    page.wait_for_selector(f".o_messages_subject:has-text('{rows[1]}')")
    page.keyboard.press("k")
    page.wait_for_selector(f".o_messages_subject:has-text('{rows[0]}')")
    page.keyboard.press("x")
    page.wait_for_selector(".o_messages_ticked:has-text('1 selected')")
    page.keyboard.press("x")
    page.keyboard.press("Control+k")
    page.wait_for_selector(".o_command_palette")
    anna.says(".o_command_palette", "Reply", "Snooze", "Done or Open Again", "Next Conversation")
    page.keyboard.press("Escape")


def test_search_and_queues_are_odoos_facets(desk, clerk):
    desk.arrives("Facet question")
    anna = clerk("anna").open_inbox()
    page = anna.page
    page.click("[data-queue='unassigned']")
    page.wait_for_selector(".o_facet_value:has-text('Unassigned')")
    anna.row("Facet question").wait_for()
    page.click("[data-queue='mine']")
    page.wait_for_selector(".o_facet_value:has-text('Mine')")
    anna.leaves("Facet question")
    page.click("[data-queue='open']")
    page.fill(".o_searchview_input", "no such conversation")
    page.wait_for_selector(".o_searchview_autocomplete :text('no such conversation')")
    page.keyboard.press("Enter")
    page.wait_for_selector(".o_messages_help:has-text('No match')")
    page.click(".o_messages_help button")
    anna.row("Facet question").wait_for()


def test_a_try_again_tries(desk, clerk):
    """The SMTP server refuses, and sees the second attempt, too; both are on record."""
    conversation, _message_id = desk.arrives("Try again", Reply_To="reject-again@customer.example")
    anna = clerk("anna").open_inbox()
    anna.open("Try again")
    anna.reply("Does this reach you?")
    anna.send()
    page = anna.page
    count = (
        "SELECT COUNT(*) FROM message_attempt a JOIN message_delivery d ON d.id = a.delivery_id JOIN message_history h "
        f"ON h.id = d.history_id WHERE h.conversation_id = {conversation}")
    anna.says(".o_messages_alert", "reject-again", "no such user")
    assert (desk.refusals("reject-again"), desk.database.value(count)) == (1, "1")
    page.click(".o_messages_step_again")
    wait_until(lambda: desk.database.value(count) == "2", PATIENCE / 1000, "both attempts on record")
    assert desk.refusals("reject-again") == 2, "the server saw it twice"
    anna.says(".o_messages_alert", "reject-again", "no such user")


def test_on_a_phone(desk, clerk):
    conversation, _message_id = desk.arrives("From the phone")
    anna = clerk("anna", viewport={"width": 400, "height": 800}).open_inbox()
    page = anna.page
    assert anna.sideways() == 0
    page.locator(".o_kanban_record", has_text="From the phone").tap()
    page.wait_for_selector(".o_messages_pane .o_messages_card")
    assert anna.sideways() == 0
    small = page.evaluate("""[...document.querySelectorAll('.o_messages_buttons button')].filter((one) =>
        one.offsetParent && (one.offsetWidth < 44 || one.offsetHeight < 44)).map((one) => one.title)""")
    assert not small
    page.locator(".o_messages_reply").tap()
    anna.editor().wait_for()
    assert anna.sideways() == 0
    anna.editor().tap()
    page.keyboard.type("Written on the way")
    page.locator(".o_messages_send").tap()
    page.locator(".o_messages_undo button:has-text('Now')").tap()
    page.wait_for_selector(".o_messages_card.o_messages_out")
    desk.becomes(conversation, "waiting")
    page.locator(".o_messages_done").tap()
    desk.becomes(conversation, "done")
