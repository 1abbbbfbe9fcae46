"""A whole day: a mail arrives, is read, assigned, answered with a file, comes back, is corrected, sent again, done."""

import re

from dev.instance import wait_until


def test_a_day(desk, clerk):  # noqa: PLR0915 - a day is long
    anna = clerk("anna").open_inbox()
    page = anna.page
    conversation, _message_id = desk.arrives(
        "Offer for 40 lamps", "How much are 40 lamps?\n\nClara", attachment=("plan.pdf", b"%PDF-1.4 plan"),
        Reply_To="reject-orders@customer.example")

    # it is there without a reload, and nothing moved
    page.locator(".o_messages_news, .o_data_row:has-text('Offer for 40 lamps')").first.wait_for()
    if page.locator(".o_messages_news").count():
        page.click(".o_messages_news")
    row = anna.row("Offer for 40 lamps")
    assert "o_messages_unread" in row.locator(".o_messages_row").get_attribute("class")

    # read: the dot goes, the work stays
    anna.open("Offer for 40 lamps")
    body = page.frame_locator(".o_messages_body").first.locator("body")
    assert "How much are 40 lamps?" in body.inner_text()
    page.wait_for_selector(".o_data_row:has-text('Offer for 40 lamps') .o_messages_row:not(.o_messages_unread)")
    assert desk.state(conversation) == "open"
    with page.expect_download() as download:
        page.click(".o_messages_files a:has-text('plan.pdf')")
    assert download.value.suggested_filename == "plan.pdf"

    # take it
    page.keyboard.press("t")
    page.wait_for_selector(".o_messages_facts :text('Anna')")

    # answer, with a file
    anna.reply("They are 900 euros. See the offer.")
    with page.expect_file_chooser() as chooser:
        page.click(".o_messages_composer button[title='Attach files']")
    chooser.value.set_files({"name": "offer.pdf", "mimeType": "application/pdf", "buffer": b"%PDF-1.4 offer"})
    page.wait_for_selector(".o_messages_composer .o_messages_files :text('offer.pdf')")
    anna.editor().click()
    anna.send()
    page.wait_for_selector(".o_messages_card.o_messages_out")
    wait_until(lambda: desk.state(conversation) != "open" or desk.sink.refused(), 30, "the answer")

    # it comes back: the address is wrong, and the conversation says so
    page.wait_for_selector(".o_messages_alert:has-text('reject-orders@customer.example')", timeout=60000)
    alert = page.locator(".o_messages_alert").inner_text()
    assert "no such user" in alert
    wait_until(lambda: desk.state(conversation) == "open", 30, "it is to be answered again")

    # correct it and send again
    page.click(".o_messages_correct")
    page.wait_for_selector(".modal .o_field_one2many .o_data_row")
    page.click(".modal .o_data_row td[name='new_address']")
    page.fill(".modal td[name='new_address'] input", "orders@customer.example")
    page.click(".modal button[name='action_apply']")
    sent = desk.sent_to("orders@customer.example")
    assert "They are 900 euros" in sent.get_body(("plain",)).get_content()
    assert [part.get_filename() for part in sent.iter_attachments()] == ["offer.pdf"]
    assert sent["To"].addresses[0].addr_spec == "orders@customer.example"
    assert sent["From"].addresses[0].addr_spec == "info@lamps.example"
    page.wait_for_selector(".o_messages_ticks[data-state='accepted']", timeout=60000)

    # done: it leaves the queue, and can be had back
    before = anna.counter("open")
    page.locator(".o_messages_done").click()
    page.wait_for_selector(".o_notification:has-text('1 done')")
    wait_until(lambda: desk.state(conversation) == "done", 10, "done")
    wait_until(lambda: not anna.row("Offer for 40 lamps").count(), 10, "it leaves the queue")
    wait_until(lambda: anna.counter("open") == before - 1, 10, "the counter follows")
    page.click(".o_notification:has-text('1 done') button:has-text('Undo')")
    wait_until(lambda: desk.state(conversation) != "done", 10, "undone")
    assert int(desk.database.value(
        "SELECT COUNT(*) FROM message_attempt WHERE address = 'reject-orders@customer.example'")) >= 1
    assert re.search(r"550", desk.sink.refused()[0][1])
