"""Small mail servers for tests of the set-up form, which keep everything that was said to them."""

import base64
import contextlib
import datetime
import socket
import ssl
import tempfile
import threading
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

#: What a server says of its own accord; the form must not repeat it to everybody.
BANNER = "internal-service 7.4 secret banner"


def self_signed(name):
    """Return the text of a certificate that nobody vouches for, with its key, for a name."""
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    now = datetime.datetime.now(datetime.UTC)
    certificate = (
        x509.CertificateBuilder().subject_name(subject).issuer_name(subject).public_key(key.public_key())
        .serial_number(x509.random_serial_number()).not_valid_before(now - datetime.timedelta(days=1))
        .not_valid_after(now + datetime.timedelta(days=2))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName(name)]), critical=False)
        .sign(key, hashes.SHA256()))
    return certificate.public_bytes(serialization.Encoding.PEM) + key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())


class MailTrap:
    """One server on loopback; ``heard`` is every byte that was said to it, ``connections`` how many came.

    :param kind: ``smtp``, ``imap`` or ``pop``; ``other`` greets like something that is no mail server
    :param security: ``none``, ``starttls`` or ``ssl``, with a certificate of another name
    :param password: the login that it takes; None refuses every one
    :param echo: what was said is repeated in the refusal, as it was said and decoded
    """

    def __init__(self, kind, security="none", password=None, echo=False):
        self.kind, self.security, self.password, self.echo = kind, security, password, echo
        self.heard, self.connections = b"", 0
        self._context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        with tempfile.TemporaryDirectory() as folder:
            file = Path(folder) / "both.pem"
            file.write_bytes(self_signed("other.example"))
            self._context.load_cert_chain(file)
        self._socket = socket.create_server(("127.0.0.1", 0))
        self.port = self._socket.getsockname()[1]
        threading.Thread(target=self._serve, daemon=True).start()

    def close(self):
        """Stop listening."""
        self._socket.close()

    def _serve(self):
        while True:
            try:
                peer, _address = self._socket.accept()
            except OSError:
                return
            self.connections += 1
            threading.Thread(target=self._one, args=(peer,), daemon=True).start()

    def _one(self, peer):
        peer.settimeout(5)
        with contextlib.suppress(OSError):
            if self.security == "ssl":
                peer = self._context.wrap_socket(peer, server_side=True)
            greeting = {"smtp": "220 ", "imap": "* OK ", "pop": "+OK ", "other": "SSH-2.0-"}[self.kind]
            peer.sendall(f"{greeting}{BANNER}\r\n".encode())
            self._talk(peer)
        with contextlib.suppress(OSError):
            peer.close()

    def _talk(self, peer):
        buffer = b""
        while True:
            block = peer.recv(4096)
            if not block:
                return
            self.heard += block
            buffer += block
            while b"\r\n" in buffer:
                line, buffer = buffer.split(b"\r\n", 1)
                answer, starts = getattr(self, f"_{self.kind}")(line.decode("utf-8", "replace"))
                peer.sendall(answer.encode())
                if starts:
                    peer = self._context.wrap_socket(peer, server_side=True)

    def _no(self, *said):
        return f"{BANNER} {' '.join(said)}".replace("\0", " ") if self.echo else BANNER

    def _takes(self, line):
        return self.password is not None and self.password in line

    def _smtp(self, line):
        word = line.split()[0].upper() if line.split() else ""
        if word == "EHLO":
            extra = "250-STARTTLS\r\n" if self.security == "starttls" else ""
            return f"250-{BANNER}\r\n{extra}250 AUTH PLAIN\r\n", False
        if word == "STARTTLS":
            return "220 go on\r\n", True
        if word == "AUTH":
            said = base64.b64decode(line.split()[-1]).decode("utf-8", "replace")
            refusal = f"535 5.7.8 no: {self._no(line, said)}\r\n"
            return ("235 2.7.0 welcome\r\n" if self._takes(said) else refusal), False
        return f"250 ok {BANNER}\r\n", False

    def _imap(self, line):
        tag, _blank, rest = line.partition(" ")
        word = rest.split()[0].upper() if rest.split() else ""
        if word == "CAPABILITY":
            extra = " STARTTLS" if self.security == "starttls" else ""
            return f"* CAPABILITY IMAP4rev1{extra}\r\n{tag} OK done\r\n", False
        if word == "STARTTLS":
            return f"{tag} OK begin\r\n", True
        if word == "LOGIN":
            return (f"{tag} OK welcome\r\n" if self._takes(rest) else f"{tag} NO {self._no(line)}\r\n"), False
        if word in ("SELECT", "EXAMINE"):
            box = "* 0 EXISTS\r\n* OK [UIDVALIDITY 1] x\r\n* OK [UIDNEXT 1] x\r\n"
            return f"{box}{tag} OK [READ-ONLY] done\r\n", False
        return f"{tag} OK done\r\n", False

    def _pop(self, line):
        word = line.split()[0].upper() if line.split() else ""
        if word == "CAPA":
            extra = "STLS\r\n" if self.security == "starttls" else ""
            return f"+OK\r\nUSER\r\n{extra}.\r\n", False
        if word == "STLS":
            return "+OK\r\n", True
        if word == "PASS":
            return ("+OK\r\n" if self._takes(line) else f"-ERR {self._no(line)}\r\n"), False
        return "+OK 0 0\r\n", False

    def _other(self, _line):
        return f"{BANNER}\r\n", False
