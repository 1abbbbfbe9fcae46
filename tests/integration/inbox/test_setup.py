"""Setting a channel up: against Dovecot and an SMTP server, in a browser, with a password that is wrong at first."""


def choose(page, field, port, label="None"):
    """Choose a kind of encryption in the dialog and wait for the port that belongs to it: typing before would mix."""
    page.click(f".modal [name='{field}'] input")
    page.locator(".o_select_menu_item, .dropdown-item", has_text=label).first.click()
    name = field.replace("_security", "_port")
    page.wait_for_function(f"document.querySelector(\".modal [name='{name}'] input\").value === '{port}'")


def test_set_up_a_channel(desk, clerk):
    user = desk.dovecot.add_user("newbox")
    admin = clerk("admin")
    page = admin.page
    page.goto(f"{desk.web.url}/odoo/message-channels")
    page.click("button:has-text('Set Up Channel')")
    page.wait_for_selector(".modal .o_field_widget[name='address']")
    page.fill(".modal [name='address'] input", "office@lamps.example")
    page.keyboard.press("Tab")
    # guessed from the address
    page.wait_for_function("document.querySelector(\".modal [name='in_host'] input\").value === 'imap.lamps.example'")
    assert page.input_value(".modal [name='out_host'] input") == "smtp.lamps.example"
    assert page.input_value(".modal [name='user_name'] input") == "office@lamps.example"

    page.fill(".modal [name='user_name'] input", user)
    page.fill(".modal [name='secret'] input", "s3cret-wrong")
    page.fill(".modal [name='in_host'] input", "127.0.0.1")
    choose(page, "in_security", 143)
    page.fill(".modal [name='in_port'] input", str(desk.dovecot.imap_port))
    page.fill(".modal [name='out_host'] input", "127.0.0.1")
    choose(page, "out_security", 25)
    page.fill(".modal [name='out_port'] input", str(desk.sink.port))
    page.uncheck(".modal [name='out_login'] input")
    page.click(".modal button[name='action_apply']")

    # the server's own words, and what was typed stays
    report = admin.says(".modal .alert-danger", "Receiving does not work")
    assert "AUTHENTICATIONFAILED" in report or "Authentication failed" in report
    assert "Sending works" in report
    assert page.input_value(".modal [name='in_host'] input") == "127.0.0.1"
    assert desk.database.value("SELECT COUNT(*) FROM fetchmail_server WHERE \"user\" = '" + user + "'") == "0"

    assert page.input_value(".modal [name='secret'] input") == "", "it is never shown again"
    page.fill(".modal [name='secret'] input", "s3cret")
    page.click(".modal button[name='action_apply']")
    page.wait_for_selector(".modal", state="detached")
    assert desk.database.value("SELECT COUNT(*) FROM fetchmail_server WHERE \"user\" = '" + user + "'") == "1"
    assert desk.database.value("SELECT COUNT(*) FROM message_setup WHERE password IS NOT NULL") == "0"
