"""The misbehaving IMAP server, taught the commands that Odoo's own gateway uses."""

from dev.servers.broken_imap import BrokenImap


class BrokenForBoth(BrokenImap):
    """As ``BrokenImap``; sequence numbers are UIDs here, since nothing is ever expunged.

    :param classic: bodies are asked for as RFC822
    """

    def __init__(self, *args, classic=False, **options):
        super().__init__(*args, **options)
        self.classic = classic

    def _answers(self):
        return {**super()._answers(), "search": self._search, "store": self._store, "close": self._nothing}

    def _fetch(self, conversation, arguments):
        numbers, _, attributes = arguments.partition(" ")
        if "RFC822)" not in attributes:
            return super()._fetch(conversation, arguments)
        uid = int(numbers)
        fault = self.faults.get(uid)
        if fault == "no":
            return f"NO [SERVERBUG] message {uid} is corrupted"
        # RFC822 marks as read what is handed over (RFC 3501 6.4.5), even if it never arrives: so
        # does Dovecot; what is not handed over at all stays as it is
        if fault not in ("garbage", "nil"):
            self.seen.add(uid)
        self._send_body(conversation, uid, False)
        return None

    def _send_body(self, conversation, uid, header):
        plain = conversation.send
        conversation.send = lambda data: plain(self._renamed(data))
        try:
            super()._send_body(conversation, uid, header)
        finally:
            conversation.send = plain

    def _renamed(self, data):
        return data.replace("BODY[] ", "RFC822 ") if isinstance(data, str) and self.classic else data

    def _store(self, conversation, arguments):
        uids, _, rest = arguments.partition(" ")
        if rest.startswith("-FLAGS"):
            self.seen.difference_update(self._chosen(uids))
            return
        super()._store(conversation, arguments)
