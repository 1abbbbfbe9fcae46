from . import test_reset_password, test_translations
