import re

import polib
from odoo.tests import TransactionCase, tagged
from odoo.tools.misc import file_path
from odoo.tools.translate import TranslationModuleReader

_PLACEHOLDER = re.compile(r"%\(\w+\)[sd]|%[sd]")


@tagged("post_install", "-at_install")
class TestGerman(TransactionCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        entries = polib.pofile(file_path("smtp_outbox/i18n/de.po"))
        cls.german = {entry.msgid: entry.msgstr for entry in entries if not entry.obsolete}

    def test_every_text_is_there(self):
        texts = {row[4] for row in TranslationModuleReader(self.env.cr, ["smtp_outbox"])}
        self.assertGreater(len(texts), 100)
        self.assertFalse(sorted(text for text in texts if not self.german.get(text)))

    def test_placeholders_are_kept(self):
        for text, translation in self.german.items():
            with self.subTest(text=text):
                self.assertEqual(sorted(_PLACEHOLDER.findall(text)), sorted(_PLACEHOLDER.findall(translation)))
