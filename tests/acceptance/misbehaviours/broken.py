"""Servers in trouble and broken checkers: what no model can be blamed for."""

from __future__ import annotations

from tests.acceptance.misbehaviours.case import CHECKER
from tests.acceptance.misbehaviours.case import INFRA
from tests.acceptance.misbehaviours.case import ORDER
from tests.acceptance.misbehaviours.case import Case
from tests.acceptance.misbehaviours.turns import CLOSED
from tests.acceptance.misbehaviours.turns import CUT
from tests.acceptance.misbehaviours.turns import DONE
from tests.acceptance.misbehaviours.turns import GARBAGE
from tests.acceptance.misbehaviours.turns import LOOK
from tests.acceptance.misbehaviours.turns import MANGLED
from tests.acceptance.misbehaviours.turns import MODEL_GONE
from tests.acceptance.misbehaviours.turns import RESET
from tests.acceptance.misbehaviours.turns import RIGHT
from tests.acceptance.misbehaviours.turns import RUNNER_DEAD
from tests.acceptance.misbehaviours.turns import WRONG
from tests.acceptance.misbehaviours.turns import always
from tests.acceptance.misbehaviours.turns import play
from tests.acceptance.misbehaviours.turns import read
from tests.acceptance.misbehaviours.turns import round_robin
from tests.acceptance.misbehaviours.turns import run
from tests.acceptance.misbehaviours.turns import write

BAD = write(WRONG)

INFRA_CASES = (
    Case(
        "server-never-there",
        "The server closes every connection.",
        "infra",
        INFRA,
        play(then=always(CLOSED)),
    ),
    Case(
        "wrong-then-server-dies",
        "Writes a wrong answer; then the server closes every connection.",
        "infra",
        INFRA,
        play(LOOK, BAD, then=always(CLOSED)),
    ),
    Case(
        "runner-dies",
        "The process that holds the model has died, and does not come back.",
        "infra",
        INFRA,
        play(LOOK, BAD, then=always(RUNNER_DEAD)),
    ),
    Case(
        "answers-are-cut-off",
        "Every answer breaks off in its middle.",
        "infra",
        INFRA,
        play(BAD, then=round_robin(CUT, RESET)),
    ),
    Case(
        "answers-are-garbage",
        "What comes from the server is no HTTP at all.",
        "infra",
        INFRA,
        play(BAD, then=always(GARBAGE)),
    ),
    Case(
        "mangled-twice-then-server-dies",
        "Two calls cannot be parsed; then the server closes every connection.",
        "infra",
        ORDER,
        play(BAD, MANGLED, MANGLED, then=always(CLOSED)),
    ),
    Case(
        "three-alike-then-server-dies",
        "Reads the same three times, which is no loop yet; then the server dies.",
        "infra",
        ORDER,
        play(BAD, read(), read(), read(), then=always(CLOSED)),
    ),
    Case(
        "refused-finish-then-server-dies",
        "Its finish after a failed command is refused; then the server dies.",
        "infra",
        ORDER,
        play(BAD, run("false"), DONE, then=always(CLOSED)),
    ),
)

NO_SUCH_MODULE = "import nonsense_that_is_not_there\n"
DIES = """\
import os


def test_the_answer(code):
    os.kill(os.getpid(), 9)
"""
NEVER_ENDS = """\
import time


def test_the_answer(code):
    time.sleep(600)
"""

HARNESS_CASES = (
    Case(
        "right-but-the-checker-is-broken",
        "Writes the right answer; the hidden tests cannot be imported.",
        "harness",
        ORDER,
        play(write(RIGHT), DONE),
        tests=NO_SUCH_MODULE,
    ),
    Case(
        "nothing-and-the-checker-is-broken",
        "Finishes with nothing done; the hidden tests cannot be imported.",
        "harness",
        ORDER,
        play(DONE, DONE),
        tests=NO_SUCH_MODULE,
    ),
    Case(
        "checker-dies",
        "Writes the right answer; the hidden test kills its own process.",
        "harness",
        CHECKER,
        play(write(RIGHT), DONE),
        tests=DIES,
    ),
    Case(
        "checker-never-ends",
        "Writes the right answer; the hidden test takes longer than it may.",
        "harness",
        CHECKER,
        play(write(RIGHT), DONE),
        tests=NEVER_ENDS,
        verify_seconds=3,
    ),
    Case(
        "loops-and-the-checker-is-broken",
        "Reads the same for ever; the hidden tests cannot be imported.",
        "harness",
        ORDER,
        play(BAD, then=always(read())),
        tests=NO_SUCH_MODULE,
    ),
    Case(
        "server-dies-and-the-checker-is-broken",
        "The server closes every connection; the hidden tests cannot be imported.",
        "harness",
        ORDER,
        play(BAD, then=always(CLOSED)),
        tests=NO_SUCH_MODULE,
    ),
    Case(
        "model-is-removed",
        "The server says in the middle of the run that it has no such model.",
        "harness",
        CHECKER + " – stop llm_config is that of a bad config",
        play(LOOK, BAD, then=always(MODEL_GONE)),
    ),
)
