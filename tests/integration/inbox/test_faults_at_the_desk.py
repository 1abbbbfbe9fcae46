"""The network goes, the server is killed, the same clerk has two windows: nothing is lost and nothing goes twice."""

import contextlib

from dev.instance import wait_until


def test_the_network_goes_while_somebody_writes(desk, clerk):
    desk.arrives("Written in a train")
    anna = clerk("anna").open_inbox()
    anna.open("Written in a train")
    anna.reply("Before the tunnel. ")
    page = anna.page
    page.wait_for_selector(".o_messages_composer :text('Draft saved')")
    anna.context.set_offline(True)
    page.keyboard.type("In the tunnel.")
    page.wait_for_selector(".o_messages_composer :text('Not saved')", timeout=15000)
    anna.context.set_offline(False)
    page.wait_for_selector(".o_messages_composer :text('Draft saved')", timeout=30000)
    anna.errors.clear()  # that there was no network
    elsewhere = clerk("anna").open_inbox()
    elsewhere.open("Written in a train")
    elsewhere.page.wait_for_selector(".o_messages_composer:has-text('Before the tunnel. In the tunnel.')")


def test_two_windows_of_one_clerk(desk, clerk):
    """What is written in one window is not overwritten by what stood in the other before."""
    conversation, _message_id = desk.arrives("Two windows")
    one, other = clerk("anna").open_inbox(), clerk("anna").open_inbox()
    for window in (one, other):
        window.open("Two windows")
    one.reply("First window.")
    one.page.wait_for_selector(".o_messages_composer :text('Draft saved')")
    other.page.keyboard.press("r")
    other.page.wait_for_selector(".o_messages_composer:has-text('First window.')")
    one.send()
    wait_until(lambda: desk.state(conversation) == "waiting", 30, "sent")
    other.editor().click()
    other.page.keyboard.type("Second window.")
    other.page.keyboard.press("Control+Enter")
    other.page.wait_for_selector(".modal, .o_notification", timeout=15000)
    query = ("SELECT COUNT(*) FROM message_history WHERE direction = 'out' AND "
             f"conversation_id = {conversation} AND state != 'cancelled'")
    assert desk.database.value(query) == "1", "the same draft is not sent a second time"
    other.errors.clear()


def test_a_killed_server_sends_once_or_not_at_all(desk, clerk):
    """Between the click and the answer the web server is killed: the draft is there, or the message; never both."""
    anna = clerk("anna").open_inbox()
    page = anna.page
    outcomes = []
    for number, milliseconds in enumerate((0, 1200)):
        subject, address = f"Killed {number}", f"killed{number}@customer.example"
        conversation, _message_id = desk.arrives(subject, Reply_To=address)
        anna.open_inbox()
        anna.open(subject)
        anna.reply("Sent in spite of it?")
        page.wait_for_selector(".o_messages_composer :text('Draft saved')")
        page.keyboard.press("Control+Enter")
        page.wait_for_timeout(milliseconds)
        desk.restart_web()
        with contextlib.suppress(Exception):  # the page may be in the middle of anything
            anna.open_inbox()
        rows = desk.database.sql(
            "SELECT (SELECT COUNT(*) FROM message_history h WHERE h.direction = 'out' AND h.conversation_id = "
            f"{conversation}), (SELECT COUNT(*) FROM message_draft d WHERE d.state = 'draft' AND d.conversation_id = "
            f"{conversation})")
        assert rows in ([["1", "0"]], [["0", "1"]]), rows
        outcomes.append(rows[0][0])
        if rows == [["1", "0"]]:
            desk.sent_to(address)
            assert sum(address in one.recipients for one in desk.sink.taken()) == 1
    assert set(outcomes) == {"0", "1"}, "killed before it was kept, and after"
    anna.open_inbox()
    anna.errors.clear()
