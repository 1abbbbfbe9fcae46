"""What goes over a connection in one SMTP transaction: one content, and those who get it together."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

from odoo.addons.message_history.lib.delivery_mark import HEADER, make_mark
from odoo.addons.message_history.lib.filestore import FileStore
from odoo.addons.message_history.lib.variants import join
from odoo.addons.message_history.tools.journal import Claimed, Journal

from ..lib.addresses import is_ascii
from ..lib.verp import encode
from ..lib.wire import Envelope

#: As many recipients get a mail of their own each, with a mark of their own, if that is no more than so many bytes.
ALONE, ALONE_BYTES = 10, 5 * 2**20


@dataclass
class Shipment:
    """One SMTP transaction.

    :param rows: the deliveries in it; their addresses are different
    :param sender: the envelope's
    :param size: bytes of the content
    :param most: most attempts for each delivery; 0: until it expires
    :param load: returns the content; large ones are only read when their turn comes
    """

    rows: list[Claimed]
    sender: str
    size: int
    utf8: bool
    most: int
    load: Callable[[], bytes]
    by_address: dict[str, Claimed] = field(init=False)

    def __post_init__(self) -> None:
        self.by_address = {row.address: row for row in self.rows}

    @property
    def envelope(self) -> Envelope:
        """The envelope, with every recipient."""
        return Envelope(self.sender, tuple(self.by_address), self.size, self.utf8)


class Packer:
    """Makes shipments of claimed deliveries.

    :param limit: most recipients of one shipment
    :param verp: the secret that own return addresses are signed with; empty: no such addresses
    :param secret: what the mark of each copy is made with; empty: no marks
    """

    def __init__(self, store: Path, limit: int, verp: bytes = b"", secret: bytes = b"") -> None:
        self._store, self._limit, self._verp, self._secret = FileStore(store), limit, verp, secret

    def pack(self, journal: Journal, rows: list[Claimed]) -> Iterator[Shipment]:
        """Yield shipments, in the order of the deliveries; those without a content are left out."""
        contents = journal.contents(row.history_id for row in rows)
        variants = journal.variants(row.variant_id for row in rows if row.variant_id)
        for group in self._groups(rows):
            content = contents.get(group[0].history_id)
            if content is None or (content[0] is None and not content[1]):
                continue
            for rows_together in self._split(group, content[2] or 0):
                yield self._shipment(rows_together, content, variants)

    def _split(self, rows: list[Claimed], size: int) -> list[list[Claimed]]:
        """Split few recipients into one each: what two get together proves nothing of either."""
        if self._secret and len(rows) <= ALONE and len(rows) * size <= ALONE_BYTES:
            return [[row] for row in rows]
        return [rows]

    def _groups(self, rows: list[Claimed]) -> Iterable[list[Claimed]]:
        """Group deliveries of one content; nobody is twice in a group, and with VERP everybody is alone."""
        groups: dict[tuple[object, ...], list[list[Claimed]]] = {}
        order: list[list[Claimed]] = []
        for row in rows:
            key = (row.history_id, row.variant_id, is_ascii(row.address), row.id if self._verp else 0)
            found = groups.setdefault(key, [])
            last = found[-1] if found else None
            if last is None or len(last) >= self._limit or any(one.address == row.address for one in last):
                last = []
                found.append(last)
                order.append(last)
            last.append(row)
        return order

    def _shipment(self, rows: list[Claimed], content: tuple, variants: dict[int, tuple[bytes, int]]) -> Shipment:
        raw, name, size, sender, most, message_uid = content
        if self._verp and sender:
            sender = encode(sender, rows[0].id, self._verp)
        mark = self._mark(rows, message_uid)
        head, shared = variants.get(rows[0].variant_id or 0, (None, 0))

        def load() -> bytes:
            whole = bytes(raw) if raw is not None else self._store.read(name)
            return mark + (whole if head is None else join(head, whole, shared))

        return Shipment(rows, sender or "", len(mark) + (size if head is None else len(head) + shared),
                        not is_ascii(rows[0].address), most or 0, load)

    def _mark(self, rows: list[Claimed], message_uid: str | None) -> bytes:
        """Return the header field by which a notice about this copy proves itself; nothing for several."""
        if not self._secret or not message_uid or len(rows) > 1:
            return b""
        return f"{HEADER}: {make_mark(self._secret, message_uid, rows[0].address)}\r\n".encode()
