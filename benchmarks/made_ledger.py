"""Ledgers of runs that nobody played, see ``made_night.py``."""

from __future__ import annotations

import hashlib
import random
from collections.abc import Iterator
from typing import Any

Record = Event = dict[str, Any]
"""As in the files."""
WORDS = (
    "empty large nested sorted missing doubled first last unicode negative rounded "
    "line file record total name header value list key order window"
).split()
CODE = """    for number, line in enumerate(text.splitlines(), 1):
        fields = [part.strip() for part in line.split(",")]
        if len(fields) != len(header):
            raise ValueError(f"line {number}: {len(fields)} fields")
"""
OUTPUT = """==================== test session starts ====================
tests/test_{name}.py::test_{name}_{seed} PASSED
tests/test_{name}.py::test_{name}_of_{seed} FAILED
E   AssertionError: assert {seed} == {name}
1 failed, 11 passed in 0.{seed}s
"""
ARGUMENTS = {
    "read_file": {"path": "{name}.py"},
    "write_file": {"path": "{name}.py", "content": "SIZE = {seed}\n" + 5 * CODE},
    "edit_file": {"path": "{name}.py", "old_text": "{seed}", "new_text": "0"},
    "run_command": {"command": "python -m pytest -q tests/test_{name}.py"},
    "finish": {"summary": "All tests pass.", "status": "done"},
}
TOOLS = [tool for tool in ARGUMENTS if tool != "finish"]
ANSWERS = {
    "read_file": 5 * CODE,
    "write_file": "Wrote {name}.py: 17 lines, 834 bytes.",
    "edit_file": "Edited {name}.py: 1 line.",
    "run_command": "exit status 0 after 0.4 s\n" + 4 * OUTPUT,
    "finish": "Finished: done.",
}
ERRORS = (
    ("edit_file", '"old_text" is not in the file {name}.py. Read the file again.'),
    ("read_file", "There is no file {name}_{seed}.py."),
    ("run_command", "exit status 1 after 0.4 s\n" + 2 * OUTPUT),
    (
        "run_command",
        "exit status 1 after 0.1 s\nTraceback (most recent call last):\n"
        '  File "{name}.py", line {seed}, in <module>\nKeyError: {seed}',
    ),
)


def sha(*words: object) -> str:
    """Some digest that is the same for the same words."""
    return hashlib.sha256(" ".join(map(str, words)).encode()).hexdigest()


def make_events(record: Record, clock: float, rng: random.Random) -> Iterator[Event]:
    """Rounds of one action each; missed runs stumble more. ``clock``: Unix time."""
    stumbles = 0.1 if record["success"] else 0.25
    start = {"run_id": record["run_id"], "agent": "ollama"}
    yield {"event": "started", "time": clock, **start}
    yield {"event": "box", "time": clock + 0.1, "seconds": 0.05}
    each = (record["duration"] - 1) / record["rounds"]
    for number in range(1, record["rounds"] + 1):
        now, last = clock + number * each, number == record["rounds"]
        yield _round(number, now, rng)
        yield _action(number, now, rng, stumbles, last and record["stop"] == "finished")
    end = {"stop": record["stop"], "detail": record["detail"]}
    yield {"event": "loop", "time": now, "seconds": 0.02}
    yield {"event": "stopped", "time": now, **end}
    yield {"event": "finished", "time": now, "result": end}


def _round(number: int, now: float, rng: random.Random) -> Event:
    return {
        "event": "round",
        "time": round(now, 6),
        "number": number,
        "content": "",
        "thinking": f"The test of {rng.choice(WORDS)} wants another {CODE}",
        "calls": 1,
        "prompt_tokens": 1400 + 200 * number,
        "output_tokens": rng.randint(20, 600),
        "seconds": round(rng.uniform(0.2, 3.0), 6),
        "first_token_seconds": 0.3,
        "load_seconds": 0.0,
        "decode_seconds": 0.2,
        "done_reason": "stop",
        "window": 16384,
        "asked_window": 16384,
        "notes": [],
    }


def _action(
    number: int, now: float, rng: random.Random, stumbles: float, ends: bool
) -> Event:
    name, seed = rng.choice(WORDS), str(rng.randint(2, 98))
    wrong = not ends and rng.random() < stumbles
    if wrong:
        tool, said = rng.choice(ERRORS)
    else:
        tool = "finish" if ends else rng.choice(TOOLS)
        said = ANSWERS[tool]

    def filled(text: str) -> str:  # braces of the code stay as they are
        return text.replace("{name}", name).replace("{seed}", seed)

    return {
        "event": "action",
        "time": round(now, 6),
        "round": number,
        "number": number,
        "tool": tool,
        "arguments": {key: filled(text) for key, text in ARGUMENTS[tool].items()},
        "ok": not wrong or tool == "run_command",
        "repaired": [],
        "tags": [],
        "seconds": round(rng.uniform(0.001, 0.4), 6),
        "observation": filled(said),
        "workspace": sha(number, seed),
    }
