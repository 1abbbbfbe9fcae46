"""Both ways from mail to document."""

from base64 import b64decode


def _server(env):
    return env["fetchmail.server"].create({
        "name": "Office", "server_type": "imap", "server": "127.0.0.1", "port": 1, "user": "office",
        "password": "s3cret", "state": "draft", "object_id": env["ir.model"]._get("crm.lead").id,
    })  # fmt: skip


def core(env, raws):
    """Odoo's own: one mail, one commit; mails that arise are left in the queue, as ours are."""
    server = _server(env)
    thread = env["mail.thread"].with_context(
        mail_notify_force_send=False, fetchmail_cron_running=True, default_fetchmail_server_id=server.id)
    raised = []
    for number, raw in enumerate(raws):
        try:
            thread.message_process("crm.lead", b64decode(raw))
            env.cr.commit()
        except ValueError as error:
            env.cr.rollback()
            raised.append((number, str(error)))
    return raised


def ours(env, raws):
    """Into the ledger and through the worker, as fetched mail goes."""
    # only in the database with our addons
    from odoo.addons.message_history.lib.transport import IncomingMessage  # noqa: PLC0415
    from odoo.addons.message_history.tools import locks  # noqa: PLC0415
    from odoo.addons.message_history.tools.transaction import in_transaction  # noqa: PLC0415

    server = _server(env)
    server.channel_id.write({"automatic_mail": "process", "loop_limit": 0})
    folder = server.channel_id.folder_ids
    env.cr.commit()

    def store(other, chunk):
        messages = [
            IncomingMessage(
                external_id=f"INBOX/1/{uid}", content=content, size=len(content),
                names={"folder": "INBOX", "uidvalidity": 1, "uid": uid},
            ) for uid, content in chunk
        ]  # fmt: skip
        channel = other["message.channel"].browse(server.channel_id.id)
        other["message.intake"]._store_chunk(channel, messages, other["message.channel.folder"].browse(folder.id))

    numbered = [(uid, b64decode(raw)) for uid, raw in enumerate(raws, 1)]
    for start in range(0, len(numbered), 50):
        in_transaction(env, store, numbered[start : start + 50])
    with locks.AdvisoryLocks(env.cr.dbname) as held:
        while env["message.worker"]._process_batch(held):
            pass
    env.cr.commit()
    rows = env["message.history"].search([("state", "not in", ("processed", "ignored"))], order="id")
    return [(row.id, f"{row.state}: {row.state_reason}") for row in rows]
