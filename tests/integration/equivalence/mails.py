"""Mixed mails, the same at every run, as companies get them."""

import random
from datetime import UTC, datetime, timedelta
from email.message import EmailMessage
from email.utils import format_datetime

from odoo.addons.message_history.lib.delivery_mark import make_mark

from .start import SECRET

COUNT = 260
START = datetime(2026, 2, 3, 7, 30, tzinfo=UTC)
STRANGERS = [f"Stranger {number} <stranger{number}@far.example>" for number in range(40)]
KNOWN = [f"Known {number} <known{number}@customer.example>" for number in range(8)]
USERS = ["Sales Manager <manager@company.example>", "Clerk <clerk@company.example>"]
PORTAL = "Portal Customer <portal@customer.example>"
WORDS = [
    "offer", "delivery", "contract", "garden", "Straße", "naïve", "machine", "invoice", "東京",
    "letter", "travel", "paper",
]  # fmt: skip
PNG = bytes.fromhex(
    "89504e470d0a1a0a0000000d49484452000000010000000108060000001f15c4890000000d49444154789c63000100"
    "000500010d0a2db40000000049454e44ae426082"
)


class Writer:
    """Writes one mail after another."""

    def __init__(self, threads, notes, sent):
        self.threads, self.notes, self.sent = list(threads), list(notes), list(sent)
        self.number = 0

    def all(self):
        """Every mail: (kind, bytes)."""
        kinds = [name[5:] for name in sorted(dir(self)) if name.startswith("mail_")]
        for number in range(COUNT):
            self.number = number
            self.chance = random.Random(f"equivalence/{number}")
            kind = kinds[number % len(kinds)]
            message = getattr(self, f"mail_{kind}")()
            yield kind, message.as_bytes().replace(b"\r\n", b"\n").replace(b"\n", b"\r\n")

    # what mails are made of -----------------------------------------------------------------

    def text(self, length=12):
        return " ".join(self.chance.choices(WORDS, k=length))

    def message(self, sender=None, to="Office <office@company.example>", **headers):
        message = EmailMessage()
        message["Message-ID"] = f"<eq.{self.number}@{self.chance.choice(['far', 'near'])}.example>"
        message["Date"] = format_datetime(START + timedelta(minutes=self.number))
        message["From"] = sender or self.chance.choice(STRANGERS + KNOWN)
        message["To"] = to
        message["Subject"] = f"{self.number}: {self.text(3)}"
        for name, value in headers.items():
            message[name.replace("_", "-").title()] = value
        message.set_content(f"{self.text(20)}\n\n{self.text(8)}\n")
        return message

    def reply(self, parent, *, header="References", **kwargs):
        message = self.message(**kwargs)
        message.replace_header("Subject", f"Re: {self.number}")
        if header == "References":
            message["References"] = f"<unknown.{self.number}@far.example> {parent}"
        message["In-Reply-To"] = parent
        return message

    def remember(self, message):
        """Later mails may answer to this one."""
        self.threads.append(message["Message-ID"])
        return message

    # kinds ----------------------------------------------------------------------------------

    def mail_alias(self):
        return self.remember(self.message(to=f"Sales <sales@{self.domain()}>"))

    def mail_alias_and_cc(self):
        return self.message(
            to=f"sales@{self.domain()}, {self.chance.choice(KNOWN)}",
            cc=", ".join(self.chance.sample(KNOWN + STRANGERS + USERS, 3)),
        )

    def mail_alias_for_partners(self):
        return self.message(to="closed@company.example")

    def mail_alias_with_contacts(self):
        return self.message(to="contacts@company.example")

    def mail_attachments(self):
        message = self.message()
        message.add_attachment(self.text(50), filename="notes.txt")
        message.add_attachment(b"%PDF-1.4 " + self.chance.randbytes(3000), maintype="application",
                               subtype="pdf", filename="Angebot für Straße.pdf")  # fmt: skip
        message.add_attachment(f"<a>{self.number}</a>".encode(), maintype="application",
                               subtype="xml", filename="order.xml")  # fmt: skip
        return self.remember(message)

    def mail_bounce(self):
        message = EmailMessage()
        message["Message-ID"] = f"<eq.{self.number}@mx.far.example>"
        message["From"] = "Mail Delivery System <MAILER-DAEMON@mx.far.example>"
        message["To"] = "bounce@company.example"
        message["Subject"] = "Undelivered Mail Returned to Sender"
        address = f"known{self.number % 8}@customer.example"
        message.set_content(f"<{address}>: host mx said: 550 5.1.1 User unknown\n")
        status = EmailMessage()
        status.set_content("")
        raw = (
            f"Reporting-MTA: dns; mx.far.example\r\n\r\nFinal-Recipient: rfc822; {address}\r\n"
            "Action: failed\r\nStatus: 5.1.1\r\nDiagnostic-Code: smtp; 550 5.1.1 User unknown\r\n"
        )
        sent = self.chance.choice(self.sent)
        # notices without proof change nothing with us (decision 26): the copy that comes back has its mark
        original = (
            f"X-Delivery-Mark: {make_mark(SECRET.encode(), sent, address)}\r\n"
            f"Message-ID: {sent}\r\nFrom: office@company.example\r\n"
            f"To: {address}\r\nSubject: Our offer\r\n\r\nText\r\n"
        )
        return _report(message, raw, original)

    def mail_catchall(self):
        return self.message(to="catchall@company.example")

    def mail_from_user(self):
        return self.remember(self.message(sender=self.chance.choice(USERS)))

    def mail_forwarded(self):
        message = self.message()
        message.add_attachment(self.message(sender=KNOWN[0]))
        return message

    def mail_html(self):
        message = self.message(sender=PORTAL)
        message.add_alternative(
            f"<html><head><style>p {{color: red}}</style></head><body><p onclick='x()'>{self.text()}</p>"
            "<script>alert(1)</script><blockquote>quoted</blockquote></body></html>", subtype="html",
        )  # fmt: skip
        return message

    def mail_html_alone(self):
        message = self.message(cc=self.chance.choice(KNOWN))
        message.set_content(f"<p>{self.text()}</p><p>--<br/>{self.text(3)}</p>", subtype="html")
        return self.remember(message)

    def mail_inline_images(self):
        message = self.message()
        html = f'<p>{self.text()}</p><img src="cid:picture{self.number}@far"/>'
        message.add_alternative(html, subtype="html")
        message.get_payload()[-1].add_related(
            PNG, maintype="image", subtype="png", cid=f"<picture{self.number}@far>",
            filename="picture.png", disposition="inline",
        )  # fmt: skip
        return message

    def mail_latin_letters(self):
        message = self.message()
        message.set_content(f"Schöne Grüße, déjà vu {self.number}\n", charset="iso-8859-1")
        return message

    def mail_new(self):
        return self.remember(self.message())

    def mail_reply(self):
        return self.reply(self.chance.choice(self.threads))

    def mail_reply_by_header(self):
        parent = self.chance.choice(self.threads)
        return self.reply(parent, header="In-Reply-To", sender=self.chance.choice(KNOWN))

    def mail_reply_from_user(self):
        return self.reply(self.chance.choice(self.threads), sender=self.chance.choice(USERS))

    def mail_reply_to_alias_and_cc(self):
        return self.reply(
            self.chance.choice(self.threads), to="sales@company.example",
            cc=", ".join(self.chance.sample(KNOWN + STRANGERS, 2)),
        )  # fmt: skip

    def mail_reply_to_note(self):
        return self.reply(self.chance.choice(self.notes), sender=self.chance.choice(USERS))

    def mail_reply_to_unknown(self):
        return self.reply(f"<never.seen.{self.number}@far.example>")

    def mail_reply_with_attachment(self):
        message = self.reply(self.chance.choice(self.threads))
        message.add_attachment(self.chance.randbytes(500), maintype="application",
                               subtype="octet-stream", filename=f"data {self.number}.bin")  # fmt: skip
        return message

    def mail_without_subject(self):
        message = self.message()
        del message["Subject"]
        message["X-Priority"] = "1"
        return message

    def domain(self):
        return self.chance.choice(["company.example", "second.example"])


def _report(message, status, original):
    boundary = "=-=report=-="
    text = message.get_content()
    del message["Content-Type"]
    del message["Content-Transfer-Encoding"]
    message["Content-Type"] = f'multipart/report; report-type=delivery-status; boundary="{boundary}"'
    parts = [("text/plain", text), ("message/delivery-status", status), ("text/rfc822-headers", original)]
    body = "".join(f"--{boundary}\r\nContent-Type: {kind}\r\n\r\n{content}\r\n" for kind, content in parts)
    message.set_payload(body + f"--{boundary}--\r\n")
    return message
