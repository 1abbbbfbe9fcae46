"""What helps when an answer did not arrive: another channel, links for what is too large; and fingers that swipe."""

from dev.instance import wait_until
from dev.servers.smtp import SmtpSink

_SPARE = """
server = env['ir.mail_server'].create({'name': name, 'smtp_host': '127.0.0.1', 'smtp_port': port,
                                       'smtp_encryption': 'none', 'sequence': 90, 'from_filter': 'lamps.example'})
result = server.id
"""


def attach(anna, name, content):
    """Put a file on what is being written."""
    page = anna.page
    with page.expect_file_chooser() as chooser:
        page.click(".o_messages_composer button[title='Attach files']")
    chooser.value.set_files({"name": name, "mimeType": "application/pdf", "buffer": content})
    page.wait_for_selector(f".o_messages_composer .o_messages_files :text('{name}')")
    anna.editor().click()


def test_too_large_goes_as_a_link(desk, clerk):
    content = b"%PDF-1.4 " + b"house " * 20_000
    conversation, _message_id = desk.arrives("Send me the plan", Reply_To="big-clara@customer.example")
    anna = clerk("anna").open_inbox()
    anna.open("Send me the plan")
    anna.reply("Here it is.")
    attach(anna, "plan.pdf", content)
    anna.send()
    page = anna.page
    page.wait_for_selector(".o_messages_alert:has-text('Too large for the server')", timeout=60000)
    page.click(".o_messages_step_link.btn-primary")  # what helps most comes first
    sent = desk.sent_to("big-clara@customer.example")
    assert not list(sent.iter_attachments())
    html = sent.get_body(("html",)).get_content()
    assert "Here it is." in html
    link = html.partition('href="')[2].partition('"')[0].replace("&amp;", "&")
    # whoever has the link gets the file, without an account
    stranger = anna.context.browser.new_context()
    answer = stranger.request.get(f"{desk.web.url}/web/content/{link.partition('/web/content/')[2]}")
    assert (answer.status, answer.body()) == (200, content)
    wrong = stranger.request.get(f"{desk.web.url}/web/content/{link.partition('/web/content/')[2][:-8]}00000000")
    assert wrong.status == 404
    stranger.close()
    page.wait_for_selector(".o_messages_ticks[data-state='accepted']", timeout=60000)
    desk.becomes(conversation, "waiting")  # it is answered after all


def test_another_channel(desk, clerk):
    with SmtpSink() as spare:
        server = desk.database.shell(_SPARE, name="Other way", port=spare.port)
        desk.arrives("Not from you", Reply_To="perm-clara@customer.example")
        anna = clerk("anna").open_inbox()
        anna.open("Not from you")
        anna.reply("Why not?")
        anna.send()
        page = anna.page
        page.wait_for_selector(".o_messages_alert:has-text('Refused by the recipient')", timeout=60000)
        page.click(".o_messages_step_way")
        page.click(".modal .o_radio_item:has-text('Other way') input")
        page.click(".modal .o_data_row td[name='new_address']")
        page.fill(".modal td[name='new_address'] input", "clara@customer.example")
        page.click(".modal button[name='action_apply']")
        wait_until(lambda: spare.taken, 60, "it goes there")
        assert [one.recipients for one in spare.taken] == [("clara@customer.example",)]
        page.wait_for_selector(".o_messages_ticks[data-state='accepted']", timeout=60000)
        desk.database.shell("env['ir.mail_server'].browse(server).active = False", server=server)


def steady(page, element):
    """Wait until an element stays where it is: rows above it may still come back."""
    element.wait_for()
    places = [None, element.bounding_box()]
    while places[-1] != places[-2]:
        page.wait_for_timeout(200)
        places.append(element.bounding_box())


def swipe(page, element, distance):
    """Draw a finger over an element."""
    box = element.bounding_box()
    touch = page.context.new_cdp_session(page)
    begin, height = box["x"] + box["width"] / 2, box["y"] + box["height"] / 2
    points = [begin + distance * step / 10 for step in range(11)]
    touch.send("Input.dispatchTouchEvent", {"type": "touchStart", "touchPoints": [{"x": begin, "y": height}]})
    for x in points:
        touch.send("Input.dispatchTouchEvent", {"type": "touchMove", "touchPoints": [{"x": x, "y": height}]})
    page.wait_for_timeout(100)
    touch.send("Input.dispatchTouchEvent", {"type": "touchEnd", "touchPoints": []})


def test_swipes(desk, clerk):
    done, _message_id = desk.arrives("Swipe to the right")
    later, _message_id = desk.arrives("Swipe to the left")
    anna = clerk("anna", viewport={"width": 400, "height": 800}).open_inbox()
    page = anna.page
    swipe(page, page.locator(".o_kanban_record", has_text="Swipe to the right"), 180)
    desk.becomes(done, "done")  # to the right
    page.locator(".o_notification button:has-text('Undo')").tap()
    desk.becomes(done, "open")
    page.locator(".o_notification button:has-text('Undo')").wait_for(state="detached")
    steady(page, page.locator(".o_kanban_record", has_text="Swipe to the left"))
    swipe(page, page.locator(".o_kanban_record", has_text="Swipe to the left"), -180)
    desk.becomes(later, "waiting")  # to the left
    assert desk.database.value(f"SELECT snooze_reply FROM message_conversation WHERE id = {later}") == "t"
    assert anna.sideways() == 0
