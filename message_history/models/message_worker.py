import logging
import time
from datetime import timedelta

from odoo import api, fields, models
from odoo.tools import SQL

from ..tools import locks
from ..tools.transaction import CONCURRENCY_ERRORS, in_transaction
from .message_dispatcher import BatchFailed

_logger = logging.getLogger(__name__)

BATCH = 50
#: Bytes of originals in one batch, at most (one larger message still makes a batch).
BATCH_BYTES = 16 * 1024 * 1024
#: A message waits at most this long for one that it refers to.
WAIT_MINUTES = 10
#: Messages whose senders and threads are locked at a time, at most.
MOST_LOCKED = 500
#: Of the messages that have an id, so many are looked at, the newest first.
NEAR = 8
NOTIFY = "message_history"


class MessageWorker(models.AbstractModel):
    """Takes received messages from the ledger and has them processed, any number at a time.

    A batch is two transactions. The first picks candidates and the senders' locks are taken on a
    connection of their own; the second begins only then, so that its snapshot holds what the last
    owner of those locks committed. Its first statement claims the rows: the row lock *is* the
    claim, and it is gone when the process is.
    """

    _name = "message.worker"
    _description = "Message Worker"

    @api.model
    def _wake(self):
        """Wake waiting workers when this transaction commits; without any, the scheduled actions."""
        cache = self.env.cr.cache
        if not cache.get("message_history_woken"):
            cache["message_history_woken"] = True
            self.env.cr.execute("SELECT pg_notify(%s, 'received')", [NOTIFY])
            self._trigger_scheduled()

    def _trigger_scheduled(self):
        """Trigger the scheduled actions, unless the gateway's own workers are at work."""
        if not self.env["message.gateway"]._is_alive("worker"):
            for cron in self._scheduled_actions():
                cron._trigger()

    @api.model
    def _scheduled_actions(self):
        crons = [self.env.ref(f"message_history.ir_cron_process_{shard}", raise_if_not_found=False)
                 for shard in range(1, 5)]
        return [cron.sudo() for cron in crons if cron and cron.sudo().active]

    @api.model
    def _helpers(self, process):
        """Return what a worker's process does beside processing what came in; for addons.

        :param process: ``gateway.process.Process``
        :return: objects with ``work(held)``, which returns how much it did and is called again and
            again, ``busy``, whether it is to be called again soon, and ``close()``
        """
        return []

    @api.model
    def _cron_process(self):
        """Process what is there until it is done or the time is up (one of several shards)."""
        progress = self.env["ir.cron"]._commit_progress
        with locks.AdvisoryLocks(self.env.cr.dbname) as held:
            while True:
                count = self._process_batch(held)
                remaining = self._count_claimable(limit=1000)
                if not progress(count, remaining=remaining if count else 0) or not count:
                    break
        self._settle_conversations()

    @api.model
    def _settle_conversations(self):
        """Have conversations show what became of their messages, unless another process is at it."""
        in_transaction(self.env, _settle_all)

    @api.model
    def _process_batch(self, held, limit=BATCH):
        """Process one batch; returns how many messages were dealt with.

        :param held: the ``AdvisoryLocks`` on which the senders are locked
        """
        taken, chosen = set(), []
        try:
            for window in (limit, limit * 10, limit * 100):
                candidates = in_transaction(self.env, _pick_candidates, window)
                # PostgreSQL's table of locks is no place for thousands
                eligible = _choose(candidates, None, min(window, MOST_LOCKED))
                wanted = set().union(*map(_lock_keys, eligible)) - taken
                taken |= held.try_locks(locks.SENDER, wanted, work=locks.SENDER_WORK)
                chosen = [row[0] for row in _choose(eligible, taken, limit)]
                # replies that came before what they answer must not stop what is behind them
                if len(chosen) * 2 >= limit or len(candidates) < window:
                    break
            count = self._process_ids(chosen) if chosen else 0
        finally:
            if taken:
                held.unlock(locks.SENDER, taken)
        if count:
            self._settle_conversations()
        return count

    @api.model
    def _process_ids(self, history_ids):
        """Process the given messages in order, in smaller and smaller batches on conflicts."""
        todo, size, conflicts, done, careful = list(history_ids), len(history_ids), 0, 0, False
        while todo:
            part = todo[:size]
            try:
                done += in_transaction(self.env, _dispatch, part, careful, attempts=1)
            except BatchFailed as error:
                # nothing of it was kept: once more, each message in a savepoint of its own
                _logger.info("Batch of %s starts anew with savepoints: %s", len(part), error)
                self.env.registry.reset_changes()
                careful = True
                continue
            except CONCURRENCY_ERRORS as error:
                # somebody changed what we read: start anew from a fresh snapshot, with less at stake
                conflicts += 1
                size = max(1, size // 2)
                _logger.info("Batch of %s starts anew after a conflict: %s", len(part), error)
                if conflicts > 12:
                    break
                time.sleep(0.01 * conflicts)
                continue
            todo, careful = todo[size:], False
        return done

    @api.model
    def _count_claimable(self, limit=1000):
        """Return how many messages could be processed now, counted up to a limit."""
        return self.env.execute_query(SQL(
            "SELECT (SELECT COUNT(*) FROM (SELECT 1 FROM message_history WHERE state = 'received' LIMIT %(limit)s) r)"
            " + (SELECT COUNT(*) FROM (SELECT 1 FROM message_history WHERE state = 'failed' "
            "AND next_attempt <= now() at time zone 'UTC' LIMIT %(limit)s) f)", limit=limit))[0][0]

    @api.model
    def _keys_of(self, history_ids):
        """Return the keys of the locks that processing some messages needs."""
        rows = self.env.execute_query(SQL(
            "SELECT h.id, h.sender_key, %s FROM message_history h WHERE h.id = ANY(%s)", _THREAD, list(history_ids)))
        return set().union(*map(_lock_keys, rows))

    @api.model
    def _claim(self, history_ids):
        """Lock the rows that are still to be processed; returns their ids in the given order.

        It waits for a lock: nobody else processes these senders, so it is somebody who only looks,
        and a reply must not pass its parent because of that.
        """
        rows = self.env.execute_query(SQL(
            "SELECT h.id, h.sender_key, %s FROM message_history h "
            "WHERE h.id = ANY(%s) AND h.state IN ('received', 'failed') ORDER BY h.id FOR NO KEY UPDATE",
            _THREAD, list(history_ids)))
        locks.hold_work(self.env.cr, locks.SENDER_WORK, set().union(*map(_lock_keys, rows)))
        found = {row[0] for row in rows}
        return [history_id for history_id in history_ids if history_id in found]


#: What a message's thread began with, as far as the message itself says: its first reference, or itself.
_THREAD = SQL(
    "(SELECT r.digest FROM message_reference r WHERE r.history_id = h.id ORDER BY r.kind DESC, r.id LIMIT 1)")


def _lock_keys(row):
    """Return the keys that whoever processes a message holds: its sender's and its thread's.

    Without the sender's two workers make one person twice; without the thread's they make two
    conversations of two answers to a mail that never came. Those without a sender share one key.

    :param row: begins with (id, sender key, thread)
    """
    _history_id, sender_key, thread, *_rest = row
    return {locks.int32(sender_key or 0)} | ({locks.int32(thread)} if thread else set())


def _pick_candidates(env, limit):
    """Return [(id, sender key, thread, size, ids it waits for)] of rows that nobody else works on.

    Fresh rows come first by their index, then those whose next attempt is due. The locks end with
    this transaction: they only keep two workers from picking the same rows.
    """
    env.cr.execute(SQL("""
        WITH fresh AS MATERIALIZED (
            SELECT id, sender_key, size, priority FROM message_history WHERE state = 'received'
             ORDER BY priority, id LIMIT %(limit)s FOR NO KEY UPDATE SKIP LOCKED
        ), due AS MATERIALIZED (
            SELECT id, sender_key, size, priority FROM message_history
             WHERE state = 'failed' AND next_attempt <= now() at time zone 'UTC'
             ORDER BY next_attempt LIMIT %(limit)s FOR NO KEY UPDATE SKIP LOCKED
        )
        SELECT h.id, h.sender_key, %(thread)s, h.size, ARRAY(
            SELECT DISTINCT parent.id
              FROM message_reference mine
              CROSS JOIN LATERAL (
                   SELECT r.history_id FROM message_reference r WHERE r.digest = mine.digest AND r.kind = 0
                    ORDER BY r.history_id DESC LIMIT %(near)s) theirs
              JOIN message_history parent ON parent.id = theirs.history_id
             WHERE mine.history_id = h.id AND mine.kind = 1 AND parent.id <> h.id
               AND (parent.state = 'received' OR (parent.state = 'failed' AND parent.attempts < 3))
               AND parent.create_date > %(oldest)s
        )
        FROM (SELECT * FROM fresh UNION ALL SELECT * FROM due) h ORDER BY h.priority, h.id LIMIT %(limit)s
    """, thread=_THREAD, limit=limit, near=NEAR, oldest=fields.Datetime.now() - timedelta(minutes=WAIT_MINUTES)))
    return env.cr.fetchall()


def _choose(candidates, taken=None, limit=BATCH):
    """Return at most ``limit`` candidates that may be processed now, parents before their replies.

    A message whose sender or thread is another worker's just now, or that waits for one we don't
    have, is left for the next batch.

    :param taken: the keys that are ours; None to see who could be processed if all were
    """
    chosen, order, size = set(), [], 0
    pending = [row for row in candidates if taken is None or _lock_keys(row) <= taken]
    progress = True
    while pending and progress:
        progress, waiting = False, []
        for row in pending:
            history_id, _sender, _thread, row_size, parents = row
            if not set(parents) <= chosen:
                waiting.append(row)
            elif len(order) >= limit or (taken is not None and order and size + row_size > BATCH_BYTES):
                return order
            else:
                chosen.add(history_id)
                order.append(row)
                size += row_size
                progress = True
        pending = waiting
    return order


def _dispatch(env, history_ids, careful):
    claimed = env["message.worker"]._claim(history_ids)
    env["message.dispatcher"]._dispatch_batch(claimed, careful=careful)
    return len(claimed)


def _settle_all(env):
    """Settle conversations, if nobody else is at it: he then sees ours, or the next batch does."""
    env.cr.execute("SELECT pg_try_advisory_xact_lock(%s, 0)", [locks.SETTLE])
    if env.cr.fetchone()[0]:
        env["message.conversation"]._settle()
