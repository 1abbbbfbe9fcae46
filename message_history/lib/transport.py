"""The contract between the ledger and what speaks a protocol.

A channel's ``_get_transport()`` returns a :class:`Transport`: a plain object without Odoo in it.
Which of its methods may be called is said by ``capabilities``; the others raise
:class:`~.errors.ConfigurationError` with a sentence, so that a wish which a channel can't fulfil is
refused aloud and never dropped.

Receiving works in chunks. ``fetch`` yields :class:`Chunk` objects; the ledger stores a chunk's
messages *and* its cursor in one transaction, commits, and only then calls ``acknowledge`` for the
chunk, which may tell the server (flags, DELE). A crash between the two repeats the
acknowledgement, never the message: the ledger's unique ``external_id`` sees to that.
"""

from __future__ import annotations

import enum
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, ClassVar

from .errors import ConfigurationError


class Capability(enum.Enum):
    """What a transport can do; one value for each optional method of :class:`Transport`."""

    CHECK = "check"
    FETCH = "fetch"
    LISTEN = "listen"
    SEND = "send"
    FOLDERS = "folders"
    MOVE = "move"


class StartPolicy(enum.Enum):
    """What counts as new when a folder is read for the first time."""

    NOW = "now"
    UNSEEN = "unseen"
    SINCE = "since"
    ALL = "all"


class Afterwards(enum.Enum):
    """What happens on the server to a message that the ledger has (or has processed)."""

    LEAVE = "leave"
    SEEN = "seen"
    MOVE = "move"
    DELETE = "delete"


@dataclass(frozen=True)
class FolderRequest:
    """One folder to be read.

    :param name: the folder's name as the server shows it to people (Unicode, not modified UTF-7)
    :param cursor: what the last chunk's ``Chunk.cursor`` said, JSON-serialisable; empty at first
    :param start: what is new when ``cursor`` is empty
    :param since: for :attr:`StartPolicy.SINCE`
    :param known_ids: tells which of some external ids the ledger has already; needed by protocols
        without an order to resume from (POP3). Called with a list, returns the known subset.
    :param kept: tells of which external ids the ledger has the whole original, unharmed: returns
        their SHA-256. Whoever deletes by ``acknowledge`` asks it; without it, the caller vouches
        for the chunks that it acknowledges, and nothing of an earlier session is deleted.
    :param max_messages: most messages in one chunk
    :param max_bytes: byte budget of one chunk (a single larger message still makes a chunk)
    :param max_message_size: messages above this many bytes come with ``truncated=True`` and only
        their header section as content; 0 means no limit
    :param mark_seen: whether :meth:`Transport.acknowledge` marks the chunk's messages as seen
        (IMAP), or deletes them (POP3 when ``delete_after_fetch``)
    """

    name: str
    cursor: Mapping[str, Any] = field(default_factory=dict)
    start: StartPolicy = StartPolicy.NOW
    since: datetime | None = None
    known_ids: Callable[[Sequence[str]], set[str]] | None = None
    kept: Callable[[Sequence[str]], dict[str, bytes]] | None = None
    max_messages: int = 50
    max_bytes: int = 8 * 1024 * 1024
    max_message_size: int = 0
    mark_seen: bool = False
    delete_after_fetch: bool = False


@dataclass(frozen=True)
class IncomingMessage:
    """One message as the server handed it over, not parsed.

    :param external_id: what the server calls it, unique on the channel for ever
        (``folder/uidvalidity/uid``, UIDL, a provider's id)
    :param content: the raw bytes; ``None`` when they are in the file ``path`` (large messages)
    :param path: a temporary file, which the ledger takes over and which ``fetch`` removes otherwise
    :param size: size on the server in bytes (of the whole message, even when truncated)
    :param received_at: when the server got it (IMAP INTERNALDATE), naive UTC
    :param names: every other name it has: ``folder``, ``uidvalidity``, ``uid``, ``uidl``,
        ``emailid``, ``threadid``
    :param flags: the server's flags at the time of fetching (``\\Seen`` ...)
    :param truncated: only the header section is in ``content``: the message is too large
    :param relocated: the server's numbering began anew or the folder changed, so the same message
        may be in the ledger under another id: recognise it by its content digest
    """

    external_id: str
    content: bytes | None
    size: int
    path: str | None = None
    received_at: datetime | None = None
    names: Mapping[str, Any] = field(default_factory=dict)
    flags: tuple[str, ...] = ()
    truncated: bool = False
    relocated: bool = False


@dataclass(frozen=True)
class Chunk:
    """Messages that are stored, committed and acknowledged together.

    :param messages: in the server's order
    :param cursor: where the next fetch of this folder resumes; stored with the messages
    :param failed: external ids that the server listed but could not hand over, with its words;
        they are in the cursor too and asked for again at every following fetch
    :param remaining: messages still to come in this folder, for progress; -1 if unknown
    :param attempts: how often each of the failed ones was asked for by now
    """

    messages: tuple[IncomingMessage, ...]
    cursor: Mapping[str, Any]
    failed: Mapping[str, str] = field(default_factory=dict)
    remaining: int = -1
    attempts: Mapping[str, int] = field(default_factory=dict)


class Stays(enum.Enum):
    """Why a message that was to be moved or deleted stays where it is."""

    OTHER = "other"  # the server has another message under this name
    UNREADABLE = "unreadable"  # it could not be read whole again


@dataclass(frozen=True)
class KeptMessage:
    """A message of which the ledger has the whole original.

    :param names: what it was recorded with
    :param digest: SHA-256 of the original
    """

    names: Mapping[str, Any]
    digest: bytes


@dataclass(frozen=True)
class Removal:
    """What became of one message that was to be moved or deleted.

    :param names: its new names after a move; empty when it is gone, and where it stays
    :param stays: why it was left alone; None when it wasn't, and when there was nothing any more
    :param other: what the server has under its name instead, read whole, to be received; a file
        that nobody takes over is the caller's to remove
    """

    names: Mapping[str, Any] = field(default_factory=dict)
    stays: Stays | None = None
    other: IncomingMessage | None = None


@dataclass(frozen=True)
class CheckStep:
    """One step of a connection test, for a list of ticks and crosses that people read.

    :param name: ``resolve``, ``connect``, ``tls``, ``login``, ``folder``, ``read``, ``sender``
    :param seconds: how long it took
    :param detail: a fact worth showing (address, TLS version, folder count, the server's words)
    """

    name: str
    ok: bool
    seconds: float
    detail: str = ""


@dataclass(frozen=True)
class CheckReport:
    """Result of :meth:`Transport.check`; ``error`` carries the ``field`` that is wrong."""

    steps: tuple[CheckStep, ...]
    error: Exception | None = None

    @property
    def ok(self) -> bool:
        """Whether every step succeeded."""
        return self.error is None


@dataclass(frozen=True)
class FolderInfo:
    """A folder on the server.

    :param role: from SPECIAL-USE (RFC 6154) or a well-known name: ``inbox``, ``sent``, ``junk``,
        ``trash``, ``drafts``, ``archive`` or an empty string
    """

    name: str
    role: str = ""
    selectable: bool = True
    messages: int | None = None


@dataclass(frozen=True)
class FirstLook:
    """What a first fetch would bring, shown before anything is fetched."""

    total: int
    unseen: int
    matching: int


@dataclass(frozen=True)
class SendResult:
    """What the next server said of one outgoing message; ``refused`` is per recipient address."""

    provider_id: str = ""
    reply: str = ""
    refused: Mapping[str, Exception] = field(default_factory=dict)


class Transport:
    """A connection to one channel's server. Blocking, every wait bounded by a time-out.

    Subclasses set ``capabilities`` and override the methods these name. Every method raises only
    subclasses of :class:`~.errors.ChannelError`. Opening is lazy: making one costs nothing.
    """

    capabilities: ClassVar[frozenset[Capability]] = frozenset()

    def check(self) -> CheckReport:
        """Try every step of a connection and report each; never raises a ChannelError."""
        raise self._unsupported(Capability.CHECK)

    def folders(self) -> list[FolderInfo]:
        """List the folders that can be read."""
        raise self._unsupported(Capability.FOLDERS)

    def first_look(self, request: FolderRequest) -> FirstLook:
        """Count what a first ``fetch`` of this folder would bring, without fetching."""
        raise self._unsupported(Capability.FETCH)

    def fetch(self, request: FolderRequest) -> Iterator[Chunk]:
        """Yield what is new in a folder, chunk by chunk, without changing anything there."""
        raise self._unsupported(Capability.FETCH)

    def reconcile(self, request: FolderRequest) -> Mapping[str, Any]:
        """Return a cursor with which ``fetch`` also brings what was missed so far.

        Compares what the folder holds since the beginning with what ``known_ids`` knows: costly,
        and only needed to find what a resumption by cursor alone never sees again. A transport
        whose ``fetch`` compares anyway returns the cursor as it is.
        """
        return request.cursor

    def acknowledge(self, request: FolderRequest, chunk: Chunk) -> None:
        """Tell the server that the chunk is safe with us (flags, deletion), as the request says."""
        raise self._unsupported(Capability.FETCH)

    def fetch_one(self, names: Mapping[str, Any]) -> IncomingMessage:
        """Fetch one message whole by the names it was recorded with, whatever its size."""
        raise self._unsupported(Capability.FETCH)

    def move(self, kept: Sequence[KeptMessage], target: str) -> list[Removal]:
        """Move messages to another folder, made if need be; says what became of each, in order.

        Each is read again first, over the connection that moves it. Only what is then the same as
        the ledger's original is moved: the server's name for a message is no proof of what it is.
        """
        raise self._unsupported(Capability.MOVE)

    def delete(self, kept: Sequence[KeptMessage]) -> list[Removal]:
        """Delete messages, with the same caution as :meth:`move`; says what became of each."""
        raise self._unsupported(Capability.MOVE)

    def listen(self, on_event: Callable[[str], None], stop: Callable[[], bool]) -> None:
        """Block, calling ``on_event(folder)`` whenever something may be new, until ``stop()``.

        ``stop`` is looked at once a second or more often. Raises ConnectionFailed on a break:
        the caller reconnects with its own back-off.
        """
        raise self._unsupported(Capability.LISTEN)

    def send(self, message: Any) -> SendResult:
        """Hand one outgoing message to the server."""
        raise self._unsupported(Capability.SEND)

    def close(self) -> None:
        """Close the connection politely; never raises."""

    def __enter__(self) -> Transport:
        return self

    def __exit__(self, *exc_info: object) -> None:
        self.close()

    def _unsupported(self, capability: Capability) -> ConfigurationError:
        return ConfigurationError(
            f"{type(self).__name__} can't {capability.value}: this kind of channel does not offer it."
        )
