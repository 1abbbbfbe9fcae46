import dataclasses
import logging
from collections import deque
from dataclasses import dataclass, field

from odoo import api, fields, models

from ..lib.errors import ChannelError, ConfigurationError
from ..lib.transport import Capability, Chunk, FolderRequest, IncomingMessage, StartPolicy
from ..tools import locks
from ..tools.transaction import in_transaction
from ..tools.words import words

_logger = logging.getLogger(__name__)

#: Chunks of which the server may not have confirmed yet that it knows them to be safe with us.
#: Transports ask at most for half as many ahead, and servers answer in order.
UNCONFIRMED_CHUNKS = 8
#: A message that could not be read this often is none that the server has just mislaid.
TELL_AFTER = 3


@dataclass
class FetchReport:
    """What one fetch of a channel did, to be said in words."""

    received: int = 0
    known: int = 0
    refused: int = 0
    busy: bool = False
    unusable: bool = False
    reconcile: bool = False
    error: ChannelError | None = None
    error_text: str = ""
    confirmed: list[int] = field(default_factory=list)

    def words(self, env):
        """Return the result as a sentence in the user's language."""
        _ = env._
        if self.unusable:
            return _("The channel is paused, archived, or waits in a copied database.")
        if self.busy:
            return _("It is being fetched right now by another worker.")
        text = _("%(count)s new messages.", count=self.received) if self.received else _("Nothing new.")
        if self.refused:
            text += " " + _("%(count)s could not be read on the server and will be asked for again.",
                            count=self.refused)
        return f"{text} {self.error_text}".strip() if self.error else text


class MessageFetcher(models.AbstractModel):
    """Gets raw messages from a channel's server into the ledger.

    For each chunk: store and cursor in one transaction, commit, then tell the server. The
    channel's advisory lock is held all the while, by listener and scheduled action alike.
    """

    _name = "message.fetcher"
    _description = "Message Fetcher"

    @api.model
    def _fetch_channel(self, channel, limit=None, reconcile=False):
        """Fetch what is new on one channel, unless somebody else is at it.

        :param limit: stop after about this many messages
        :param reconcile: also compare what the server has with the ledger, and fetch what is missing
        :return: :class:`FetchReport`
        """
        channel_sudo = channel.sudo()
        if not channel_sudo._is_usable() or not channel_sudo.receives:
            return FetchReport(unusable=True)
        with locks.AdvisoryLocks(self.env.cr.dbname) as held:
            if not held.try_lock(locks.CHANNEL, channel_sudo.id):
                return FetchReport(busy=True)
            return self._fetch_held(channel_sudo, limit=limit, reconcile=reconcile)

    def _fetch_held(self, channel, **options):
        with channel._get_transport() as transport:
            return self._fetch_over(transport, channel, **options)

    @api.model
    def _fetch_over(self, transport, channel, limit=None, reconcile=False, only=None):
        """Fetch what is new over a transport, for whoever holds the channel's lock.

        :param only: name of the one folder to look at; all folders by default
        :return: :class:`FetchReport`; a failure is in it, and on the channel's status
        """
        report = FetchReport(reconcile=reconcile)
        try:
            self._fetch_folders(transport, channel, limit, report, only)
        except ChannelError as error:
            report.error = error
            report.error_text = self._words_for(error)
            _logger.info("Fetching %s failed: %s", channel.display_name, error)
        in_transaction(self.env, _note_result, channel.id, report)
        return report

    def _fetch_folders(self, transport, channel, limit, report, only=None):
        """Fetch every folder over one connection; a broken folder never stops the others."""
        if Capability.FETCH not in transport.capabilities:
            raise ConfigurationError("this kind of channel can't fetch", field="channel_type")
        first_error = self._do_remote_actions(transport, channel)
        for folder in channel.folder_ids.filtered(lambda folder: folder.active and only in (None, folder.name)):
            if limit is not None and report.received >= limit:
                break
            try:
                self._fetch_folder(transport, channel, folder, limit, report)
            except ChannelError as error:
                if error.field != "folder":
                    raise
                first_error = first_error or error
        if first_error:
            raise first_error

    @api.model
    def _prepare_request(self, channel, folder, cursor):
        """Return the ``FolderRequest`` for a folder as it is configured."""
        return FolderRequest(
            name=folder.name,
            cursor=cursor or {},
            start=StartPolicy(folder.start),
            since=folder.start_date or None,
            # in a transaction of its own: waiting for the server must not keep one open
            known_ids=lambda ids: in_transaction(self.env, _read_known_ids, channel.id, ids),
            kept=lambda ids: in_transaction(self.env, _read_kept, channel.id, ids),
            max_message_size=channel.max_message_mb * 1024 * 1024,
            mark_seen=folder.afterwards == "seen",
            delete_after_fetch=folder.afterwards == "delete",
        )

    def _fetch_folder(self, transport, channel, folder, limit, report):
        cursor, owed = in_transaction(self.env, _read_status, channel.id, folder.id)
        request = self._prepare_request(channel, folder, cursor)
        if report.reconcile:
            request = dataclasses.replace(request, cursor=transport.reconcile(request))
        unconfirmed = deque(owed, maxlen=UNCONFIRMED_CHUNKS)
        if owed and request.mark_seen:
            transport.acknowledge(request, _chunk_of(owed))
        for chunk in transport.fetch(request):
            if request.mark_seen and (names := _unseen_names(chunk)):
                unconfirmed.append(names)
            stored = in_transaction(self.env, _store_chunk, channel.id, folder.id, chunk, list(unconfirmed))
            transport.acknowledge(request, chunk)
            report.received += len(stored.new_ids)
            report.known += stored.known
            report.refused += len(chunk.failed)
            self._tell_of_unreadable(channel, folder, chunk)
            if limit is not None and report.received >= limit:
                break
        else:
            if unconfirmed:  # the end of the fetch confirmed everything
                report.confirmed.append(folder.id)

    def _tell_of_unreadable(self, channel, folder, chunk):
        """Tell people once of messages that the server lists and does not hand over."""
        stuck = {external_id: said for external_id, said in chunk.failed.items()
                 if chunk.attempts.get(external_id) == TELL_AFTER}
        if stuck:
            in_transaction(self.env, _tell_of_unreadable, channel.id, folder.id, stuck)

    @api.model
    def _words_for(self, error):
        """Return what a channel's error means, in a sentence for people."""
        _ = words(self.env)
        sentences = {
            "authentication": _("The server refused the login."),
            "connection": _("No connection to the server."),
            "configuration": _("A setting is wrong."),
            "throttled": _("The server asks to slow down."),
            "protocol": _("The server answered oddly."),
        }
        sentence = sentences.get(error.failure_type, _("The server could not be used."))
        said = error.server_reply or error.reason
        return f"{sentence} {said}".strip()



def _read_status(env, channel_id, folder_id):
    channel, folder = _browse(env, channel_id, folder_id)
    status = env["message.channel.status"]._get(channel, folder)
    return status.cursor, status.unconfirmed or []


def _unseen_names(chunk):
    """Return the names of a chunk's messages that are still to be marked as read."""
    return [dict(message.names) for message in chunk.messages
            if "\\seen" not in {flag.lower() for flag in message.flags}]


def _chunk_of(owed):
    """Return a chunk of messages that are stored, of which only the names are needed."""
    return Chunk(tuple(IncomingMessage(external_id="", content=b"", size=0, names=names)
                       for chunk in owed for names in chunk), {})


def _store_chunk(env, channel_id, folder_id, chunk, unconfirmed):
    channel, folder = _browse(env, channel_id, folder_id)
    direction = "out" if folder.role == "sent" else "in"
    stored = env["message.intake"]._store_chunk(channel, chunk.messages, folder, direction=direction)
    status = env["message.channel.status"]._get(channel, folder)
    values = {"cursor": dict(chunk.cursor), "unconfirmed": unconfirmed or False}
    if stored.new_ids:
        values |= {"received_count": status.received_count + len(stored.new_ids),
                   "last_message": fields.Datetime.now()}
    status.write(values)
    return stored


def _tell_of_unreadable(env, channel_id, folder_id, stuck):
    channel, folder = _browse(env, channel_id, folder_id)
    env["message.alarm"]._note_unreadable(channel, folder, stuck)


def _note_result(env, channel_id, report):
    statuses = env["message.channel.status"]
    if report.confirmed:
        statuses.search([("channel_id", "=", channel_id), ("folder_id", "in", report.confirmed)]).unconfirmed = False
    status = statuses._get(env["message.channel"].browse(channel_id))
    if report.error:
        status._note_error(report.error, report.error_text)
    else:
        status._note_success(report.received)


def _read_known_ids(env, channel_id, external_ids):
    channel = env["message.channel"].browse(channel_id)
    return env["message.intake"]._known_external_ids(channel, external_ids)


def _read_kept(env, channel_id, external_ids):
    """Return {external id: SHA-256} of those messages whose whole original is kept."""
    found = env["message.intake"]._find_by_external_ids(env["message.channel"].browse(channel_id), external_ids)
    digests = env["message.raw"]._kept_digests(list(found.values()))
    return {external_id: digests[row_id] for external_id, row_id in found.items() if row_id in digests}


def _browse(env, channel_id, folder_id):
    return env["message.channel"].browse(channel_id), env["message.channel.folder"].browse(folder_id)
