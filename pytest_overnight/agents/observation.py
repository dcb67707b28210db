"""What the model is told after a call: printable, and never longer than a cap."""

from __future__ import annotations

import re
import signal
from dataclasses import dataclass
from typing import Any

from pytest_overnight.records.plain import shortened

HEAD_SHARE = 0.75
"""Part of a shortened answer taken from its beginning; the rest is its end."""
NOTICE_CHARS = 80
"""Room for the line that says what is missing."""


@dataclass(frozen=True, slots=True)
class Observation:
    """What the model is told after one call."""

    text: str
    ok: bool = True
    """False: the call itself failed. A command that ran and exited with 1 is well."""
    repair: str = ""
    """What was forgiven while the tool ran; empty for nothing."""
    tags: frozenset[str] = frozenset()


def shorten(text: str, cap: int, hint: str = "", dropped: int = 0) -> str:
    """Keep the beginning and the end; say how much is missing and what to do.

    At most ``cap`` characters come back, which must be well above the notice's own.
    ``dropped``: how much was taken out of the middle of ``text`` before.
    """
    if len(text) <= cap:
        return text
    kept = cap - NOTICE_CHARS - len(hint)
    head = int(kept * HEAD_SHARE)
    more = f"; {hint}" if hint else ""
    notice = f"\n… {len(text) + dropped - kept} characters cut{more} …\n"
    return text[:head] + notice + text[len(text) - (kept - head) :]


_ESCAPES = re.compile(
    r"\x1b(?:\[[0-9:;<=>?]*[ -/]*[@-~]|\][^\x07\x1b\n]*(?:\x07|\x1b\\)?)"
)
"""Colours, cursor movements and titles, as terminals take them."""
_UNSEEN = dict.fromkeys({*range(32), *range(127, 160)} - {9, 10}, "\ufffd")
"""Control characters but for tab and line end, in the form that ``translate`` takes."""


def printable(output: bytes) -> str:
    """What a command wrote, as a reader of the terminal would have seen it."""
    text = _ESCAPES.sub("", output.decode("utf-8", "replace"))
    # What a carriage return goes back over is gone: bars of progress.
    lines = (line.rstrip("\r").rpartition("\r")[2] for line in text.split("\n"))
    return "\n".join(lines).translate(_UNSEEN)


def status_text(status: int) -> str:
    """How a command ended; a negative status is a signal's number."""
    if status >= 0:
        return f"exit status {status}"
    try:
        return f"ended by signal {signal.Signals(-status).name}"
    except ValueError:
        return f"ended by signal {-status}"


def observation_cap(window: int) -> int:
    """Most characters of one answer, for a context window of so many tokens."""
    return 3200 if window <= 4096 else 6000 if window <= 8192 else 12000


def line_for(tool: str, arguments: dict[str, Any], text: str, ok: bool) -> str:
    """One line that stands for an answer once the answer itself is dropped.

    ``text`` is the observation. At most 160 printable characters.
    """
    given = arguments.get("command", arguments.get("path", ""))
    about = given if isinstance(given, str) else ""
    first = text.partition("\n")[0]
    if not ok:
        result = "error: " + first.removeprefix(f"{about}: ")
    elif tool in _ROWS:
        row, unit = _ROWS[tool]
        result = _count(len(row.findall(text)), unit)
    else:
        result = first.removeprefix(f"Wrote {about}: ").removesuffix(":")
    call = shortened(f"{tool} {about}".rstrip(), 80)
    return shortened(f"{call} → {result}", 160)


_ROWS = {
    "list_files": (re.compile(r"^ *[0-9]+  ", re.MULTILINE), "file"),
    "read_file": (re.compile(r"^ *[0-9]+\| ", re.MULTILINE), "line"),
}
"""Tool → what a row of its answer begins with, and stands for."""


def _count(number: int, unit: str) -> str:
    return f"{number} {unit}" + "s" * (number != 1)
