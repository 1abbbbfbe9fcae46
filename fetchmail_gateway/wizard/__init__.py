from . import fetchmail_folder, message_setup
