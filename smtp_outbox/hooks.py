"""Taking over from Odoo's own queue, and handing back to it."""

from odoo.addons.message_history.models.message_delivery import ARRIVED


def post_init_hook(env):
    """Give every outgoing mail server its channel. Old unsent mail is held by the expander's own rule."""
    env["ir.mail_server"].with_context(active_test=False).search([])._make_missing_channels()


def uninstall_hook(env):
    """Leave on core's queue what is still owed, and nothing else.

    Core would send a mail to all its recipients again, so those who have it are taken off it. What
    is in doubt, or was held, is not sent by itself.
    """
    while env["message.outbox"]._settle():
        pass
    for mail in env["mail.mail"].search([("state", "=", "outgoing"), ("outbox_state", "in", ("done", "held"))]):
        if mail.outbox_state == "held":
            mail.write({"state": "cancel", "failure_reason": env._("It was held because of its age.")})
            continue
        deliveries = mail.history_ids.delivery_ids
        owed = deliveries.filtered(lambda one: one.state in ("queued", "deferred", "claimed"))
        if not owed:
            arrived = all(one.state in ARRIVED for one in deliveries)
            mail.write({"state": "sent" if arrived else "exception"})
            continue
        owed_addresses = {one.address for one in owed if not one.partner_id}
        mail.write({
            "recipient_ids": [(6, 0, owed.partner_id.ids)], "email_cc": False,
            "email_to": ", ".join(sorted(owed_addresses)) or False})
    env["message.delivery"].search([("state", "in", ("queued", "deferred"))]).write({"state": "cancelled"})
