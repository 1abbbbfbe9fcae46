import contextlib
from pathlib import Path

from odoo import api, fields, models
from odoo.tools import SQL, config
from psycopg2.extras import execute_values

from ..lib.digest import content_digest
from ..lib.filestore import FileStore

#: Larger messages go to the file store, smaller ones into the row.
INLINE_BYTES = 256 * 1024


class MessageRaw(models.Model):
    """The bytes of one message, as they came or went.

    ``content`` is never read through the ORM, which would encode it: workers use :meth:`_read` and
    :meth:`_opened`, whatever is for people :meth:`_opened_for_people`. Not an attachment on
    purpose: those are written in place and never synced.
    """

    _name = "message.raw"
    _description = "Original of a Message"
    _log_access = False

    history_id = fields.Many2one("message.history", required=True, ondelete="cascade")
    size = fields.Integer(help="Bytes.")
    content = fields.Binary(attachment=False)
    store_name = fields.Char()

    _history_uniq = models.UniqueIndex("(history_id)")
    _store_name_idx = models.Index("(store_name) WHERE store_name IS NOT NULL")

    @api.model
    def _store(self):
        """Return the file store of this database."""
        return FileStore(Path(config["data_dir"]) / "message_history" / self.env.cr.dbname)

    @api.model
    def _insert(self, rows):
        """Store originals of ledger rows that have none yet.

        :param rows: list of (history id, bytes or None, path or None)
        """
        values = []
        for history_id, content, path in rows:
            if path is not None:
                size = Path(path).stat().st_size
                values.append((history_id, size, None, self._store().put_file(path)))
            elif len(content) > INLINE_BYTES:
                values.append((history_id, len(content), None, self._store().put_bytes(content)))
            else:
                values.append((history_id, len(content), content, None))
        if values:
            self._forget_on_rollback([value[3] for value in values if value[3]])
            execute_values(
                self.env.cr._obj,
                "INSERT INTO message_raw (history_id, size, content, store_name) VALUES %s "
                "ON CONFLICT (history_id) DO UPDATE SET size = excluded.size, content = excluded.content, "
                "store_name = excluded.store_name",
                values, page_size=100)

    def _forget_on_rollback(self, names):
        """Remove files whose rows are never committed."""
        if names:
            store = self._store()
            self.env.cr.postrollback.add(lambda: [store.remove(name) for name in names])

    @api.model
    def _read(self, history_ids):
        """Return {ledger id: bytes} of those whose original is still kept."""
        rows = self.env.execute_query(SQL(
            "SELECT history_id, content, store_name FROM message_raw WHERE history_id IN %s",
            tuple(history_ids) or (0,)))
        store = self._store()
        return {
            history_id: store.read(name) if name else bytes(content)
            for history_id, content, name in rows if name or content is not None
        }

    @api.model
    def _read_inline(self, history_ids):
        """Return {ledger id: bytes} of the small originals, in one query."""
        rows = self.env.execute_query(SQL(
            "SELECT history_id, content FROM message_raw WHERE history_id IN %s AND content IS NOT NULL",
            tuple(history_ids) or (0,)))
        return {history_id: bytes(content) for history_id, content in rows}

    @api.model
    @contextlib.contextmanager
    def _opened_for_people(self, message):
        """Give the original of one message to somebody who may read it; None if it isn't kept, or is private.

        The one way from an original to people, and to what they have done with it: shown, downloaded,
        exported, quoted, forwarded, sent again in another form.
        """
        if message.sudo().private:
            yield None
        else:
            with self._opened(message.id) as content:
                yield content

    @api.model
    @contextlib.contextmanager
    def _opened(self, history_id):
        """Give the original of one message as bytes or as a memory map; None if it isn't kept. For workers only."""
        rows = self.env.execute_query(SQL(
            "SELECT content, store_name FROM message_raw WHERE history_id = %s", history_id))
        if not rows or (rows[0][0] is None and not rows[0][1]):
            yield None
        elif rows[0][1]:
            with self._store().mapped(rows[0][1]) as view:
                yield view
        else:
            yield bytes(rows[0][0])

    @api.model
    def _kept_digests(self, history_ids):
        """Return {ledger id: SHA-256} of the whole originals that are kept, and are what came in.

        What is missing here must not be deleted anywhere else.
        """
        rows = self.env.execute_query(SQL(
            "SELECT id, content_digest FROM message_history WHERE id IN %s AND truncated IS NOT TRUE AND size > 0",
            tuple(history_ids) or (0,)))
        digests = {}
        for history_id, known in rows:
            with contextlib.suppress(FileNotFoundError), self._opened(history_id) as original:
                digest = content_digest(original or b"")
                if original and int.from_bytes(digest[:8], "big", signed=True) == known:
                    digests[history_id] = digest
        return digests

    @api.model
    def _short_digest(self, history_id):
        """Return the digest that a kept original is recognised by."""
        with self._opened(history_id) as original:
            return int.from_bytes(content_digest(original)[:8], "big", signed=True)

    @api.model
    def _drop(self, history_ids):
        """Remove originals; the files go after the commit."""
        rows = self.env.execute_query(SQL(
            "DELETE FROM message_raw WHERE history_id IN %s RETURNING store_name", tuple(history_ids) or (0,)))
        self.env["message.variant"]._drop(history_ids)
        # what was sent as a link goes with the text that it belongs to
        self.env["ir.attachment"].sudo().search(
            [("res_model", "=", "message.history"), ("res_id", "in", list(history_ids))]).unlink()
        names = [name for (name,) in rows if name]
        if names:
            store = self._store()
            self.env.cr.postcommit.add(lambda: [store.remove(name) for name in names])
        return len(rows)

    @api.autovacuum
    def _gc_store(self):
        """Remove files that no row names: left behind by a crash before the commit."""
        def known(names):
            rows = self.env.execute_query(SQL(
                "SELECT store_name FROM message_raw WHERE store_name IN %s", tuple(names)))
            return {name for (name,) in rows}
        self._store().sweep(known)
