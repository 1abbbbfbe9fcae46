"""``dev mail``: send a mail to the demo mailbox of the running ``dev run``."""

from __future__ import annotations

import smtplib
from argparse import Namespace
from email.message import EmailMessage
from email.utils import formatdate, make_msgid

from dev import console, run_state
from dev.console import DevError
from dev.demo_accounts import ACCOUNTS, SALES


def main(options: Namespace) -> int:
    """Send it by SMTP; raises DevError when the demo isn't running."""
    state = run_state.read()
    if not state:
        raise DevError("The demo isn't running.", "Start it in another window: python3 dev run")
    message = EmailMessage()
    message["From"], message["To"] = options.sender, f"Sales <{ACCOUNTS[SALES]}>"
    message["Subject"], message["Date"] = options.subject, formatdate(localtime=True)
    message["Message-ID"] = make_msgid(domain="customer.example")
    message.set_content(options.text)
    try:
        with smtplib.SMTP("127.0.0.1", state["smtp_port"], timeout=30) as client:
            client.send_message(message)
    except (OSError, smtplib.SMTPException) as error:
        raise DevError(f"The demo mail server refused: {error}", "Is `dev run` running?") from error
    console.say(f"Sent to {ACCOUNTS[SALES]}: {options.subject}")
    return 0
