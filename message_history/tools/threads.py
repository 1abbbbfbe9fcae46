"""Which messages of a batch are of one thread: plain rules over ids."""

#: What ``message.reference`` calls an id of the message, and one that it refers to.
OWN, PARENT = 0, 1


class Holders:
    """Which mails have an id; where several have it, a reply to it goes with one of them only.

    :param documents: {ledger id: document of the mail}
    """

    def __init__(self, rows, documents):
        self._documents = documents
        self._holders = {}
        for digest, history_id, kind, other_id, other_kind, *_rest in rows:
            found = {history_id} if kind == OWN else set()
            found |= {other_id} if other_kind == OWN else set()
            self._holders.setdefault(digest, set()).update(found)

    def relate(self, digest, one, other):
        """Whether an id that two mails share puts them into one conversation.

        :param one: (ledger id, OWN or PARENT); ``other`` likewise
        """
        (history_id, kind), (other_id, other_kind) = one, other
        if kind == other_kind:
            return kind == PARENT
        parent, reply = (history_id, other_id) if kind == OWN else (other_id, history_id)
        return self._holder(digest, self._documents.get(reply)) == parent

    def _holder(self, digest, document):
        """Return the mail that a reply means: the one of its document, else the first that came."""
        def preference(history_id):
            return not document or self._documents.get(history_id) != document, history_id
        return min(self._holders[digest], key=preference)


class Groups:
    """Union-find over ledger ids."""

    def __init__(self, ids):
        self._parent = {history_id: history_id for history_id in ids}

    def __iter__(self):
        return iter(self._parent)

    def __contains__(self, history_id):
        return history_id in self._parent

    def _root(self, history_id):
        while self._parent[history_id] != history_id:
            self._parent[history_id] = self._parent[self._parent[history_id]]
            history_id = self._parent[history_id]
        return history_id

    def join(self, left, right):
        """Put two ids into one group, named after the smaller."""
        low, high = sorted((self._root(left), self._root(right)))
        self._parent[high] = low

    def members(self):
        """Return the groups, each in ascending order."""
        grouped = {}
        for history_id in sorted(self._parent):
            grouped.setdefault(self._root(history_id), []).append(history_id)
        return list(grouped.values())
