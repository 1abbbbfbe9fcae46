from . import (
    message_conversation_undo,
    message_correct,
    message_link,
    message_privacy,
    message_setup,
    message_setup_reach,
    message_setup_secret,
    message_setup_trust,
)
