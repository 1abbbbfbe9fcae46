from . import (
    ir_mail_server,
    ir_mail_server_channel,
    mail_expander,
    mail_mail,
    mail_message,
    mail_thread,
    message_bounce,
    message_channel,
    message_outbox,
    message_suppression,
    message_worker,
)
