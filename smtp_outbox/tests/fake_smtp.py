"""An SMTP server in memory, and sessions with it as ``smtplib`` makes them."""

from collections import deque
from email import message_from_bytes
from email.policy import default


class FakeServer:
    """Takes mail; what it refuses is in ``answers``: {what an address begins with: (code, words)}.

    :ivar taken: list of (envelope sender, recipients, message)
    :ivar lose_after: after that many mails the connection breaks behind the content, before the answer
    :ivar hang_up_after: after that many mails the connection is closed behind the answer, once
    """

    def __init__(self, features=("pipelining", "8bitmime", "smtputf8")):
        self.features = dict.fromkeys(features, "")
        self.answers, self.after_data = {}, {}
        self.taken, self.refused = [], []
        self.sessions = 0
        self.down = None
        self.lose_after = self.hang_up_after = None

    def connect(self):
        """Return a session, or raise what ``down`` says."""
        if self.down:
            raise self.down
        self.sessions += 1
        return FakeSession(self)

    def arrived(self):
        """Return {address: how often a mail was taken for it}."""
        found = {}
        for _sender, recipients, _message in self.taken:
            for address in recipients:
                found[address] = found.get(address, 0) + 1
        return found


class FakeSession:
    """One connection; speaks to itself: ``sock`` and ``getreply`` are what the wire layer uses."""

    def __init__(self, server):
        self.server, self.esmtp_features = server, server.features
        self.sock = self
        self.from_filter = self.smtp_from = False
        self._buffer, self._replies = b"", deque()
        self._sender, self._recipients, self._content = None, [], False
        self._closed = False

    def has_extn(self, name):
        """Whether the server offers an extension."""
        return name.lower() in self.esmtp_features

    def settimeout(self, _seconds):
        """Nothing waits here."""

    def sendall(self, data):
        """Take commands and contents; what is sent to a closed connection is lost without a word."""
        if self._closed:
            return
        self._buffer += data
        while self._step():
            pass

    def getreply(self):
        """Return the next answer."""
        if not self._replies:
            raise ConnectionResetError("the connection is gone")
        code, text = self._replies.popleft()
        return code, text.encode()

    def close(self):
        """End it."""

    quit = close

    def _step(self):
        end = b"\r\n.\r\n" if self._content else b"\r\n"
        if self._content and self._buffer.startswith(b".\r\n"):
            end = b".\r\n"
        if end not in self._buffer:
            return False
        piece, self._buffer = self._buffer.split(end, 1)
        self._take(piece) if self._content else self._command(piece.decode())
        return True

    def _command(self, line):
        word = line.split(":")[0].split()[0].upper()
        if word == "MAIL":
            self._sender, self._recipients = line.partition("<")[2].partition(">")[0], []
            self._answer(self._sender, (250, "2.1.0 ok"))
        elif word == "RCPT":
            address = line.partition("<")[2].partition(">")[0]
            answer = self._answer(address, (250, "2.1.5 ok"))
            if answer[0] == 250:
                self._recipients.append(address)
            else:
                self.server.refused.append(address)
        elif word == "DATA":
            self._content = bool(self._recipients)
            self._replies.append((354, "go on") if self._recipients else (554, "5.5.1 no valid recipients"))
        else:
            self._replies.append((250, "2.0.0 ok"))

    def _answer(self, address, usual):
        answer = next((one for name, one in self.server.answers.items() if address.startswith(name)), usual)
        self._replies.append(answer)
        return answer

    def _take(self, piece):
        self._content = False
        for name, answer in self.server.after_data.items():
            if any(address.startswith(name) for address in self._recipients):
                self._replies.append(answer)
                return
        content = b"\r\n".join(line[1:] if line.startswith(b".") else line for line in piece.split(b"\r\n"))
        message = message_from_bytes(content, policy=default)
        self.server.taken.append((self._sender, tuple(self._recipients), message))
        if self.server.lose_after is not None and len(self.server.taken) > self.server.lose_after:
            self._replies.clear()
            self._buffer = b""
            return
        self._replies.append((250, f"2.0.0 queued as {len(self.server.taken)}"))
        if self.server.hang_up_after == len(self.server.taken):
            self._closed, self._buffer, self.server.hang_up_after = True, b"", None
