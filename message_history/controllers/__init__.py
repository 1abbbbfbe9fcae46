from . import message_original, message_privacy
