from odoo.exceptions import MissingError, UserError
from odoo.tests import TransactionCase, tagged
from odoo.tools import SQL

from ..tools.words import plain_words, words


@tagged("post_install", "-at_install")
class TestWords(TransactionCase):
    """Reasons that workers store: for people, in the language of the clerks."""

    def test_what_is_for_programmers_is_left_out(self):
        with self.assertRaises(MissingError) as raised:
            self.env["res.partner"].browse(987654).with_context(lang=None).name  # noqa: B018
        said = plain_words(raised.exception)
        self.assertNotIn("res.partner", said)
        self.assertNotIn("987654", said)
        self.assertTrue(said.endswith("."), said)

    def test_what_people_wrote_stays(self):
        self.assertEqual(plain_words(UserError("The total (net) is wrong.")), "The total (net) is wrong.")

    def test_an_error_without_words_says_its_name(self):
        self.assertEqual(plain_words(KeyError()), "KeyError")

    def test_a_database_error_says_its_first_line(self):
        with (
            self.assertLogs("odoo.sql_db", "ERROR"), self.assertRaises(Exception) as raised,
            self.env.cr.savepoint(),
        ):
            self.env.cr.execute(SQL("SELECT 1 / 0"))
        self.assertEqual(plain_words(raised.exception), "division by zero")

    def test_nothing_hostile_gets_through(self):
        self.assertEqual(plain_words(ValueError("a\x00b\n\nc")), "ab c")
        self.assertLessEqual(len(plain_words(ValueError("(Record: " + "(" * 100000))), 300)

    def test_workers_speak_the_company_s_language(self):
        self.env["res.lang"]._activate_lang("de_DE")
        self.env["ir.module.module"].search([("name", "=", "message_history")])._update_translations(["de_DE"])
        self.env.ref("base.main_company").partner_id.lang = "de_DE"
        background = self.env(context={})
        self.assertEqual(words(background).__self__.lang, "de_DE")

    def test_people_are_answered_in_their_own_language(self):
        self.env["res.lang"]._activate_lang("de_DE")
        self.env.ref("base.main_company").partner_id.lang = "de_DE"
        english = self.env(context={"lang": "en_US"})
        self.assertEqual(words(english).__self__.lang, "en_US")
