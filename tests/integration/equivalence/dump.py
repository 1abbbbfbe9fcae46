"""All stored fields of documents, messages and what belongs to them, without numbers or clocks."""

import re

MODELS = (
    "crm.lead", "res.partner", "mail.message", "mail.followers", "mail.notification", "mail.mail",
    "ir.attachment", "mail.tracking.value", "mail.activity",
)
#: Never the same twice, whoever makes them; or only a matter of storing.
IGNORED = {
    "id", "create_date", "write_date", "date_open", "date_last_stage_update", "day_open", "day_close",
    "date_conversion", "access_token", "store_fname", "db_datas", "last_update", "color", "recency",
    # generated avatars have colours by chance
    "image_1920", "image_1024", "image_512", "image_256", "image_128",
}  # fmt: skip
_NUMBERED = re.compile(r"(crm\.lead|res\.partner|mail\.message|/mail/view\?[^\"' ]*|/web/image/|res_id=)[-/=]?\d+")
_GENERATED = re.compile(r"<\d+\.\d+\.?\d*-openerp-[^>]*>|<[\d.]+@localhost>|<[^<>@]*-private@[^>]*>")
_TOKEN = re.compile(r"(access_token|token|hash)(=|&#61;|%3D)[\w%.-]+")


class Dump:
    """Reads a database into plain values that two databases can have in common."""

    def __init__(self, env):
        self.env = env
        self._keys = {}

    def all(self):
        """Return {model: [[key, values]]}, sorted."""
        self.env.invalidate_all()
        return {model: sorted(self.rows(model), key=repr) for model in MODELS if model in self.env}

    def rows(self, model):
        """Every record of a model as [key, {field: value}]."""
        records = self.env[model].with_context(active_test=False).search([], order="id")
        if model == "mail.message":  # our scheduled actions and channels have messages too
            records = records.filtered(lambda message: message.model in (False, "crm.lead", "res.partner"))
        if model == "ir.attachment":
            domain = [("res_model", "in", ("crm.lead", "res.partner", "mail.message"))]
            records = self.env[model].search(domain, order="id")
            records = records.filtered(lambda attachment: not attachment.res_field)
        names = [
            name for name, field in self.env[model]._fields.items()
            if field.store and name not in IGNORED and field.type not in ("one2many",)
        ]
        for record in records:
            yield [self.key(record), {name: self.value(record, name) for name in names}]

    def value(self, record, name):
        """One field's value, references named by what they refer to."""
        field, value = record._fields[name], record[name]
        if field.type == "many2one":
            return self.key(value)
        if field.type == "many2many":
            return sorted(map(self.key, value))
        if field.type == "many2one_reference":
            model = record[field.model_field]
            return self.key(self.env[model].browse(value)) if model and value and model in self.env else value
        if field.type == "properties":
            return str(dict(value or {}))
        if field.type in ("datetime", "date"):
            return self.moment(value)
        return mask(value) if isinstance(value, str) else str(value) if isinstance(value, bytes) else value

    def moment(self, value):
        """A moment that the mail names; the present is left out."""
        text = str(value or "")
        return text if text.startswith("2026-02") else bool(value)

    def key(self, record):
        """A name for a record that two databases have in common."""
        if not record:
            return ""
        place = (record._name, record.id)
        if place not in self._keys:
            self._keys[place] = None
            self._keys[place] = self._name(record) if record.exists() else "gone"
        return self._keys[place]

    def _name(self, record):
        record = record.sudo()
        name = getattr(self, "_name_" + record._name.replace(".", "_"), None)
        if name:
            return name(record)
        xmlid = record.get_external_id().get(record.id)
        return xmlid or f"{record._name}:{mask(record.display_name or '')}"

    def _name_crm_lead(self, lead):
        return f"lead {lead.name} / {lead.email_from} / {lead.team_id.name} / {lead.company_id.name}"

    def _name_res_partner(self, partner):
        return f"partner {partner.name} / {partner.email}"

    def _name_mail_message(self, message):
        document = self.value(message, "res_id") if message.model else ""
        words = f"{mask(message.subject or '')} / {mask(message.body or '')[:200]}"
        return f"message {mask(message.message_id)} / {document} / {words}"

    def _name_mail_followers(self, follower):
        return f"follower {self.value(follower, 'res_id')} / {self.key(follower.partner_id)}"

    def _name_mail_notification(self, notification):
        return f"notification {self.key(notification.mail_message_id)} / {self.key(notification.res_partner_id)}"

    def _name_mail_mail(self, mail):
        return f"mail {self.key(mail.mail_message_id)} / {mail.email_to} / {sorted(map(self.key, mail.recipient_ids))}"

    def _name_ir_attachment(self, attachment):
        return f"attachment {attachment.name} / {attachment.checksum} / {self.value(attachment, 'res_id')}"


def mask(text):
    """Replace what is generated or numbered."""
    text = _GENERATED.sub("<generated>", text)
    text = _TOKEN.sub(r"\1=…", text)
    return _NUMBERED.sub(r"\1#", text)
