from . import (
    test_adoption,
    test_channel_contract,
    test_fetching,
    test_fetchmail_server,
    test_registry_walk,
    test_server_rights,
)
