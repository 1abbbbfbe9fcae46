import dataclasses
import logging
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from odoo import api, models
from odoo.tools import SQL, split_every

from ..lib.errors import ChannelError, MessageRefused
from ..lib.peek import peek
from ..lib.transport import Capability, IncomingMessage, KeptMessage, Stays
from ..tools.transaction import in_transaction
from ..tools.words import words

_logger = logging.getLogger(__name__)

#: Messages that are read again, and then moved or deleted, at a time.
PART = 50


@dataclass
class RemoteResult:
    """What became of one thing that was to be done on the server.

    :param names: new names of the message, after a move
    :param fetched: the message whole, which was asked for
    :param stays: why the server has the message as before, in the server's words or by its kind
    :param other: what the server has in its place
    """

    history_id: int
    names: Mapping | None = None
    fetched: IncomingMessage | None = None
    stays: Stays | str | None = None
    other: IncomingMessage | None = None


class MessageFetcher(models.AbstractModel):
    """What processing left to do on a server: move, delete, fetch whole.

    Nothing that can't be undone is done to a message that isn't the ledger's original, byte for
    byte, when it is read again; and nothing without that original.
    """

    _inherit = "message.fetcher"

    @api.model
    def _channels_with_remote_actions(self):
        """Return the ids of the channels on whose servers something is still to be done."""
        rows = self.env.execute_query(SQL(
            "SELECT DISTINCT channel_id FROM message_history WHERE remote_action IS NOT NULL"))
        return {channel_id for (channel_id,) in rows}

    def _do_remote_actions(self, transport, channel, limit=500):
        """Carry out what processing left to do on the server (move, delete, fetch whole).

        :return: the first refusal, which is no reason to fetch nothing; None if there was none
        """
        refused = None
        rows = in_transaction(self.env, _read_remote_actions, channel.id, limit)
        for (action, target), group in rows.items():
            for part in split_every(PART, group):
                try:
                    results = self._do_remote_action(transport, channel, action, target, part)
                except ChannelError as error:
                    if error.field != "folder" and not isinstance(error, MessageRefused):
                        raise
                    _logger.warning("%s: can't %s %s messages: %s", channel.display_name, action, len(part), error)
                    refused = refused or error
                    break
                self._keep_results(results)
        return refused

    def _keep_results(self, results):
        try:
            in_transaction(self.env, _write_remote_results, results)
        finally:
            for message in [one for result in results for one in (result.fetched, result.other) if one and one.path]:
                Path(message.path).unlink(missing_ok=True)  # what the ledger did not take over

    def _do_remote_action(self, transport, channel, action, target, group):
        """Return a list of :class:`RemoteResult`."""
        if action == "fetch":
            return [self._fetch_whole(transport, history_id, names) for history_id, names in group]
        if Capability.MOVE not in transport.capabilities:
            return [RemoteResult(history_id) for history_id, _names in group]
        digests = in_transaction(self.env, _read_digests, [history_id for history_id, _names in group])
        results = [RemoteResult(history_id, stays="pruned")
                   for history_id, _names in group if history_id not in digests]
        ids = [history_id for history_id, _names in group if history_id in digests]
        kept = [KeptMessage(names, digests[history_id]) for history_id, names in group if history_id in digests]
        done = transport.delete(kept) if action == "delete" else transport.move(kept, target)
        return results + [
            RemoteResult(history_id, names=dict(one.names), stays=one.stays, other=one.other)
            for history_id, one in zip(ids, done, strict=True)]

    def _fetch_whole(self, transport, history_id, names):
        try:
            return RemoteResult(history_id, fetched=transport.fetch_one(names))
        except MessageRefused as error:  # about this message: the others have their turn
            return RemoteResult(history_id, stays=str(error))


def _read_remote_actions(env, channel_id, limit):
    """Return {(action, target folder): [(ledger id, names)]} in the order they are to be done."""
    messages = env["message.history"].search(
        [("channel_id", "=", channel_id), ("remote_action", "!=", False)], order="id", limit=limit)
    grouped = {}
    for message in messages:
        target = message._get_remote_target()
        grouped.setdefault((message.remote_action, target), []).append((message.id, message.names or {}))
    return grouped


def _read_digests(env, history_ids):
    return env["message.raw"]._kept_digests(history_ids)


def _write_remote_results(env, results):
    for result in results:
        message = env["message.history"].browse(result.history_id)
        if result.fetched is not None and not _is_same(env, message, result.fetched):
            result.other, result.fetched, result.stays = result.fetched, None, Stays.OTHER
        values = {"remote_action": False}
        if result.names:
            values["names"] = _renamed(message.names or {}, result.names)
        if result.stays:
            values["state_reason"] = _words_for_staying(env, message, result.stays)
        if result.other is not None:
            _receive_other(env, message, result.other)
        if result.fetched is not None:
            values |= _store_whole(env, message, result.fetched)
        message.write(values)
        if result.fetched is not None:
            message._requeue()


def _renamed(before, after):
    """Return a message's names after a move; a number that isn't told is not the old one."""
    place = ("folder", "uidvalidity", "uid")
    return {key: value for key, value in before.items() if key not in place} | dict(after)


def _is_same(env, message, fetched):
    """Whether a message that was fetched whole has the headers that we have."""
    kept = env["message.raw"]._read(message.ids).get(message.id, b"")
    ours, theirs = peek(kept), peek(_head_of(fetched))
    return (ours.message_digest, ours.sender_key) == (theirs.message_digest, theirs.sender_key)


def _store_whole(env, message, fetched):
    env["message.raw"]._insert([(message.id, fetched.content, fetched.path)])
    return {"truncated": False, "size": fetched.size, "content_digest": env["message.raw"]._short_digest(message.id)}


def _receive_other(env, message, other):
    """Record what the server has under a message's name: it is another one, and new unless known.

    It is ``changed``: a server whose numbers change their meaning, or that shows a part of what it
    has, is not believed a second time. Nothing is done to this message there.
    """
    digest = env["message.intake"]._digest_of(other)
    other = dataclasses.replace(
        other, external_id=f"{message.external_id}={digest & (2**64 - 1):016x}", relocated=True,
        names={**other.names, "changed": True})
    env["message.intake"]._store_chunk(
        message.channel_id, [other], message.folder_id, direction=message.direction)


def _words_for_staying(env, message, stays):
    _ = words(env)
    sentences = {
        Stays.OTHER: _("The server has another message in its place, which was received by itself and not touched."),
        Stays.UNREADABLE: _("It stays in the mailbox: the server could not hand it over whole again."),
        "pruned": _("It stays in the mailbox: its original is no longer kept here."),
    }
    return " ".join(filter(None, [message.state_reason, sentences.get(stays, stays)]))


def _head_of(message):
    if message.content is not None:
        return message.content
    with open(message.path, "rb") as handle:
        return handle.read(262144)
