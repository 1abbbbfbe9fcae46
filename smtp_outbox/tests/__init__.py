from . import (
    test_bounces,
    test_building,
    test_chatter,
    test_hooks,
    test_inline,
    test_message_request,
    test_message_request_outcome,
    test_outbox_views,
    test_queue,
    test_sending,
    test_suppression,
    test_translations,
)
