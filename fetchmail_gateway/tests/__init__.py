from . import test_adoption, test_channel_contract, test_fetchmail_server, test_fetching
