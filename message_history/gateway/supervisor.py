"""Forks the processes, restarts what dies, and ends them all on Ctrl-C or SIGTERM.

It opens no database connection and starts no thread, so that forking is safe, and holds no lock,
so that killing it loses nothing: its children are told by the kernel and end too.
"""

import contextlib
import ctypes
import logging
import os
import signal
import sys
import time

from odoo.service.server import load_server_wide_modules

from .process import EXIT_RENEW

_logger = logging.getLogger(__name__)

_PR_SET_PDEATHSIG = 1
#: Seconds that children have for a clean end.
GRACE = 30
#: A child that dies sooner than this waits before it is started again.
QUICK_DEATH = 5.0


class _Stop(Exception):
    """SIGTERM or SIGINT came."""


class _Renew(Exception):
    """The database was upgraded: the code that this process has in memory may be old."""


def supervise(roles):
    """Run each role in a process of its own until told to stop.

    When the database was upgraded the whole program begins anew, under the same process id: children that
    were merely forked again would go on with the code that was loaded before.

    :param roles: list of (name, function, arguments); the function returns an exit code
    :return: 0 after a clean end
    """
    if not roles:
        _logger.error("Nothing to do: neither a listener nor a worker was asked for")
        return 2
    family = _Family(roles)
    previous = {number: signal.signal(number, _raise_stop) for number in (signal.SIGTERM, signal.SIGINT)}
    renew = False
    try:
        while True:
            family.start_due()
            family.take_leave()
    except _Stop:
        _logger.info("Stopping %s processes", len(family.running))
    except _Renew:
        _logger.info("The database was upgraded: the gateway begins anew")
        renew = True
    finally:
        _end(family.running)
        for number, handler in previous.items():
            signal.signal(number, handler)
    if renew:
        logging.shutdown()
        os.execv(sys.executable, [sys.executable, *sys.orig_argv[1:]])  # noqa: S606 - what we are ourselves
    return 0


class _Family:
    """The children: which run, and which are to be started when.

    One that dies young again and again waits ever longer; that must not hold up the others.
    """

    def __init__(self, roles):
        self.roles = roles
        self.running = {}
        self._delays = {}
        self._due = dict.fromkeys(range(len(roles)), 0.0)

    def start_due(self):
        """Start whoever's time has come."""
        for index, moment in list(self._due.items()):
            if moment <= time.monotonic():
                self.running[_fork(self.roles[index])] = (index, time.monotonic())
                del self._due[index]

    def take_leave(self):
        """Wait for the end of a child; not for long when another one is to be started."""
        pid, status = 0, 0
        with contextlib.suppress(ChildProcessError):
            pid, status = os.waitpid(-1, os.WNOHANG if self._due else 0)
        if not pid:
            time.sleep(0.2)
            return
        index, started = self.running.pop(pid, (None, 0))
        if index is None:
            return
        code = os.waitstatus_to_exitcode(status)
        if code == EXIT_RENEW:
            raise _Renew
        quick = time.monotonic() - started < QUICK_DEATH
        delay = self._delays[index] = min(60.0, self._delays.get(index, 0.5) * 2) if quick else 0.0
        self._due[index] = time.monotonic() + delay
        _logger.log(logging.INFO if code == 0 else logging.WARNING,
                    "%s %s ended (%s); starting it again in %s s", self.roles[index][0], pid, code, delay)


def _raise_stop(*_args):
    raise _Stop


def _fork(role):
    name, function, arguments = role
    parent = os.getpid()
    pid = os.fork()
    if pid:
        _logger.info("%s is process %s", name, pid)
        return pid
    code = 1
    try:
        signal.signal(signal.SIGTERM, signal.SIG_DFL)
        signal.signal(signal.SIGINT, signal.SIG_DFL)
        _die_with_parent(parent)
        load_server_wide_modules()
        code = function(*arguments)
    except KeyboardInterrupt:
        code = 0
    except BaseException:  # the child's last frame: whatever it is must be logged before it ends
        _logger.exception("%s failed", name)
    finally:
        logging.shutdown()
        sys.stdout.flush()
        os._exit(code or 0)


def _die_with_parent(parent):
    """Have the kernel end this process when the supervisor is gone (Linux; elsewhere: no effect)."""
    with contextlib.suppress(OSError, AttributeError):
        ctypes.CDLL(None, use_errno=True).prctl(_PR_SET_PDEATHSIG, signal.SIGTERM)
    if os.getppid() != parent:
        os._exit(0)


def _end(running):
    for pid in running:
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, signal.SIGTERM)
    limit = time.monotonic() + GRACE
    while running and time.monotonic() < limit:
        for pid in list(running):
            with contextlib.suppress(ChildProcessError):
                if os.waitpid(pid, os.WNOHANG)[0]:
                    del running[pid]
                continue
            running.pop(pid, None)
        time.sleep(0.05)
    for pid in running:
        _logger.warning("Process %s did not end in %s s and is killed", pid, GRACE)
        with contextlib.suppress(ProcessLookupError, ChildProcessError):
            os.kill(pid, signal.SIGKILL)
            os.waitpid(pid, 0)
