"""Attachments of mails that are built already become links."""

from email import message_from_bytes, policy
from email.message import EmailMessage

from odoo.addons.smtp_outbox.lib.links import attachments_of, with_links

HTML, TEXT = '<div><a href="https://odoo.example/1">plan</a></div>', "plan: https://odoo.example/1"


def mail(html="<html><body><p>Grüße</p></body></html>", text="Grüße\n", files=(("plan.pdf", b"%PDF" * 100),)):
    """A mail as Odoo builds it."""
    message = EmailMessage(policy=policy.SMTP)
    message["From"], message["To"], message["Subject"] = "a@example.net", "b@example.net", "Pläne und mehr"
    message["X-Odd"] = "kept   as it is"
    if text is not None:
        message.set_content(text)
    if html is not None:
        message.add_alternative(html, subtype="html") if text is not None else message.set_content(html, subtype="html")
    for name, content in files:
        message.add_attachment(content, maintype="application", subtype="pdf", filename=name)
    return message.as_bytes()


def parsed(content):
    return message_from_bytes(content, policy=policy.default)


def test_files_are_found_whole():
    assert [(one.name, one.mimetype, one.content) for one in attachments_of(mail())] == [
        ("plan.pdf", "application/pdf", b"%PDF" * 100)]
    named = mail(files=[("Grundriß 1.pdf", b"1"), ("", b"2")])
    first, second = attachments_of(named)
    assert (first.name, second.content) == ("Grundriß 1.pdf", b"2")


def test_an_attached_mail_stays_a_mail():
    message = message_from_bytes(mail(), policy=policy.SMTP)
    message.add_attachment(parsed(mail(files=())))
    file = attachments_of(message.as_bytes())[1]
    assert file.mimetype == "message/rfc822"
    assert b"Subject:" in file.content


def test_links_take_the_place_of_the_files():
    before = mail()
    after = with_links(before, HTML, TEXT)
    message = parsed(after)
    assert not list(message.iter_attachments())
    html = message.get_body(("html",)).get_content()
    assert "Grüße" in html
    assert html.index(HTML) < html.index("</body>")
    assert message.get_body(("plain",)).get_content().startswith("Grüße")
    assert TEXT in message.get_body(("plain",)).get_content()
    assert after.partition(b"\r\n\r\n")[0] == before.partition(b"\r\n\r\n")[0], "headers stay, byte by byte"
    assert b"%PDF" not in after
    assert all(line.endswith(b"\r\n") or not line for line in after.splitlines(keepends=True)[:-1])


def test_only_one_kind_of_text():
    assert TEXT in parsed(with_links(mail(html=None), HTML, TEXT)).get_body(("plain",)).get_content()
    assert HTML in parsed(with_links(mail(text=None), HTML, TEXT)).get_body(("html",)).get_content()


def test_without_files_nothing_changes():
    content = mail(files=())
    assert attachments_of(content) == []
    assert with_links(content, HTML, TEXT) == content
