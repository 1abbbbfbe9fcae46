from odoo import models

from ..tools.memo import forget, is_active, memo


class MessageSharedExistence(models.AbstractModel):
    """Asks once per batch of messages whether a record exists; see ``tools.memo``.

    For the few records that core refers to by their external id for every single message.
    """

    _name = "message.shared.existence"
    _description = "Shared Questions for Existence"

    def exists(self):
        if not is_active(self.env) or not all(isinstance(record_id, int) for record_id in self._ids):
            return super().exists()
        existing = memo(self.env, self._name).setdefault("existing", set())
        if not existing.issuperset(self._ids):
            existing.update(super().exists()._ids)
        return self.browse(record_id for record_id in self._ids if record_id in existing)

    def unlink(self):
        forget(self.env, self._name)
        return super().unlink()
