"""A real Postfix for tests, with a Dovecot behind it: it delivers by LMTP and writes real reports.

Everything is in a temporary folder: its own configuration, queue and log. What Dovecot does not
know comes back as an undeliverable notice (RFC 3464) to the sender, whose mailbox is on the same
Dovecot. Needs root, as Postfix does.

    with Dovecot() as dovecot, Postfix(dovecot) as postfix:
        smtplib.SMTP(postfix.host, postfix.port).sendmail(...)
"""

from __future__ import annotations

import grp
import os
import pwd
import shutil
import subprocess
import tempfile
from pathlib import Path

from .dovecot import Dovecot
from .ports import LOOPBACK, accepts, free_ports, wait_until

_MAIN = """\
compatibility_level = 3.6
queue_directory = {folder}/queue
data_directory = {folder}/data
command_directory = /usr/sbin
daemon_directory = /usr/lib/postfix/sbin
mail_owner = postfix
setgid_group = postdrop
maillog_file = {folder}/postfix.log
maillog_file_prefixes = {folder}
myhostname = mx.post.example
mydestination =
inet_interfaces = {host}
inet_protocols = ipv4
mynetworks = 127.0.0.0/8
smtpd_relay_restrictions = permit_mynetworks, reject
smtpd_recipient_restrictions = permit_mynetworks, reject
virtual_mailbox_domains = {domains}
virtual_transport = lmtp:inet:{host}:{lmtp}
default_transport = error:5.4.4 no way there
alias_maps =
alias_database =
biff = no
smtputf8_enable = yes
minimal_backoff_time = 300s
bounce_notice_recipient = postmaster@{first}
"""
_MASTER = """\
{port}    inet  n - n - - smtpd
pickup    unix  n - n 60 1 pickup
cleanup   unix  n - n - 0 cleanup
qmgr      unix  n - n 300 1 qmgr
rewrite   unix  - - n - - trivial-rewrite
bounce    unix  - - n - 0 bounce
defer     unix  - - n - 0 bounce
trace     unix  - - n - 0 bounce
verify    unix  - - n - 1 verify
flush     unix  n - n 1000? 0 flush
proxymap  unix  - - n - - proxymap
smtp      unix  - - n - - smtp
error     unix  - - n - - error
retry     unix  - - n - - error
discard   unix  - - n - - discard
lmtp      unix  - - n - - lmtp
anvil     unix  - - n - 1 anvil
scache    unix  - - n - 1 scache
postlog   unix-dgram n - n - 1 postlogd
"""
SEARCH_PATH = os.pathsep.join([os.environ.get("PATH", ""), "/usr/sbin"])


def is_available() -> bool:
    """Whether Postfix can be run here: it is installed, and we are root."""
    return os.geteuid() == 0 and shutil.which("postfix", path=SEARCH_PATH) is not None


class Postfix:
    """See the module's words.

    :param domains: whose mail is handed to Dovecot, known user or not
    """

    host = LOOPBACK

    def __init__(self, dovecot: Dovecot, domains: tuple[str, ...] = ("post.example",)) -> None:
        self._dovecot, self._domains = dovecot, domains
        self.port = free_ports(1)[0]
        self.folder = Path(tempfile.mkdtemp(prefix="postfix-"))
        self._process: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> Postfix:
        self._prepare()
        command = [str(shutil.which("postfix", path=SEARCH_PATH)), "-c", str(self.folder / "conf"), "start-fg"]
        with (self.folder / "start.log").open("wb") as log:
            self._process = subprocess.Popen(command, stdout=log, stderr=log, start_new_session=True)
        if not wait_until(lambda: accepts(self.port), 20):
            said = (self.folder / "start.log").read_text() + self.log()
            self.__exit__()
            raise RuntimeError(f"Postfix did not start: {said[-2000:]}")
        return self

    def __exit__(self, *_exc_info: object) -> None:
        master = self.folder / "queue" / "pid" / "master.pid"
        if master.exists():
            subprocess.run(["kill", master.read_text().strip()], check=False, capture_output=True)
        if self._process is not None:
            try:
                self._process.wait(15)
            except subprocess.TimeoutExpired:
                self._process.kill()
                self._process.wait()
        shutil.rmtree(self.folder, ignore_errors=True)

    def log(self) -> str:
        """What Postfix wrote so far."""
        file = self.folder / "postfix.log"
        return file.read_text(errors="replace") if file.exists() else ""

    def _prepare(self) -> None:
        self.folder.chmod(0o755)
        for name in ("conf", "queue", "data"):
            (self.folder / name).mkdir()
        os.chown(self.folder / "data", pwd.getpwnam("postfix").pw_uid, grp.getgrnam("postfix").gr_gid)
        values = {
            "folder": self.folder, "host": self.host, "lmtp": self._dovecot.lmtp_port, "port": self.port,
            "domains": ", ".join(self._domains), "first": self._domains[0],
        }
        (self.folder / "conf" / "main.cf").write_text(_MAIN.format(**values))
        (self.folder / "conf" / "master.cf").write_text(_MASTER.format(**values))
