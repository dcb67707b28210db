"""Process 1 of the box: forks a child for every request and reaps what is left over.

It reads single letters and descriptors from the harness, nothing from any child:
requests and replies pass on a socket of their own between the harness and the child.
It imports no agent code, and holds nothing that agent code may not know.
"""

from __future__ import annotations

import _socket
import marshal
import os
import select
import sys

from pytest_overnight.sandbox.inside.command import limit
from pytest_overnight.sandbox.inside.ground import Ground
from pytest_overnight.sandbox.inside.kernel import DUMPABLE
from pytest_overnight.sandbox.inside.kernel import PARENT_DEATH_SIGNAL
from pytest_overnight.sandbox.inside.kernel import SUBREAPER
from pytest_overnight.sandbox.inside.kernel import prctl
from pytest_overnight.sandbox.inside.tools import perform
from pytest_overnight.sandbox.inside.tools import reset
from pytest_overnight.sandbox.inside.tree import SIGKILL
from pytest_overnight.sandbox.inside.tree import end_children
from pytest_overnight.sandbox.inside.tree import signal_all
from pytest_overnight.sandbox.inside.walls import Walls
from pytest_overnight.sandbox.inside.watch import INTERVAL_MS
from pytest_overnight.sandbox.inside.watch import LIMITS
from pytest_overnight.sandbox.inside.watch import LostError
from pytest_overnight.sandbox.inside.watch import Watch

TYPE_CHECKING = False
if TYPE_CHECKING:
    import signal as _signal
    from collections.abc import Callable
    from typing import Any

    Program = Callable[[_socket.socket, dict[str, Any]], None]
else:
    import _signal

# Letters from the harness that come with a socket.
OPERATE = b"o"
RUN = b"r"
SPAWN = b"p"
LOAD = b"l"
# Letters that are answered with a number.
SWEEP = b"s"
TIDY = b"t"
LAY = b"y"
LOOK = b"k"
FRESH = b"f"
LIMIT = b"w"
# A letter to the harness.
READY = b"."


def receive(sock: _socket.socket) -> Any:
    """One length-prefixed message of the harness (marshal: only towards the box)."""
    size = int.from_bytes(sock.recv(4, _socket.MSG_WAITALL), "little")
    data = bytearray()
    while len(data) < size:
        chunk = sock.recv(min(size - len(data), 1 << 20))
        if not chunk:
            os._exit(0)  # the harness gave this request up
        data += chunk
    return marshal.loads(data)


class Helper:
    """The loop of process 1, and what it must remember: which programs live."""

    def __init__(
        self, control: _socket.socket, config: dict[str, Any], walls: Walls
    ) -> None:
        self.control = control
        self.config = config
        self.walls = walls
        self.watch = Watch(config)
        self.limit = ""
        self.programs: dict[str, Program] = {}
        self.children: dict[int, bytes] = {}
        """Process id → the letter that asked for it; changes in a signal handler."""
        self.killed = 0
        self.ground = Ground(config)

    @property
    def living(self) -> bool:
        """Whether a program is at work."""
        return SPAWN in self.children.values()

    @property
    def watched(self) -> bool:
        """Whether agent code runs, and not ours alone."""
        return self.living or RUN in self.children.values()

    @property
    def trusted(self) -> set[int]:
        """Processes that run our code alone, also those that look after a command."""
        return {pid for pid, letter in self.children.copy().items() if letter != SPAWN}

    def serve(self) -> None:
        """Serve until the harness closes its end, then end everything."""
        _signal.signal(_signal.SIGCHLD, lambda number, frame: self.reap() and None)
        poll = select.poll()
        poll.register(self.control, select.POLLIN)
        self.control.sendall(READY)
        while True:
            while not poll.poll(INTERVAL_MS if self.watched else None):
                self.look()
            letter, descriptor = self.next()
            if not letter:
                break
            if descriptor < 0:
                self.control.sendall(self.number(letter).to_bytes(4, "little"))
            else:
                self.with_socket(letter, descriptor)
        if not self.config["init"]:
            self.sweep()
        os._exit(0)

    def next(self) -> tuple[bytes, int]:
        """The next letter, and the socket that came with it."""
        letter, ancillary, _, _ = self.control.recvmsg(1, _socket.CMSG_SPACE(4))
        for _, _, data in ancillary:
            descriptor = int.from_bytes(data[:4], sys.byteorder)
            # Else it would reach the command: received descriptors survive exec.
            os.set_inheritable(descriptor, False)
            return letter, descriptor
        return letter, -1

    def look(self) -> bool:
        """End what uses more than the box may; whether there was such."""
        limit = ""
        try:
            limit = self.watch.look(self.trusted)
            if limit:
                self.limit = limit
                self.sweep()
                self.watch.excuse()
        except (OSError, LostError):
            pass  # no descriptor or memory left for the look itself
        return bool(limit)

    def number(self, letter: bytes) -> int:
        """Do what a letter without a socket says; the number that answers it."""
        if letter == LIMIT:
            limit, self.limit = self.limit, ""
            return LIMITS.index(limit)
        if letter == SWEEP:
            return self.sweep()
        if letter == TIDY:
            return 0 if self.living else self.sweep()
        if letter == FRESH:
            self.sweep()
            return int(self.ground.unchanged())
        if letter == LAY:  # by itself: no agent code has run yet
            reset(self.config)
        self.ground.look()
        return 1

    def with_socket(self, letter: bytes, descriptor: int) -> None:
        """Fork a child for the socket, or load a program from it."""
        if letter == LOAD:
            self.load(_socket.socket(fileno=descriptor))
            return
        if letter == RUN and self.look():
            # What commands that ended before a look have left. The harness sees the
            # end of the socket and asks for the limit; file operations may tidy up.
            os.close(descriptor)
            return
        self.ground.settle()
        # Held back until the child is known: it may die before fork returns here.
        _signal.pthread_sigmask(_signal.SIG_BLOCK, [_signal.SIGCHLD])
        try:
            pid = os.fork()
        except OSError:
            pid = -1  # the harness sees the end of the socket
        if pid == 0:
            child(self, descriptor, letter == SPAWN)
        if pid > 0:
            self.children[pid] = letter
        _signal.pthread_sigmask(_signal.SIG_UNBLOCK, [_signal.SIGCHLD])
        os.close(descriptor)

    def load(self, sock: _socket.socket) -> None:
        """Run the body of a program once, so that every child starts warm."""
        name, code = receive(sock)
        module = type(sys)(name)
        try:
            exec(code, module.__dict__)
            self.programs[name] = module.main
            sock.sendall(READY)
        except Exception as error:
            sock.sendall(f"{type(error).__name__}: {error}".encode()[:4096])
        sock.close()

    def reap(self) -> bool:
        """Collect the dead; whether a child is left."""
        while True:
            try:
                pid, status = os.waitpid(-1, os.WNOHANG)
            except ChildProcessError:
                return False
            if pid == 0:
                return True
            self.children.pop(pid, None)
            if os.WIFSIGNALED(status) and os.WTERMSIG(status) == SIGKILL:
                self.killed += 1

    def sweep(self) -> int:
        """Kill and reap everything but this process."""
        if not self.config["init"]:
            return end_children(self.reap, 10.0)
        before = self.killed
        while self.reap():
            # Process 1 reaches exactly its namespace, in one step no fork escapes.
            signal_all([-1], SIGKILL)
            self.wait()
        return self.killed - before

    def wait(self) -> None:
        """Sleep until a child has died."""
        try:
            os.waitid(os.P_ALL, 0, os.WEXITED | os.WNOWAIT)
        except ChildProcessError:
            pass


def child(helper: Helper, descriptor: int, program: bool) -> None:
    """What a forked child does; never returns."""
    status = 1
    try:
        _clean_up({descriptor, helper.walls.ruleset} - {-1}, program)
        sock = _socket.socket(fileno=descriptor)
        if program:
            _run_program(helper, sock)
        else:
            sock.sendall(perform(receive(sock), helper.config, helper.walls))
        status = 0
    except BaseException as error:
        sys.excepthook(type(error), error, error.__traceback__)
    finally:
        os._exit(status)


def _clean_up(kept: set[int], program: bool) -> None:
    _signal.signal(_signal.SIGCHLD, _signal.SIG_DFL)
    _signal.pthread_sigmask(_signal.SIG_UNBLOCK, [_signal.SIGCHLD])
    _signal.signal(_signal.SIGINT, _signal.default_int_handler)
    os.setsid()
    for low, high in zip([2, *sorted(kept)], [*sorted(kept), 1024], strict=True):
        os.closerange(low + 1, high)
    if program:  # agent code will run here: it must not reach the helper's log
        null = os.open(os.devnull, os.O_RDWR)
        for target in (0, 1, 2):
            os.dup2(null, target)
        os.close(null)
    if "random" in sys.modules:
        sys.modules["random"].seed()


def _run_program(helper: Helper, sock: _socket.socket) -> None:
    request = receive(sock)
    main = helper.programs[request["program"]]
    os.chdir(helper.config["workspace"])
    limit(helper.config)
    helper.walls.enter()
    prctl(PARENT_DEATH_SIGNAL, SIGKILL)  # a change of user clears it
    prctl(DUMPABLE, 1)
    sock.sendall(READY + os.getpid().to_bytes(4, "little"))
    main(sock, request["arguments"])


def main(control: _socket.socket, config: dict[str, Any]) -> None:
    """Become the helper; never returns."""
    if config["init"] and os.getpid() != 1:
        # Our kill(-1) and our emptying of /tmp would reach the whole machine.
        sys.exit("this box has no process and file namespaces of its own")
    moved = _socket.socket(fileno=os.dup(control.fileno()))
    null = os.open(os.devnull, os.O_RDWR)
    os.dup2(null, 0)
    control.detach()
    # Python's own handler would make SIGINT deadly for process 1.
    _signal.signal(_signal.SIGINT, _signal.SIG_IGN)
    prctl(SUBREAPER, 1)
    walls = Walls(config)
    for name in [n for n in sys.modules if n.startswith("pytest_overnight")]:
        del sys.modules[name]  # a task may want these names
    Helper(moved, config, walls).serve()
