"""A whole day: a mail arrives, is read, assigned, answered with a file, comes back, is corrected, sent again, done."""

SUBJECT = "Offer for 40 lamps"


def test_a_day(desk, clerk):
    anna = clerk("anna").open_inbox()
    anna.listens()
    conversation, _message_id = desk.arrives(
        SUBJECT, "How much are 40 lamps?\n\nClara", attachment=("plan.pdf", b"%PDF-1.4 plan"),
        Reply_To="reject-orders@customer.example")
    read(desk, anna, conversation)
    answer(anna)
    comes_back(desk, anna, conversation)
    correct(desk, anna)
    done(desk, anna, conversation)


def read(desk, anna, conversation):
    """It is there without a reload, and nothing moved; the dot goes, the work stays."""
    page = anna.page
    page.locator(f".o_messages_news, .o_data_row:has-text('{SUBJECT}')").first.wait_for()
    if page.locator(".o_messages_news").count():
        page.click(".o_messages_news")
    anna.row(SUBJECT).locator(".o_messages_row.o_messages_unread").wait_for()
    anna.open(SUBJECT)
    body = page.frame_locator(".o_messages_body").first.locator("body", has_text="How much are 40 lamps?")
    body.wait_for()
    page.wait_for_selector(f".o_data_row:has-text('{SUBJECT}') .o_messages_row:not(.o_messages_unread)")
    assert desk.state(conversation) == "open"
    with page.expect_download() as download:
        page.click(".o_messages_files a:has-text('plan.pdf')")
    assert download.value.suggested_filename == "plan.pdf"


def answer(anna):
    """She takes it, and answers with a file."""
    page = anna.page
    page.keyboard.press("t")
    page.wait_for_selector(".o_messages_facts :text('Anna')")
    anna.reply("They are 900 euros. See the offer.")
    with page.expect_file_chooser() as chooser:
        page.click(".o_messages_composer button[title='Attach files']")
    chooser.value.set_files({"name": "offer.pdf", "mimeType": "application/pdf", "buffer": b"%PDF-1.4 offer"})
    page.wait_for_selector(".o_messages_composer .o_messages_files :text('offer.pdf')")
    anna.editor().click()
    anna.send()
    page.wait_for_selector(".o_messages_card.o_messages_out")


def comes_back(desk, anna, conversation):
    """The address is wrong: the conversation says so, and is to be answered again."""
    anna.says(".o_messages_alert", "reject-orders@customer.example", "no such user")
    desk.becomes(conversation, "open")


def correct(desk, anna):
    """The corrected address gets the very same message; the failed attempt stays on record."""
    page = anna.page
    page.click(".o_messages_step_correct")
    page.wait_for_selector(".modal .o_field_one2many .o_data_row")
    page.click(".modal .o_data_row td[name='new_address']")
    page.fill(".modal td[name='new_address'] input", "orders@customer.example")
    page.click(".modal button[name='action_apply']")
    sent = desk.sent_to("orders@customer.example")
    assert "They are 900 euros" in sent.get_body(("plain",)).get_content()
    assert [part.get_filename() for part in sent.iter_attachments()] == ["offer.pdf"]
    assert sent["To"].addresses[0].addr_spec == "orders@customer.example"
    assert sent["From"].addresses[0].addr_spec == "info@lamps.example"
    page.wait_for_selector(".o_messages_ticks[data-state='accepted']")
    assert int(desk.database.value(
        "SELECT COUNT(*) FROM message_attempt WHERE address = 'reject-orders@customer.example'")) >= 1
    assert "550" in desk.sink.refused()[0][1]


def done(desk, anna, conversation):
    """It leaves the queue with its counter, and can be had back."""
    page = anna.page
    # what was corrected has answered the customer: from there we begin, and the page as well
    desk.becomes(conversation, "waiting")
    anna.counts("open")
    page.locator(".o_messages_done").click()
    undo = page.locator(".o_notification:has-text('1 done') button:has-text('Undo')")
    undo.wait_for()
    desk.becomes(conversation, "done")
    anna.leaves(SUBJECT)
    anna.counts("open")
    undo.click()
    desk.becomes(conversation, "waiting")
