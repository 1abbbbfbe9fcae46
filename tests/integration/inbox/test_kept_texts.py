"""No typed word is lost: nobody is logged in any more, two windows write one draft, the conversation goes."""

from dev.instance import wait_until

SAVED = ".o_messages_composer :text('Draft saved')"


def kept(page):
    """What the browser keeps for later."""
    return page.evaluate("Object.keys(localStorage).filter((key) => key.startsWith('messages.unsaved')).length")


def log_in(page, desk, login):
    """Log in on a page that is asked to."""
    page.goto(f"{desk.web.url}/web/login")
    page.fill("input[name=login]", login)
    page.fill("input[name=password]", login * 2)
    page.click("button[type=submit]")
    page.wait_for_selector(".o_main_navbar")


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
    desk.arrives("News that makes every part of the page ask")
    page.keyboard.press("Control+Enter")
    page.wait_for_selector(".o_notification:has-text('It was not sent')")
    page.wait_for_timeout(1000)
    assert page.locator(".modal, .o_messages_unsaved").count() == 1, "one word about it"
    assert kept(page)
    other = anna.context.new_page()
    log_in(other, desk, "anna")
    page.wait_for_selector(SAVED)
    assert not page.locator(".o_messages_unsaved").count()
    assert not kept(page)
    anna.open_inbox()
    anna.open("Long absence")
    page.wait_for_selector(".o_messages_composer:has-text('Before it ended. After it ended.')")
    anna.errors.clear()


def test_nobody_else_is_shown_what_she_wrote(desk, clerk):
    """Another user of the same browser sees nothing of it, and it is not stored as his; she has it back."""
    conversation, _message_id = desk.arrives("A shared computer")
    anna = clerk("anna").open_inbox()
    page = anna.page
    anna.open("A shared computer")
    anna.reply("")
    anna.lose_session()
    page.keyboard.type("Only mine")  # nothing of it ever reached the server
    page.wait_for_selector(".o_messages_unsaved:has-text('You are logged out')")
    other = anna.context.new_page()
    log_in(other, desk, "bert")
    page.wait_for_selector(".o_messages_unsaved:has-text('Somebody else is logged in')")
    other.goto(f"{desk.web.url}/odoo/messages")
    other.locator(".o_data_row", has_text="A shared computer").locator(".o_messages_row").click()
    other.wait_for_selector(".o_messages_subject:has-text('A shared computer')")
    other.keyboard.press("r")
    other.wait_for_selector(".o_messages_composer")
    assert "Only mine" not in other.locator(".o_messages_composer").inner_text()
    count = f"SELECT COUNT(*) FROM message_draft WHERE conversation_id = {conversation} AND body LIKE '%Only mine%'"
    assert desk.database.value(count) == "0"
    page.close()
    anna.context.clear_cookies()
    log_in(other, desk, "anna")
    other.goto(f"{desk.web.url}/odoo/messages")
    other.locator(".o_data_row", has_text="A shared computer").locator(".o_messages_row").click()
    other.wait_for_selector(".o_messages_composer:has-text('Only mine')")
    wait_until(lambda: desk.database.value(count) == "1", 20, "it is a draft of hers now")
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
        window.page.wait_for_function("document.querySelector('.o_messages_composer [role=status]').textContent === ''")
        window.page.wait_for_selector(SAVED)
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
    other.page.wait_for_function("document.querySelector('.o_messages_composer [role=status]').textContent === ''")
    other.page.wait_for_selector(SAVED)
    one.open_inbox()
    one.open("Two pens")
    one.page.wait_for_selector(".o_messages_composer:has-text('And on.')")
    assert not kept(one.page)
    assert not kept(other.page)


def test_typed_while_it_is_being_sent(desk, clerk):
    """What is typed after the click was not sent: it is a draft."""
    desk.arrives("Fast fingers", Reply_To="fast@customer.example")
    anna = clerk("anna").open_inbox()
    page = anna.page
    anna.open("Fast fingers")
    anna.reply("Sent. ")
    held = []
    page.route("**/message.draft/send", lambda route: held.append(route))
    page.keyboard.press("Control+Enter")
    for _moment in range(100):
        if held:
            break
        page.wait_for_timeout(50)
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
    page.wait_for_selector(SAVED, timeout=30000)
    anna.open_inbox()
    page.click(".o_messages_write")
    page.locator(".o_messages_others button").first.click()
    page.wait_for_selector(".o_messages_composer:has-text('To somebody who is gone, and who stays so.')")
    page.click(".o_messages_discard")
    anna.errors.clear()
