"""Turns of a scripted model, good and bad, and scripts that never run out."""

from __future__ import annotations

import itertools
import sys
import time
from collections.abc import Callable
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from tests.support.ollama_wire import Turn

START = "def answer():\n    return None\n"
"""What the workspace's answer.py says when a run begins."""
RIGHT = "def answer():\n    return 42\n"
WRONG = "def answer():\n    return 41\n"

Acts = dict[str, Any]
"""One turn as plain data."""


def act(tool: str, **arguments: Any) -> Acts:
    """A turn with one tool call."""
    return acts(call(tool, **arguments))


def acts(*calls: dict[str, Any]) -> Acts:
    """A turn with several tool calls."""
    return {"thinking": "Let me go on.", "tool_calls": list(calls)}


def call(tool: str, **arguments: Any) -> dict[str, Any]:
    """One tool call of a turn."""
    return {"name": tool, "arguments": arguments}


def write(text: str, path: str = "answer.py") -> Acts:
    """A turn that writes a whole file."""
    return act("write_file", path=path, content=text)


def read(path: str = "answer.py", **lines: int) -> Acts:
    """A turn that reads a file."""
    return act("read_file", path=path, **lines)


def run(command: str, **more: int) -> Acts:
    """A turn that runs a command."""
    return act("run_command", command=command, **more)


def say(text: str) -> Acts:
    """A turn of text alone."""
    return {"content": text}


def late(seconds: float, turn: Acts) -> Acts:
    """The same turn, that many seconds later."""
    return {**turn, "delay": seconds}


def attempt(number: int) -> Acts:
    """A turn that writes an answer nobody has given before, and a wrong one."""
    return write(f"def answer():\n    return {1000 + number}\n")


def refused(status: int, error: str) -> Acts:
    """No turn: the server answers with an error."""
    return {"fault": {"kind": "status", "status": status, "body": error}}


def note(number: int) -> Acts:
    """A turn that writes a file that was not there before."""
    return write(f"This is note {number}.\n", f"note{number}.txt")


LOOK = act("list_files", path=".")
DONE = act("finish", summary="All is done.", status="done")
BLOCKED = act("finish", summary="This cannot be done.", status="blocked")

# -- unusable turns -----------------------------------------------------------------

HARMONY = "error parsing tool call: raw='{\"path\":', err=unexpected end of JSON input"
MANGLED = refused(500, HARMONY)
"""The server could not parse the model's tool call, in the words for gpt-oss."""
MANGLED_LATE = {
    "thinking": "I write the file now.",
    "fault": {"kind": "line", "after": 1, "body": {"error": HARMONY}},
}
"""The same when the answer had already begun."""
MANGLED_JSON = refused(500, "failed to parse JSON: unexpected end of JSON input")
"""The same for models that write their calls as JSON."""
MANGLED_XML = {
    "thinking": "I write the file now.",
    "fault": {
        "kind": "line",
        "after": 1,
        "body": {"error": "XML syntax error on line 7: unexpected EOF"},
    },
}
"""The same for models that write them as XML."""
UNKNOWN = act("deploy_rocket", target="moon")
BAD_ARGUMENTS = act("edit_file", replace_all="perhaps")
SILENT: Acts = {"content": ""}
BLANK = say("\n \n")
PONDER = {"thinking": "I wonder what answer() is for, and what to do about it."}
SPENT = {"thinking": "But then again, " * 50, "done_reason": "length"}
"""Thought until no tokens were left for an answer."""
DEGENERATE = say("the answer is the answer is " * 400)

# -- a server in trouble ------------------------------------------------------------

CLOSED = {"fault": {"kind": "close"}}
RESET = {"content": "I shall", "fault": {"kind": "reset", "after": 1}}
CUT = {"content": "I shall begin with", "fault": {"kind": "cut", "after": 1}}
GARBAGE = {"fault": {"kind": "garbage"}}
BUSY = refused(503, "server busy, please try again. maximum pending requests exceeded")
RUNNER_DEAD = refused(500, "llama runner process has terminated: exit status 2")
MODEL_GONE = refused(404, "model 'gpt-oss:20b' not found")
OVERFLOW = refused(
    400,
    "request (20311 tokens) exceeds the available context size (16384 tokens), try "
    "increasing it",
)
OVERFLOW_TEXT = refused(
    400,
    "the prompt is longer than the context length currently available to the model; "
    "shorten the prompt or enlarge the context",
)
OVERFLOW_JSON = refused(
    400,
    '{"error":{"code":400,"message":"request (20311 tokens) exceeds the available '
    'context size (16384 tokens), try increasing it","type":'
    '"exceed_context_size_error","n_prompt_tokens":20311,"n_ctx":16384}}',
)


def slowly(seconds: float) -> Acts:
    """A turn of text that takes so long to be said, line by line."""
    text = " ".join(f"Step {n} needs {n * n} more." for n in range(100))
    return {"content": text, "chunk_chars": len(text) // 100, "gap": seconds / 100}


# -- scripts ------------------------------------------------------------------------


def always(turn: Turn) -> Callable[[int], Turn]:
    """The same turn for ever."""
    return lambda number: turn


def round_robin(*turns: Turn) -> Callable[[int], Turn]:
    """These turns in their order, again and again."""
    return lambda number: turns[number % len(turns)]


@dataclass(frozen=True)
class Script:
    """What a model says, for as long as it is asked."""

    turns: tuple[Turn, ...] = ()
    then: Callable[[int], Turn] | None = None
    """What comes after them, by its number from 0; left out: it finishes."""
    down: float = 0.0
    """Seconds, from the first request on, in which the server refuses everything."""

    def turn(self, number: int) -> Turn:
        """What to say to a request, by its number from 0."""
        if number < len(self.turns):
            return self.turns[number]
        return self.then(number - len(self.turns)) if self.then else DONE


def play(
    *parts: Turn | tuple[Turn, ...],
    then: Callable[[int], Turn] | None = None,
    down: float = 0.0,
) -> Script:
    """A script from turns and groups of turns, in their order."""
    groups = (part if isinstance(part, tuple) else (part,) for part in parts)
    return Script(tuple(itertools.chain.from_iterable(groups)), then, down)


def many(turn: Callable[[int], Turn], count: int) -> tuple[Turn, ...]:
    """So many turns, by their numbers from 0."""
    return tuple(turn(number) for number in range(count))


class Conversation(Sequence[Turn]):
    """A script as the server plays it: by requests, so that a fault passes, too."""

    def __init__(self, script: Script) -> None:
        self.asked = 0
        """Turns that have been asked for."""
        self._script = script
        self._began = 0.0

    @property
    def is_at_its_end(self) -> bool:
        """Whether the script's last turn has been asked for."""
        return self.asked >= len(self._script.turns)

    def __len__(self) -> int:
        return sys.maxsize

    def __getitem__(self, index: Any) -> Any:
        return self._next

    def _next(self, request: dict[str, Any]) -> Acts | Any:
        self._began = self._began or time.monotonic()
        if time.monotonic() - self._began < self._script.down:
            return BUSY
        self.asked += 1
        turn = self._script.turn(self.asked - 1)
        return turn(request) if callable(turn) else turn
