from odoo import api, models
from odoo.exceptions import AccessError
from odoo.models import MAGIC_COLUMNS

from ..tools.words import words

#: Kinds of fields that a value may be given for: nothing that reaches into other records.
_PLAIN = ("char", "text", "html", "integer", "float", "monetary", "boolean", "date", "datetime", "selection")


class MessageWarrant(models.AbstractModel):
    """What a person wants done with messages, by a setting or a call, looked at with that person's rights.

    Documents are made as superuser, as core does. So whatever a person adds to what the mail itself
    says (kind of document, values, the document) is checked here: when it is given, and again each
    time it is used. The person is the environment's user; for administrators, who can give
    themselves any right, only the shape of the values and their company are looked at.
    """

    _name = "message.warrant"
    _description = "Rights of Whom a Rule or Call Comes From"

    @api.model
    def _of(self, user_id):
        """Return this model with the rights of a user, who must still be there.

        :raise AccessError: when the user is gone or archived, or was never known
        """
        user_sudo = self.env["res.users"].sudo().browse(user_id or 0).exists()
        if not user_sudo or not (user_sudo.active or user_sudo._is_superuser()):
            _ = words(self.env)
            raise AccessError(_("Whoever asked for this is not known, or no longer works here."))
        context = {"lang": self.env.lang} if self.env.lang else {}
        return self.with_env(self.env(user=user_sudo.id, context=context, su=False))

    @api.model
    def _is_trusted(self):
        return self.env.su or self.env.user.has_group("base.group_system")

    @api.model
    def _check_given(self, model, thread_id, values):
        """Check what a call or a folder says about where messages belong.

        :param model: name of a model; nothing is used, and checked, without one
        :param thread_id: id of a document that takes the message, or nothing
        :param values: values of a new document
        :raise AccessError: when the user may not do this
        """
        if not model:
            return
        known = isinstance(model, str) and model in self.env.registry and not self.env[model]._abstract
        if not known or not (self.env.su or self.env["message.link"]._takes_messages(model)):
            _ = words(self.env)
            raise AccessError(_("%(model)s can't be created from messages.", model=str(model)[:100]))
        if thread_id:
            self._check_thread(model, thread_id)
        self._check_new(model, values or {}, right=not thread_id)

    def _check_thread(self, model, thread_id):
        """Check that the user may read a document and post on it."""
        document = self.env[model].browse(thread_id if type(thread_id) is int else 0)
        if not hasattr(document, "message_update") or not document.exists():
            _ = words(self.env)
            raise AccessError(_("The document that was given is not there, or takes no messages."))
        if not self._is_trusted():
            document.check_access("read")
            document.check_access(getattr(document, "_mail_post_access", "write"))

    def _check_new(self, model, values, right=True):
        documents, _ = self.env[model], words(self.env)
        if right and not hasattr(documents, "message_new"):
            raise AccessError(_("%(model)s can't be created from messages.", model=model))
        if right and not self._is_trusted():
            documents.check_access("create")
        if not isinstance(values, dict):
            raise AccessError(_("The values for a new document can't be read."))
        for name, value in values.items():
            self._check_value(documents, name, value)

    def _check_value(self, documents, name, value):
        """Check one value: a plain field, which the user may write, or a link to what the user may read."""
        field, _ = documents._fields.get(name) if isinstance(name, str) else None, words(self.env)
        if field is None or not _is_settable(field) or isinstance(value, (list, tuple, dict, set, bytes)):
            raise AccessError(_(
                "“%(field)s” can't be given for a document that a message makes.", field=str(name)[:100]))
        if not self._is_trusted():
            documents._check_field_access(field, "write")
        if field.type in ("many2one", "reference") and value not in (False, None, ""):
            self._check_link(field, value)

    def _check_link(self, field, value):
        comodel, res_id = field.comodel_name if field.type == "many2one" else None, value
        if field.type == "reference":
            comodel, _comma, res_id = str(value).partition(",")
            res_id = int(res_id) if res_id.isascii() and res_id.isdigit() else None
        linked = self.env[comodel].browse(res_id) if comodel in self.env and type(res_id) is int else None
        _ = words(self.env)
        if not linked or not linked.sudo().exists() or not (self._is_trusted() or linked.has_access("read")):
            raise AccessError(_("What was given as “%(field)s” is not there, or may not be used.", field=field.name))
        if comodel == "res.company" and not self.env.su and linked not in self.env.user.company_ids:
            raise AccessError(_("Documents can't be put into a company that one does not work in."))

    @api.model
    def _check_made(self, document):
        """Check that a document that was made is one that the user may make, by the record rules."""
        if not self._is_trusted():
            document.with_user(self.env.uid).check_access("create")


def _is_settable(field):
    """Whether a value of a field stays in its own record's row: no inverse, no parent, no commands."""
    return (field.name not in MAGIC_COLUMNS and field.store and not field.inverse and not field.related
            and not field.inherited and field.type in (*_PLAIN, "many2one", "reference"))
