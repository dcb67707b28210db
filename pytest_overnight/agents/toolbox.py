"""The six tools over a box.

Everything that touches files or runs commands happens in the box. Answers are prompts:
short, one cause, one next step, and never longer than a cap.
"""

from __future__ import annotations

import difflib
import posixpath
import signal
from collections.abc import Callable
from typing import Any

from pytest_overnight.agents.edits import EditError
from pytest_overnight.agents.edits import apply_edit
from pytest_overnight.agents.observation import Observation
from pytest_overnight.agents.observation import printable
from pytest_overnight.agents.observation import shorten
from pytest_overnight.agents.observation import status_text
from pytest_overnight.agents.tools import READ_LINES
from pytest_overnight.agents.watch import HIDDEN
from pytest_overnight.sandbox.box import EXCEEDED
from pytest_overnight.sandbox.box import Box
from pytest_overnight.sandbox.box import CommandResult
from pytest_overnight.sandbox.inside.command import MOST_DRAINED

LIST_CAP = 200
LINE_CHARS = 2000
EDIT_BYTES = 2_000_000
"""Largest file that edit_file takes into memory as lines."""
CHECK_BYTES = 200_000


class ToolError(Exception):
    """A call that failed; the text is for the model."""

    def __init__(self, text: str, *tags: str) -> None:
        super().__init__(text)
        self.tags = frozenset(tags)


class Toolbox:
    """The tools over one box."""

    def __init__(self, box: Box, *, command_timeout: float, cap: int) -> None:
        """``command_timeout`` seconds; ``cap``: most characters of one answer."""
        self._box = box
        self._command_timeout = command_timeout
        self._cap = cap

    def use(self, tool: str, arguments: dict[str, Any], seconds: float) -> Observation:
        """Carry out one well-formed call within ``seconds``.

        Raises :class:`pytest_overnight.sandbox.box.BoxError` alone.
        """
        try:
            text, repair = self._carry_out(tool, arguments, seconds)
            return Observation(self._presentable(text), repair=repair)
        except ToolError as error:
            text, tags = str(error), error.tags
        except EditError as error:
            text, tags = f"{arguments['path']}: {error}", frozenset[str]()
        except OSError as error:
            text, tags = self._refused(error, tool, arguments), frozenset[str]()
        return Observation(self._presentable(text), ok=False, tags=tags)

    def _carry_out(
        self, tool: str, arguments: dict[str, Any], seconds: float
    ) -> tuple[str, str]:
        """The answer, and what was forgiven."""
        if tool == "edit_file":
            return self._edit_file(**arguments)
        if tool == "run_command":
            return self._run_command(seconds, **arguments), ""
        simple: dict[str, Callable[..., str]] = {
            "list_files": self._list_files,
            "read_file": self._read_file,
            "write_file": self._write_file,
            "finish": self._finish,
        }
        return simple[tool](**arguments), ""

    def _presentable(self, text: str) -> str:
        # File names may hold bytes that are no text; no message may.
        return shorten(text.encode("utf-8", "replace").decode(), self._cap)

    def _list_files(self, path: str = ".", pattern: str = "") -> str:
        rows = [
            (name, size)
            for name, size in self._box.call(
                "list", path=_inside(path), pattern=pattern or "*"
            )
            if HIDDEN.isdisjoint(name.split("/"))
        ]
        if not rows:
            match = f" that match {pattern}" if pattern else ""
            return f"{path}: no files{match}."
        lines = [f"{size:>8}  {name}" for name, size in sorted(rows)[:LIST_CAP]]
        shown = _fitting(lines, self._cap - 200)
        if more := len(rows) - len(shown):
            shown.append(f"… {more} more: name a folder or a pattern to narrow it.")
        return "\n".join(shown)

    def _read_file(
        self, path: str, start_line: int = 1, end_line: int | None = None
    ) -> str:
        text = self._bytes(path).decode("utf-8", "replace")
        lines = [line.removesuffix("\r") for line in text.split("\n")]
        if lines[-1] == "":
            lines.pop()
        if not lines:
            return f"{path} is empty."
        first = max(1, start_line)
        last = end_line if end_line and end_line > 0 else len(lines)
        if first > len(lines):
            raise ToolError(f"{path} has only {len(lines)} lines.")
        if last < first:
            raise ToolError(f"end_line {last} is before start_line {first}.")
        wanted = range(first, min(len(lines), last, first + READ_LINES - 1) + 1)
        rows = [
            f"{number:>4}| {shorten(lines[number - 1], LINE_CHARS)}"
            for number in wanted
        ]
        shown = _fitting(rows, self._cap - 200)
        until = first + len(shown) - 1
        if until < min(len(lines), last):
            shown.append(
                f"… {path} has {len(lines)} lines; go on with start_line {until + 1}."
            )
        return "\n".join(shown)

    def _write_file(self, path: str, content: str) -> str:
        data = content.encode("utf-8", "replace")
        self._box.call("write", path=_inside(path), data=data)
        lines = content.count("\n") + (not content.endswith("\n") and content != "")
        unit = "line" if lines == 1 else "lines"
        wrote = f"Wrote {path}: {lines} {unit}, {len(data)} bytes."
        return " ".join(filter(None, [wrote, self._syntax(path, len(data))]))

    def _edit_file(
        self, path: str, old_text: str, new_text: str, replace_all: bool = False
    ) -> tuple[str, str]:
        before = self._bytes(path, EDIT_BYTES)
        # Bytes that are no text elsewhere in the file stay what they are.
        text = before.decode("utf-8", "surrogateescape")
        new_text = new_text.encode("utf-8", "replace").decode()
        edit = apply_edit(text, old_text, new_text, replace_all)
        data = edit.text.encode("utf-8", "surrogateescape")
        self._box.call("write", path=_inside(path), data=data)
        lines = edit.text.split("\n")
        last = min(len(lines), edit.first_line + edit.lines + 1)
        numbers = range(max(1, edit.first_line - 2), last + 1)
        region = "\n".join(f"{n:>4}| {lines[n - 1]}" for n in numbers)
        places = "" if edit.count == 1 else f" in {edit.count} places, the first"
        answer = [f"Changed {path}{places}:", shorten(region, self._cap - 400)]
        answer += filter(None, [self._syntax(path, len(data))])
        return "\n".join(answer), edit.repair

    def _syntax(self, path: str, size: int) -> str:
        """What Python cannot read in a file of its own; empty when all is well."""
        if not path.endswith(".py") or size > CHECK_BYTES:
            return ""
        try:
            found = self._box.call("check", path=_inside(path))
        except OSError:  # the check itself was killed, or the file is gone already
            return ""
        line, _, problem = printable(found.encode()).partition(" ")
        return f"Python cannot read line {line}: {problem}." if problem else ""

    def _run_command(
        self, seconds: float, command: str, timeout: int | None = None
    ) -> str:
        wanted = timeout if timeout and timeout > 0 else self._command_timeout
        limit = max(0.1, min(wanted, self._command_timeout, seconds))
        result = self._box.run(command, timeout=limit, merge=True)
        output = shorten(
            printable(result.out),
            self._cap - 200,
            "use head, tail or grep to narrow it",
            result.dropped_bytes,
        )
        _check_not_killed(result, limit, output)
        status = status_text(result.status)
        return f"{status} after {result.seconds:.1f} s\n{output}".rstrip()

    def _finish(self, summary: str = "", status: str = "done") -> str:
        return f"Finished: {status}."

    def _bytes(self, path: str, limit: int | None = None) -> bytes:
        data: bytes = self._box.call("read", path=_inside(path))
        if b"\0" in data[:8192]:
            raise ToolError(f"{path} is not text ({len(data)} bytes): use run_command.")
        if limit is not None and len(data) > limit:
            raise ToolError(f"{path} is too large for edit_file: use run_command.")
        return data

    def _refused(self, error: OSError, tool: str, arguments: dict[str, Any]) -> str:
        path = arguments.get("path", "the command")
        if isinstance(error, FileNotFoundError):
            create = " To create it, call write_file." if tool == "edit_file" else ""
            return f"{path} does not exist.{create}{self._similar(path)}"
        if isinstance(error, IsADirectoryError):
            return f"{path} is a folder: use list_files."
        return f"{path}: {error.strerror or error}."

    def _similar(self, path: str) -> str:
        """Up to ten file names that may have been meant."""
        try:
            rows = self._box.call("list", path=".", pattern="*")
        except OSError:
            return ""
        names = [n for n, _ in rows if HIDDEN.isdisjoint(n.split("/"))][:500]
        base = posixpath.basename(path)
        close = [n for n in names if posixpath.basename(n) == base]
        close += difflib.get_close_matches(path, names, n=10, cutoff=0.6)
        close = list(dict.fromkeys(close))[:10] or sorted(names)[:10]
        if not close:
            return " The working folder is empty."
        return f" Files there are: {', '.join(close)}"


def _check_not_killed(result: CommandResult, limit: float, output: str) -> None:
    after = f"Killed after {result.seconds:.1f} s"
    written = result.dropped_bytes + len(result.out)
    if result.timed_out:
        until = f"Output until then:\n{output}" if output else "It wrote nothing."
        raise ToolError(
            f"Killed after its limit of {limit:g} s. Nothing may wait for input "
            f"or run for ever. {until}",
            "command_timeout",
        )
    if result.limit:
        raise ToolError(
            f"{after}: {EXCEEDED[result.limit]}. "
            "Do it in smaller parts, and remove what is not needed.",
            "command_limit",
        )
    if result.status == -signal.SIGKILL and written > MOST_DRAINED:
        raise ToolError(
            f"{after}: it wrote more than {MOST_DRAINED >> 20} MB. "
            f"Send output to a file, or narrow it. Output until then:\n{output}",
            "command_limit",
        )


def _fitting(rows: list[str], cap: int) -> list[str]:
    """The first rows that fit into ``cap`` characters, at least one."""
    chars = 0
    for number, row in enumerate(rows):
        chars += len(row) + 1
        if number and chars > cap:
            return rows[:number]
    return rows


def _inside(path: str) -> str:
    """``path`` if it cannot lead out of the working folder by its letters alone."""
    plain = posixpath.normpath(path)
    if "\0" in path:
        raise ToolError("A path cannot hold a NUL character.")
    if plain == ".." or plain.startswith(("/", "../")):
        raise ToolError(
            f"{path} is outside the working folder. Give a path relative to it.",
            "escape_attempt",
        )
    return plain
