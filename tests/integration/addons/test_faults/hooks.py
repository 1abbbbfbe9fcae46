"""Points at which the environment variable FAULTS makes something happen.

FAULTS is a JSON object: ``{point: {"do": ..., "match": text, "chance": 0 to 1}}``. ``do`` is ``kill``
(this process, as a crash would), ``run`` (``command``) or ``meet`` (wait in ``folder`` for ``count``
processes to arrive, or ``seconds``). What is not ``kill`` happens once per process.
"""

import functools
import json
import os
import random
import signal
import subprocess
import time
from pathlib import Path

from odoo.addons.mail.models import fetchmail

_done = set()


def reach(point, text=""):
    """Do what was asked for at this point, if anything."""
    fault = json.loads(os.environ.get("FAULTS") or "{}").get(point)
    if not fault or fault.get("match", "") not in text or random.random() > fault.get("chance", 1):
        return
    if fault["do"] == "kill":
        os.kill(os.getpid(), signal.SIGKILL)
    elif fault["id"] not in _done:
        _done.add(fault["id"])
        if fault["do"] == "run":
            subprocess.run(fault["command"], check=True, capture_output=True)
        else:
            _meet(Path(fault["folder"]), fault["count"], fault["seconds"])


def _meet(folder, count, seconds):
    (folder / str(os.getpid())).touch()
    limit = time.monotonic() + seconds
    while len(list(folder.iterdir())) < count and time.monotonic() < limit:
        time.sleep(0.02)


def _before(owner, name, point):
    """Reach a point before a method runs."""
    original = getattr(owner, name)

    @functools.wraps(original)
    def wrapper(*args, **kwargs):
        reach(point)
        return original(*args, **kwargs)

    setattr(owner, name, wrapper)


def _after(owner, name, point):
    """Reach a point after a method ran."""
    original = getattr(owner, name)

    @functools.wraps(original)
    def wrapper(*args, **kwargs):
        result = original(*args, **kwargs)
        reach(point)
        return result

    setattr(owner, name, wrapper)


def install():
    """Put the points into Odoo's own fetching, and into ours where FAULTS_SYSTEM says so."""
    if os.environ.get("FAULTS_TIMEOUT"):
        fetchmail.MAIL_TIMEOUT = float(os.environ["FAULTS_TIMEOUT"])
    _before(fetchmail.OdooIMAP4, "handled_message", "committed")
    _before(fetchmail.OdooPOP3, "disconnect", "quit")
    _after(fetchmail.OdooIMAP4, "check_unread_messages", "listed")
    if os.environ.get("FAULTS_SYSTEM") == "ours":
        _install_ours()


def _install_ours():
    # Not above: a database with only Odoo's core must not even import our addons.
    from odoo.addons.fetchmail_gateway.lib import imap, imap_fetch, pop3, pop3_wire  # noqa: PLC0415
    from odoo.addons.message_history.models import message_fetcher, message_worker  # noqa: PLC0415

    _before(imap.ImapTransport, "acknowledge", "committed")
    _before(pop3.Pop3Transport, "acknowledge", "committed")
    _before(pop3_wire.Pop3Wire, "quit", "quit")
    _after(imap_fetch.FolderReader, "_open", "listed")
    _after(message_fetcher, "_store_chunk", "stored")
    _after(message_worker, "_choose", "chosen")
    _after(message_worker, "_dispatch", "dispatched")
    _after(message_worker, "_settle_all", "settled")
    _before(imap.ImapTransport, "move", "moving")
    _after(imap.ImapTransport, "move", "moved")
    _after(imap.ImapTransport, "delete", "deleted")
