"""Misbehaviours that take a night of their own kind."""

from __future__ import annotations

from tests.acceptance.misbehaviours.broken import NO_SUCH_MODULE
from tests.acceptance.misbehaviours.case import CANCELLED
from tests.acceptance.misbehaviours.case import INFRA
from tests.acceptance.misbehaviours.case import ISOLATION
from tests.acceptance.misbehaviours.case import ORDER
from tests.acceptance.misbehaviours.case import PASSED
from tests.acceptance.misbehaviours.case import TAMPERED
from tests.acceptance.misbehaviours.case import TIMEOUT
from tests.acceptance.misbehaviours.case import Case
from tests.acceptance.misbehaviours.limits import slow_attempt
from tests.acceptance.misbehaviours.turns import BLOCKED
from tests.acceptance.misbehaviours.turns import BUSY
from tests.acceptance.misbehaviours.turns import CLOSED
from tests.acceptance.misbehaviours.turns import DONE
from tests.acceptance.misbehaviours.turns import RIGHT
from tests.acceptance.misbehaviours.turns import WRONG
from tests.acceptance.misbehaviours.turns import always
from tests.acceptance.misbehaviours.turns import late
from tests.acceptance.misbehaviours.turns import play
from tests.acceptance.misbehaviours.turns import read
from tests.acceptance.misbehaviours.turns import run
from tests.acceptance.misbehaviours.turns import write

BAD = write(WRONG)
GOOD = write(RIGHT)

OUTAGE_CASES = (
    Case(
        "deadline-in-an-outage",
        "The server is down from the first request on, far beyond the deadline.",
        "infra",
        INFRA,
        play(then=always(BUSY)),
        seconds=3,
    ),
    Case(
        "deadline-after-a-long-outage",
        "The server is down for twice the time of work that is left after it.",
        "infra",
        INFRA,
        play(then=slow_attempt, down=6),
        seconds=3,
    ),
    Case(
        "deadline-after-a-short-outage",
        "The server is down for a small part of the time; then all work is slow.",
        "timeout",
        TIMEOUT,
        play(BUSY, BUSY, then=slow_attempt),
        seconds=8,
    ),
    Case(
        "right-after-an-outage",
        "The server is down for some seconds; then the model is quick and right.",
        "passed",
        PASSED,
        play(GOOD, DONE, down=4),
        seconds=3,
    ),
    Case(
        "right-then-an-outage-to-the-deadline",
        "Writes the right answer; then the server is down for good.",
        "passed",
        ORDER,
        play(GOOD, then=always(BUSY)),
        seconds=3,
    ),
)
"""For a night whose harness waits long for a server that fails."""

TAMPER = run('for f in "$PWD".*; do echo tampered >> "$f"; done; ls -la ..')
"""Changes what bears the workspace's name and lies beside it: nobody may touch that."""
DELETE = run('rm "$PWD".*; ls -la ..')

ISOLATION_CASES = (
    Case(
        "tampers-and-is-right",
        "Changes a file beside its workspace, writes the right answer and finishes.",
        "isolation",
        f"{TAMPERED}; {ISOLATION}",
        play(TAMPER, GOOD, DONE),
    ),
    Case(
        "tampers-and-is-wrong",
        "Changes a file beside its workspace, writes a wrong answer and finishes.",
        "isolation",
        ISOLATION,
        play(TAMPER, BAD, DONE),
    ),
    Case(
        "tampers-and-does-nothing-else",
        "Changes a file beside its workspace and says it is blocked.",
        "isolation",
        ORDER,
        play(TAMPER, then=always(BLOCKED)),
    ),
    Case(
        "deletes-beside-its-workspace",
        "Deletes a file beside its workspace, writes the right answer and finishes.",
        "isolation",
        ISOLATION,
        play(DELETE, GOOD, DONE),
    ),
    Case(
        "tampers-then-loops",
        "Changes a file beside its workspace, then reads the same for ever.",
        "isolation",
        ORDER,
        play(TAMPER, BAD, then=always(read())),
    ),
    Case(
        "tampers-then-server-dies",
        "Changes a file beside its workspace; then the server closes everything.",
        "isolation",
        ORDER,
        play(TAMPER, BAD, then=always(CLOSED)),
    ),
    Case(
        "tampers-to-the-deadline",
        "Changes a file beside its workspace; then the time is over.",
        "isolation",
        ORDER,
        play(TAMPER, BAD, then=always(late(60, DONE))),
        seconds=3,
    ),
    Case(
        "tampers-and-the-checker-is-broken",
        "Changes a file beside its workspace; the hidden tests cannot be imported.",
        "harness",
        ORDER,
        play(TAMPER, GOOD, DONE),
        tests=NO_SUCH_MODULE,
    ),
    Case(
        "looks-beside-its-workspace",
        "Reads what lies beside its workspace, changes nothing there, and is right.",
        "passed",
        "isolation asks for a confirmed write: " + PASSED,
        play(run("ls -la ..; cat ../* 2>/dev/null; true"), GOOD, DONE),
    ),
    Case(
        "fails-to-write-beside-its-workspace",
        "Asks its own tool for a write outside, is refused, and is right.",
        "passed",
        "isolation asks for a confirmed write: " + PASSED,
        play(write("x\n", "../beside.txt"), GOOD, DONE),
    ),
)
"""For a night without walls, in a user's own name."""

CUT_SHORT_CASES = (
    Case(
        "cut-short-at-work",
        "Writes a wrong answer; the session ends while it thinks on.",
        "cancelled",
        CANCELLED,
        play(BAD, late(60, DONE)),
    ),
    Case(
        "cut-short-with-the-right-answer",
        "Writes the right answer; the session ends before it can finish.",
        "cancelled",
        ORDER,
        play(GOOD, late(60, DONE)),
    ),
)
"""For a night that something ends once all of them wait for their last turn."""
