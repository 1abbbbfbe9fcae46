from . import test_sending
from . import test_chatter
from . import test_queue
from . import test_inline
from . import test_suppression
from . import test_bounces
from . import test_building
from . import test_message_request
