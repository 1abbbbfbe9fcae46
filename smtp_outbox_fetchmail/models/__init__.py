from . import (
    fetchmail_server,
    ir_mail_server,
    message_channel,
    message_history,
    message_outbox,
    message_sent_copy,
    message_worker,
)
