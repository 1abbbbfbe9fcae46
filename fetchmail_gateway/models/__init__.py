from . import fetchmail_server, fetchmail_server_fetch, message_channel, message_channel_folder
