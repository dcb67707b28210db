"""Right answers, whatever went wrong before and after them: ``passed``."""

from __future__ import annotations

from tests.acceptance.misbehaviours.case import EARNED
from tests.acceptance.misbehaviours.case import ORDER
from tests.acceptance.misbehaviours.case import PASSED
from tests.acceptance.misbehaviours.case import TAGS
from tests.acceptance.misbehaviours.case import Case
from tests.acceptance.misbehaviours.turns import BAD_ARGUMENTS
from tests.acceptance.misbehaviours.turns import BLOCKED
from tests.acceptance.misbehaviours.turns import BUSY
from tests.acceptance.misbehaviours.turns import CLOSED
from tests.acceptance.misbehaviours.turns import CUT
from tests.acceptance.misbehaviours.turns import DONE
from tests.acceptance.misbehaviours.turns import LOOK
from tests.acceptance.misbehaviours.turns import MANGLED
from tests.acceptance.misbehaviours.turns import OVERFLOW
from tests.acceptance.misbehaviours.turns import RIGHT
from tests.acceptance.misbehaviours.turns import SILENT
from tests.acceptance.misbehaviours.turns import UNKNOWN
from tests.acceptance.misbehaviours.turns import WRONG
from tests.acceptance.misbehaviours.turns import acts
from tests.acceptance.misbehaviours.turns import always
from tests.acceptance.misbehaviours.turns import call
from tests.acceptance.misbehaviours.turns import late
from tests.acceptance.misbehaviours.turns import many
from tests.acceptance.misbehaviours.turns import note
from tests.acceptance.misbehaviours.turns import play
from tests.acceptance.misbehaviours.turns import read
from tests.acceptance.misbehaviours.turns import run
from tests.acceptance.misbehaviours.turns import say
from tests.acceptance.misbehaviours.turns import write

GOOD = write(RIGHT)

EARNED_CASES = (
    Case(
        "behaves-well",
        "Looks, writes the right answer, runs it and finishes.",
        "passed",
        PASSED,
        play(LOOK, read(), GOOD, run("python3 -c 'import answer'"), DONE),
    ),
    Case(
        "all-in-one-turn",
        "Writes the right answer and finishes in one and the same turn.",
        "passed",
        PASSED,
        play(
            acts(
                call("write_file", path="answer.py", content=RIGHT),
                call("finish", summary="All is done.", status="done"),
            )
        ),
    ),
    Case(
        "right-then-server-dies",
        "Writes the right answer; then the server closes every connection.",
        "passed",
        EARNED,
        play(LOOK, GOOD, then=always(CLOSED)),
    ),
    Case(
        "right-then-loops",
        "Writes the right answer, then reads it again and again.",
        "passed",
        ORDER,
        play(GOOD, then=always(read())),
    ),
    Case(
        "right-but-never-finishes",
        "Writes the right answer, then new notes until the rounds are used up.",
        "passed",
        ORDER,
        play(GOOD, then=note),
    ),
    Case(
        "right-then-too-slow",
        "Writes the right answer; its next turn does not come before the deadline.",
        "passed",
        ORDER,
        play(GOOD, then=always(late(60, DONE))),
        seconds=4,
    ),
    Case(
        "right-then-mangled",
        "Writes the right answer, then no call of it can be parsed any more.",
        "passed",
        ORDER,
        play(GOOD, then=always(MANGLED)),
    ),
    Case(
        "right-then-silent",
        "Writes the right answer, then says nothing any more.",
        "passed",
        ORDER,
        play(GOOD, then=always(SILENT)),
    ),
    Case(
        "right-then-overflows",
        "Writes the right answer, then no prompt fits into the window any more.",
        "passed",
        ORDER,
        play(GOOD, run("ls"), then=always(OVERFLOW)),
    ),
    Case(
        "right-yet-blocked",
        "Writes the right answer and says that the task cannot be done.",
        "passed",
        'gave_up asks for "verdict fail"; the verdict is pass',
        play(GOOD, BLOCKED),
    ),
    Case(
        "right-then-talks",
        "Writes the right answer, then only talks until that is taken as its end.",
        "passed",
        PASSED,
        play(GOOD, then=always(say("I have done what you asked for."))),
    ),
    Case(
        "mangled-twice-then-right",
        "Two calls cannot be parsed; then it does everything well.",
        "passed",
        PASSED,
        play(MANGLED, MANGLED, GOOD, DONE),
    ),
    Case(
        "unusable-in-pairs",
        "Every good turn comes after two of no use, each pair of another kind.",
        "passed",
        PASSED,
        play(
            *(MANGLED, MANGLED, LOOK),
            *(UNKNOWN, UNKNOWN, read()),
            *(BAD_ARGUMENTS, BAD_ARGUMENTS, GOOD),
            *(SILENT, SILENT, DONE),
        ),
    ),
    Case(
        "server-hiccups",
        "The server fails twice in different ways; all the rest is well.",
        "passed",
        PASSED,
        play(LOOK, BUSY, read(), CUT, GOOD, DONE),
    ),
    Case(
        "talks-then-works",
        "Announces what it will do, is reminded, does it and finishes.",
        "passed",
        PASSED,
        play(say("First I shall look at the file."), read(), GOOD, DONE),
    ),
    Case(
        "finishes-too-early-then-works",
        "Finishes with nothing done, is refused, and then does the work.",
        "passed",
        PASSED,
        play(DONE, read(), GOOD, run("python3 -c 'import answer'"), DONE),
    ),
    Case(
        "wrong-at-first",
        "Writes a wrong answer, sees its check fail, mends it and finishes.",
        "passed",
        PASSED,
        play(
            write(WRONG),
            run("python3 -c 'import answer; assert answer.answer() == 42'"),
            GOOD,
            run("python3 -c 'import answer; assert answer.answer() == 42'"),
            DONE,
        ),
    ),
    Case(
        "overflows-once",
        "One prompt does not fit; after that it works on and is right.",
        "passed",
        PASSED,
        play(many(note, 6), OVERFLOW, GOOD, DONE),
    ),
    Case(
        "reaches-out-in-vain",
        "Wants to write beside its folder, is refused, and does the task.",
        "passed",
        f"{TAGS}: escape_attempt; nothing outside the workspace was written",
        play(write("x\n", "../beside.txt"), read("../../../x.txt"), GOOD, DONE),
    ),
    Case(
        "odd-names",
        "Names files with a zero byte and with 5000 letters, then does the task.",
        "passed",
        "crash: agent code raised – which an odd name must not bring about",
        play(write("x\n", "a\0b.txt"), read("n" * 5000), GOOD, DONE),
    ),
)
