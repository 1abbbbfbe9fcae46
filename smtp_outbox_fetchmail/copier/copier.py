"""Puts copies of what was sent into the Sent folder of one IMAP account."""

import logging
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from odoo.addons.message_history.lib.errors import ChannelError, MessageRefused
from odoo.addons.message_history.lib.transport import FolderInfo
from odoo.addons.message_history.tools import locks
from odoo.addons.message_history.tools.transaction import in_transaction

_logger = logging.getLogger(__name__)

#: First key of the advisory locks of accounts, the second being the id of the ``fetchmail.server``. Not that
#: of the incoming channel, which a listener holds for ever.
ACCOUNT = 0x6D680031
#: Copies claimed at a time.
BATCH = 20
#: The folder that is made where the server has none for sent mail.
USUAL_FOLDER = "Sent"


@dataclass(frozen=True)
class Copy:
    """One message that is to be copied.

    :param date: becomes the date of the copy, naive UTC
    :param tried: somebody began to put it there before: it may be there
    """

    id: int
    message_uid: str
    date: datetime
    tried: bool


@dataclass
class CopyReport:
    """What one run did; ``busy``: another process is at it."""

    done: int = 0
    busy: bool = False
    error: ChannelError | None = None


class Copier:
    """One run over one account, over one connection; for one thread.

    :param env: its cursor is not used, so no transaction stays open while a server is waited for
    :param stopping: says whether to end after the copy that is on its way
    """

    def __init__(self, env: Any, server_id: int, stopping: Callable[[], bool] = lambda: False) -> None:
        self._env, self._server_id, self._stopping = env, server_id, stopping
        self._report = CopyReport()
        self._held: locks.AdvisoryLocks | None = None
        self._claimed: list[int] = []
        self._usual = ""

    def run(self) -> CopyReport:
        """Copy what is due; a failure is in the report, and on the messages that wait because of it."""
        with locks.AdvisoryLocks(self._env.cr.dbname) as self._held:
            if not self._held.try_lock(ACCOUNT, self._server_id):
                self._report.busy = True
                return self._report
            places = self._do("_channels_of", self._server_id)
            try:
                with in_transaction(self._env, _open, self._server_id) as transport:
                    for channel_id, folder in places:
                        self._copy_channel(transport, channel_id, folder)
            except ChannelError as error:
                self._postpone([channel_id for channel_id, _folder in places], error)
        return self._report

    def _copy_channel(self, transport: Any, channel_id: int, folder: str) -> None:
        try:
            folder = folder or self._find_usual(transport)
            while self._may_go_on() and (copies := self._do("_claim", channel_id, BATCH)):
                self._copy_batch(transport, folder, copies)
        except ChannelError as error:
            if error.field != "folder":
                raise
            self._postpone([channel_id], error)

    def _copy_batch(self, transport: Any, folder: str, copies: list[Copy]) -> None:
        self._claimed = [copy.id for copy in copies]
        for copy in copies:
            if not self._may_go_on():
                break
            if self._copy(transport, folder, copy):
                # each by itself: less is to be looked for after a crash
                self._do("_note_done", copy.id)
                self._report.done += 1
            self._claimed.remove(copy.id)

    def _copy(self, transport: Any, folder: str, copy: Copy) -> bool:
        """Put one message into the folder, unless it is there; says whether it is there now."""
        content = self._do("_read_original", copy.id)
        if content is None:
            self._do("_note_lost", copy.id)
            return False
        try:
            if not copy.tried or not transport.has_message(folder, copy.message_uid, copy.date):
                transport.append(folder, content, ("\\Seen",), copy.date)
        except MessageRefused as error:  # this one; the others have their turn
            _logger.info("The copy of message %s is refused: %s", copy.id, error)
            self._do("_postpone", [], [copy.id], error)
            return False
        return True

    def _find_usual(self, transport: Any) -> str:
        self._usual = self._usual or find_sent(transport.folders())
        return self._usual

    def _may_go_on(self) -> bool:
        """Whether nobody wants us to stop, and the account is still ours."""
        return not self._stopping() and self._held is not None and self._held.alive()

    def _postpone(self, channel_ids: list[int], error: ChannelError) -> None:
        _logger.info("Copies to account %s wait: %s", self._server_id, error)
        self._report.error = error
        self._do("_postpone", channel_ids, self._claimed, error)
        self._claimed = []

    def _do(self, method: str, *args: Any) -> Any:
        """Run a method of the model in a transaction of its own."""
        return in_transaction(self._env, _call, method, *args)


def find_sent(folders: Iterable[FolderInfo]) -> str:
    """Return the folder for sent mail: what the server names so (RFC 6154), else by its name.

    Of several that are called so, the one that is used most.
    """
    found = [folder for folder in folders if folder.role == "sent" and folder.selectable]
    return max(found, key=lambda folder: folder.messages or 0).name if found else USUAL_FOLDER


def _call(env: Any, method: str, *args: Any) -> Any:
    return getattr(env["message.sent.copy"], method)(*args)


def _open(env: Any, server_id: int) -> Any:
    return env["fetchmail.server"].browse(server_id)._get_transport__()
