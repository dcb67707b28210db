"""Agent code that clings to life, and the model that writes it."""

from __future__ import annotations

import shlex
import tempfile
import time
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from tests.security import machine
from tests.support.suites import write_suite

LIFETIME = 90
"""Seconds after which what clings lets go by itself, should a wall fail."""

CLINGING = f"""\
import os, signal, sys, time

# Three daemons, each the child of a child of the one before, deaf to everything.
for number in range(1, 65):
    try:
        signal.signal(number, signal.SIG_IGN)
    except (OSError, ValueError):
        pass
end = time.monotonic() + {LIFETIME}
for generation in range(4):
    if generation:
        os.setsid()
        if os.fork():
            os._exit(0)
    if generation < 3 and os.fork():
        break
if "stop" in sys.argv:
    os.kill(os.getpid(), signal.SIGSTOP)
while time.monotonic() < end:
    time.sleep(1)
"""
"""Python: a process that neither ends nor lets itself be ended, and its daemons."""
PROCESSES = 4

SOLUTION = "def answer():\n    return 42\n"


def cling(word: str, *more: str) -> list[str]:
    """A command with a word that shows in the arguments of all it starts."""
    return ["python", "-c", CLINGING, word, *more]


def in_shell(argv: list[str]) -> str:
    """The same for ``sh -c``, which stays and waits."""
    return f"{shlex.join(argv)}; true"


def in_answer(argv: list[str]) -> str:
    """The same as an answer to a challenge."""
    return f"import subprocess\n\n\ndef answer():\n    subprocess.run({argv})\n"


def clings(word: str) -> bool:
    """Whether all of it is planted."""
    planted = [pid for pid in machine.marked(word) if _is_planted(pid)]
    return len(planted) >= PROCESSES


def _is_planted(pid: int) -> bool:
    try:
        words = Path(f"/proc/{pid}/cmdline").read_bytes().split(b"\0")
    except OSError:
        return False
    return words[:2] == [b"python", b"-c"]


def prepare_for_ever(payload: dict[str, Any]) -> Any:
    """A warm server's target that never gets ready."""
    with tempfile.TemporaryDirectory() as folder:
        Path(folder, "prepares").touch()
        time.sleep(LIFETIME)


# -- the model ----------------------------------------------------------------------


def call(tool: str, **arguments: Any) -> dict[str, Any]:
    """One turn with one tool call."""
    return {"tool_calls": [{"name": tool, "arguments": arguments}]}


FINISH = call("finish", summary="done", status="done")


def solve(answer: str = SOLUTION) -> list[dict[str, Any]]:
    """Turns that write an answer and finish."""
    return [call("write_file", path="answer.py", content=answer), FINISH]


def conversations(*turns: list[dict[str, Any]]) -> dict[str, Any]:
    """For a model server: what is said in the first challenge, the second, …."""
    rows = [
        {"when": f"This is task {challenge_id}.", "turns": one}
        for challenge_id, one in zip(ids(len(turns)), turns, strict=True)
    ]
    return {"conversations": rows}


def ids(count: int) -> list[str]:
    """Challenge ids in the order in which they are played."""
    return [f"L3-{number}" for number in range(1, count + 1)]


def lay_suite(folder: Path, names: Iterable[str], **limits: float) -> Path:
    """Tiny challenges that a model can tell apart; some may be there already.

    ``limits``: seconds for ``working`` and for ``verifying``.
    """
    there = {path.parent.name for path in folder.glob("*/task.toml")}
    suite = write_suite(folder, [n for n in names if f"{n}-tiny" not in there])
    for task in suite.glob("*/task.toml"):
        challenge_id = "-".join(task.parent.name.split("-")[:2])
        text = f"This is task {challenge_id}.\n"
        task.with_name("instruction.md").write_text(text)
        for part, seconds in limits.items():
            table = {"working": "[agent]\n", "verifying": "[verifier]\n"}[part]
            head, section, rest = task.read_text().partition(table)
            _, newline, tail = rest.partition("\n")
            lines = f"{head}{section}timeout_sec = {seconds:.1f}{newline}{tail}"
            task.write_text(lines)
    return suite
