import contextlib
import re

from odoo.exceptions import AccessError, UserError
from odoo.fields import Domain
from odoo.modules.neutralize import get_neutralization_queries
from odoo.tests import TransactionCase, new_test_user, tagged
from odoo.tools import mute_logger

OURS = ("message_", "fetchmail_gateway", "smtp_outbox", "sms_gateway", "office365_", "xmpp_", "twitter_")
#: Names of fields that hold what somebody logs in with.
SECRET = re.compile(r"pass(word|wd|phrase|_|$)|secret|token|credential|private_key|api_key|client_key")
#: Core's models that hold the logins of mail servers.
SERVERS = ("ir.mail_server", "fetchmail.server")


@tagged("post_install", "-at_install")
class TestSecrets(TransactionCase):
    """Every secret of our addons is found in the registry, and tried to be read in every way."""

    WORD = "s3cret-to-be-found"

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.manager = new_test_user(cls.env, "secret_manager", groups="message_history.group_manager")
        cls.admin = new_test_user(
            cls.env, "secret_admin", groups="message_history.group_manager,base.group_system,base.group_erp_manager")

    def our_secrets(self):
        """Return {model: names of the secret fields that our addons brought or took over}."""
        found = {}
        for name, model in self.env.registry.items():
            if model._abstract:
                continue
            names = [field.name for field in model._fields.values()
                     if SECRET.search(field.name) and field.type in ("char", "text", "binary", "json", "html")
                     and any(module.startswith(OURS) for module in field._modules)]
            if names:
                found[name] = names
        return found

    def make(self, name, user):
        """Return a record of a model with secrets, made by its user; a new model adds itself here."""
        values = {
            "message.setup": {"name": "Office", "kind": self.env["message.setup"]._selection_kind()[0][0],
                              "address": "office@lamps.example", "user_name": "office", "secret": self.WORD},
            "fetchmail.server": {"name": "Office", "server_type": "imap", "server": "mail.example.com",
                                 "user": "office", "secret": self.WORD},
            "message.channel": {"name": "Office", "authserv_token": self.WORD},
        }
        self.assertIn(name, values, f"{name} has secrets that this test does not know yet")
        model = self.env[name].with_user(user)
        if name == "message.channel":  # its secrets are made by the server alone
            return self.env[name].create(values[name])
        return model.create(values[name]) if model.has_access("create") else self.env[name].create(values[name])

    def ways_to_read(self, record, field):
        """Yield (words, function) of everything by which a field may come back."""
        model = record.browse()
        yield "read", lambda: record.read([field])
        yield "read all", record.read
        yield "web_read", lambda: record.web_read({field: {}})
        yield "search_read", lambda: model.search_read([("id", "=", record.id)], [field])
        yield "web_search_read", lambda: model.web_search_read([("id", "=", record.id)], {field: {}})
        yield "export_data", lambda: record.export_data([field])
        yield "copy", lambda: record.copy().read()
        yield "copy_data", record.copy_data
        yield "onchange", lambda: record.onchange({}, [], {name: {} for name in (field, "name", "display_name")})
        yield "onchange of it", lambda: record.onchange({field: "x"}, [field], {field: {}})
        yield "name_search", lambda: model.name_search(self.WORD)
        yield "formatted_read_group", lambda: model.formatted_read_group([], [field], ["__count"])
        yield "read_group aggregate", lambda: model.formatted_read_group([], [], [f"{field}:array_agg"])
        yield "order", lambda: model.search([("id", "=", record.id)], order=field).ids and None
        yield "default_get", lambda: model.default_get([field])
        yield "fields_get", lambda: model.fields_get([field])

    def test_no_secret_comes_back(self):
        secrets = self.our_secrets()
        self.assertIn("message.setup", secrets)
        for name, names in secrets.items():
            for user in (self.manager, self.admin):
                record = self.make(name, user).with_user(user)
                self.env.flush_all()
                self.env.invalidate_all()
                for field in names:
                    for words, function in self.ways_to_read(record, field):
                        with self.subTest(model=name, field=field, user=user.login, way=words):
                            answer = None
                            with contextlib.suppress(AccessError, UserError, ValueError), mute_logger("odoo.sql_db"), \
                                    self.env.cr.savepoint():
                                answer = function()
                            self.assertNotIn(self.WORD, repr(answer))

    def test_no_secret_is_searched_for(self):
        """Neither on its model nor along any way of relations that leads to it."""
        for name, names in self.our_secrets().items():
            for user in (self.manager, self.admin):
                record = self.make(name, user)
                self.env.flush_all()
                for model, path in self.ways_to(name):
                    for field in names:
                        condition = f"{path}{field}"
                        found = None
                        with self.subTest(model=model, path=condition, user=user.login), \
                                contextlib.suppress(AccessError, UserError, ValueError):
                            found = self.env[model].with_user(user).search(
                                Domain(condition, "=like", f"{self.WORD[:3]}%"))
                        self.assertFalse(found, f"{model} by {condition}, which {record} has")

    def ways_to(self, name):
        """Yield (model, path with a dot) of the model itself and of all that lead to it in one or two steps."""
        yield name, ""
        steps = [(model, field) for model, class_ in self.env.registry.items() if not class_._abstract
                 for field in class_._fields.values()
                 if field.relational and field.comodel_name == name and field.store | bool(field.type == "one2many")]
        for model, field in steps:
            if field._description_searchable:
                yield model, f"{field.name}."

    def test_only_the_writing_half_of_a_secret_can_be_written(self):
        for name, names in self.our_secrets().items():
            record = self.make(name, self.manager)
            for field in names:
                if record._fields[field].groups == ".":
                    for user in (self.manager, self.admin):
                        with self.subTest(model=name, field=field), contextlib.suppress(AccessError):
                            record.with_user(user).write({field: "changed"})
                            # core's own name of the field goes by the writing half
                            self.assertNotEqual(record.sudo()[field], False)
                            self.assertNotIn("changed", repr(record.with_user(user).read()))

    def test_a_secret_does_not_come_back_to_who_writes_it(self):
        """In the answer to saving it: from the cache, that is."""
        for name in self.our_secrets():
            for user in (self.manager, self.admin):
                record = self.make(name, user).with_user(user)
                if record.has_access("write") and "secret" in record._fields:
                    with self.subTest(model=name, user=user.login):
                        self.assertNotIn(self.WORD, repr(record.read()))
                        answer = record.web_save({"secret": self.WORD}, {"secret": {}, "name": {}})
                        self.assertNotIn(self.WORD, repr(answer))


@tagged("post_install", "-at_install")
class TestNeutralize(TransactionCase):
    """A neutralised copy of a database can log in nowhere, and holds no mail that nobody may read."""

    WORD = "s3cret-to-be-wiped"

    def secrets(self):
        """Return (table, column, type) of every stored secret of ours and of the mail servers."""
        found = []
        for name, model in self.env.registry.items():
            if model._abstract or not model._auto:
                continue
            for field in model._fields.values():
                ours = name in SERVERS or any(module.startswith(OURS) for module in field._modules)
                if ours and field.store and field.column_type and SECRET.search(field.name):
                    found.append((model._table, field.name, field.column_type[0]))
        return found

    def neutralize(self):
        """Run what ``odoo neutralize`` runs."""
        self.env.flush_all()
        modules = self.env["ir.module.module"].search([("state", "=", "installed")]).mapped("name")
        for query in get_neutralization_queries(modules):
            self.env.cr.execute(query)
        self.env.invalidate_all()

    def test_every_secret_is_wiped(self):
        self.env["ir.mail_server"].create({"name": "Office", "smtp_host": "mail.example.com"})
        self.env["fetchmail.server"].create({"name": "Office", "server_type": "imap", "server": "mail.example.com"})
        self.env["message.setup"].create({"name": "Office"})
        self.env.flush_all()
        secrets = self.secrets()
        tables = {table for table, _column, _type in secrets}
        self.assertLessEqual({"ir_mail_server", "fetchmail_server", "message_setup"}, tables)
        for table, column, kind in secrets:
            value = 4711 if kind.startswith("int") else self.WORD
            self.env.cr.execute(f'UPDATE "{table}" SET "{column}" = %s', [value])
            self.assertTrue(self.env.cr.rowcount, f"{table} has no row to be wiped")
        self.neutralize()
        for table, column, _kind in secrets:
            self.env.cr.execute(f'SELECT 1 FROM "{table}" WHERE "{column}"::text <> %s', [""])
            self.assertFalse(self.env.cr.fetchall(), f"{table}.{column} is still there")
        for table in sorted(tables):
            self.env.cr.execute(f'SELECT 1 FROM "{table}" t WHERE row_to_json(t)::text LIKE %s', [f"%{self.WORD}%"])
            self.assertFalse(self.env.cr.fetchall(), f"a secret is still in {table}")

    def test_private_mail_is_wiped_and_other_mail_is_not(self):
        channel = self.env["message.channel"].search([], limit=1)
        ids = {}
        for private in (True, False):
            history = self.env["message.history"].create({
                "channel_id": channel.id, "direction": "out", "external_id": f"wiped/{private}", "state": "queued",
                "private": private, "preview": self.WORD, "body_text": self.WORD})
            self.env["message.raw"]._insert([(history.id, self.WORD.encode(), None)])
            self.env["message.variant"]._insert([(history.id, self.WORD.encode(), 0)])
            file = self.env["ir.attachment"].create({
                "name": "x", "raw": self.WORD.encode(), "res_model": "message.history", "res_id": history.id})
            mail = self.env["mail.mail"].create({
                "auto_delete": private, "is_notification": False, "body_html": self.WORD,
                "email_to": "ann@example.com"})
            ids[private] = (history, file, mail)
        self.neutralize()
        for private, (history, file, mail) in ids.items():
            self.assertEqual(bool(self.env["message.raw"]._read(history.ids)), not private)
            self.assertEqual(bool(self.env["message.variant"].search([("history_id", "=", history.id)])), not private)
            self.assertEqual(bool(history.body_text), not private)
            self.assertEqual(bool(history.preview), not private)
            self.assertEqual(bool(file.exists()), not private)
            self.assertEqual(bool(mail.body_html), not private)
            self.assertTrue(history.exists(), "that there was a mail stays the proof")
