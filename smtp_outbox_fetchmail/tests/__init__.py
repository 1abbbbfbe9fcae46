from . import test_sent_copy, test_translations, test_watched_folder
