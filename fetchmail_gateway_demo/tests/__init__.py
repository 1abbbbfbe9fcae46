from . import test_message_demo_request
