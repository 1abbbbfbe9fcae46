from odoo import api, models


class MessageDocumentMixin(models.AbstractModel):
    """Lets a model without chatter take part: new messages make records, replies reach them.

    Inherit it (``_inherit = "message.document.mixin"``) and override what you need; or write the
    two methods yourself, no mixin required. The dictionary has core's keys (``subject``,
    ``email_from``, ``to``, ``cc``, ``date``, ``body``, ``attachments``, ``message_id``,
    ``references``, ...) and ``id``, ``message-id``, ``content-type``, ``encoding``, ``from``,
    ``priority``; see ``docs/message_dictionary.md``.
    """

    _name = "message.document.mixin"
    _description = "Document from Messages"

    @api.model
    def message_new(self, msg_dict, custom_values=None):
        """Make a record of a new message.

        :param msg_dict: the message dictionary
        :param custom_values: values from the folder's or alias's settings; they win
        :return: the record, or its id
        """
        values = {}
        name_field = self._rec_name or "name"
        if name_field in self._fields:
            values[name_field] = msg_dict.get("subject") or self.env._("No subject")
        return self.create({**values, **(custom_values or {})})

    def message_update(self, msg_dict, update_vals=None):
        """Take a reply to the record.

        :param update_vals: values to write, if any
        """
        if update_vals:
            self.write(update_vals)
        return True
