from . import message_demo_note, message_demo_request
