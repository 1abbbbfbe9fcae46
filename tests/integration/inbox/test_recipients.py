"""Whoever types an address writes to that address: a suggestion is taken only by those who choose it."""

import pytest

CONTACTS = (("Mark Brown", "mark.brown23@example.com"), ("Technik Süd", "john.b@tech.example"),
            ("Anna Demo", "anna@demo.example"))


@pytest.fixture(scope="module")
def contacts(desk):
    """Contacts whose names and addresses look like what is typed."""
    desk.database.shell(
        "env['res.partner'].create([{'name': name, 'email': email} for name, email in contacts])", contacts=CONTACTS)


def new_message(clerk):
    """A clerk at an empty message; returns (clerk, page)."""
    anna = clerk("anna").open_inbox()
    anna.page.click(".o_messages_write")
    anna.page.wait_for_selector(".o_messages_composer[data-mode='new']")
    anna.page.wait_for_function("document.activeElement.matches('.o_messages_people input')")
    return anna, anna.page


def chips(page):
    """The addresses of the chips."""
    page.wait_for_timeout(50)
    return page.evaluate("""[...document.querySelectorAll('.o_messages_person')].map((one) =>
        (one.querySelector('.o_messages_person_address') || one).textContent.trim())""")


def listed(page, name):
    """Wait until a contact is suggested."""
    page.wait_for_selector(f".o_messages_found.show li:has-text('{name}')")


def test_whoever_is_typed_gets_it(contacts, clerk):
    anna, page = new_message(clerk)
    page.keyboard.type("brown23@example.com")
    listed(page, "Mark Brown")
    page.keyboard.press("Enter")
    page.keyboard.type("anna@demo.exampl")
    listed(page, "Anna Demo")
    page.keyboard.type("es")  # and at once:
    page.keyboard.press("Enter")
    page.keyboard.type("Anne.Kurz@Kunde.EXAMPLE;")
    page.keyboard.type("Jörg <j@müller.example>,")
    page.keyboard.type("tab@kunde.example")
    page.keyboard.press("Tab")
    assert chips(page) == ["brown23@example.com", "anna@demo.examples", "Anne.Kurz@Kunde.EXAMPLE", "j@müller.example",
                           "tab@kunde.example"]
    page.click(".o_messages_people input")
    page.keyboard.type("blur@kunde.example")
    page.click(".o_messages_subject_input")
    assert chips(page)[-1] == "blur@kunde.example"
    page.click(".o_messages_people input")
    page.evaluate("""(text) => {
        const data = new DataTransfer();
        data.setData('text/plain', text);
        const options = { clipboardData: data, cancelable: true, bubbles: true };
        document.activeElement.dispatchEvent(new ClipboardEvent('paste', options));
    }""", "Kurz, Anne <a@k.example>; Brown, Mark <m@k.example>\nnobody")
    assert chips(page)[-2:] == ["a@k.example", "m@k.example"]
    assert page.input_value(".o_messages_people input") == "nobody", "it stays where it can be mended"
    page.wait_for_selector(".o_messages_people_words:has-text('nobody')")
    page.click(".o_messages_discard")
    assert not anna.errors


def test_a_forward_with_files_goes_to_whom_it_was_typed_for(contacts, desk, clerk):
    desk.arrives("Plan for a stranger", "See the plan.", attachment=("plan.pdf", b"%PDF-1.4 plan"))
    anna = clerk("anna").open_inbox()
    page = anna.page
    anna.open("Plan for a stranger")
    page.keyboard.press("f")
    page.wait_for_function("document.activeElement.matches('[data-mode=forward] .o_messages_people input')")
    page.keyboard.type("technik")
    listed(page, "Technik Süd")
    page.keyboard.type("@partner.example")
    page.keyboard.press("Enter")
    assert chips(page) == ["technik@partner.example"]
    page.click(".o_messages_composer button:has-text('Add Its Files')")
    page.wait_for_selector(".o_messages_composer .o_messages_files :text('plan.pdf')")
    page.click(".o_messages_people input")
    page.keyboard.type("second@partner.example")  # nothing confirms it but the click
    page.click(".o_messages_send")
    page.click(".o_messages_undo button:has-text('Now')")
    sent = desk.sent_to("technik@partner.example")
    assert [one.addr_spec for one in sent["To"].addresses] == ["technik@partner.example", "second@partner.example"]
    assert [part.get_filename() for part in sent.iter_attachments()] == ["plan.pdf"]
    assert not any("john.b@tech.example" in one.recipients for one in desk.sink.taken())


def test_a_suggestion_that_arrives_late_is_not_taken(contacts, clerk):
    anna, page = new_message(clerk)
    held = anna.holds("**/message.draft/find_people")
    page.keyboard.type("mark")
    anna.awaits(held)
    page.keyboard.type("us@kunde.example")
    anna.awaits(held, 2)
    for one in reversed(held):  # the older answer comes last
        one.continue_()
    page.unroute("**/message.draft/find_people")
    page.wait_for_timeout(300)
    assert not page.locator(".o_messages_found.show").count(), "it fitted an older text"
    page.keyboard.press("Enter")
    assert chips(page) == ["markus@kunde.example"]
    page.click(".o_messages_discard")


def test_arrows_and_the_pointer_choose(contacts, clerk):
    _anna, page = new_message(clerk)
    page.keyboard.type("mark")
    listed(page, "Mark Brown")
    page.keyboard.press("Enter")
    assert chips(page) == [], "nobody chose"
    assert page.input_value(".o_messages_people input") == "mark"
    page.wait_for_selector(".o_messages_people_words:has-text('“mark” is no e-mail address')")
    page.fill(".o_messages_people input", "mark b")
    listed(page, "Mark Brown")
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Enter")
    assert chips(page) == ["mark.brown23@example.com"]
    page.keyboard.type("technik")
    listed(page, "Technik Süd")
    page.click(".o_messages_found li:has-text('Technik Süd')")
    assert chips(page) == ["mark.brown23@example.com", "john.b@tech.example"]
    page.click(".o_messages_discard")


def test_what_is_no_address_is_not_sent_and_not_lost(contacts, desk, clerk):
    anna, page = new_message(clerk)
    page.keyboard.type("good@kunde.example, bad@kunde")
    page.fill(".o_messages_subject_input", "To whom?")
    anna.editor("new").click()
    page.keyboard.type("Hello")
    before = len(desk.sink.taken())
    page.keyboard.press("Control+Enter")
    page.wait_for_selector(".o_notification:has-text('nothing can be sent to “bad@kunde”')")
    page.wait_for_selector(".o_messages_composer :text('Draft saved')")
    # it is there again on another day, to be mended
    page.click(".o_messages_composer button:has-text('Close')")
    page.click(".o_messages_write")
    page.click(".o_messages_others button:has-text('To whom?')")
    page.wait_for_selector(".o_messages_person:has-text('good@kunde.example')")
    assert page.input_value(".o_messages_people input") == "bad@kunde"
    assert len(desk.sink.taken()) == before
    page.fill(".o_messages_people input", "bad@kunde.example")
    page.keyboard.press("Control+Enter")
    page.click(".o_messages_undo button:has-text('Now')")
    sent = desk.sent_to("bad@kunde.example")
    assert [one.addr_spec for one in sent["To"].addresses] == ["good@kunde.example", "bad@kunde.example"]


def test_enter_in_a_menu_takes_nothing_that_nobody_chose(desk, clerk):
    """Colleagues in a note, those who may be responsible, tags: as with recipients."""
    conversation, _message_id = desk.arrives("Whose is it?")
    anna = clerk("anna").open_inbox()
    page = anna.page
    anna.open("Whose is it?")
    page.keyboard.press("a")
    page.hover(".o_messages_menu .dropdown-item:has-text('Me')")
    page.fill(".o_messages_menu input[type='search']", "be")
    page.wait_for_selector(".o_messages_menu .dropdown-item:has-text('Bert')")
    page.locator(".o_messages_menu input[type='search']").press("Enter")
    page.wait_for_timeout(200)
    assert desk.database.value(
        f"SELECT COUNT(*) FROM message_conversation WHERE id = {conversation} AND assignee_id IS NULL") == "1"
    page.keyboard.press("ArrowDown")
    page.keyboard.press("ArrowDown")
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Enter")
    page.wait_for_selector(".o_messages_facts :text('Bert')")
    page.locator(".o_messages_subject").click()
    anna.reply("Please, @be", mode="note")
    page.wait_for_selector(".o_messages_canned [role='option']:has-text('Bert')")
    page.keyboard.press("Enter")
    page.keyboard.type("thank you")
    assert not page.locator(".o_messages_composer a:has-text('@Bert')").count()
    assert "@be" in anna.editor("note").inner_text()
    page.click(".o_messages_discard")
