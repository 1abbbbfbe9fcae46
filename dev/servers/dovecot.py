"""A real Dovecot 2.3, run as whoever runs the tests, from one generated file in its own folder.

It speaks IMAP (STARTTLS), IMAPS, POP3 (STLS), POP3S and LMTP on free loopback ports, knows
passwords and XOAUTH2 tokens (checked against a local key, as a provider's would be), and is ended
by its own process id. Mail can be put in by LMTP or, for thousands, as files.

    with Dovecot() as server:
        server.add_user("ann", "s3cret")
        server.deliver_file("ann", b"Subject: hello\\r\\n\\r\\nhi\\r\\n")
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import os
import shutil
import smtplib
import subprocess
import tempfile
import time
from collections.abc import Iterable
from pathlib import Path

from .certificates import Certificate, make_certificate
from .dovecot_config import mail_owner, render
from .ports import LOOPBACK, accepts, free_ports, wait_until

BINARY = "/usr/sbin/dovecot"


def is_available() -> bool:
    """Whether this machine has Dovecot and what its test certificate needs."""
    return os.access(BINARY, os.X_OK) and shutil.which("openssl") is not None


class Dovecot:
    """One Dovecot; use as a context manager or with :meth:`start` and :meth:`stop`.

    :param folder: where it lives; by default a temporary folder that is removed at the end.
        Keep it short: Unix sockets are made below it.
    :param extra: lines added to the end of the configuration
    """

    host = LOOPBACK

    def __init__(self, folder: Path | None = None, *, extra: str = "") -> None:
        self._own_folder = folder is None
        self.folder = folder or Path(tempfile.mkdtemp(prefix="dovecot-"))
        self.extra = extra
        self.oauth_secret = os.urandom(32)
        ports = free_ports(5)
        self.imap_port, self.imaps_port, self.pop3_port, self.pop3s_port, self.lmtp_port = ports
        self.certificate: Certificate | None = None
        self._process: subprocess.Popen[bytes] | None = None
        self._sequence = 0

    # -- life ---------------------------------------------------------------------------------

    @property
    def config(self) -> Path:
        """The generated configuration file."""
        return self.folder / "dovecot.conf"

    @property
    def pidfile(self) -> Path:
        """Where the master process wrote its id."""
        return self.folder / "run" / "master.pid"

    @property
    def ca_pem(self) -> str:
        """Certificate of the authority that signed this server's certificate."""
        if self.certificate is None:
            raise RuntimeError("Dovecot is not started.")
        return self.certificate.ca_pem

    def start(self) -> Dovecot:
        """Write the configuration, start the server and wait until it answers."""
        self.folder.chmod(0o755)
        for name in ("mail", "run", "state", "users"):
            (self.folder / name).mkdir(exist_ok=True)
        self.certificate = make_certificate(self.folder)
        self._write_oauth()
        self._own(self.folder / "mail")
        self.config.write_text(render(self) + self.extra + "\n")
        with (self.folder / "console.log").open("wb") as console:
            process = self._process = subprocess.Popen(
                [*_end_with_us(), BINARY, "-F", "-c", str(self.config)],
                stdin=subprocess.DEVNULL,
                stdout=console,
                stderr=console,
            )
        wait_until(lambda: self._is_up() or process.poll() is not None, 10)
        if not self._is_up():
            told = (self.folder / "console.log").read_text(errors="replace") + self.log()
            self.stop()
            raise RuntimeError(f"Dovecot did not start:\n{told}")
        return self

    def _is_up(self) -> bool:
        return accepts(self.imap_port) and accepts(self.pop3_port)

    def stop(self) -> None:
        """End the server and remove its folder."""
        process = self._process
        if process is not None and process.poll() is None:
            process.terminate()
            try:
                process.wait(10)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
        if self._own_folder:
            shutil.rmtree(self.folder, ignore_errors=True)

    def __enter__(self) -> Dovecot:
        return self.start()

    def __exit__(self, *exc_info: object) -> None:
        self.stop()

    def log(self) -> str:
        """Everything the server has logged."""
        file = self.folder / "dovecot.log"
        return file.read_text(errors="replace") if file.exists() else ""

    # -- users --------------------------------------------------------------------------------

    def add_user(self, name: str, password: str = "s3cret") -> str:  # noqa: S107 - test server
        """Create a user, or change its password; return the name."""
        # A file for each: Dovecot looks at a file no more than once a second.
        file = self.folder / "users" / name
        is_known = file.exists()
        temporary = self.folder / "users" / f"{name}.new"
        temporary.write_text(f"{name}:{{PLAIN}}{password}\n")
        temporary.replace(file)
        if is_known:
            time.sleep(1.1)
        return name

    def token_for(self, user: str, *, expired: bool = False, seconds: int = 3600) -> str:
        """Return an access token for XOAUTH2, signed as this server expects it."""
        now = int(time.time())
        claims = {
            "iss": "test",
            "sub": user,
            "email": user,
            "iat": now - 7200,
            "nbf": now - 7200,
            "exp": now - 60 if expired else now + seconds,
        }
        header = {"alg": "HS256", "typ": "JWT"}
        signed = ".".join(_base64url(json.dumps(part).encode()) for part in (header, claims))
        mac = hmac.new(self.oauth_secret, signed.encode(), hashlib.sha256).digest()
        return f"{signed}.{_base64url(mac)}"

    def _write_oauth(self) -> None:
        keys = self.folder / "oauthkeys" / "default" / "HS256"
        keys.mkdir(parents=True, exist_ok=True)
        (keys / "default").write_text(base64.b64encode(self.oauth_secret).decode())
        (self.folder / "oauth2.conf.ext").write_text(
            "introspection_mode = local\n"
            f"local_validation_key_dict = fs:posix:prefix={self.folder}/oauthkeys/\n"
            "issuers = test\nusername_attribute = email\n"
        )

    # -- mail from outside --------------------------------------------------------------------

    def maildir(self, user: str, folder: str = "INBOX") -> Path:
        """The Maildir++ folder of a mailbox; ``folder`` as IMAP clients see it (``/``)."""
        root = self.folder / "mail" / user
        if folder.upper() == "INBOX":
            return root
        return root / ("." + _to_utf7(folder).replace("/", "."))

    def deliver_file(
        self,
        user: str,
        content: bytes,
        folder: str = "INBOX",
        *,
        seen: bool = False,
        received_at: float | None = None,
    ) -> Path:
        """Put a message into a mailbox by renaming a file into its Maildir.

        The folder must exist or be INBOX.

        :param received_at: POSIX time that becomes the INTERNALDATE
        """
        maildir = self.maildir(user, folder)
        if not (maildir / "cur").exists():
            self._make_maildir(maildir)
        self._sequence += 1
        name = f"{int(time.time())}.M{self._sequence:08d}P{os.getpid()}.test"
        temporary = maildir / "tmp" / name
        temporary.write_bytes(content)
        self._own(temporary)
        if received_at is not None:
            os.utime(temporary, (received_at, received_at))
        target = maildir / ("cur" if seen else "new") / (name + (":2,S" if seen else ""))
        temporary.rename(target)
        return target

    def _make_maildir(self, maildir: Path) -> None:
        made = [*maildir.parents[:1], maildir, *(maildir / part for part in ("tmp", "new", "cur"))]
        for path in made:
            path.mkdir(parents=True, exist_ok=True)
            self._own(path)

    def _own(self, path: Path) -> None:
        if not os.getuid():
            os.chown(path, *mail_owner())

    def deliver_many(self, user: str, contents: Iterable[bytes], folder: str = "INBOX", *, seen: bool = False) -> int:
        """Put many messages in at once and let the server number them; return how many."""
        count = 0
        for content in contents:
            self.deliver_file(user, content, folder, seen=seen)
            count += 1
        self.doveadm("mailbox", "status", "-u", user, "messages", folder)
        return count

    def deliver(self, user: str, content: bytes, sender: str = "sender@example.com") -> None:
        """Deliver by LMTP, as a mail server would."""
        with smtplib.LMTP(self.host, self.lmtp_port) as lmtp:
            lmtp.sendmail(sender, [f"{user}@localhost" if "@" not in user else user], content)

    def doveadm(self, *arguments: str) -> str:
        """Run doveadm and return its output."""
        command = ["doveadm", "-c", str(self.config), *arguments]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        if done.returncode:
            raise RuntimeError(f"{' '.join(command)} failed: {done.stderr}")
        return done.stdout

    def create_folder(self, user: str, folder: str) -> None:
        """Create and subscribe a folder."""
        self.doveadm("mailbox", "create", "-s", "-u", user, folder)

    def delete_folder(self, user: str, folder: str) -> None:
        """Delete a folder with everything in it."""
        self.doveadm("mailbox", "delete", "-u", user, folder)

    def folder_names(self, user: str) -> list[str]:
        """Names of the user's folders."""
        return self.doveadm("mailbox", "list", "-u", user).splitlines()

    def set_uidvalidity(self, user: str, value: int, folder: str = "INBOX") -> None:
        """Begin the numbering of a folder anew, as a restored or rebuilt mailbox does."""
        self.doveadm("mailbox", "update", "--uid-validity", str(value), "-u", user, folder)

    def messages(self, user: str, folder: str = "INBOX") -> list[dict[str, str]]:
        """What is in a folder, seen from outside: ``uid``, ``flags``, ``hdr.subject``."""
        told = self.doveadm("-f", "tab", "fetch", "-u", user, "uid flags hdr.subject", "mailbox", folder, "all")
        head, *rows = told.splitlines() or [""]
        return [dict(zip(head.split("\t"), row.split("\t"), strict=False)) for row in rows]

    def expunge(self, user: str, *query: str, folder: str = "INBOX") -> None:
        """Remove messages behind everybody's back; ``query`` as in ``doveadm-search-query``."""
        self.doveadm("expunge", "-u", user, "mailbox", folder, *(query or ("all",)))

    def set_seen(self, user: str, *query: str, folder: str = "INBOX") -> None:
        """Mark messages as seen, as a colleague who reads along does."""
        self.doveadm("flags", "add", "-u", user, "\\Seen", "mailbox", folder, *(query or ("all",)))


def _end_with_us() -> list[str]:
    """The command that makes a program end when whoever started it is killed, where there is one."""
    setpriv = shutil.which("setpriv")
    return [setpriv, "--pdeathsig", "TERM", "--"] if setpriv else []


def _base64url(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def _to_utf7(name: str) -> str:
    """Modified UTF-7 (RFC 3501 5.1.3), in which Maildir++ names are kept on disk."""
    result, run = [], ""
    for char in name + "\0":
        if ord(char) > 0x7E:
            run += char
            continue
        if run:
            coded = base64.b64encode(run.encode("utf-16-be")).decode()
            result.append("&" + coded.rstrip("=").replace("/", ",") + "-")
            run = ""
        result.append("&-" if char == "&" else char)
    return "".join(result)[:-1]
