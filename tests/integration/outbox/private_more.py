"""The same as ``test_out_private``, for addons of Odoo that are large: not collected by itself, it takes minutes.

    python3 dev python -m pytest tests/integration/outbox/private_more.py
"""

import pytest

from dev import database as databases
from tests.integration.faults.system import template
from tests.integration.outbox.office import Browser, opened, text_of

_MORE = ("event", "survey", "mass_mailing", "website")


@pytest.fixture(scope="module")
def office(outbox_odoo, tmp_path_factory):
    """One office with more of Odoo's addons."""
    name = databases.template(outbox_odoo, "private_more", _MORE, base=template(outbox_odoo, "ours"))
    with opened(outbox_odoo, name, "private_more", tmp_path_factory.mktemp("more")) as house:
        yield house


def test_a_reset_leads_to_the_website_of_the_user(office):
    """As core has it: the domain of the website of the user's contact."""
    user = office.user("web-reset@example.com", ("base.group_portal",))
    office.agent.run(
        "site = env['website'].create({'name': 'Other', 'domain': 'https://other.example'})\n"
        "env['res.users'].browse(user).partner_id.website_id = site\n"
        "env['res.users'].browse(user).website_id = site\n"
        "env['res.users'].browse(user).action_reset_password()", user=user)
    assert "https://other.example/web/" in text_of(office.one_mail_to("web-reset@example.com"))


def test_a_reset_from_a_website(office):
    """From the page of the website itself."""
    office.user("site-reset@example.com")
    page = Browser(office).post("/web/reset_password", login="site-reset@example.com", redirect="", token="")
    assert "instructions sent" in page
    office.one_mail_to("site-reset@example.com")


def test_the_test_of_a_mailing(office):
    """Core deletes the mail in the transaction that sends it."""
    office.agent.run(
        "mailing = env['mailing.mailing'].create({'subject': 'News', 'body_html': '<p>News</p>',\n"
        "    'mailing_model_id': env['ir.model']._get_id('mailing.list')})\n"
        "env['mailing.mailing.test'].create({'mass_mailing_id': mailing.id, 'email_to': 'mailing@example.com'})"
        ".send_mail_test()")
    office.one_mail_to("mailing@example.com")


def test_an_invitation_to_a_survey(office):
    """With the token of the answer in its link."""
    office.agent.run(
        "survey = env['survey.survey'].create({'title': 'How was it?', 'access_mode': 'token',\n"
        "    'question_and_page_ids': [(0, 0, {'title': 'Well?', 'question_type': 'char_box'})]})\n"
        "action = survey.action_send_survey()\n"
        "env['survey.invite'].with_context(action['context']).create({'emails': 'survey@example.com'}).action_invite()")
    office.one_mail_to("survey@example.com")


def test_the_registration_for_an_event(office):
    """The confirmation that the event sends at once."""
    office.agent.run(
        "env.ref('event.event_subscription').report_template_ids = False\n"  # its ticket in PDF asks for a program
        "event = env['event.event'].create({'name': 'Congress', 'date_begin': '2037-05-01 08:00:00',\n"
        "    'date_end': '2037-05-02 18:00:00', 'event_mail_ids': [(0, 0, {'interval_unit': 'now',\n"
        "    'interval_type': 'after_sub',\n"
        "    'template_ref': 'mail.template,%s' % env.ref('event.event_subscription').id})]})\n"
        "env['event.registration'].create({'event_id': event.id, 'name': 'Ann', 'email': 'event@example.com',\n"
        "    'state': 'open'})\n"
        "env.cr.commit()\nenv['event.mail'].search([]).execute()")
    office.one_mail_to("event@example.com")
