from . import message_correct, message_link, message_privacy, message_setup
