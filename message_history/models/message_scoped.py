import functools

from odoo import api, fields, models
from odoo.exceptions import AccessError
from odoo.fields import Domain
from odoo.tools import SQL, ormcache

from ..tools.scope import Scope

#: Who sees nothing.
NOTHING = (False, False, (), (), ())


class ResUsers(models.Model):
    """What a user sees of the ledger; every rule about sight is made from it."""

    _inherit = "res.users"

    # asked with every look at the ledger, so kept until ``message.conversation._forget_sight``, or the end
    message_granted = fields.Json(
        compute="_compute_message_granted", groups=fields.NO_ACCESS, string="Conversations Given to Me")

    def _message_scope(self):
        """Return what the user sees (``tools.scope.Scope``), with every id resolved."""
        self.ensure_one()
        everything, manages, channel_ids, shared_ids, company_ids = self._message_scope_ids()
        granted = {}
        if not everything and company_ids:
            # of this user alone, not of all whom somebody is looking at
            granted = {int(id_): ids for id_, ids in (self.browse(self.id).sudo().message_granted or {}).items()}
        return Scope(everything, self.id, manages, channel_ids, shared_ids, company_ids, granted)

    @api.depends("company_ids", "group_ids")
    def _compute_message_granted(self):
        for user in self:
            _everything, _manages, channel_ids, _shared_ids, company_ids = user._message_scope_ids()
            user.message_granted = user._message_granted(channel_ids, company_ids)

    @ormcache("self.id")
    def _message_scope_ids(self):
        """Return (everything, manages, channels, shared channels, companies), kept until one of them changes."""
        user_sudo = self.sudo()
        manager = user_sudo.has_group("message_history.group_manager")
        if not manager and not user_sudo.has_group("message_history.group_user"):
            return NOTHING
        self.env["message.channel"].flush_model(["company_id", "member_ids"])
        company_ids = tuple(sorted(user_sudo.company_ids.ids))
        rows = self.env.execute_query(SQL(
            "SELECT c.id, c.company_id FROM message_channel c LEFT JOIN message_channel_member_rel m "
            "ON m.channel_id = c.id AND m.user_id = %s WHERE (c.company_id IS NULL OR c.company_id = ANY(%s)) "
            "AND (%s OR m.user_id IS NOT NULL)", self.id, list(company_ids), manager))
        every_company = not self.env["res.company"].sudo().search_count([("id", "not in", company_ids)], limit=1)
        if manager and every_company:
            return True, True, tuple(row[0] for row in rows), (), company_ids
        shared = () if every_company else tuple(row[0] for row in rows if row[1] is None)
        own = tuple(row[0] for row in rows if row[0] not in shared)
        return False, manager, own, shared, company_ids

    def _message_granted(self, channel_ids, company_ids):
        """Return {channel id: conversation ids} that the user follows or is responsible for."""
        self.env["message.conversation.grant"].flush_model()
        rows = self.env.execute_query(SQL(
            "SELECT g.channel_id, array_agg(DISTINCT g.conversation_id) FROM message_conversation_grant g "
            "JOIN message_channel c ON c.id = g.channel_id WHERE g.user_id = %s AND NOT g.channel_id = ANY(%s) "
            "AND (c.company_id IS NULL OR c.company_id = ANY(%s)) GROUP BY 1",
            self.id, list(channel_ids), list(company_ids)))
        return dict(rows)

    def _message_channel_ids(self):
        """Return the ids of the channels whose messages the user sees as such."""
        self.ensure_one()
        return self._message_scope().all_channel_ids


class MessageScoped(models.AbstractModel):
    """What is seen of a model is what the user's scope says, in searches and for single records alike.

    The access rights of the model say what may be done; this says with which records. There are no record rules
    beside it: one text of the rule can't disagree with another.
    """

    _name = "message.scoped"
    _description = "Seen by Channel and Company"

    @api.model
    def _scope_domain(self, scope):
        """Return the domain of what a ``Scope`` lets a user see of this model: nothing, until the model says what."""
        return Domain(scope.everything)

    @api.model
    def _scope(self):
        """Return the scope of the present user; the superuser's has no bounds."""
        return Scope(True, self.env.uid) if self.env.su else self.env.user._message_scope()

    @api.model
    def _visible_domain(self):
        """Return the domain of what the present user may see."""
        return self._scope_domain(self._scope())

    @api.model
    def _search(self, domain, offset=0, limit=None, order=None, *, active_test=True, bypass_access=False, **kwargs):
        if not bypass_access and not self.env.su:
            self.browse().check_access("read")
            domain = Domain(domain) & self._visible_domain()
            # a rule with subqueries joined by OR would make PostgreSQL walk everybody's rows
            bypass_access = not self._has_rules()
        return super()._search(
            domain, offset, limit, order, active_test=active_test, bypass_access=bypass_access, **kwargs)

    def _check_access(self, operation):
        refused = super()._check_access(operation)
        if refused or self.env.su or not any(self._ids):
            return refused
        scope = self._scope()
        visible = self._scope_domain(scope)
        if visible.is_true() or self._is_known_to(scope):
            return None
        everything_sudo = self.sudo().with_context(active_test=False)
        existing = everything_sudo.browse(id_ for id_ in self._ids if id_)
        hidden = set(existing._ids) - set(everything_sudo.search(Domain("id", "in", existing.ids) & visible)._ids)
        if hidden and (forbidden := everything_sudo.browse(hidden).exists().sudo(False)):
            return forbidden.with_env(self.env), functools.partial(self._refuse_unseen)
        return None

    @api.model
    def _seen_sql(self, alias, domain):
        """Return the condition that a row is seen by the present user, for a statement over rows that fit a domain."""
        # somebody's own rules hold beside the scope; only a search knows them
        condition = None if self._has_rules() else self._scope_sql(self._scope(), alias)
        return condition or SQL("%s IN %s", SQL.identifier(alias, "id"), self._search(domain).subselect())

    @api.model
    def _scope_sql(self, scope, alias):
        """Return what :meth:`_scope_domain` says as SQL on columns of the model; None where it needs more."""
        return

    def _is_known_to(self, scope):
        """Whether a scope says by itself, without a look into the database, that all of these are seen."""
        return False

    @api.model
    def _has_rules(self):
        """Whether somebody made record rules for this model beside; they hold, too."""
        return bool(self.env["ir.rule"]._compute_domain(self._name, "read"))

    def _refuse_unseen(self):
        return AccessError(self.env._("You may not see this, or it is not there."))

    def _is_seen_by(self, user):
        """Whether a user sees all of these records, whoever asks."""
        return self.with_user(user)._seen_by_user() == self.with_user(user)

    def _seen_by_user(self):
        """Return those of these records that ``env.user`` sees, also as superuser on his behalf."""
        if self.env.user._is_superuser() or not self:
            return self
        visible = self._scope_domain(self.env.user._message_scope())
        if visible.is_true():
            return self
        found_sudo = self.sudo().with_context(active_test=False).search(Domain("id", "in", self.ids) & visible)
        return self.browse(found_sudo._ids)
