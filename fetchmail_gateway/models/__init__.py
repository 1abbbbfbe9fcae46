from . import (
    fetchmail_server,
    fetchmail_server_fetch,
    fetchmail_server_secret,
    message_channel,
    message_channel_folder,
)
