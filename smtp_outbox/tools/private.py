"""Which mails are private: passwords, sign-in codes, invitations, notices about an account.

Core deletes them once they are sent, so that nobody finds them. Here they may wait, so nothing of
what they say may stand where people read.
"""

import re

#: Links that let whoever has them set a password.
_ACCOUNT_LINK = re.compile(r"/web/(?:signup|reset_password)\?")


def is_private(mail):
    """Whether of a ``mail.mail`` only headers are kept: core would leave no trace of it, or it opens an account."""
    return not mail.is_notification and bool(
        mail.auto_delete or mail.message_type == "user_notification" or _ACCOUNT_LINK.search(mail.body_html or ""))


def without_readable_body(env, vals):
    """Return the values of a new ``mail.mail``; without a body in its ``mail.message`` where that would be read.

    A private mail about a user stands on a document without chatter that every internal user may
    read, and so does the message that core makes with it. What is sent is ``body_html``, which only
    administrators can read.
    """
    if not vals.get("body") or not vals.get("body_html") or vals.get("mail_message_id") or vals.get("is_notification"):
        return vals
    on_chatter = vals.get("model") in env and hasattr(env[vals["model"]], "message_post")
    link = _ACCOUNT_LINK.search(str(vals["body_html"]))
    private = vals.get("auto_delete") or vals.get("message_type") == "user_notification" or link
    return {**vals, "body": False} if private and (link or not on_chatter) else vals
