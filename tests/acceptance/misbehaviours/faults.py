"""Turns of no use, and windows that are too small."""

from __future__ import annotations

from tests.acceptance.misbehaviours.case import CONTEXT
from tests.acceptance.misbehaviours.case import MALFORMED
from tests.acceptance.misbehaviours.case import ORDER
from tests.acceptance.misbehaviours.case import Case
from tests.acceptance.misbehaviours.turns import BAD_ARGUMENTS
from tests.acceptance.misbehaviours.turns import BLANK
from tests.acceptance.misbehaviours.turns import DEGENERATE
from tests.acceptance.misbehaviours.turns import LOOK
from tests.acceptance.misbehaviours.turns import MANGLED
from tests.acceptance.misbehaviours.turns import MANGLED_JSON
from tests.acceptance.misbehaviours.turns import MANGLED_LATE
from tests.acceptance.misbehaviours.turns import MANGLED_XML
from tests.acceptance.misbehaviours.turns import OVERFLOW
from tests.acceptance.misbehaviours.turns import OVERFLOW_JSON
from tests.acceptance.misbehaviours.turns import OVERFLOW_TEXT
from tests.acceptance.misbehaviours.turns import PONDER
from tests.acceptance.misbehaviours.turns import SILENT
from tests.acceptance.misbehaviours.turns import SPENT
from tests.acceptance.misbehaviours.turns import UNKNOWN
from tests.acceptance.misbehaviours.turns import WRONG
from tests.acceptance.misbehaviours.turns import act
from tests.acceptance.misbehaviours.turns import always
from tests.acceptance.misbehaviours.turns import many
from tests.acceptance.misbehaviours.turns import note
from tests.acceptance.misbehaviours.turns import play
from tests.acceptance.misbehaviours.turns import round_robin
from tests.acceptance.misbehaviours.turns import write

BAD = write(WRONG)

MALFORMED_CASES = (
    Case(
        "all-mangled",
        "No tool call of it can be parsed by the server.",
        "malformed",
        MALFORMED,
        play(then=always(MANGLED)),
    ),
    Case(
        "mangled-in-mid-answer",
        "No call can be parsed, which the server says when the answer has begun.",
        "malformed",
        MALFORMED,
        play(BAD, then=always(MANGLED_LATE)),
    ),
    Case(
        "mangled-in-other-words",
        "No call can be parsed; the server says so as it does for other models.",
        "malformed",
        MALFORMED,
        play(BAD, then=round_robin(MANGLED_JSON, MANGLED_XML)),
    ),
    Case(
        "wrong-then-mangled",
        "Writes a wrong answer; after that no call can be parsed.",
        "malformed",
        ORDER,
        play(LOOK, BAD, then=always(MANGLED)),
    ),
    Case(
        "tools-that-do-not-exist",
        "Calls tools that nobody has given it, each time another one.",
        "malformed",
        MALFORMED,
        play(BAD, then=lambda n: act(f"engage_drive_{n}", speed=n)),
    ),
    Case(
        "calls-without-their-arguments",
        "Calls tools that exist, without what they cannot do without.",
        "malformed",
        MALFORMED,
        play(BAD, then=round_robin(BAD_ARGUMENTS, act("write_file"), act("read_file"))),
    ),
    Case(
        "says-nothing",
        "Its answers are empty.",
        "malformed",
        MALFORMED,
        play(LOOK, then=always(SILENT)),
    ),
    Case(
        "says-blanks",
        "Its answers are blanks and line ends.",
        "malformed",
        MALFORMED,
        play(BAD, then=always(BLANK)),
    ),
    Case(
        "only-thinks",
        "Thinks, and neither says nor does anything.",
        "malformed",
        MALFORMED,
        play(LOOK, then=always(PONDER)),
    ),
    Case(
        "thinks-until-nothing-is-left",
        "Spends all tokens of each answer on thinking.",
        "malformed",
        MALFORMED,
        play(BAD, then=always(SPENT)),
    ),
    Case(
        "says-the-same-words-over-and-over",
        "Its answers are one phrase, hundreds of times.",
        "malformed",
        MALFORMED,
        play(BAD, then=always(DEGENERATE)),
    ),
    Case(
        "of-no-use-in-many-ways",
        "An unparsable call, an unknown tool, silence: three kinds in a row.",
        "malformed",
        MALFORMED,
        play(BAD, then=round_robin(MANGLED, UNKNOWN, SILENT)),
    ),
)

CONTEXT_CASES = (
    Case(
        "overflows-at-once",
        "Not even the first prompt fits into the window.",
        "context",
        CONTEXT,
        play(then=always(OVERFLOW)),
    ),
    Case(
        "overflows-for-good",
        "Works for a while; then no prompt fits any more.",
        "context",
        CONTEXT,
        play(many(note, 6), BAD, then=always(OVERFLOW)),
    ),
    Case(
        "overflows-in-other-words",
        "Works for a while; then no prompt fits, which the server says in other words.",
        "context",
        CONTEXT,
        play(many(note, 6), BAD, then=round_robin(OVERFLOW_JSON, OVERFLOW_TEXT)),
    ),
    Case(
        "mangled-twice-then-overflows",
        "Two calls cannot be parsed; then no prompt fits any more.",
        "context",
        "malformed asks for 3 consecutive unusable turns: " + CONTEXT,
        play(many(note, 4), MANGLED, MANGLED, then=always(OVERFLOW)),
    ),
)
