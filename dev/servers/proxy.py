"""A TCP proxy that adds what loopback hides: the time a packet is on its way, cuts and silence.

Half of the round trip is added in each direction, without limiting how much is on its way. What
passes is counted, for benchmarks: bytes in both directions and, unless encrypted, IMAP commands.

    with Proxy(server.imap_port, round_trip=0.02) as proxy:
        ... connect to proxy.port ...
        print(proxy.total.commands, proxy.total.received)

:class:`ProxyProcess` is the same in a process of its own, so that it takes no time from ours.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import json
import re
import subprocess
import sys
import threading
from dataclasses import asdict, dataclass, fields
from pathlib import Path

from .ports import LOOPBACK, accepts, free_ports, wait_until

_COMMAND = re.compile(rb"^[A-Za-z0-9.]+ [A-Za-z]+", re.M)
_REPOSITORY = Path(__file__).resolve().parents[2]


@dataclass
class Traffic:
    """What passed: ``sent`` by clients and ``received`` by them in bytes."""

    connections: int = 0
    commands: int = 0
    sent: int = 0
    received: int = 0

    def __sub__(self, earlier: Traffic) -> Traffic:
        """What passed since ``earlier``."""
        names = [field.name for field in fields(self)]
        return Traffic(*(getattr(self, name) - getattr(earlier, name) for name in names))


@dataclass
class Faults:
    """What goes wrong; may be changed while the proxy runs. None: nothing.

    :param cut_after: connections are reset when this many bytes came from the server
    :param hang_after: from then on nothing passes any more, and nobody is told
    :param refuse: new connections are closed at once
    """

    cut_after: int | None = None
    hang_after: int | None = None
    refuse: bool = False


class Proxy:
    """A proxy in a thread of its own.

    :param round_trip: seconds added to a question and its answer together
    """

    host = LOOPBACK

    def __init__(self, target_port: int, round_trip: float = 0.0, *, port: int = 0, stats: Path | None = None) -> None:
        self.target_port = target_port
        self.delay = round_trip / 2
        self.port = port or free_ports(1)[0]
        self.total = Traffic()
        self.faults = Faults()
        self._stats = stats
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._ready = threading.Event()
        self._stopping = asyncio.Event()
        self._writers: set[asyncio.StreamWriter] = set()

    def start(self) -> Proxy:
        """Start to listen."""
        self._thread.start()
        if not self._ready.wait(10):
            raise RuntimeError(f"The proxy did not start on port {self.port}.")
        return self

    def stop(self) -> None:
        """Close everything."""
        asyncio.run_coroutine_threadsafe(self._finish(), self._loop)
        self._thread.join(10)

    async def _finish(self) -> None:
        self._stopping.set()
        self._cut()
        tasks = asyncio.all_tasks() - {asyncio.current_task()}
        if tasks:
            await asyncio.wait(tasks, timeout=3)
        self._loop.stop()

    def cut(self) -> None:
        """Cut all connections that are open now."""
        self._loop.call_soon_threadsafe(self._cut)

    def snapshot(self) -> Traffic:
        """What passed so far, for subtracting later."""
        return Traffic(**asdict(self.total))

    def __enter__(self) -> Proxy:
        return self.start()

    def __exit__(self, *exc_info: object) -> None:
        self.stop()

    def _run(self) -> None:
        asyncio.set_event_loop(self._loop)
        starting = asyncio.start_server(self._serve, LOOPBACK, self.port)
        server = self._loop.run_until_complete(starting)
        self._ready.set()
        self._loop.run_forever()
        server.close()
        self._loop.close()

    def _cut(self) -> None:
        for writer in list(self._writers):
            with contextlib.suppress(RuntimeError):
                writer.transport.abort()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if self.faults.refuse:
            writer.close()
            return
        self.total.connections += 1
        try:
            up_reader, up_writer = await asyncio.open_connection(LOOPBACK, self.target_port)
        except OSError:
            writer.close()
            return
        pair = {writer, up_writer}
        self._writers |= pair
        try:
            await asyncio.gather(
                self._pipe(reader, up_writer, is_answer=False),
                self._pipe(up_reader, writer, is_answer=True),
            )
        finally:
            self._writers -= pair
            for one in pair:
                with contextlib.suppress(RuntimeError):
                    one.close()
            self._save()

    async def _pipe(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, *, is_answer: bool) -> None:
        """Pass blocks on, each ``delay`` after it came; one task reads while another waits."""
        blocks: asyncio.Queue[tuple[float, bytes]] = asyncio.Queue(2048)
        sender = asyncio.create_task(self._send(blocks, writer))
        passed = 0
        try:
            while block := await self._read(reader):
                self._count(block, is_answer)
                passed += len(block) if is_answer else 0
                faults = self.faults
                if faults.cut_after is not None and passed > faults.cut_after:
                    keep = len(block) - (passed - faults.cut_after)
                    await blocks.put((self._loop.time() + self.delay, block[: max(0, keep)]))
                    break
                if faults.hang_after is not None and passed > faults.hang_after:
                    await self._stopping.wait()
                    break
                await blocks.put((self._loop.time() + self.delay, block))
            await blocks.put((self._loop.time() + self.delay, b""))
            await sender
        finally:
            sender.cancel()
            with contextlib.suppress(RuntimeError):
                writer.close()

    async def _read(self, reader: asyncio.StreamReader) -> bytes:
        try:
            return await reader.read(65536)
        except OSError:
            return b""

    async def _send(self, blocks: asyncio.Queue[tuple[float, bytes]], writer: asyncio.StreamWriter) -> None:
        while True:
            due, block = await blocks.get()
            wait = due - self._loop.time()
            if wait > 0:
                await asyncio.sleep(wait)
            if not block:
                return
            try:
                writer.write(block)
                await writer.drain()
            except (OSError, RuntimeError):
                return

    def _count(self, block: bytes, is_answer: bool) -> None:
        if is_answer:
            self.total.received += len(block)
        else:
            self.total.sent += len(block)
            self.total.commands += len(_COMMAND.findall(block))
        if self._stats is not None and not is_answer:
            self._save()

    def _save(self) -> None:
        if self._stats is not None:
            temporary = self._stats.with_suffix(".new")
            temporary.write_text(json.dumps(asdict(self.total)))
            temporary.replace(self._stats)


class ProxyProcess:
    """The proxy in a process of its own; ``stats`` is a file it may write what it counted into."""

    def __init__(self, target_port: int, round_trip: float = 0.0, *, stats: Path) -> None:
        self.port = free_ports(1)[0]
        self.stats = stats
        self._command = [sys.executable, "-m", "dev.servers.proxy", str(target_port)]
        self._command += [str(self.port), str(round_trip), str(stats)]
        self._process: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> ProxyProcess:
        self._process = subprocess.Popen(self._command, cwd=_REPOSITORY)
        if not wait_until(lambda: accepts(self.port), 10):
            self.__exit__()
            raise RuntimeError("The proxy did not start.")
        return self

    def __exit__(self, *exc_info: object) -> None:
        if self._process is not None:
            self._process.terminate()
            self._process.wait(10)

    def snapshot(self) -> Traffic:
        """What passed so far (what came back since the last command may be missing)."""
        try:
            return Traffic(**json.loads(self.stats.read_text()))
        except (OSError, ValueError):
            return Traffic()


def main() -> None:
    """``python -m dev.servers.proxy TARGET PORT ROUND_TRIP STATS``."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("target", type=int)
    parser.add_argument("port", type=int)
    parser.add_argument("round_trip", type=float)
    parser.add_argument("stats", type=Path)
    options = parser.parse_args()
    proxy = Proxy(options.target, options.round_trip, port=options.port, stats=options.stats)
    proxy.start()
    threading.Event().wait()


if __name__ == "__main__":
    main()
