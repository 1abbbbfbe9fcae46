from . import (
    test_message_setup,
    test_message_setup_secret,
    test_registry_walk,
    test_sent_copy,
    test_translations,
    test_watched_folder,
)
