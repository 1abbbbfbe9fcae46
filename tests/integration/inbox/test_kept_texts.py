"""No typed word is lost: nobody is logged in any more, two windows write one draft, the conversation goes."""

from dev.instance import wait_until
from tests.integration.inbox.desk import PATIENCE

SAVED = ".o_messages_composer :text('Draft saved')"


def kept(page):
    """What the browser keeps for later."""
    return page.evaluate("Object.keys(localStorage).filter((key) => key.startsWith('messages.unsaved')).length")


def stored(desk, text, count=1):
    """Wait until so many drafts have a text in them."""
    query = f"SELECT COUNT(*) FROM message_draft WHERE state = 'draft' AND body LIKE '%{text}%'"
    wait_until(lambda: desk.database.value(query) == str(count), PATIENCE / 1000, f"{count} drafts with {text}")


def test_the_session_ends_while_somebody_writes(desk, clerk):
    """What is typed afterwards is kept, said once, and stored as soon as she has logged in again, in any window."""
    desk.arrives("Long absence")
    anna = clerk("anna").open_inbox()
    page = anna.page
    anna.open("Long absence")
    anna.reply("Before it ended. ")
    page.wait_for_selector(SAVED)
    anna.lose_session()
    page.keyboard.type("After it ended.")
    page.wait_for_selector(".o_messages_unsaved:has-text('You are logged out')")
    # whatever else the page asks for, by itself
    page.evaluate("""() => {
        const desk = odoo.__WOWL_DEBUG__.root.env.services['messages.desk'];
        [1, 2, 3, 4].forEach(() => desk.refreshCounters());
    }""")
    page.keyboard.press("Control+Enter")
    page.wait_for_selector(".o_notification:has-text('It was not sent')")
    page.wait_for_timeout(500)
    assert page.locator(".modal, .o_messages_unsaved").count() == 1, "one word about it"
    assert kept(page)
    anna.log_in("anna")
    page.wait_for_selector(SAVED)
    assert not page.locator(".o_messages_unsaved").count()
    assert not kept(page)
    anna.open_inbox()
    anna.open("Long absence")
    page.wait_for_selector(".o_messages_composer:has-text('Before it ended. After it ended.')")
    anna.errors.clear()


def test_nobody_else_is_shown_what_she_wrote(desk, clerk):
    """Another user of the same browser sees nothing of it, and it is not stored as his; she has it back."""
    desk.arrives("A shared computer")
    anna = clerk("anna").open_inbox()
    page = anna.page
    anna.open("A shared computer")
    anna.reply("")
    anna.lose_session()
    page.keyboard.type("Only mine")  # nothing of it ever reached the server
    page.wait_for_selector(".o_messages_unsaved:has-text('You are logged out')")
    anna.log_in("bert")
    page.wait_for_selector(".o_messages_unsaved:has-text('Somebody else is logged in')")
    stored(desk, "Only mine", 0)
    # he opens the same conversation in the same browser
    anna.open_inbox()
    anna.open("A shared computer")
    anna.reply("His own")
    assert "Only mine" not in anna.editor().inner_text()
    stored(desk, "His own")
    anna.log_in("anna")
    anna.open_inbox()
    anna.open("A shared computer")
    page.wait_for_selector(".o_messages_composer:has-text('Only mine')")
    assert "His own" not in anna.editor().inner_text()
    stored(desk, "Only mine")
    anna.errors.clear()


def test_two_windows_write_one_draft(desk, clerk):
    desk.arrives("Two pens")
    one, other = clerk("anna").open_inbox(), clerk("anna").open_inbox()
    for window in (one, other):
        window.open("Two pens")
    one.reply("Begun. ")
    one.page.wait_for_selector(SAVED)
    other.page.keyboard.press("r")
    other.page.wait_for_selector(".o_messages_composer:has-text('Begun.')")
    for window, text in ((one, "Window one."), (other, "Window two.")):
        window.editor().click()
        window.page.keyboard.press("Control+End")
        window.page.keyboard.press("Enter")
        window.page.keyboard.type(text)
        stored(desk, text)
    other.page.wait_for_selector(".o_notification:has-text('Both texts are kept')")
    other.page.wait_for_selector(".o_messages_composer:has-text('Window one.')")
    one.open_inbox()
    one.open("Two pens")
    text = one.editor().inner_text()
    assert "Window one." in text
    assert "Window two." in text
    assert text.count("Begun.") == 1
    # thrown away in one window while the other writes
    one.page.click(".o_messages_discard")
    one.page.wait_for_selector(".o_messages_composer", state="detached")
    other.page.keyboard.type(" And on.")
    stored(desk, "And on.")
    one.open_inbox()
    one.open("Two pens")
    one.page.wait_for_selector(".o_messages_composer:has-text('And on.')")
    assert not kept(one.page)


def test_typed_while_it_is_being_sent(desk, clerk):
    """What is typed after the click was not sent: it is a draft."""
    desk.arrives("Fast fingers", Reply_To="fast@customer.example")
    anna = clerk("anna").open_inbox()
    page = anna.page
    anna.open("Fast fingers")
    anna.reply("Sent. ")
    held = anna.holds("**/message.draft/send")
    page.keyboard.press("Control+Enter")
    anna.awaits(held)
    page.keyboard.type("Too late.")
    held[0].continue_()
    page.click(".o_messages_undo button:has-text('Now')")
    assert "Too late" not in desk.sent_to("fast@customer.example").get_body(("plain",)).get_content()
    anna.open_inbox()
    page.click("[data-queue='drafts']")
    anna.open("Fast fingers")
    page.wait_for_selector(".o_messages_composer:has-text('Too late.')")


def test_the_conversation_goes_while_somebody_writes(desk, clerk):
    """Deleted meanwhile, and the browser keeps nothing: the text is a message of its own."""
    conversation, _message_id = desk.arrives("Gone tomorrow")
    anna = clerk("anna")
    anna.page.add_init_script(
        "Storage.prototype.setItem = () => { throw new DOMException('full', 'QuotaExceededError'); }")
    anna.open_inbox()
    page = anna.page
    anna.open("Gone tomorrow")
    anna.reply("To somebody who is gone")
    page.wait_for_selector(SAVED)
    anna.context.set_offline(True)
    page.keyboard.type(", and who stays so.")
    page.wait_for_selector(".o_messages_unsaved:has-text('This browser keeps nothing')")
    desk.database.shell(
        "found = env['message.conversation'].browse(conversation)\nfound.history_ids.unlink()\nfound.exists().unlink()",
        conversation=conversation)
    anna.context.set_offline(False)
    stored(desk, "who stays so")
    anna.open_inbox()
    page.click(".o_messages_write")
    page.locator(".o_messages_others button").first.click()
    page.wait_for_selector(".o_messages_composer:has-text('To somebody who is gone, and who stays so.')")
    page.click(".o_messages_discard")
    anna.errors.clear()
