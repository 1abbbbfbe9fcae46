"""Drafts stay where they were written, notes stay inside, and what was sent can be had back."""

from dev.instance import wait_until


def test_a_draft_stays_with_its_conversation(desk, clerk):
    desk.arrives("Draft here")
    desk.arrives("No draft there")
    anna = clerk("anna").open_inbox()
    anna.open("Draft here")
    anna.reply("For the first only")
    anna.row("No draft there").locator(".o_messages_row").click()
    anna.page.wait_for_selector(".o_messages_subject:has-text('No draft there')")
    assert not anna.page.locator(".o_messages_composer").count()
    anna.row("Draft here").locator(".o_messages_row").click()
    anna.page.wait_for_selector(".o_messages_composer:has-text('For the first only')")
    anna.page.wait_for_selector(".o_data_row:has-text('Draft here') .o_messages_draft")


def test_a_draft_survives_a_reload_and_another_computer(desk, clerk):
    desk.arrives("Long letter")
    anna = clerk("anna").open_inbox()
    anna.open("Long letter")
    anna.reply("The beginning of a long letter")
    anna.page.reload()  # at once: before the second that a draft usually waits
    anna.page.wait_for_selector(".o_data_row")
    anna.open("Long letter")
    anna.page.wait_for_selector(".o_messages_composer:has-text('The beginning of a long letter')")
    elsewhere = clerk("anna").open_inbox()
    elsewhere.open("Long letter")
    elsewhere.page.wait_for_selector(".o_messages_composer:has-text('The beginning of a long letter')")


def test_hasty_keys_are_meant_for_the_answer(desk, clerk):
    """What is typed before the composer is there must not mark the conversation as done."""
    conversation, _message_id = desk.arrives("Hasty")
    anna = clerk("anna").open_inbox()
    anna.open("Hasty")
    for key in "reezt":
        anna.page.keyboard.press(key)
    anna.editor().wait_for()
    anna.page.wait_for_function("document.activeElement.closest('.o_messages_composer')")
    assert desk.state(conversation) == "open"
    assert desk.database.value(
        f"SELECT COUNT(*) FROM message_conversation WHERE id = {conversation} AND assignee_id IS NULL") == "1"


def test_a_note_never_reaches_a_transport(desk, clerk):
    conversation, _message_id = desk.arrives("Secret matter")
    anna = clerk("anna").open_inbox()
    anna.open("Secret matter")
    anna.reply("An answer that is not sent")
    anna.page.keyboard.press("Escape")
    anna.reply("This customer never pays", mode="note")
    assert "An answer" not in anna.editor("note").inner_text(), "a draft for each mode"
    with anna.page.expect_file_chooser() as chooser:
        anna.page.click(".o_messages_composer button[title='Attach files']")
    chooser.value.set_files({"name": "unpaid.txt", "mimeType": "text/plain", "buffer": b"a secret list"})
    anna.page.wait_for_selector(".o_messages_composer .o_messages_files :text('unpaid.txt')")
    before = len(desk.sink.taken())
    anna.editor("note").click()
    anna.page.keyboard.press("Control+Enter")
    anna.page.wait_for_selector(".o_messages_card.o_messages_note:has-text('never pays')")
    # an ordinary answer after it passes the transport: what came before has passed, too
    anna.page.click(".o_messages_reply")
    anna.page.wait_for_selector(".o_messages_composer:has-text('An answer that is not sent')")
    anna.editor().click()
    anna.send()
    wait_until(lambda: len(desk.sink.taken()) == before + 1, 60, "the answer")
    raw = b"".join(one.content for one in desk.sink.taken()[before:])
    for secret in (b"never pays", b"unpaid", b"YSBzZWNyZXQ"):
        assert secret not in raw
    assert desk.state(conversation) == "waiting"


def test_ten_seconds_to_take_it_back(desk, clerk):
    conversation, _message_id = desk.arrives("Too quick")
    anna = clerk("anna").open_inbox()
    anna.open("Too quick")
    before = len(desk.sink.taken())
    anna.reply("Sent by mistake")
    anna.page.keyboard.press("Control+Enter")
    undo = anna.page.locator(".o_messages_undo button:has-text('Undo')")
    undo.click()
    anna.page.wait_for_selector(".o_messages_composer:has-text('Sent by mistake')")
    desk.becomes(conversation, "open")
    anna.page.locator(".o_messages_card.o_messages_out").wait_for(state="detached")
    anna.page.wait_for_timeout(12000)  # longer than it could be taken back
    assert len(desk.sink.taken()) == before


def test_saved_answers(desk, clerk):
    desk.arrives("Opening hours?")
    anna = clerk("anna").open_inbox()
    anna.open("Opening hours?")
    anna.reply("Hello, ::hou")
    anna.page.click(".o_messages_canned button:has-text('hours')")
    text = anna.says(".o_messages_composer .odoo-editor-editable", "We are open from 9 to 17 h.")
    assert "::" not in text


def test_saved_answers_and_colleagues_by_keys(desk, clerk):
    """Nobody has to leave the keyboard: arrows and Enter choose; who is named in a note is told."""
    desk.arrives("Named")
    anna, bert = clerk("anna").open_inbox(), clerk("bert").open_inbox()
    bert.listens()
    anna.open("Named")
    anna.reply("Dear Clara, ::ho")
    anna.page.wait_for_selector(".o_messages_canned [role='option']:has-text('hours')")
    anna.page.keyboard.press("ArrowDown")
    anna.page.wait_for_selector(".o_messages_canned [role='option'][aria-selected='true']:has-text('hours')")
    anna.page.keyboard.press("Enter")
    anna.page.wait_for_selector(".o_messages_composer:has-text('open from 9 to 17 h')")
    anna.page.keyboard.press("Escape")
    anna.reply("Please look at this, @be", mode="note")
    anna.page.wait_for_selector(".o_messages_canned [role='option']:has-text('Bert')")
    anna.page.keyboard.press("Tab")
    anna.page.wait_for_selector(".o_messages_composer a:has-text('@Bert')")
    anna.page.keyboard.press("Control+Enter")
    anna.page.wait_for_selector(".o_messages_note:has-text('@Bert'), .o_messages_card_note:has-text('@Bert')")
    bert.page.wait_for_selector(".o_notification:has-text('names you in a note')")
    bert.counts("mentioned", 1)
    bert.page.click("[data-queue='mentioned']")
    bert.row("Named").wait_for()


def test_reply_all_and_forward(desk, clerk):
    desk.arrives("To several", "The plan is attached.", attachment=("plan.pdf", b"%PDF-1.4 plan"),
                 Reply_To="Orders <orders2@customer.example>", Cc="carol@customer.example")
    anna = clerk("anna").open_inbox()
    anna.open("To several")
    anna.reply("To all of you", mode="reply_all")
    anna.send()
    sent = desk.sent_to("carol@customer.example")
    assert sent["To"].addresses[0].addr_spec == "orders2@customer.example"
    assert [one.addr_spec for one in sent["Cc"].addresses] == ["carol@customer.example"]
    anna.page.wait_for_selector(".o_messages_card.o_messages_out")
    anna.page.locator(".o_messages_facts").click()
    anna.page.keyboard.press("f")
    anna.page.wait_for_selector(".o_messages_composer[data-mode='forward']")
    anna.page.keyboard.type("dave@partner.example,")
    anna.page.click(".o_messages_composer button:has-text('Add Its Files')")
    anna.page.wait_for_selector(".o_messages_composer .o_messages_files :text('plan.pdf')")
    anna.editor("forward").click()
    anna.page.keyboard.type("Please have a look")
    anna.send()
    sent = desk.sent_to("dave@partner.example")
    assert [part.get_filename() for part in sent.iter_attachments()] == ["plan.pdf"]
    assert "The plan is attached." in sent.get_body(("plain",)).get_content()


def test_a_new_message(desk, clerk):
    anna = clerk("anna").open_inbox()
    anna.page.click(".o_messages_write")
    anna.page.wait_for_selector(".o_messages_composer[data-mode='new']")
    anna.page.keyboard.type("Eve <eve@customer.example>,")
    anna.page.fill(".o_messages_subject_input", "Our catalogue")
    anna.editor("new").click()
    anna.page.keyboard.type("Here it is.")
    anna.send()
    assert desk.sent_to("eve@customer.example")["Subject"] == "Our catalogue"
