from . import message_link, message_privacy
