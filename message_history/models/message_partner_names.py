from odoo import api, models

#: What stands on a row itself about the person that its contact is.
_TYPED = {"message.history": "sender", "message.delivery": "address", "message.conversation.channel": "sender"}


class MessageScoped(models.AbstractModel):
    """Contacts on messages are named to who may read them; the others read what the message itself says.

    The ORM reads the names of links as superuser. A contact found by its address may be of another company, or hidden
    by a rule.
    """

    _inherit = "message.scoped"

    def _read_format(self, fnames, load="_classic_read"):
        rows = super()._read_format(fnames, load=load)
        if load and "partner_id" in fnames and self._name in _TYPED:
            pairs = [row["partner_id"] for row in rows if row["partner_id"]]
            readable = self._readable_partners(pair[0] for pair in pairs)
            for row in rows:
                if row["partner_id"] and row["partner_id"][0] not in readable:
                    row["partner_id"] = (row["partner_id"][0], self._typed(row["id"]))
        return rows

    def web_read(self, specification):
        """Read as core does, with what is written on the row for contacts that the user may not read."""
        rows = super().web_read(specification)
        if self._name in _TYPED and "display_name" in specification.get("partner_id", {}).get("fields", ()):
            readable = self._readable_partners(row["partner_id"]["id"] for row in rows if row["partner_id"])
            for row in rows:
                if row["partner_id"] and row["partner_id"]["id"] not in readable:
                    row["partner_id"] = {**row["partner_id"], "display_name": self._typed(row["id"])}
        return rows

    def _web_read_group_groupby_formatter(self, groupby_spec, values):
        """Name groups as core does; a group of a contact that the user may not read has no name.

        All ways of grouping come by here, also those by a path that ends at the contact of one of these models.
        """
        formatter = super()._web_read_group_groupby_formatter(groupby_spec, values)
        if self._name not in _TYPED or groupby_spec != "partner_id":
            return formatter
        readable = self._readable_partners(value.id for value in values if value)

        def named(value):
            shown, domain = formatter(value)
            return (shown if not shown or shown[0] in readable else (shown[0], self.env._("Another contact"))), domain

        return named

    @api.model
    def _read_group_format_result(self, rows_dict, lazy_groupby):
        """Likewise for the way of grouping that Odoo had before."""
        result = super()._read_group_format_result(rows_dict, lazy_groupby)
        if self._name in _TYPED and "partner_id" in lazy_groupby:
            readable = self._readable_partners(row["partner_id"][0] for row in rows_dict if row["partner_id"])
            for row in rows_dict:
                if row["partner_id"] and row["partner_id"][0] not in readable:
                    row["partner_id"] = (row["partner_id"][0], self.env._("Another contact"))
        return result

    def _readable_partners(self, ids):
        return set(self.env["res.partner"].browse(set(ids))._filtered_access("read")._ids)

    def _typed(self, id_):
        return self.browse(id_)[_TYPED[self._name]] or self.env._("Another contact")
