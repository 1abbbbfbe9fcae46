from . import test_account_links, test_reset_password, test_translations
