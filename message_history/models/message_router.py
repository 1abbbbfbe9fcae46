from odoo import models
from odoo.tools import SQL

from ..lib.classic import classic_keys
from ..lib.digest import id_digest
from ..lib.message_dict import MessageDict
from ..tools.mail import Aside, Unroutable
from ..tools.memo import memo
from ..tools.readers import Readers
from ..tools.words import words
from .message_reference import OWN
from .message_threader import FOLLOWED, NEAR


class MessageRouter(models.AbstractModel):
    """Finds where a message belongs, and has the documents made or changed.

    Core's own steps are called, one after the other, so that every override stays in the chain.
    """

    _name = "message.router"
    _description = "Message Router"

    def _find_routes(self, mail, thread):
        """Return core's routes, or the one to a document that core doesn't know of."""
        folder = mail.message.folder_id
        if document := self._find_plain_document(mail):
            user = thread._mail_find_user_for_gateway(mail.msg_dict["email_from"])
            return [(document._name, document.id, None, user.id or self.env.uid, None)]
        model, thread_id, custom_values = self._find_given_target(mail)
        try:
            routes = thread.message_route(
                mail.parsed.message, mail.msg_dict, model, thread_id, custom_values)
        except ValueError as error:
            if folder.without_document == "inbox" or self._answers_conversation(mail):
                raise Aside("processed", None, partner_id=mail.msg_dict.get("author_id") or None) from error
            raise Unroutable(str(error)) from error
        if not routes:
            _ = words(self.env)
            reason = _("Refused: the address does not take messages from this sender, who was told.")
            raise Aside("ignored", reason)
        return self._join_thread(mail, thread, routes)

    def _find_given_target(self, mail):
        """Return (model, thread id, values) as a call or the folder says, by the rights of whom it comes from.

        :raise AccessError: when whoever it comes from may not, or no longer, have that done
        """
        message, folder = mail.message, mail.message.folder_id
        if options := self.env["message.local"]._get_options(message):
            target = options.get("model"), options.get("thread_id"), options.get("custom_values") or None
            giver_id = options.get("uid")
        else:
            model = folder.model_id.model or None
            target, giver_id = (model, None, folder._get_default_values() if model else None), folder.set_by_id.id
        if not target[0]:
            return None, None, None
        mail.warrant = self._get_warrant(giver_id, target)
        return target

    def _get_warrant(self, giver_id, target):
        """Return the rights that what was given is used with; one rule is looked at once per transaction."""
        checked = memo(self.env, "message.warrant")
        key = (giver_id, repr(target))
        if key not in checked:
            warrant = self.env["message.warrant"]._of(giver_id)
            warrant._check_given(*target)
            checked[key] = warrant
        return checked[key]

    def _answers_conversation(self, mail):
        """Whether a message answers one that went out from here and is on no document."""
        digests = [id_digest(parent) for parent in mail.thread_ids.parents if parent]
        return bool(digests and self.env.execute_query(SQL(
            "SELECT 1 FROM message_reference r JOIN message_history h ON h.id = r.history_id "
            "WHERE r.digest = ANY(%s) AND r.kind = %s AND h.direction = 'out' AND h.conversation_id IS NOT NULL "
            "AND h.res_id IS NULL AND NOT h.private LIMIT 1", digests, OWN)))

    def _find_plain_document(self, mail):
        """Find the document without chatter that the message replies to, by the ledger alone."""
        if not mail.thread_ids.parents or not self._plain_models():
            return None
        record = self._find_ledger_document(mail, self._plain_models())
        return record if record is not None and hasattr(record, "message_update") else None

    def _find_ledger_document(self, mail, models):
        """Find the document of the thread, by every id that its messages have or had.

        Core looks for Message-IDs in chatters. The ledger knows more: ids that a provider rewrote,
        what Outlook calls the thread where it drops References, and messages that were overtaken by
        their own replies.

        :param models: names of the models to look in; None for any
        """
        for other in reversed(mail.earlier):
            wanted = other.document and (models is None or other.document[0] in models)
            if wanted and _in_one_thread(mail.thread_ids, other.thread_ids):
                return self.env[other.document[0]].browse(other.document[1]).exists() or None
        rows = self.env.execute_query(SQL(
            "SELECT h.model, h.res_id, h.id, COALESCE(h.desk_channel_id, h.channel_id), "
            "CASE WHEN h.direction = 'in' THEN h.company_id END FROM ("
            "SELECT m.digest, m.kind FROM message_reference m WHERE m.history_id = %(id)s "
            "ORDER BY m.kind, m.id LIMIT %(followed)s) mine "
            "CROSS JOIN LATERAL (SELECT r.history_id FROM message_reference r WHERE r.digest = mine.digest "
            "AND r.kind = 1 - mine.kind ORDER BY r.history_id DESC LIMIT %(near)s) theirs "
            "JOIN message_history h ON h.id = theirs.history_id "
            "WHERE h.id <> %(id)s AND h.res_id IS NOT NULL "
            "AND (%(models)s::varchar[] IS NULL OR h.model = ANY(%(models)s)) "
            "UNION ALL (SELECT c.model, c.res_id, 0, c.channel_id, (SELECT p.company_id "
            "FROM message_conversation_channel p WHERE p.conversation_id = c.id AND p.channel_id = c.channel_id) "
            "FROM message_conversation c "
            "WHERE c.conversation_key = %(key)s AND c.res_id IS NOT NULL "
            "AND (%(models)s::varchar[] IS NULL OR c.model = ANY(%(models)s)) ORDER BY c.id LIMIT %(near)s) "
            "ORDER BY 3 DESC", near=NEAR, followed=FOLLOWED,
            id=mail.message.id, models=models, key=mail.thread_ids.conversation_key or None))
        readers = Readers(self.env)
        own = (mail.message.channel_id.id, mail.message.company_id.id or None)
        for model, res_id, _history_id, *place in rows:
            # what a stranger writes into his headers must not bring him onto another channel's documents
            if not place[0] or readers.fit(own, tuple(place)):
                return self.env[model].browse(res_id).exists() or None
        return None

    def _note_thread_document(self, mail):
        """Note on a message that was sent with another program the document that its thread has."""
        ids = [*mail.thread_ids.own, *mail.thread_ids.parents]
        known = self.env["mail.message"].sudo().search(
            [("message_id", "in", ids), ("model", "!=", False), ("res_id", "!=", False)], order="id DESC", limit=1)
        record = known or self._find_ledger_document(mail, None)
        if record:
            mail.is_reply = True
            mail.set_document(*((known.model, known.res_id) if known else (record._name, record.id)))

    def _join_thread(self, mail, thread, routes):
        """Turn routes that would make a new document into replies to the one that the thread has."""
        ids = mail.thread_ids
        fresh = [model for model, thread_id, *_rest in routes if not thread_id]
        if not fresh or not (ids.parents or ids.conversation_key or mail.referenced):
            return routes
        record = self._find_ledger_document(mail, fresh)
        if record is None:
            return routes
        return [
            thread._routing_check_route(
                mail.parsed.message, mail.msg_dict, (route[0], record.id, *route[2:]), raise_exception=False)
            or route if route[0] == record._name and not route[1] else route
            for route in routes
        ]

    def _plain_models(self):
        """Return the models with message_new or message_update, but without mail.thread."""
        cache = self.env.cr.cache
        if "message_plain_models" not in cache:
            thread = self.pool["mail.thread"]
            cache["message_plain_models"] = [
                name for name, model in self.pool.items()
                if hasattr(model, "message_update") and not issubclass(model, thread) and not model._abstract
            ]
        return cache["message_plain_models"]

    def _drop_known_routes(self, mail):
        """Drop routes that the same message took before, through another mailbox or out of Odoo."""
        if not mail.known_id:
            return
        _ = words(self.env)
        if found := self.env["message.threader"]._find_same(mail):
            same, document = found
            mail.routes = [route for route in mail.routes if not _leads_to(route, *document)]
            mail.values["same_as_id"] = same.id
            if not mail.routes:
                mail.set_document(*document)
                raise Aside("ignored", _("The same message came in through %(channel)s before.",
                                         channel=same.channel_id.name), same_as_id=same.id)
        if own := self._find_own(mail):
            mail.routes = [route for route in mail.routes if self._is_new_for(mail, route, own)]
            if not mail.routes:
                mail.is_reply = True
                mail.set_document(own.model, own.res_id)
                raise Aside("ignored", _("Odoo sent this message itself."), mail_message_id=own.id)

    def _find_own(self, mail):
        """Return the message that Odoo has under this id without the ledger: it sent it, if any."""
        message_id = mail.msg_dict.get("message_id")
        if any(other.document and other.msg_dict.get("message_id") == message_id for other in mail.earlier):
            return None
        found = self.env["mail.message"].sudo().search([("message_id", "=", message_id)], limit=1)
        ledger_sudo = self.env["message.history"].sudo()
        if not found or ledger_sudo.search_count([("mail_message_id", "=", found.id)], limit=1):
            return None
        return found

    def _is_new_for(self, mail, route, own):
        """Whether a message that Odoo sent opens something new where it came back to."""
        if _leads_to(route, own.model, own.res_id, new=False):
            return False
        if route[4] or route[1]:
            return True
        addresses = {address for _name, address in mail.headers.to}
        return (mail.message.channel_id.address or "").lower() in addresses

    def _process_routes(self, mail, thread):
        """Process each route by itself: core's own loop takes Cc and To from the second record."""
        extra = classic_keys(mail.parsed.message, mail.msg_dict)
        for route in mail.routes:
            model, thread_id, custom_values, user_id, alias = route
            message_dict = MessageDict(mail.msg_dict, self._extra_for(model, extra))
            if issubclass(self.pool[model], self.pool["mail.thread"]):
                # without the alias core neither bounces at every attempt nor commits on its own
                res_id = thread._message_route_process(
                    mail.parsed.message, message_dict, [(model, thread_id, custom_values, user_id, None)])
                if alias and not thread_id and alias.alias_status != "valid":
                    alias.sudo().alias_status = "valid"
            else:
                res_id = self._process_plain(model, thread_id, custom_values, user_id, message_dict)
            if mail.warrant is not None and custom_values and not thread_id and not alias:
                mail.warrant._check_made(self.env[model].browse(res_id))
            if not mail.document:
                mail.is_reply = bool(thread_id)
                mail.set_document(model, res_id)

    def _extra_for(self, model, extra):
        """Return the documented further keys for a model.

        ``priority`` is left out where core's own models would take it for theirs: CRM makes an
        X-Priority of 3 (normal) a lead of the highest priority. A model with chatter that wants it
        says so by the class attribute ``_message_priority = True``.
        """
        if issubclass(self.pool[model], self.pool["mail.thread"]) and not getattr(
                self.pool[model], "_message_priority", False):
            return {key: value for key, value in extra.items() if key != "priority"}
        return extra

    def _process_plain(self, model, thread_id, custom_values, user_id, message_dict):
        """Process a route to a model without mail.thread; ``message_new`` gives an id or a record."""
        documents_sudo = self.env[model].with_user(user_id).sudo()
        if thread_id:
            documents_sudo.browse(thread_id).message_update(message_dict, {})
            return thread_id
        created = documents_sudo.message_new(message_dict, custom_values)
        return created if isinstance(created, int) else created.id


def _leads_to(route, model, res_id, new=True):
    """Whether a route leads to a document, or (``new``) makes another one of the same kind."""
    if route[0] != model:
        return False
    return route[1] == res_id if route[1] else new


def _in_one_thread(ids, others):
    """Whether a message replies to another, is overtaken by it, or their mail programs say so."""
    key = ids.conversation_key
    return bool(set(ids.parents) & set(others.own) or set(ids.own) & set(others.parents)
                or (key and key == others.conversation_key))
