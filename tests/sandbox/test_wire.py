"""Replies out of a box are believed only when they are well-formed."""

from __future__ import annotations

import errno
import socket
import struct

import pytest

from pytest_overnight.sandbox.inside.reply import Reply
from pytest_overnight.sandbox.wire import Reader
from pytest_overnight.sandbox.wire import listing

HUGE = 2**62


def read(data: bytes, most: int = 100) -> object:
    """What the harness makes of these bytes."""
    ours, theirs = socket.socketpair()
    with ours:
        with theirs:
            theirs.sendall(data)
        return Reader(ours, 5.0).reply(most)


def test_a_reply_survives_the_way() -> None:
    reply = Reply(-9, 2**40, 1, 7, first=b"out", second=b"\0err")
    assert read(reply.encode(b"+")) == ((-9, 2**40, 1, 7), b"out", b"\0err")


def test_a_refusal_is_an_error_number() -> None:
    assert read(Reply(errno.ENOSPC).encode(b"-")) == errno.ENOSPC


def test_an_invented_error_number_is_an_ordinary_error() -> None:
    assert read(Reply(123_456).encode(b"-")) == errno.EIO


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"+",
        b"x" * 49,
        Reply(first=b"1" * 101).encode(b"+"),
        Reply(first=b"1" * 60, second=b"2" * 60).encode(b"+"),
        Reply(0, -1).encode(b"+"),
        Reply(0, 0, 2).encode(b"+"),
        Reply(256).encode(b"+"),
        Reply(-65).encode(b"+"),
        Reply(0, first=b"text").encode(b"-"),
        Reply(first=b"cut off").encode(b"+")[:-1],
        struct.pack("<c6q", b"+", 0, 0, 0, 0, HUGE, HUGE),
        struct.pack("<c6q", b"+", 0, 0, 0, 0, -1, 1),
    ],
)
def test_what_is_malformed_is_no_reply(data: bytes) -> None:
    with pytest.raises(ConnectionError):
        read(data)


def test_silence_ends_at_the_deadline() -> None:
    ours, theirs = socket.socketpair()
    with ours, theirs:
        theirs.sendall(b"+")
        with pytest.raises(TimeoutError):
            Reader(ours, 0.05).reply(100)


def test_a_listing_is_names_and_sizes() -> None:
    assert listing(b"") == []
    assert listing(b"a\n\xff\x001\0b\x0022\0") == [["a\n\udcff", 1], ["b", 22]]


@pytest.mark.parametrize(
    "data",
    [b"a", b"a\0", b"a\0b\0", b"a\x001", b"a\0-1\0", b"a\0" + b"9" * 5000 + b"\0"],
)
def test_a_malformed_listing_is_an_error(data: bytes) -> None:
    with pytest.raises(OSError, match="malformed listing"):
        listing(data)
