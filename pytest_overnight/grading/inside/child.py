"""The child: imports agent code, does what the judge asks, says what came of it."""

from __future__ import annotations

import resource
import sys
from collections.abc import Callable
from posix import _exit as posix_exit
from posix import chdir as posix_chdir
from typing import Any

from pytest_overnight.grading.inside.channel import Line
from pytest_overnight.grading.inside.looking import Pulls
from pytest_overnight.grading.inside.looking import describe
from pytest_overnight.grading.inside.looking import plain
from pytest_overnight.grading.inside.loops import VirtualTime
from pytest_overnight.grading.inside.loops import finish
from pytest_overnight.grading.inside.loops import is_awaitable
from pytest_overnight.grading.inside.modules import Workspace
from pytest_overnight.grading.inside.modules import library
from pytest_overnight.grading.inside.modules import resolve
from pytest_overnight.grading.inside.modules import walk
from pytest_overnight.grading.inside.objects import Forced
from pytest_overnight.grading.inside.objects import class_name
from pytest_overnight.grading.inside.output import Output
from pytest_overnight.grading.inside.tracing import States
from pytest_overnight.grading.inside.tracing import stop_once
from pytest_overnight.grading.inside.tracing import trace
from pytest_overnight.grading.inside.trusted import trusted

MESSAGE_CAP = 4000


def main(sock: Any, arguments: dict[str, Any]) -> None:
    """Serve one hidden test until the judge hangs up.

    ``arguments``: ``folder`` the working folder; ``imports`` whether agent modules may
    be imported; ``cpu_seconds``, ``memory_mb``, ``reply_mb`` limits, or None.
    """
    _limit(arguments)
    _tidy(arguments["folder"])
    reply_cap = (arguments["reply_mb"] or 8) << 20
    line = Line(sock if type(sock) is int else sock.detach(), reply_cap)
    workspace = Workspace(arguments["folder"] if arguments["imports"] else None)
    child = Child(line, workspace, Output())
    line.execute = child.execute
    line.resolve = child.exception_class
    line.describe = child.describe_error
    try:
        line.serve_main()
    finally:
        posix_exit(0)


def _limit(arguments: dict[str, Any]) -> None:
    wanted = (("cpu_seconds", "RLIMIT_CPU", 1), ("memory_mb", "RLIMIT_AS", 1 << 20))
    for name, limit, unit in wanted:
        if arguments[name]:
            amount = arguments[name] * unit
            resource.setrlimit(getattr(resource, limit), (amount, amount))


def _tidy(folder: str) -> None:
    """Leave nothing of the helper's for agent code to look at."""
    posix_chdir(folder)
    sys.argv = [""]
    sys.dont_write_bytecode = True
    sys.modules["__main__"] = type(sys)("__main__")


class Child:
    """The operations of the protocol, one method each (``do_…``)."""

    def __init__(self, line: Line, workspace: Workspace, output: Output) -> None:
        self._line, self._workspace, self._output = line, workspace, output

    def execute(self, operation: str, arguments: list[Any]) -> Any:
        """Do one operation; what it raises is told to the judge."""
        return _METHODS[operation](self, *arguments)

    # -- calling ------------------------------------------------------------------

    def do_call(self, target: Any, args: list[Any], kwargs: dict[str, Any]) -> Any:
        result = resolve(self._workspace, target)(*args, **kwargs)
        return finish(result) if is_awaitable(result) else result

    def do_new(self, target: Any, args: list[Any], kwargs: dict[str, Any]) -> Any:
        result = self.do_call(target, args, kwargs)
        if type(result) in _DATA:
            raise TypeError(f"{target} gave {type(result).__name__}, not an object")
        return Forced(result)

    def do_method(
        self, x: Any, name: str, args: list[Any], kwargs: dict[str, Any]
    ) -> Any:
        result = getattr(x, name)(*args, **kwargs)
        return finish(result) if is_awaitable(result) else result

    def do_value(self, target: str) -> Any:
        return resolve(self._workspace, target)

    def do_ref(self, target: str) -> Any:
        return Forced(resolve(self._workspace, target))

    def do_name(self, x: Any, path: str) -> Any:
        return Forced(walk(x, path))

    def do_make(self, x: Any) -> Any:
        return Forced(x)

    def do_load(self, name: str) -> Any:
        return Forced(self._workspace.load(name))

    # -- handles ------------------------------------------------------------------

    def do_attr(self, x: Any, path: str) -> Any:
        return walk(x, path)

    def do_set_attr(self, x: Any, path: str, value: Any) -> None:
        *before, name = path.split(".")
        setattr(walk(x, ".".join(before)), name, value)

    def do_len(self, x: Any) -> Any:
        return len(x)

    def do_item(self, x: Any, key: Any) -> Any:
        return x[key]

    def do_set_item(self, x: Any, key: Any, value: Any) -> None:
        x[key] = value

    def do_del_item(self, x: Any, key: Any) -> None:
        del x[key]

    def do_contains(self, x: Any, key: Any) -> Any:
        return key in x

    def do_plain(self, x: Any, depth: int) -> Any:
        return plain(x, depth)

    # -- iterators, contexts --------------------------------------------------------

    def do_iterate(self, x: Any) -> Any:
        return Forced(Pulls(x))

    def do_pull(self, pulls: Pulls, most: int) -> Any:
        return pulls.take(most)

    def do_enter(self, x: Any) -> Any:
        kind = type(x)
        if hasattr(kind, "__aenter__") and not hasattr(kind, "__enter__"):
            return finish(kind.__aenter__(x))
        return kind.__enter__(x)

    def do_exit(self, x: Any, raised: list[Any] | None) -> bool:
        kind = type(x)
        details: tuple[Any, ...] = (None, None, None)
        if raised is not None:
            error = self.exception_class(raised[0])(*raised[1])
            details = (type(error), error, None)
        if hasattr(kind, "__aenter__") and not hasattr(kind, "__enter__"):
            return bool(finish(kind.__aexit__(x, *details)))
        return bool(kind.__exit__(x, *details))

    def do_close(self, x: Any) -> None:
        if hasattr(x, "aclose"):
            finish(x.aclose())
        else:
            result = x.close()
            if is_awaitable(result):
                finish(result)

    def do_throw(self, x: Any, name: str, args: list[Any]) -> Any:
        error = self.exception_class(name)(*args)
        if hasattr(x, "athrow"):
            return finish(x.athrow(error))
        return x.throw(error)

    # -- looking ------------------------------------------------------------------

    def do_output(self, stream: str) -> str:
        return self._output.take(stream)

    def do_warnings(self) -> list[tuple[str, str]]:
        return self._output.take_warnings()

    def do_imported(self) -> list[str]:
        return self._workspace.imported()

    def do_describe(self, target: Any) -> dict[str, Any]:
        return describe(library("inspect"), resolve(self._workspace, target))

    def do_threads(self) -> None:
        # By the main thread: the module takes its first importer for the main one.
        library("threading")
        self._line.open_threads()

    def do_traced(
        self,
        x: Any,
        name: str,
        args: list[Any],
        within: str,
        at: int,
        stop: Callable[[], Any],
    ) -> Any:
        return trace(
            lambda: self.do_method(x, name, args, {}), within, stop_once(at, stop)
        )

    def do_crash_states(
        self, x: Any, name: str, args: list[Any], folder: str, within: str
    ) -> Any:
        states = States(folder)
        trace(lambda: self.do_method(x, name, args, {}), within, states.look)
        states.look()
        return states.found

    def do_virtual_loop(self) -> None:
        VirtualTime.on = True

    def do_loop_time(self) -> float:
        return VirtualTime.now

    def do_define(self, name: str, source: str) -> Any:
        namespace = type(sys)(name)
        sys.modules[name] = namespace
        code = compile(source, f"<{name}>", "exec")
        trusted.add(code)
        exec(code, namespace.__dict__)
        return Forced(namespace)

    # -- exceptions ---------------------------------------------------------------

    def exception_class(self, name: str) -> Any:
        """``TimeoutError`` or ``jobs:Fatal`` to the class."""
        if ":" in name:
            return resolve(self._workspace, name)
        return _BUILTINS[name]

    def describe_error(self, error: BaseException) -> list[Any]:
        """Type, message, module, names of the MRO, place: plain text each."""
        kind = type(error)
        module, _, _ = class_name(kind).partition(":")
        bases = [_error_name(c) for c in type.mro(kind)][:40]
        try:
            message = str(error)
            message = str.__getitem__(message, slice(MESSAGE_CAP))
        except BaseException:
            message = "(the message could not be read)"
        try:
            place = self._workspace.place(error)
        except BaseException:
            place = ""
        return [bases[0], message, module, bases, place]


def _error_name(kind: type) -> str:
    """Its name; with the module where only the name is that of a builtin."""
    name: str = type.__dict__["__name__"].__get__(kind)
    return name if _BUILTINS.get(name, kind) is kind else class_name(kind)


_BUILTINS: dict[str, Any] = dict(sys.modules["builtins"].__dict__)
_METHODS: dict[str, Callable[..., Any]] = {
    name[3:]: method
    for name, method in Child.__dict__.items()
    if name.startswith("do_")
}
_DATA = {type(None), bool, int, float, complex, str, bytes, bytearray}
_DATA |= {list, tuple, dict, set, frozenset, range}
