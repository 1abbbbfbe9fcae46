from . import test_channel_contract
from . import test_access
from . import test_controllers
from . import test_message_link
from . import test_message_privacy
from . import test_views
from . import test_answers, test_dispatch, test_failures, test_intake, test_rules
from . import test_bounces, test_conversations, test_record_rules, test_retention, test_threading
from . import test_alarms
from . import test_parsing_corpus
from . import test_message_process
from . import test_translations
