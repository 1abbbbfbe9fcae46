import polib
from odoo.tests import TransactionCase, tagged
from odoo.tools.misc import file_path
from odoo.tools.translate import TranslationModuleReader


@tagged("post_install", "-at_install")
class TestGerman(TransactionCase):
    def test_every_text_is_there(self):
        entries = polib.pofile(file_path("smtp_outbox_auth_signup/i18n/de.po"))
        german = {entry.msgid: entry.msgstr for entry in entries if not entry.obsolete}
        texts = {row[4] for row in TranslationModuleReader(self.env.cr, ["smtp_outbox_auth_signup"])}
        self.assertTrue(texts)
        self.assertFalse(sorted(text for text in texts if not german.get(text)))
