"""Two clerks at one desk: who is at what, who was quicker, and counters that agree."""


def test_the_second_answer_is_stopped(desk, clerk):
    conversation, message_id = desk.arrives("Which voltage?", "Which voltage do they need?")
    anna, bert = clerk("anna").open_inbox(), clerk("bert").open_inbox()
    for one in (anna, bert):
        one.listens()
    anna.open("Which voltage?")
    bert.open("Which voltage?")
    anna.page.wait_for_selector(".o_messages_banner:has-text('Bert')")
    bert.page.wait_for_selector(".o_messages_banner:has-text('Anna')")

    anna.reply("230 V.")
    bert.page.wait_for_selector(".o_messages_banner:has-text('Anna is writing an answer')")
    bert.reply("12 V, I think.")
    anna.send()
    anna.page.wait_for_selector(".o_messages_card.o_messages_out")

    # Bert's browser shows her answer below what he writes; he may not have noticed
    bert.page.wait_for_selector(".o_messages_card.o_messages_out")
    bert.page.keyboard.press("Control+Enter")
    dialog = bert.page.locator(".modal:has-text('Somebody was quicker')")
    dialog.wait_for()
    bert.says(".modal", "Anna answered")
    bert.page.click(".modal button:has-text('Look First')")
    assert "12 V, I think." in bert.editor().inner_text()
    assert "230 V." in desk.sent_to("clara@customer.example").get_body(("plain",)).get_content()
    answers = desk.database.value(
        f"SELECT COUNT(*) FROM message_history WHERE conversation_id = {conversation} AND direction = 'out'")
    assert answers == "1"
    assert message_id


def test_counters_agree_everywhere(desk, clerk):
    anna, bert = clerk("anna").open_inbox(), clerk("bert").open_inbox()
    desk.arrives("Counter one")
    desk.arrives("Counter two")
    for one in (anna, bert):
        one.counts("open")
    expected = desk.open_count()
    anna.open_inbox()
    anna.row("Counter one").locator(".o_messages_row").click()
    anna.page.wait_for_selector(".o_messages_pane .o_messages_card")
    anna.page.keyboard.press("e")
    for one in (anna, bert):
        one.counts("open", expected - 1)
    mine = desk.database.value("SELECT COUNT(*) FROM message_conversation c WHERE c.state = 'open' AND (assignee_id IS "
                               "NULL OR assignee_id = (SELECT id FROM res_users WHERE login = 'anna'))")
    anna.page.wait_for_function(f"document.querySelector('.o_messages_badge')?.textContent.trim() === '{mine}'")
    assert anna.counter("mine") + anna.counter("unassigned") == int(mine)
    anna.page.wait_for_function(f"document.title.startsWith('({mine}')")


def test_nothing_moves_under_the_pointer(desk, clerk):
    desk.arrives("First in the list")
    anna = clerk("anna").open_inbox()
    anna.listens()
    anna.row("First in the list").hover()
    order = anna.page.locator(".o_messages_row_subject").all_inner_texts()
    desk.arrives("Newer than the first")
    anna.says(".o_messages_news", "1 new")
    assert anna.page.locator(".o_messages_row_subject").all_inner_texts() == order
    anna.row("First in the list").locator(".o_messages_row").click()
    anna.page.wait_for_selector(".o_messages_subject:has-text('First in the list')")
    anna.page.click(".o_messages_news")
    anna.row("Newer than the first").wait_for()


def test_bulk_tells_what_it_left_alone(desk, clerk):
    first, message_id = desk.arrives("Bulk one")
    second, _message_id = desk.arrives("Bulk two")
    anna = clerk("anna").open_inbox()
    for subject in ("Bulk one", "Bulk two"):
        anna.row(subject).locator(".o_list_record_selector input").click()
    # what the browser has not heard of yet: as if the news came in this very moment
    anna.context.set_offline(True)
    desk.arrives("Re: Bulk one", "One more thing", references=message_id)
    anna.context.set_offline(False)
    anna.page.click(".o_selection_container button[name='action_done']")
    desk.becomes(second, "done")
    assert desk.state(first) == "open"
    anna.page.wait_for_selector(".o_notification:has-text('1 done, 1 left alone')")
    anna.errors.clear()  # the browser says that it was offline
