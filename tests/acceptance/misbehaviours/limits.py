"""Runs that a limit ends while the model still does new things: not loops."""

from __future__ import annotations

from typing import Any

from tests.acceptance.misbehaviours.case import BUDGET
from tests.acceptance.misbehaviours.case import ORDER
from tests.acceptance.misbehaviours.case import STILL_NEW
from tests.acceptance.misbehaviours.case import TIMEOUT
from tests.acceptance.misbehaviours.case import WRONG as WRONG_ANSWER
from tests.acceptance.misbehaviours.case import Case
from tests.acceptance.misbehaviours.turns import BAD_ARGUMENTS
from tests.acceptance.misbehaviours.turns import BLOCKED
from tests.acceptance.misbehaviours.turns import BUSY
from tests.acceptance.misbehaviours.turns import DONE
from tests.acceptance.misbehaviours.turns import MANGLED
from tests.acceptance.misbehaviours.turns import SILENT
from tests.acceptance.misbehaviours.turns import WRONG
from tests.acceptance.misbehaviours.turns import acts
from tests.acceptance.misbehaviours.turns import always
from tests.acceptance.misbehaviours.turns import attempt
from tests.acceptance.misbehaviours.turns import call
from tests.acceptance.misbehaviours.turns import late
from tests.acceptance.misbehaviours.turns import many
from tests.acceptance.misbehaviours.turns import note
from tests.acceptance.misbehaviours.turns import play
from tests.acceptance.misbehaviours.turns import read
from tests.acceptance.misbehaviours.turns import run
from tests.acceptance.misbehaviours.turns import say
from tests.acceptance.misbehaviours.turns import slowly
from tests.acceptance.misbehaviours.turns import write

BAD = write(WRONG)
SHOW = run("python3 -c 'import answer; print(answer.answer())'")
CHECK = run("python3 -c 'import answer; assert answer.answer() == 42'")
ROUNDS, ACTIONS = 40, 80
"""The limits that a night has if nothing else is asked for."""


def slow_attempt(number: int) -> Any:
    """A wrong answer never given before, after a second of thought."""
    return late(1, attempt(number))


def notes(first: int, count: int) -> Any:
    """A turn that writes so many new files at once."""
    return acts(*(note(first + n)["tool_calls"][0] for n in range(count)))


def attempt_and(after: Any) -> Any:
    """New wrong answers, each followed by the same turn."""
    return lambda n: after if n % 2 else attempt(n)


TIMEOUT_CASES = (
    Case(
        "slow-but-busy",
        "Writes another wrong answer every second until the deadline.",
        "timeout",
        TIMEOUT,
        play(then=slow_attempt),
        seconds=5,
    ),
    Case(
        "never-ends-its-sentence",
        "Talks on and on in one single answer until the deadline.",
        "timeout",
        TIMEOUT,
        play(BAD, slowly(60)),
        seconds=4,
    ),
    Case(
        "one-endless-command",
        "Starts a command that takes longer than all of its time.",
        "timeout",
        TIMEOUT,
        play(BAD, run("sleep 50", timeout=100)),
        seconds=4,
    ),
    Case(
        "nothing-before-the-deadline",
        "Its very first turn does not come before the deadline.",
        "timeout",
        ORDER,
        play(late(60, BAD)),
        seconds=3,
    ),
    Case(
        "finishes-too-late",
        "Writes a wrong answer; its finish does not come before the deadline.",
        "timeout",
        TIMEOUT,
        play(BAD, late(60, DONE)),
        seconds=4,
    ),
    Case(
        "blocked-too-late",
        "Writes a wrong answer; that it is blocked does not come before the deadline.",
        "timeout",
        ORDER,
        play(BAD, late(60, BLOCKED)),
        seconds=4,
    ),
    Case(
        "three-alike-at-the-deadline",
        "Reads the same three times, which is no loop yet; then the time is over.",
        "timeout",
        TIMEOUT,
        play(BAD, read(), read(), read(), late(60, read())),
        seconds=4,
    ),
    Case(
        "two-mangled-at-the-deadline",
        "Two calls cannot be parsed; then the time is over.",
        "timeout",
        "malformed asks for 3 consecutive unusable turns: " + TIMEOUT,
        play(BAD, MANGLED, MANGLED, late(60, DONE)),
        seconds=4,
    ),
    Case(
        "slow-after-a-hiccup",
        "The server fails once; the model then works slowly until the deadline.",
        "timeout",
        TIMEOUT,
        play(BUSY, then=slow_attempt),
        seconds=6,
    ),
)

BUDGET_CASES = (
    Case(
        "new-notes-for-ever",
        "Writes a new file in each turn until the rounds are used up.",
        "budget",
        BUDGET,
        play(then=note),
    ),
    Case(
        "eight-notes-a-turn",
        "Writes eight new files in each turn until the actions are used up.",
        "budget",
        BUDGET,
        play(then=lambda n: notes(8 * n, 8)),
    ),
    Case(
        "everything-in-one-turn",
        "One single turn holds more calls than all actions there are.",
        "budget",
        BUDGET,
        play(notes(0, ACTIONS + 20)),
    ),
    Case(
        "tries-all-numbers",
        "Writes other wrong answers and runs each: the output is another each time.",
        "budget",
        f"{BUDGET}; {STILL_NEW}",
        play(then=attempt_and(SHOW)),
    ),
    Case(
        "edits-anew-fails-alike",
        "Writes other wrong answers and checks each: the check fails in the same way.",
        "budget",
        f"{BUDGET}; {STILL_NEW}",
        play(then=attempt_and(CHECK)),
    ),
    Case(
        "talks-after-every-step",
        "Writes a new file, then only talks, and so on until the rounds are used up.",
        "budget",
        BUDGET,
        play(then=lambda n: say(f"That was step {n}.") if n % 2 else note(n)),
    ),
    Case(
        "of-use-every-third-turn",
        "Two unusable turns before each new file until the rounds are used up.",
        "budget",
        "malformed asks for 3 consecutive unusable turns: " + BUDGET,
        play(then=lambda n: (MANGLED, BAD_ARGUMENTS, note(n))[n % 3]),
    ),
    Case(
        "text-and-silence-in-turn",
        "Talks and says nothing in turn until the rounds are used up.",
        "budget",
        "neither 3 unusable turns nor 3 texts come in a row: " + BUDGET,
        play(then=lambda n: SILENT if n % 2 else say(f"Thought {n}.")),
    ),
    Case(
        "three-alike-at-the-last-round",
        "New files, then the same read three times, when the rounds are used up.",
        "budget",
        BUDGET,
        play(many(note, ROUNDS - 3), then=lambda n: read()),
    ),
)

AT_THE_LIMIT_CASES = (
    Case(
        "finishes-in-the-last-round",
        "Writes new files, and finishes in the last round that it has.",
        "wrong_answer",
        WRONG_ANSWER,
        play(many(note, ROUNDS - 1), DONE),
    ),
    Case(
        "finishes-with-the-last-action",
        "Writes new files, and finishes with the last action that it has.",
        "wrong_answer",
        WRONG_ANSWER,
        play(
            many(lambda n: notes(8 * n, 8), ACTIONS // 8 - 1),
            notes(ACTIONS, 7),
            acts(call("finish", summary="All is done.", status="done")),
        ),
    ),
    Case(
        "finishes-one-round-too-late",
        "Writes new files in all of its rounds, and would finish in the next.",
        "budget",
        BUDGET,
        play(many(note, ROUNDS), then=always(DONE)),
    ),
)
