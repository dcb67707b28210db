"""One socket for one thread: questions and answers, nested, never two at once."""

from __future__ import annotations

import _socket
import _thread
import sys
from posix import close as posix_close
from typing import Any

from pytest_overnight.grading.codec import Codec
from pytest_overnight.grading.frames import REPLY_CAP
from pytest_overnight.grading.frames import REQUEST_CAP
from pytest_overnight.grading.frames import TooBig
from pytest_overnight.grading.frames import Unfit
from pytest_overnight.grading.frames import read_frame
from pytest_overnight.grading.frames import write_frame
from pytest_overnight.grading.inside.objects import Table


class StoppedByTest(BaseException):
    """The test already failed inside one of its own functions: give up."""


class Line:
    """The connections of this process: one channel for each thread that needs one."""

    def __init__(self, main: int, reply_cap: int = REPLY_CAP) -> None:
        self.table = Table(lambda *use: self.here().ask(*use))
        self.codec = Codec(self.table.give, self.table.take, reply_cap, _KNOB)
        self.execute: Any = None  # set by the child: (operation, arguments) → value
        self.resolve: Any = None  # set by the child: "mod:Class" → the class
        self.describe: Any = None  # set by the child: exception → plain fields
        self._threads = _thread._local()
        self._main = main
        self.control = self._hello()

    def _hello(self) -> Any:
        """The judge's first byte brings the control socket."""
        sock = _socket.socket(fileno=self._main)
        fd = _receive(sock)
        sock.detach()
        assert fd is not None
        return _socket.socket(fileno=fd)

    def serve_main(self) -> None:
        """Say that we are ready, then answer questions until the judge is gone."""
        channel = self._threads.channel = Channel(self, self._main)
        channel.say(["ready"])
        channel.serve()

    def open_threads(self) -> None:
        """From now on the judge may send sockets for further threads."""
        _thread.start_new_thread(self._welcome, ())

    def _welcome(self) -> None:
        while (fd := _receive(self.control)) is not None:
            _thread.start_new_thread(self._serve_twin, (fd,))

    def _serve_twin(self, fd: int) -> None:
        channel = self._threads.channel = Channel(self, fd)
        channel.say(["ready"])
        channel.serve()

    def here(self) -> Channel:
        """This thread's channel; a thread of the agent's gets one of its own."""
        found = getattr(self._threads, "channel", None)
        if found is None:
            ours, theirs = _socket.socketpair()
            number = theirs.fileno().to_bytes(4, sys.byteorder)
            rights = (_socket.SOL_SOCKET, _socket.SCM_RIGHTS, number)
            self.control.sendmsg([b"+"], [rights])
            theirs.close()
            found = self._threads.channel = Channel(self, ours.detach())
        return found


_KNOB = " (code.limit(reply_mb=…))"


def _receive(sock: Any) -> int | None:
    """Wait for one byte with one descriptor; None at end of file."""
    space = _socket.CMSG_SPACE(4)
    flags = getattr(_socket, "MSG_CMSG_CLOEXEC", 0)
    data, rights, _, _ = sock.recvmsg(1, space, flags)
    if not data or not rights:
        return None
    return int.from_bytes(rights[0][2][:4], sys.byteorder)


class Channel:
    """This thread's end of one socket."""

    def __init__(self, line: Line, fd: int) -> None:
        self._line, self._fd = line, fd

    def __del__(self, close: Any = posix_close) -> None:
        close(self._fd)

    def say(self, message: list[Any]) -> None:
        """Send one message."""
        write_frame(self._fd, self._line.codec.encode(message))

    def serve(self) -> None:
        """Answer questions until end of file."""
        while (message := self._hear()) is not None:
            self._answer(message)

    def ask(self, number: int, operation: str, args: Any, kwargs: Any) -> Any:
        """Use an object of the judge; questions that come meanwhile are answered."""
        try:
            self.say(["ask", number, operation, [*args], kwargs])
        except Unfit as error:
            raise ValueError(f"an argument cannot be sent: {error}") from None
        while (message := self._hear()) is not None:
            verb = message[0]
            if verb == "ans":
                return message[1]
            if verb == "do":
                self._answer(message)
            elif verb == "raise":
                raise self._line.resolve(message[1])(*message[2])
            else:
                break
        raise StoppedByTest

    def _hear(self) -> list[Any] | None:
        frame = read_frame(self._fd, REQUEST_CAP)
        return None if frame is None else self._line.codec.decode(frame)

    def _answer(self, message: list[Any]) -> None:
        _, nonce, operation, arguments, dropped = message
        if dropped:
            self._line.table.drop(dropped)
        del message
        try:
            reply = ["ret", nonce, self._line.execute(operation, arguments)]
        except StoppedByTest:
            reply = ["flt", nonce]
        except BaseException as error:
            reply = ["err", nonce, *self._line.describe(error)]
        arguments = None
        write_frame(self._fd, self._frame(nonce, reply))

    def _frame(self, nonce: int, reply: list[Any]) -> bytes:
        encode = self._line.codec.encode
        try:
            return encode(reply)
        except TooBig as error:
            return encode(["big", nonce, str(error)])
        except BaseException as error:
            return encode(["err", nonce, *self._line.describe(error)])
