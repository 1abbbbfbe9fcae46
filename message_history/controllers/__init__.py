from . import message_draft, message_original, message_part, message_privacy
