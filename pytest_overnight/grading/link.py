"""One child in the box: its process, its sockets, its threads, its end."""

from __future__ import annotations

import _thread
import contextlib
import os
import random
import select
import signal
import socket
import threading
import time
from array import array
from collections import Counter
from collections.abc import Callable
from functools import partial
from typing import Any

from pytest_overnight.grading import codec
from pytest_overnight.grading import frames
from pytest_overnight.grading.bench import Bench
from pytest_overnight.grading.channel import Channel
from pytest_overnight.grading.cpu import Meter
from pytest_overnight.grading.ending import Ending
from pytest_overnight.grading.ending import Worker
from pytest_overnight.grading.errors import CodeGone
from pytest_overnight.grading.errors import CodeTimeout
from pytest_overnight.grading.errors import JudgeError
from pytest_overnight.grading.errors import ProtocolError
from pytest_overnight.grading.handle import Handle
from pytest_overnight.grading.handle import Handles
from pytest_overnight.grading.handle import parts
from pytest_overnight.grading.lent import Callback
from pytest_overnight.grading.lent import Lent

CHANNELS = 64
"""Most threads of one child that may talk to the judge at the same time."""
RANGE_CAP = 20_000
"""Items of a range that an answer may give: a test may make a list of it."""
READY_SECONDS = 30.0
_random = random.SystemRandom()


class Link:
    """A running child. The thread that makes it is the child's main thread's twin."""

    def __init__(self, bench: Bench, arguments: dict[str, Any], ending: Ending) -> None:
        self.ending = ending
        self.names = bench.names
        self._bench = bench
        self._limit = ""
        self.faults: list[BaseException] = []
        """What the judge's own functions raised and agent code must not swallow."""
        self.inside: Counter[str] = Counter()
        """Callback name → threads that are in it now."""
        self.handles = Handles(self)
        self.lent: dict[int, Lent] = {}
        self.reply_cap = (arguments["reply_mb"] << 20) or frames.REPLY_CAP
        self.codec = codec.Codec(
            self._give, self._take, frames.REQUEST_CAP, longest=RANGE_CAP
        )
        self._numbers: dict[int, tuple[Any, int, Lent]] = {}
        self._lock = threading.RLock()  # a channel may be collected under it
        self._sending = threading.Lock()
        self._sockets: set[socket.socket] = set()
        self._guests: set[socket.socket] = set()
        """Those of threads that agent code started."""
        self._threads = threading.local()
        self._home = threading.get_ident()
        self._threaded = False
        self._workers: list[threading.Thread] = []
        # Whatever ran before may have killed this child, or have stopped it.
        blame = CodeGone if bench.used else JudgeError
        child = bench.spawn("child", **arguments)
        self.pid = child.pid
        self._pidfd = _open_pid(child.pid)
        self._control, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        child.socket.settimeout(None)
        self._main = Channel(self, self._adopt(child.socket))
        self._hello(child.socket, theirs, blame)
        self.meter = Meter(self.pid, ending)
        self._workers.append(Worker.start(self._listen))

    def _hello(
        self, sock: socket.socket, theirs: socket.socket, blame: type[Exception]
    ) -> None:
        try:
            socket.send_fds(sock, [b"+"], [theirs.fileno()])
            theirs.close()
            poll = select.poll()
            poll.register(sock, select.POLLIN)
            ready = poll.poll(READY_SECONDS * 1000)
            frame = frames.read_frame(sock.fileno(), 1024) if ready else None
        except (OSError, frames.Unfit):
            frame = None
        if frame != b'["ready"]':
            self.close()
            raise blame("the child ended, or said nothing, before it was ready")

    # -- channels -----------------------------------------------------------------

    def channel(self) -> Channel:
        """The calling thread's channel; made on first use."""
        if threading.get_ident() == self._home:
            if not self._threaded and _thread._count() > Worker.count:
                self.open_threads()
            return self._main
        found = getattr(self._threads, "channel", None)
        if found is None:
            self.ending.check()
            self.open_threads()
            found = self._threads.channel = self._new_twin()
        return found

    def open_threads(self) -> None:
        """Tell the child, once, that more than its main thread will be used."""
        if self._threaded:
            return
        # The main channel is free while no question is open on it, or while a
        # callback runs: then the child's main thread takes questions.
        with self._main.lock:
            if not self._threaded:
                self._main.ask("threads", ())
                self._threaded = True

    def _new_twin(self) -> Channel:
        if len(self._sockets) - len(self._guests) >= CHANNELS:
            raise JudgeError(f"more than {CHANNELS} threads use one child")
        ours, theirs = socket.socketpair()
        # One at a time: each that waits to be received counts as the largest file
        # there may be (see the watch over the box).
        with self._sending:
            try:
                socket.send_fds(self._control, [b"+"], [theirs.fileno()])
            except OSError:
                ours.close()
                raise self.gone() from None
            finally:
                theirs.close()
            channel = Channel(self, self._adopt(ours))
            channel.begin()
        return channel

    def _adopt(self, sock: socket.socket) -> socket.socket:
        with self._lock:
            self._sockets.add(sock)
        return sock

    def forget(self, sock: socket.socket) -> None:
        """Close the socket of a channel whose thread ended."""
        with self._lock:
            self._sockets.discard(sock)
            self._guests.discard(sock)
        sock.close()

    # -- the child's own doings -----------------------------------------------------

    def _listen(self) -> None:
        """Wait for new channels, the child's death and the deadline."""
        poll = select.poll()
        poll.register(self._control, select.POLLIN)
        if self._pidfd >= 0:
            poll.register(self._pidfd, select.POLLIN)
        while self.ending.reason is None:
            left = self.ending.deadline - time.monotonic()
            events = poll.poll(max(0, left * 1000))
            if not events:
                self.end(partial(CodeTimeout, self._late()))
            elif any(fd == self._pidfd for fd, _ in events) or not self._welcome():
                self.end(self._died)

    def _welcome(self) -> bool:
        """Give a thread of the agent's a thread of ours; False at end of file."""
        try:
            data, rights, _, _ = self._control.recvmsg(
                1, socket.CMSG_SPACE(4), getattr(socket, "MSG_CMSG_CLOEXEC", 0)
            )
        except OSError:
            return False
        if not data or not rights:
            return False
        sock = socket.socket(fileno=array("i", rights[0][2][:4])[0])
        if len(self._guests) >= CHANNELS:
            sock.close()
            self.fault(ProtocolError(f"more than {CHANNELS} threads use the test"))
            return True
        with self._lock:
            self._guests.add(sock)
        self._workers.append(
            Worker.start(self._serve, Channel(self, self._adopt(sock)))
        )
        return True

    def _serve(self, channel: Channel) -> None:
        self._threads.channel = channel
        channel.serve()

    # -- the end ------------------------------------------------------------------

    def end(self, reason: Callable[[], BaseException]) -> None:
        """Kill the child; whoever waits for it gets ``reason()``."""
        self.ending.come(reason)
        _kill(self._pidfd, self.pid)
        with self._lock:
            sockets = [*self._sockets, self._control]
        for sock in sockets:
            with contextlib.suppress(OSError):
                sock.shutdown(socket.SHUT_RDWR)

    def gone(self) -> BaseException:
        """The exception for a child that does not answer any more."""
        self.end(self._died)
        assert self.ending.reason is not None
        return self.ending.reason()

    def _died(self) -> CodeGone:
        self._limit = self._limit or self._bench.limit_met()
        why = self._limit or "it exited, crashed, or met a limit"
        return CodeGone(f"the child ended: {why}")

    def _late(self) -> str:
        inside = ", ".join(f"{n}× {name}" for name, n in self.inside.items() if n)
        held = f"; inside the judge's functions: {inside}" if inside else ""
        return f"no answer before the test's time was up{held}"

    def enter(self, name: str, step: int) -> None:
        """A thread goes into (1) or out of (-1) the callback of that name."""
        with self._lock:
            self.inside[name] += step

    def fault(self, error: BaseException) -> None:
        """Remember what agent code must not swallow."""
        self.faults.append(error)

    def close(self) -> None:
        """End the child and every thread and descriptor that belongs to it."""
        self.end(lambda: CodeGone("the child of a test that is over"))
        for worker in self._workers:
            worker.join(5)
        with self._lock:
            sockets, self._sockets = self._sockets, set()
        for sock in [*sockets, self._control]:
            sock.close()
        if self._pidfd >= 0:
            os.close(self._pidfd)
            self._pidfd = -1

    # -- objects that are not data --------------------------------------------------

    def _give(self, x: Any) -> Any:
        if type(x) is Handle:
            link, number, _ = parts(x)
            if link is not self:
                raise CodeGone(f"{x!r} is an object of another child")
            return {"$": "r", "v": number}
        number, lent = self._lend(x)
        return {"$": "j", "v": [number, lent.kind, lent.details]}

    def _lend(self, x: Any) -> tuple[int, Lent]:
        key = id(x)
        with self._lock:
            if key not in self._numbers:
                number = _random.getrandbits(62)
                self._numbers[key] = (x, number, _lent(x))
                self.lent[number] = self._numbers[key][2]
            return self._numbers[key][1:]

    def _take(self, tag: str, form: Any) -> Any:
        if tag == "j":
            lent = self.lent.get(form) if type(form) is int else None
            if lent is None:
                raise frames.Unfit("an object that the judge never sent")
            return lent.original
        if type(form) is not list or [type(f) for f in form] != [int, str]:
            raise frames.Unfit("a handle with a wrong form")
        return self.handles.arrive(form[0], form[1][:200])


def _lent(x: Any) -> Lent:
    if isinstance(x, Lent):
        return x
    if callable(x) and not isinstance(x, type):
        return Callback(x, given=x)
    raise frames.Unfit(
        f"{type(x).__name__} is not data: send a callback, a key or a handle instead"
    )


def _open_pid(pid: int) -> int:
    try:
        return os.pidfd_open(pid)
    except (AttributeError, OSError):  # no such call here, or dead already
        return -1


def _kill(pidfd: int, pid: int) -> None:
    try:
        if pidfd >= 0:
            signal.pidfd_send_signal(pidfd, signal.SIGKILL)
        elif not hasattr(os, "pidfd_open"):
            os.kill(pid, signal.SIGKILL)
    except OSError:
        pass
