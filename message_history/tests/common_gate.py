"""People in front of the remote door, and the ways to it."""

import contextlib
import xmlrpc.client
from datetime import timedelta

from odoo import fields
from odoo.tests import HttpCase, JsonRpcException, new_test_user
from odoo.tools import mute_logger

from .common import DISPATCHER, MessageCase, build_mail

LOCAL = "odoo.addons.message_history.models.message_local"
#: login -> groups; none of them may hand messages over.
REFUSED = {
    "door_portal": "base.group_portal",
    "door_internal": "base.group_user",
    "door_clerk": "message_history.group_user",
    "door_manager": "message_history.group_manager,base.group_partner_manager",
}
GATE = "base.group_user,base.group_partner_manager,message_history.group_mailgate"


class GateCase(MessageCase, HttpCase):
    """Real calls over HTTP; the test's transaction sees what they did."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.refused = {login: new_test_user(cls.env, login, groups=groups) for login, groups in REFUSED.items()}
        cls.gate = new_test_user(cls.env, "door_gate", groups=GATE)
        cls.system = new_test_user(cls.env, "door_system", groups="base.group_user,base.group_system")
        cls.local = cls.env["message.local"]._get_channel()

    def setUp(self):
        super().setUp()
        self.before = self.ledger(self.local)

    @contextlib.contextmanager
    def at_work(self):
        self.env.flush_all()
        yield  # an HttpCase is in the registry's test mode from its start
        self.env.invalidate_all()

    def entered(self):
        return self.ledger(self.local) - self.before

    def ways(self, user):
        """Yield (name, call) of every way to call a method from outside; call(model, method, kwargs)."""
        yield "xmlrpc", lambda model, method, kwargs: self.xmlrpc_object.execute_kw(
            self.cr.dbname, user.id, user.login, model, method, [], kwargs)
        yield "jsonrpc", lambda model, method, kwargs: self.make_jsonrpc_request(
            "/jsonrpc", {"service": "object", "method": "execute_kw",
                         "args": [self.cr.dbname, user.id, user.login, model, method, [], kwargs]})
        key = self.env["res.users.apikeys"].with_user(user)._generate(
            "rpc", "door", fields.Datetime.now() + timedelta(hours=1))
        yield "json2", lambda model, method, kwargs: self._json2(key, model, method, kwargs)
        yield "call_kw", lambda model, method, kwargs: self._call_kw(user, model, method, kwargs)

    def _json2(self, key, model, method, kwargs):
        self.authenticate(None, None)  # a key of another user than the session's is refused
        answer = self.url_open(f"/json/2/{model}/{method}", json=kwargs, headers={"Authorization": f"bearer {key}"})
        if answer.status_code != 200:
            raise JsonRpcException(answer.status_code, answer.text)
        return answer.json()

    def _call_kw(self, user, model, method, kwargs):
        self.authenticate(user.login, user.login)
        return self.make_jsonrpc_request(
            f"/web/dataset/call_kw/{model}/{method}", {"model": model, "method": method, "args": [], "kwargs": kwargs})

    def hand_over(self, call, raw=None, thread="mail.thread", **kwargs):
        """Hand a message over by one of the :meth:`ways`; returns (answer, "AccessError" or words or None)."""
        self.env.flush_all()
        text = (raw or build_mail()).decode("utf-8", "surrogateescape")
        with mute_logger(DISPATCHER, LOCAL, "odoo.http", "odoo.sql_db", "odoo.addons.rpc.controllers.xmlrpc",
                         "odoo.addons.rpc.controllers.jsonrpc", "odoo.addons.base.models.ir_model",
                         "odoo.addons.base.models.ir_rule"):
            try:
                return call(thread, "message_process", {"model": False, "message": text, **kwargs}), None
            except xmlrpc.client.Fault as fault:
                return None, "AccessError" if fault.faultCode == 4 else fault.faultString
            except JsonRpcException as error:
                return None, "AccessError" if "odoo.exceptions.AccessError" in str(error) else str(error)
            finally:
                self.env.invalidate_all()
