"""Walks the registry: who may call which public method, with the call by which the entitled person succeeds.

A method without an underscore can be called by every login. So each of ours, and each of core's that we override, is
in a table with a call. The walk asserts that the entitled person succeeds; then four others make the same call. Each is
refused (AccessError), or gets nothing of it and changes nothing in any table of ours. A new public method that is not
in its addon's table fails.
"""

import inspect
import json
from dataclasses import dataclass
from typing import Any

from odoo.exceptions import AccessError, MissingError
from odoo.tests import new_test_user
from odoo.tools import SQL, mute_logger

from .test_scope import ScopeCase

#: A word in every text of the scene: who gets it back saw what he may not see.
MARK = "zanzibar"
#: The ORM's own methods: what they may do is said by access rights, scope and lists of fields, each with its tests.
ORM = {"create", "write", "unlink", "exists", "read", "search_fetch", "fields_get", "default_get", "init", "copy_data",
       "message_new", "message_update", "message_route", "onchange", "web_read", "formatted_read_group"}


@dataclass(frozen=True)
class Call:
    """One call of the table.

    :param who: the test's attribute with the entitled user
    :param made: called with the test and a user, makes the call as that user
    :param reaches: the error by which the entitled person learns, past all rights, that there is nothing to do
    :param open_to: those of the others who may make it, too, with a reason why it harms nobody
    """

    who: str
    made: Any
    open_to: tuple[str, ...] = ()
    because: str = ""
    reaches: type[Exception] | None = None


class RegistryWalk(ScopeCase):
    """The scene, the four others, and the walk itself; an addon adds its table as ``TABLE``."""

    TABLE: dict[str, Call] = {}
    ADDON = ""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.portal = new_test_user(cls.env, "history_portal", groups="base.group_portal", email="p@example.net")
        cls.plain = new_test_user(cls.env, "history_internal", groups="base.group_user", email="i@example.net")
        cls.admin = cls.env.ref("base.user_admin")
        cls.others = {"portal": cls.portal, "plain": cls.plain, "outsider": cls.outsider, "manager_b": cls.manager_b}

    def public_methods(self):
        """Return {"model.method"} of what the addon defines that every login can call."""
        found = set()
        for name, model in self.env.registry.items():
            for klass in model.__mro__:
                if klass.__module__.startswith(f"odoo.addons.{self.ADDON}."):
                    found |= {f"{self._owner(klass, name)}.{attribute}" for attribute, function in vars(klass).items()
                              if _is_public(attribute, function)}
        return found

    def _owner(self, klass, name):
        """Return the model by whose name a class of ours is in the table: its own, not each that inherits it."""
        inherited = klass._inherit if isinstance(klass._inherit, str) else None
        return getattr(klass, "_name", None) or inherited or (list(klass._inherit) or [name])[0]

    def walk(self):
        """Make every call of the table as the entitled and as the four others."""
        for name, call in self.TABLE.items():
            with self.subTest(method=name):
                self._entitled(name, call)
            for label, user in self.others.items():
                with self.subTest(method=name, user=label):
                    self._refused(name, call, label, user)

    def _entitled(self, name, call):
        with self._undone():
            try:
                call.made(self, getattr(self, call.who))
                self.env.flush_all()
            except Exception as error:  # noqa: BLE001 - whatever else it is: the control does not work
                if call.reaches and type(error) is call.reaches:
                    return
                self.fail(f"{name}: {call.who} is entitled, and got {type(error).__name__}: {error}")

    def _refused(self, name, call, label, user):
        before = self.digest()
        with self._undone(), mute_logger("odoo.addons.base.models.ir_rule", "odoo.addons.base.models.ir_model"):
            try:
                answer = call.made(self, user)
                self.env.flush_all()
            except (AccessError, MissingError):
                return
            except Exception as error:  # noqa: BLE001 - a crash is no refusal
                if label in call.open_to and type(error) is call.reaches:
                    return
                self.fail(f"{name} as {label}: {type(error).__name__}: {error}")
            if label in call.open_to:
                self.assertTrue(call.because)
                return
            self.assertNotIn(MARK, json.dumps(answer, default=str).lower(), f"{name} as {label} tells what is not his")
            self.assertEqual(self.digest(), before, f"{name} as {label} changed something")

    def _undone(self):
        savepoint = self.env.cr.savepoint(flush=True)
        test = self

        class Undone:
            def __enter__(self):
                savepoint.__enter__()

            def __exit__(self, *_error):
                test.env.clear()
                savepoint.rollback()
                savepoint.close(rollback=False)
                test.env.registry.clear_cache()
                test.env.cr.cache.clear()
                return False

        return Undone()

    def digest(self):
        """Return what says whether anything in the tables of ours changed."""
        self.env.flush_all()
        ours = [model._table for name, model in self.env.registry.items()
                if model._auto and not model._abstract and not model._transient and (
                    name.startswith(("message.", "fetchmail.", "ir.mail_server")))]
        found = {}
        for table in sorted(set(ours) - {"message_presence"}):
            found[table] = self.env.execute_query(SQL(
                "SELECT COUNT(*), md5(string_agg(t::text, '|' ORDER BY t.id)) FROM %s t", SQL.identifier(table)))[0]
        return found

    def assert_table_is_complete(self):
        """Every public method of the addon is in its table, and nothing else is."""
        wanted = {name for name in self.public_methods() if name.rpartition(".")[2] not in ORM}
        self.assertFalse(sorted(wanted - set(self.TABLE)), "these public methods are in no table")


def _is_public(attribute, function):
    function = function.__func__ if isinstance(function, (classmethod, staticmethod)) else function
    return not attribute.startswith("_") and inspect.isfunction(function) and not getattr(
        function, "_api_private", False)
