from . import message_setup
