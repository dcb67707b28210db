"""The six tools of the built-in agent: what they are called, take, do and answer.

Everything that touches files or runs commands happens in the box. Answers are prompts:
short, one cause, one next step, and never longer than a cap.
"""

from __future__ import annotations

import difflib
import posixpath
import signal
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from pytest_overnight.agents.edits import EditError
from pytest_overnight.agents.edits import apply_edit
from pytest_overnight.sandbox.box import EXCEEDED
from pytest_overnight.sandbox.box import Box

LIST_CAP = 200
READ_LINES = 400
LINE_CHARS = 2000
EDIT_BYTES = 2_000_000
"""Largest file that edit_file takes into memory as lines."""
HIDDEN = {"__pycache__", ".git", ".pytest_cache", ".mypy_cache", ".ruff_cache"}
HEAD_SHARE = 0.75
"""Part of a shortened answer taken from its beginning; the rest is its end."""


@dataclass(frozen=True, slots=True)
class Parameter:
    """One argument of a tool; flat types only, more does not reach the model."""

    type: str
    """``string``, ``integer`` or ``boolean``."""
    description: str
    required: bool = False
    choices: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Tool:
    """One tool as the model is told of it."""

    description: str
    parameters: dict[str, Parameter]

    @property
    def required(self) -> list[str]:
        """Names of the arguments that must be given."""
        return [name for name, p in self.parameters.items() if p.required]


TOOLS = {
    "list_files": Tool(
        "List the files below a folder, with sizes in bytes.",
        {
            "path": Parameter("string", "Folder; the working folder if left out."),
            "pattern": Parameter("string", "Only names that match, such as *.py"),
        },
    ),
    "read_file": Tool(
        f"Read a text file with line numbers, at most {READ_LINES} lines a call.",
        {
            "path": Parameter("string", "File to read.", required=True),
            "start_line": Parameter("integer", "First line, from 1."),
            "end_line": Parameter("integer", "Last line, inclusive."),
        },
    ),
    "write_file": Tool(
        "Create a file or replace all of it. Folders are made as needed.",
        {
            "path": Parameter("string", "File to write.", required=True),
            "content": Parameter("string", "The whole text.", required=True),
        },
    ),
    "edit_file": Tool(
        "Replace one exact piece of text in a file. Best for changes to long files.",
        {
            "path": Parameter("string", "File to change.", required=True),
            "old_text": Parameter(
                "string", "Exact lines from the file, found only once.", required=True
            ),
            "new_text": Parameter("string", "What replaces them.", required=True),
            "replace_all": Parameter("boolean", "Replace every place, not just one."),
        },
    ),
    "run_command": Tool(
        "Run a shell command in the working folder. Nothing may wait for input.",
        {
            "command": Parameter("string", "What to run, with sh -c.", required=True),
            "timeout": Parameter("integer", "Seconds after which it is killed."),
        },
    ),
    "finish": Tool(
        "End the work. Call it once everything is done, or nothing more can be.",
        {
            "summary": Parameter("string", "What was done, in a sentence or two."),
            "status": Parameter(
                "string",
                "done, or blocked if the task cannot be done.",
                choices=("done", "blocked"),
            ),
        },
    ),
}


def schemas() -> list[dict[str, Any]]:
    """The tools as JSON schemas, in the form that model servers take."""
    return [_schema(name, tool) for name, tool in TOOLS.items()]


def _schema(name: str, tool: Tool) -> dict[str, Any]:
    properties: dict[str, Any] = {}
    for key, parameter in tool.parameters.items():
        properties[key] = {
            "type": parameter.type,
            "description": parameter.description,
        }
        if parameter.choices:
            properties[key]["enum"] = list(parameter.choices)
    parameters = {
        "type": "object",
        "properties": properties,
        "required": tool.required,
    }
    function = {
        "name": name,
        "description": tool.description,
        "parameters": parameters,
    }
    return {"type": "function", "function": function}


@dataclass(frozen=True, slots=True)
class Observation:
    """What the model is told after one call."""

    text: str
    ok: bool = True
    """False: the call itself failed. A command that ran and exited with 1 is well."""
    repair: str = ""
    """What was forgiven while the tool ran; empty for nothing."""
    tags: frozenset[str] = frozenset()


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
            text, tags = self._refused(error, arguments), frozenset[str]()
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
        if len(rows) > LIST_CAP:
            more = len(rows) - LIST_CAP
            lines.append(f"… {more} more: name a folder or a pattern to narrow it.")
        return "\n".join(lines)

    def _read_file(
        self, path: str, start_line: int = 1, end_line: int | None = None
    ) -> str:
        lines = self._text(path).split("\n")
        if lines[-1] == "" and len(lines) > 1:
            lines.pop()
        first = max(1, start_line)
        last = min(len(lines), end_line or len(lines), first + READ_LINES - 1)
        if first > len(lines):
            raise ToolError(f"{path} has only {len(lines)} lines.")
        shown: list[str] = []
        chars = 0
        for number in range(first, last + 1):
            line = f"{number:>4}| {shorten(lines[number - 1], LINE_CHARS)}"
            chars += len(line) + 1
            if shown and chars > self._cap - 200:
                break
            shown.append(line)
        until = first + len(shown) - 1
        if until < len(lines) and until < (end_line or len(lines)):
            shown.append(
                f"… {path} has {len(lines)} lines; go on with start_line {until + 1}."
            )
        return "\n".join(shown)

    def _write_file(self, path: str, content: str) -> str:
        data = content.encode("utf-8", "replace")
        self._box.call("write", path=_inside(path), data=data)
        lines = content.count("\n") + (not content.endswith("\n") and content != "")
        unit = "line" if lines == 1 else "lines"
        return f"Wrote {path}: {lines} {unit}, {len(data)} bytes."

    def _edit_file(
        self, path: str, old_text: str, new_text: str, replace_all: bool = False
    ) -> tuple[str, str]:
        edit = apply_edit(self._text(path, EDIT_BYTES), old_text, new_text, replace_all)
        data = edit.text.encode("utf-8", "replace")
        self._box.call("write", path=_inside(path), data=data)
        lines = edit.text.split("\n")
        last = min(len(lines), edit.first_line + edit.lines + 1)
        numbers = range(max(1, edit.first_line - 2), last + 1)
        region = "\n".join(f"{n:>4}| {lines[n - 1]}" for n in numbers)
        places = "" if edit.count == 1 else f" in {edit.count} places, the first"
        return f"Changed {path}{places}:\n{region}", edit.repair

    def _run_command(
        self, seconds: float, command: str, timeout: int | None = None
    ) -> str:
        wanted = timeout if timeout and timeout > 0 else self._command_timeout
        limit = max(0.1, min(wanted, self._command_timeout, seconds))
        result = self._box.run(command, timeout=limit, merge=True)
        output = result.out.decode("utf-8", "replace")
        output = shorten(output, self._cap - 200, "use head, tail or grep to narrow it")
        if result.timed_out:
            raise ToolError(
                f"Killed after its limit of {limit:g} s. Nothing may wait for input "
                f"or run for ever. Output until then:\n{output}",
                "command_timeout",
            )
        if result.limit:
            raise ToolError(
                f"Killed after {result.seconds:.1f} s: {EXCEEDED[result.limit]}. "
                "Do it in smaller parts, and remove what is not needed.",
                "command_limit",
            )
        status = _status(result.status)
        return f"{status} after {result.seconds:.1f} s\n{output}".rstrip()

    def _finish(self, summary: str = "", status: str = "done") -> str:
        return f"Finished: {status}."

    def _text(self, path: str, limit: int | None = None) -> str:
        data: bytes = self._box.call("read", path=_inside(path))
        if b"\0" in data[:8192]:
            raise ToolError(f"{path} is not text ({len(data)} bytes).")
        if limit is not None and len(data) > limit:
            raise ToolError(f"{path} is too large for edit_file: use run_command.")
        return data.decode("utf-8", "replace")

    def _refused(self, error: OSError, arguments: dict[str, Any]) -> str:
        path = arguments.get("path", "the command")
        if isinstance(error, FileNotFoundError):
            return f"{path} does not exist.{self._similar(path)}"
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


NOTICE_CHARS = 80
"""Room for the line that says what is missing."""


def shorten(text: str, cap: int, hint: str = "") -> str:
    """Keep the beginning and the end; say how much is missing and what to do.

    At most ``cap`` characters come back, which must be well above the notice's own.
    """
    if len(text) <= cap:
        return text
    kept = cap - NOTICE_CHARS - len(hint)
    head = int(kept * HEAD_SHARE)
    more = f"; {hint}" if hint else ""
    notice = f"\n… {len(text) - kept} characters cut{more} …\n"
    return text[:head] + notice + text[len(text) - (kept - head) :]


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


def _status(status: int) -> str:
    if status >= 0:
        return f"exit status {status}"
    try:
        return f"ended by signal {signal.Signals(-status).name}"
    except ValueError:
        return f"ended by signal {-status}"
