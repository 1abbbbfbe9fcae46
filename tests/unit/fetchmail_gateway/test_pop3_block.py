"""Multi-line answers of POP3, cut into blocks at every possible place."""

import socket
import threading

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from odoo.addons.fetchmail_gateway.lib.pop3_wire import Pop3Wire
from odoo.addons.fetchmail_gateway.lib.settings import ServerSettings
from odoo.addons.fetchmail_gateway.lib.stream import Stream


def read(wire_bytes, blocks=()):
    """Read one multi-line answer from these bytes, sent in blocks; the message and what is left."""
    here, there = socket.socketpair()
    here.settimeout(5)
    wire = Pop3Wire.__new__(Pop3Wire)
    wire._eol = b"\r\n"
    wire._settings = ServerSettings("localhost", 110)
    wire._stream = Stream(here)

    def send():
        start = 0
        for size in [*blocks, len(wire_bytes)]:
            there.sendall(wire_bytes[start : start + size])
            start += size
        there.close()

    thread = threading.Thread(target=send)
    thread.start()
    try:
        content = wire.read_block().content
        thread.join()
        rest = b""
        while block := here.recv(65536):
            rest += block
        return content, bytes(wire._stream._buffer) + rest
    finally:
        here.close()


def stuff(content):
    return (b"\r\n" + content).replace(b"\r\n.", b"\r\n..")[2:] + b".\r\n"


@pytest.mark.parametrize(
    "content",
    [b"", b".\r\n", b"..\r\n", b"a\r\n.\r\nb\r\n", b"a\n.\nb\r\n", b"\r\n.\r\n", b"a\r.\r\n"],
    ids=repr,
)
@pytest.mark.parametrize("size", [1, 2, 3])
def test_dots(content, size):
    coded = stuff(content)
    assert read(coded + b"+OK", [size] * len(coded)) == (content, b"+OK")


@settings(max_examples=60, deadline=None)
@given(st.lists(st.sampled_from([b".", b"\r\n", b"\n", b"a" * 30_000, b"b"]), max_size=12), st.data())
def test_any_message(parts, data):
    content = b"".join(parts) + b"\r\n"
    coded = stuff(content)
    blocks = data.draw(st.lists(st.integers(1, len(coded)), max_size=5))
    assert read(coded + b"+OK next", blocks) == (content, b"+OK next")


def test_one_endless_line():
    content = b"." + b"x." * 200_000 + b"\r\n"
    assert read(stuff(content)) == (content, b"")
