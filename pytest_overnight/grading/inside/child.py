"""The child: imports agent code, does what the judge asks, says what came of it."""

from __future__ import annotations

import sys
from collections.abc import Callable
from posix import _exit as posix_exit
from posix import chdir as posix_chdir
from typing import Any

from pytest_overnight.grading.inside.channel import Line
from pytest_overnight.grading.inside.loops import finish
from pytest_overnight.grading.inside.loops import is_awaitable
from pytest_overnight.grading.inside.modules import Workspace
from pytest_overnight.grading.inside.modules import library
from pytest_overnight.grading.inside.modules import resolve
from pytest_overnight.grading.inside.modules import walk
from pytest_overnight.grading.inside.objects import Forced
from pytest_overnight.grading.inside.objects import class_name
from pytest_overnight.grading.inside.output import Output

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
            import resource

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

    def do_define(self, name: str, source: str) -> Any:
        namespace = type(sys)(name)
        sys.modules[name] = namespace
        exec(compile(source, f"<{name}>", "exec"), namespace.__dict__)
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
        bases = [c.__name__ for c in type.mro(kind)][:40]
        try:
            message = str(error)
            message = str.__getitem__(message, slice(MESSAGE_CAP))
        except BaseException:
            message = "(the message could not be read)"
        try:
            place = self._workspace.place(error)
        except BaseException:
            place = ""
        name = type.__dict__["__name__"].__get__(kind)
        return [name, message, module, bases, place]


_BUILTINS: dict[str, Any] = dict(sys.modules["builtins"].__dict__)
_METHODS: dict[str, Callable[..., Any]] = {
    name[3:]: method
    for name, method in Child.__dict__.items()
    if name.startswith("do_")
}
_DATA = {type(None), bool, int, float, complex, str, bytes, bytearray}
_DATA |= {list, tuple, dict, set, frozenset, range}


class Pulls:
    """An iterator, sync or async, pulled a few items at a time."""

    def __init__(self, x: Any) -> None:
        self._later: BaseException | None = None
        if hasattr(type(x), "__aiter__"):
            turns = type(x).__aiter__(x)
            self._next: Any = lambda: finish(type(turns).__anext__(turns))
        else:
            self._next = iter(x).__next__

    def take(self, most: int) -> list[Any]:
        """``[items, ended]``; an exception waits until the items before it are out."""
        found: list[Any] = []
        if self._later is not None:
            error, self._later = self._later, None
            raise error
        while len(found) < most:
            try:
                found.append(self._next())
            except (StopIteration, StopAsyncIteration):
                return [found, True]
            except BaseException as error:
                if not found:
                    raise
                self._later = error
                break
        return [found, False]


def plain(x: Any, depth: int) -> Any:
    """Data as it is; a dataclass or object as a dict of its fields, ``depth`` deep."""
    kind = type(x)
    if depth < 1 or kind in (type(None), bool, int, float, str, bytes):
        return x
    for base in (dict, list, tuple, set, frozenset):
        if base in type.mro(kind):
            return _plain_inside(x, base, depth)
    names = _fields(x)
    if names is None:
        return list(x) if hasattr(kind, "__iter__") else x
    return {n: plain(getattr(x, n), depth - 1) for n in names if hasattr(x, n)}


def _plain_inside(x: Any, base: Any, depth: int) -> Any:
    if base is dict:
        return {k: plain(v, depth - 1) for k, v in dict.items(x)}
    if base in (list, tuple):
        return base(plain(y, depth - 1) for y in base.__iter__(x))
    return base().union(x)


def _fields(x: Any) -> list[str] | None:
    """Declared order for a dataclass, else ``vars`` and slots; None without either."""
    kind = type(x)
    if hasattr(kind, "__dataclass_fields__"):
        return list(kind.__dataclass_fields__)
    slots = [c.__dict__.get("__slots__", ()) for c in reversed(type.mro(kind))]
    names = [n for s in slots for n in ([s] if type(s) is str else s)]
    names = [n for n in names if n not in ("__dict__", "__weakref__")]
    if hasattr(x, "__dict__"):
        return names + [n for n in x.__dict__ if n not in names]
    return names or None


def describe(inspect: Any, x: Any) -> dict[str, Any]:
    """What an object says of itself: claims, not facts."""
    try:
        parameters = inspect.signature(x).parameters.values()
        signature = str(inspect.signature(x))
    except (TypeError, ValueError):
        parameters, signature = (), ""
    return {
        "type": class_name(type(x)),
        "name": str(getattr(x, "__name__", "")),
        "module": str(getattr(x, "__module__", "")),
        "doc": inspect.getdoc(x),
        "signature": signature,
        "parameters": [
            (p.name, p.kind.name.lower(), p.default is not p.empty) for p in parameters
        ],
        "is_async": inspect.iscoroutinefunction(x) or inspect.isasyncgenfunction(x),
        "is_generator": inspect.isgeneratorfunction(x),
        "is_class": isinstance(x, type),
        "bases": [c.__name__ for c in type.mro(x)] if isinstance(x, type) else [],
    }
