"""``code``: the agent's work as a hidden test meets it."""

from __future__ import annotations

import contextlib
import re
from collections.abc import Callable
from collections.abc import Iterable
from collections.abc import Iterator
from typing import Any

from pytest_overnight.grading import explore
from pytest_overnight.grading.bench import Bench
from pytest_overnight.grading.crew import Crew
from pytest_overnight.grading.ending import Ending
from pytest_overnight.grading.errors import CodeError
from pytest_overnight.grading.errors import CodeGone
from pytest_overnight.grading.errors import JudgeError
from pytest_overnight.grading.explore import Interleaving
from pytest_overnight.grading.gates import Barrier
from pytest_overnight.grading.gates import Gate
from pytest_overnight.grading.handle import Handle
from pytest_overnight.grading.handle import parts
from pytest_overnight.grading.lending import Lender
from pytest_overnight.grading.lent import exception_spec
from pytest_overnight.grading.link import Link

CPU_SECONDS = 10


class Caught:
    """What ``code.raises`` caught."""

    error: CodeError


class Probe:
    """The names of a text given to ``code.define``, each as a handle."""

    def __init__(self, code: Code, module: Handle) -> None:
        self._code, self._module = code, module

    def __getattr__(self, name: str) -> Handle:
        if name.startswith("__"):
            raise AttributeError(name)
        handle: Handle = self._code._ask("name", self._module, name)
        return handle


class Code(Lender):
    """A child process with the agent's modules; started by its first use.

    Targets are text, ``"pkg.mod:name"`` or ``"mod:Class.attribute"``. Values come back
    as data of exact built-in types, or as a :class:`Handle`.
    """

    def __init__(self, bench: Bench, deadline: float, *, imports: bool = True) -> None:
        """``deadline`` on ``time.monotonic()``; ``imports``: the agent's modules."""
        self._bench, self._imports = bench, imports
        self.ending = Ending(deadline)
        self._link: Link | None = None
        self._gates: list[Gate | Barrier] = []
        self._others: list[Code] = []
        self._restored: Code | None = None
        self._limits = {"cpu_seconds": CPU_SECONDS, "memory_mb": 0, "reply_mb": 0}

    def __repr__(self) -> str:
        return "<code>"  # no address: messages of equal runs are equal

    # -- life ---------------------------------------------------------------------

    @property
    def link(self) -> Link:
        """The running child."""
        if self._link is None:
            self.ending.check()
            settings = {"folder": self._bench.workspace, "imports": self._imports}
            self._link = Link(self._bench, settings | self._limits, self.ending)
        return self._link

    def limit(
        self, *, cpu_seconds: int = 0, memory_mb: int = 0, reply_mb: int = 0
    ) -> None:
        """Set limits of the child, before its first use. ``reply_mb`` at most 64."""
        if self._link is not None:
            raise JudgeError("code.limit comes before the first use of code")
        if reply_mb > 64:
            raise JudgeError("reply_mb is at most 64")
        given = {"cpu_seconds": cpu_seconds, "memory_mb": memory_mb}
        given["reply_mb"] = reply_mb
        self._limits |= {name: n for name, n in given.items() if n}

    def spawn(self) -> Code:
        """One more child on the same working folder; its handles are its own."""
        other = Code(self._bench, self.ending.deadline, imports=self._imports)
        other._limits = self._limits
        self._others.append(other)
        return other

    def kill(self) -> None:
        """End the child as a power cut would."""
        self.link.end(lambda: CodeGone("killed by the test"))

    @property
    def alive(self) -> bool:
        """Whether the child runs and may be asked."""
        return self._link is not None and self.ending.reason is None

    def finish(self) -> None:
        """End everything; raise what a callback raised and nobody has heard of."""
        self.open_gates()
        with contextlib.ExitStack() as ends:
            ends.callback(self._finish_own)
            for other in self._others:
                ends.callback(other.finish)

    def _finish_own(self) -> None:
        if self._link is not None:
            self._link.close()
            if self._link.faults:
                raise self._link.faults[0]

    def _ask(self, operation: str, *arguments: Any) -> Any:
        return self.link.channel().request(operation, *arguments)

    # -- calling ------------------------------------------------------------------

    def call(self, target: str | Handle, /, *args: Any, **kwargs: Any) -> Any:
        """Call and return data or a handle; an awaitable is run to its end."""
        return self._ask("call", target, [*args], kwargs)

    def new(self, target: str | Handle, /, *args: Any, **kwargs: Any) -> Handle:
        """The same, but the result is a handle; plain data is a ``TypeError``."""
        handle: Handle = self._ask("new", target, [*args], kwargs)
        return handle

    def value(self, target: str) -> Any:
        """A module's or a class's attribute."""
        return self._ask("value", target)

    def ref(self, target: str) -> Handle:
        """A handle to the thing itself, to be passed as an argument."""
        handle: Handle = self._ask("ref", target)
        return handle

    def make(self, value: Any) -> Handle:
        """The value as an object in the child; ordinary arguments are copies."""
        handle: Handle = self._ask("make", value)
        return handle

    def load(self, module: str) -> Handle:
        """Import a module; a handle to it."""
        handle: Handle = self._ask("load", module)
        return handle

    def virtual_loop(self) -> None:
        """From now on event loops of new threads run on a clock of their own.

        It starts at 0 and jumps to the next timer whenever nothing is left to do: an
        hour of ``asyncio.sleep`` takes no time. Call it before the first coroutine.
        """
        self._ask("virtual_loop")

    def loop_time(self) -> float:
        """What that clock says, in seconds."""
        now: float = self._ask("loop_time")
        return now

    def define(self, source: str) -> Probe:
        """Run the test's own text in the child; its names are handles."""
        return Probe(self, self._ask("define", "probe", source))

    # -- handles ------------------------------------------------------------------

    def attr(self, handle: Handle, path: str) -> Any:
        """An attribute or property, ``"a.b"``."""
        return self._ask("attr", handle, path)

    def set_attr(self, handle: Handle, path: str, value: Any) -> None:
        """Set an attribute."""
        self._ask("set_attr", handle, path, value)

    def plain(self, handle: Any, depth: int = 1) -> Any:
        """A container as data, an object as a dict of its fields, ``depth`` deep."""
        return self._ask("plain", handle, depth)

    def same_object(self, one: Any, other: Any) -> bool:
        """Whether two handles are one object of one child."""
        return (
            type(one) is Handle
            and type(other) is Handle
            and (parts(one)[:2] == parts(other)[:2])
        )

    def iterate(self, handle: Handle, batch: int = 1) -> Iterator[Any]:
        """Items of an iterable, also an async one, ``batch`` pulls a round trip."""
        pulls = self._ask("iterate", handle)
        ended = False
        while not ended:
            items, ended = self._ask("pull", pulls, batch)
            yield from items

    @contextlib.contextmanager
    def entered(self, handle: Handle) -> Iterator[Any]:
        """A context manager, also an async one.

        An exception of the body is made anew in the child by name, and goes on here
        unless the agent's ``__exit__`` swallows it.
        """
        found = self._ask("enter", handle)
        try:
            yield found
        except (CodeGone, AssertionError):
            raise
        except Exception as error:
            try:
                spec = exception_spec(error)
            except JudgeError:  # none that agent code could know: a refused reply, …
                raise error from None
            if not self._ask("exit", handle, spec):
                raise
        else:
            self._ask("exit", handle, None)

    def close(self, handle: Handle) -> None:
        """``close()`` or ``aclose()``."""
        self._ask("close", handle)

    def throw(self, handle: Handle, name: str, *args: Any) -> Any:
        """``generator.throw`` of a builtin exception or ``"module:Class"``."""
        return self._ask("throw", handle, name, [*args])

    # -- looking ------------------------------------------------------------------

    def output(self, stream: str = "out") -> str:
        """Text printed to ``out`` or ``err`` since the last look (64 KiB kept)."""
        text: str = self._ask("output", stream)
        return text

    def warnings(self) -> list[tuple[str, str]]:
        """``(category, message)`` of warnings since the last look."""
        found: list[tuple[str, str]] = self._ask("warnings")
        return found

    def imported(self) -> list[str]:
        """Names of the agent's modules that are loaded, as they became ready."""
        names: list[str] = self._ask("imported")
        return names

    def describe(self, target: str | Handle) -> dict[str, Any]:
        """Signature, document text, kind: what the object *says* of itself."""
        found: dict[str, Any] = self._ask("describe", target)
        return found

    def cpu(self) -> float:
        """CPU seconds of the child and of all that it started, from the kernel.

        Daemons count, too, at every level of the box; so does whatever else runs in
        the box since the child began: other children, commands of ``shell``. Take the
        difference around one call. Not counted is work that agent code has done
        outside the box, which only the walled levels prevent, and work cut into
        processes of less than 30 ms each that nobody waits for (``SIGCHLD`` ignored).
        """
        return self.link.meter.seconds()

    # -- threads ------------------------------------------------------------------

    def gate(self) -> Gate:
        """A gate for callbacks to wait at."""
        gate = Gate(self.ending)
        self._gates.append(gate)
        return gate

    def barrier(self, parties: int) -> Barrier:
        """A barrier for callbacks to meet at."""
        barrier = Barrier(parties, self.ending)
        self._gates.append(barrier)
        return barrier

    def open_gates(self) -> None:
        """Let everybody through who waits."""
        for gate in self._gates:
            gate.open()

    def crew(self) -> Crew:
        """Threads of the test, each with its own thread in the child."""
        return Crew(self)

    def traced(
        self,
        handle: Handle,
        call: tuple[Any, ...],
        within: str,
        at: int,
        stop: Callable[[], None],
    ) -> Any:
        """``handle.name(*args)``, stopped once at an opcode; see ``interleavings``."""
        name, *args = call
        return self._ask("traced", handle, name, args, within, at, stop)

    def interleavings(
        self,
        make: Callable[[], Handle],
        first: tuple[Any, ...],
        second: tuple[Any, ...],
        *,
        within: str,
    ) -> Iterator[Interleaving]:
        """Two calls, ``(name, *args)``, in every order with one preemption.

        For k = 1, 2 … the first call, on a fresh ``make()``, stops before its k-th
        opcode inside the file ``within``, or in other code that is not the library's;
        the second runs to its end, or until it waits for the first; then the first goes
        on. Ends after the last opcode; :class:`CodeTooBig` beyond 2000.
        """
        return explore.interleavings(self, make, first, second, within)

    def crash_states(
        self,
        handle: Handle,
        name: str,
        args: Iterable[Any] = (),
        *,
        folder: str,
        within: str = "",
    ) -> list[explore.State]:
        """What a crash during ``handle.name(*args)`` may leave in a folder.

        Its distinct contents at each opcode of the file ``within`` and of other code
        that is not the library's (empty: of the library's, too), and torn writes; more
        than 500 are a :class:`CodeError`. Give each to :meth:`restored`.
        """
        found = self._ask("crash_states", handle, name, [*args], folder, within)
        return explore.crash_states(found)

    def restored(self, state: explore.State, folder: str) -> Code:
        """A fresh child, after the folder was given these files and no others."""
        if self._restored is not None:
            self._restored.finish()
        with contextlib.suppress(FileNotFoundError):
            for path, _ in self._bench.call("list", path=folder, pattern="*"):
                self._bench.call("remove", path=path)
        for path, data in state.items():
            self._bench.call("write", path=f"{folder}/{path}", data=data)
        self._restored = self.spawn()
        return self._restored

    @contextlib.contextmanager
    def raises(self, name: str, match: str = "") -> Iterator[Caught]:
        """The block must raise a :class:`CodeError` of that class or a subclass.

        ``match``: a regular expression to be found in the message.
        """
        self._bench.names.note("exception", name)
        caught = Caught()
        try:
            yield caught
        except CodeError as error:
            caught.error = error
            if not error.is_a(name):
                raise AssertionError(f"expected {name}, got {error}") from error
            if not re.search(match, error.message):
                text = f"expected a message like {match!r}, got {error}"
                raise AssertionError(text) from error
        else:
            raise AssertionError(f"{name} was not raised")
