"""Every screen of the app at both widths: nothing fails, nothing scrolls sideways."""

import pytest

SCREENS = (
    "messages", "conversations", "message-outbox", "message-sent", "all-messages", "failed-messages",
    "message-channels", "message-dashboard", "message-report", "message-answer-times", "message-failures",
    "message-new",
)
READY = (
    ".o_messages_row, .o_data_row, .o_kanban_record:not(.o_kanban_ghost), .o_view_nocontent, .o_graph_renderer, "
    ".o_messages_composer, .o_nocontent_help")


@pytest.mark.parametrize(("login", "width"), [("anna", 400), ("admin", 1400), ("admin", 400)])
def test_every_screen(desk, clerk, login, width):
    desk.arrives(f"For the screens {login} {width}")
    one = clerk(login, viewport={"width": width, "height": 860})
    for screen in SCREENS:
        one.page.goto(f"{desk.web.url}/odoo/{screen}")
        one.page.wait_for_selector(READY)
        one.page.wait_for_function("!document.querySelector('.o_loading_indicator')")
        assert one.sideways() == 0, screen


def test_german_clerks_read_german(desk, clerk):
    desk.database.shell("""
user = env['res.users'].search([('login', '=', 'bert')])
env['ir.module.module'].search([('name', 'in', ['message_history', 'smtp_outbox', 'fetchmail_gateway'])]
                               )._update_translations(['de_DE'])
user.lang = 'de_DE'
env.registry.signal_changes()  # the web server may know him already
""")
    desk.arrives("Auf Deutsch")
    bert = clerk("bert").open_inbox()
    bert.says(".o_messages_queues", "Zu beantworten", "Nicht zugewiesen", "Zurückgestellt", "Erledigt")
    bert.open("Auf Deutsch")
    bert.says(".o_messages_buttons", "Antworten", "Notiz", "Erledigt")
    desk.database.shell(
        "env['res.users'].search([('login', '=', 'bert')]).lang = 'en_US'\nenv.registry.signal_changes()")


def test_the_menu_bar_and_its_line(desk, clerk):
    anna = clerk("anna")
    desk.database.shell("""
user = env['res.users'].search([('login', '=', 'anna')])
env['res.users.settings']._find_or_create_for_user(user).message_ticker = 'subject'
""")
    anna.page.goto(f"{desk.web.url}/odoo/message-sent")
    anna.page.wait_for_selector(".o_messages_systray_button")
    anna.listens()
    desk.arrives("On the line")
    anna.page.wait_for_selector(".o_messages_ticker :text('On the line')")
    anna.page.click(".o_messages_systray_button")
    anna.page.click(".o_messages_systray [role='tab']:has-text('Unassigned')")
    anna.page.wait_for_selector(".o_messages_systray_rows .dropdown-item:has-text('On the line')")
    anna.page.click(".o_messages_systray_rows .dropdown-item:has-text('On the line')")
    anna.page.wait_for_selector(".o_messages_subject:has-text('On the line')")
    desk.database.shell("""
user = env['res.users'].search([('login', '=', 'anna')])
env['res.users.settings']._find_or_create_for_user(user).message_ticker = 'off'
""")


def test_the_messages_of_a_contact(desk, clerk):
    desk.arrives("Of a contact", sender="Dora <dora@customer.example>")
    partner = desk.database.shell("""
message = env['message.history'].search([('subject', '=', 'Of a contact')])
message.conversation_id.write({'model': 'res.partner', 'res_id': env['res.partner'].create({'name': 'Dora'}).id})
result = message.conversation_id.res_id
""")
    anna = clerk("anna")
    anna.page.goto(f"{desk.web.url}/odoo/action-base.action_partner_form/{partner}")
    anna.page.wait_for_selector(".o_form_view")
    anna.page.click(".o_cp_action_menus button")
    anna.page.click(".o_menu_item:has-text('Messages about It')")
    anna.page.wait_for_selector(".o_list_view .o_data_row:has-text('Of a contact')")
