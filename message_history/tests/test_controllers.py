import io
import zipfile

from odoo.addons.message_history.tools.download import safe_filename
from odoo.tests import HttpCase, tagged

from .common_views import MessageScene


@tagged("post_install", "-at_install")
class TestDownloads(MessageScene, HttpCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.set_scene()
        cls.message = cls.receive(1, subject="Käse & <b>\"Wein\"</b>\t/etc/passwd")

    def _get(self, user, message=None):
        if user:
            self.authenticate(user.login, user.login)
        return self.url_open(f"/message_history/original/{(message or self.message).id}",
                             allow_redirects=False)

    def test_the_original_as_it_came(self):
        response = self._get(self.clerk)
        self.assertEqual(response.status_code, 200)
        self.assertEqual(
            response.content, self.env["message.raw"]._read(self.message.ids)[self.message.id])
        self.assertEqual(response.headers["Content-Type"], "message/rfc822")
        self.assertEqual(response.headers["X-Content-Type-Options"], "nosniff")
        self.assertEqual(response.headers["Content-Length"], str(len(response.content)))
        disposition = response.headers["Content-Disposition"]
        self.assertTrue(disposition.startswith("attachment;"))
        self.assertNotRegex(disposition, r"[<>/\\\r\n]")

    def test_a_large_original_comes_from_the_store(self):
        large = self.receive(2, process=False, text="0123456789abcdef\n" * 40000)
        self.env.cr.execute("SELECT store_name FROM message_raw WHERE history_id = %s", [large.id])
        self.assertTrue(self.env.cr.fetchone()[0])
        response = self._get(self.clerk, large)
        self.assertEqual(response.content, self.env["message.raw"]._read(large.ids)[large.id])
        self.assertGreater(len(response.content), 256 * 1024)

    def test_only_for_who_may_read_it(self):
        for user, status in ((self.manager, 200), (self.stranger, 404), (self.employee, 404)):
            self.assertEqual(self._get(user).status_code, status, user.login)

    def test_not_without_login(self):
        response = self._get(None)
        self.assertEqual(response.status_code, 303)
        self.assertIn("/web/login", response.headers["Location"])

    def test_what_is_not_there(self):
        self.authenticate("clerk", "clerk")
        self.assertEqual(self.url_open("/message_history/original/999999999").status_code, 404)
        self.env["message.raw"]._drop(self.message.ids)
        self.assertEqual(self._get(self.clerk).status_code, 404)

    def test_other_content_is_never_shown_as_mail(self):
        self.message.content_type = "text/html"
        self.assertEqual(self._get(self.clerk).headers["Content-Type"], "application/octet-stream")

    def test_the_button_leads_there(self):
        action = self.message.with_user(self.clerk).action_download()
        self.authenticate("clerk", "clerk")
        self.assertEqual(self.url_open(action["url"]).status_code, 200)

    def test_export_of_one_person(self):
        wizard = self.env["message.privacy"].with_user(self.manager).create(
            {"address": "clara@customer.example"})
        wizard.action_look_up()
        url = wizard.action_export()["url"]
        for user, status in ((self.clerk, 404), (self.employee, 404), (self.manager, 200)):
            self.authenticate(user.login, user.login)
            response = self.url_open(url)
            self.assertEqual(response.status_code, status, user.login)
        self.assertEqual(response.headers["Content-Type"], "application/zip")
        with zipfile.ZipFile(io.BytesIO(response.content)) as archive:
            self.assertIsNone(archive.testzip())
            self.assertEqual(len(archive.namelist()), 3)

    def test_file_names(self):
        for title, name in (
            ("Offer", "Offer.eml"), ("", "message.eml"), (None, "message.eml"), ("../../x", "x.eml"),
            ("a\r\nX-Evil: 1", "a X-Evil 1.eml"), ("Grüße aus Köln", "Grüße aus Köln.eml"),
            ("x" * 200, "x" * 80 + ".eml"), (".hidden.", "hidden.eml"), ("a\x00b", "a b.eml"),
        ):
            self.assertEqual(safe_filename(title), name)
