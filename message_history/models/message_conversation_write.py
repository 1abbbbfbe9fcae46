from odoo import api, models
from odoo.exceptions import AccessError

#: What people may change of a conversation by writing to it: what lists, cards and forms edit.
_WRITABLE = ("state", "assignee_id", "tag_ids")
#: What another state ends: whatever put a conversation off.
_ENDED = {"snooze_until": False, "snooze_reply": False}


class MessageConversation(models.Model):
    """What people may write on conversations: a list of fields, each with its check; everything else is ours.

    The access rights give nobody the right to write. Who sees a conversation may change its state, who is
    responsible and its tags; by a list, a card or a form, or by the methods of the desk. Activities have rights of
    their own.
    """

    _inherit = "message.conversation"

    def write(self, vals):
        """Change conversations; a change of state ends what put them off.

        :raise AccessError: when somebody else than the server writes more than the fields in ``_WRITABLE``
        """
        if not self.env.su:
            return self._write_for_people(vals)
        if "state" in vals and not _ENDED.keys() & vals.keys():
            vals = {**vals, **_ENDED}
        if "assignee_id" not in vals:
            return super().write(vals)
        changed = self.filtered(lambda one: one.assignee_id.id != (vals["assignee_id"] or False))
        result = super().write(vals)
        changed._give_to_responsible()
        return result

    def _write_for_people(self, vals):
        """Write what people may write, as the server; what the responsible sees is given by the person."""
        values = self._check_values(vals)
        self.sudo()._write_values(values | (_ENDED if "state" in values else {}))
        if "assignee_id" in values:
            self._give_to_responsible()
        return True

    def _write_values(self, values):
        """Write values that were checked, without giving anybody anything yet."""
        return super().write(values)  # pylint: disable=super-method-mismatch

    def _check_values(self, vals):
        """Return values that people may write to these conversations, cleaned of what they may not.

        :raise AccessError: when there is anything else among them
        """
        self._check_handle()
        if refused := vals.keys() - set(_WRITABLE):
            raise AccessError(self.env._(
                "This can't be changed on a conversation: %(fields)s", fields=", ".join(sorted(refused))))
        values = dict(vals)
        if "assignee_id" in values:
            values["assignee_id"] = self._check_responsible(values["assignee_id"])
        if "tag_ids" in values:
            values["tag_ids"] = self._check_tags(values["tag_ids"])
        return values

    def _check_responsible(self, user_id):
        """Return the id of a colleague who handles messages and works in a company of each conversation."""
        if not user_id:
            return False
        user_sudo = self.env["res.users"].sudo().browse(user_id).exists()
        if not user_sudo or user_sudo.share or not user_sudo.has_group("message_history.group_user") or not all(
                one._is_of_companies(user_sudo.company_ids) for one in self):
            raise AccessError(self.env._("Choose a colleague who handles messages."))
        return user_sudo.id

    def _is_of_companies(self, companies):
        """Whether what the present user sees of a conversation belongs to one of some companies, or to none."""
        self.ensure_one()
        conversation_sudo = self.sudo()
        pairs_sudo = self._pairs().get(conversation_sudo, conversation_sudo.pair_ids.browse())
        belongs = pairs_sudo.company_id | pairs_sudo.channel_id.company_id or conversation_sudo.channel_id.company_id
        return not belongs or bool(belongs & companies)

    def _check_tags(self, commands):
        """Return commands that set or take tags that are there; none that makes or changes one."""
        tags = self.env["message.tag"]
        found = []
        for given in commands or ():
            command = (4, given) if isinstance(given, int) else given
            code, ids = command[0], [command[1]] if command[0] in (3, 4) else []
            if code == 6:
                ids = list(command[2])
            elif code not in (3, 4, 5):
                raise AccessError(self.env._("Tags are made and changed in their own list."))
            tags.browse(ids).exists().check_access("read")
            found.append((code, ids[0], 0) if code in (3, 4) else (code, 0, ids))
        return found

    def _give_to_responsible(self):
        """Let the responsible see those channels of conversations that the present user sees."""
        grants, scope = self.env["message.conversation.grant"], self.env["message.scoped"]._scope()
        grants._take(self, "responsible")
        for user_sudo, conversations in self.sudo().grouped("assignee_id").items():
            grants._give(conversations.with_env(self.env), user_sudo, "responsible", scope)

    @api.model_create_multi
    def create(self, vals_list):
        conversations = super().create(vals_list)
        conversations.filtered("assignee_id")._give_to_responsible()
        return conversations

    @api.model
    def fields_get(self, allfields=None, attributes=None):
        """Describe the fields that people may write as such, though the model's access rights give no right to."""
        described = super().fields_get(allfields, attributes)
        if self.env.user.has_group("message_history.group_user"):
            for name in _WRITABLE:
                if "readonly" in described.get(name, ()):
                    described[name]["readonly"] = False
        return described

    # The chatter's own doors ------------------------------------------------------------------------

    def message_subscribe(self, partner_ids=None, subtype_ids=None):
        """Nobody is subscribed to a conversation: who is to see it is named in a note, or made responsible.

        Who sees it already, and is given an activity, needs no subscription for that.

        :raise AccessError: when somebody else is named
        """
        self.check_access("read")
        partners_sudo = self.env["res.partner"].sudo().browse(partner_ids or ()).exists()
        users_sudo = partners_sudo.user_ids.filtered(lambda user: not user.share)
        unseen = [user for user in users_sudo if self.with_user(user)._filtered_access("read") != self]
        if not self.env.su and (unseen or partners_sudo - users_sudo.partner_id):
            raise AccessError(self.env._("Name colleagues in a note, or make them responsible: then they see it."))
        return True

    def message_notify(self, **kwargs):
        """Write to colleagues about a conversation that one sees: core asks nothing."""
        self._check_handle()
        return super().message_notify(**kwargs)

    def message_mail_with_source(self, *args, **kwargs):
        """Send a view or template about a conversation that one sees: core asks nothing."""
        self._check_handle()
        return super().message_mail_with_source(*args, **kwargs)

    def message_update(self, msg_dict, update_vals=None):
        """A conversation is no document of messages: nothing is written to it by them."""
        self.check_access("read")
        return True
