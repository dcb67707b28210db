"""Runs that end by the model's word: ``wrong_answer``, ``no_change``, ``gave_up``."""

from __future__ import annotations

from tests.acceptance.misbehaviours.case import GAVE_UP
from tests.acceptance.misbehaviours.case import ORDER
from tests.acceptance.misbehaviours.case import UNCHANGED
from tests.acceptance.misbehaviours.case import WRONG as WRONG_ANSWER
from tests.acceptance.misbehaviours.case import Case
from tests.acceptance.misbehaviours.turns import BLOCKED
from tests.acceptance.misbehaviours.turns import BUSY
from tests.acceptance.misbehaviours.turns import CUT
from tests.acceptance.misbehaviours.turns import DONE
from tests.acceptance.misbehaviours.turns import LOOK
from tests.acceptance.misbehaviours.turns import MANGLED
from tests.acceptance.misbehaviours.turns import OVERFLOW
from tests.acceptance.misbehaviours.turns import RIGHT
from tests.acceptance.misbehaviours.turns import RUNNER_DEAD
from tests.acceptance.misbehaviours.turns import SILENT
from tests.acceptance.misbehaviours.turns import START
from tests.acceptance.misbehaviours.turns import UNKNOWN
from tests.acceptance.misbehaviours.turns import WRONG
from tests.acceptance.misbehaviours.turns import act
from tests.acceptance.misbehaviours.turns import acts
from tests.acceptance.misbehaviours.turns import always
from tests.acceptance.misbehaviours.turns import call
from tests.acceptance.misbehaviours.turns import many
from tests.acceptance.misbehaviours.turns import note
from tests.acceptance.misbehaviours.turns import play
from tests.acceptance.misbehaviours.turns import read
from tests.acceptance.misbehaviours.turns import run
from tests.acceptance.misbehaviours.turns import say
from tests.acceptance.misbehaviours.turns import write

BAD = write(WRONG)
HALF_USEFUL = acts(call("deploy_rocket"), call("list_files", path="."))

WRONG_CASES = (
    Case(
        "wrong",
        "Writes a wrong answer and finishes.",
        "wrong_answer",
        WRONG_ANSWER,
        play(read(), BAD, DONE),
    ),
    Case(
        "wrong-after-faults",
        "The server fails a few times; the model writes a wrong answer and finishes.",
        "wrong_answer",
        "infra asks for stop llm_unavailable or deadline; the stop is finished",
        play(BUSY, LOOK, CUT, read(), RUNNER_DEAD, BAD, DONE),
    ),
    Case(
        "right-in-the-wrong-file",
        "Writes what is asked for, but into a file of another name.",
        "wrong_answer",
        WRONG_ANSWER,
        play(write(RIGHT, "result.py"), DONE),
    ),
    Case(
        "deletes-it",
        "Deletes the file that it was to complete, and finishes.",
        "wrong_answer",
        WRONG_ANSWER,
        play(run("rm answer.py"), DONE),
    ),
    Case(
        "breaks-what-was-right",
        "Writes the right answer, then a wrong one over it, and finishes.",
        "wrong_answer",
        WRONG_ANSWER,
        play(write(RIGHT), BAD, DONE),
    ),
    Case(
        "no-python-at-all",
        "Writes an answer that cannot even be compiled, and finishes.",
        "wrong_answer",
        "the hidden tests fail: verdict fail, not error",
        play(write("def answer(:\n    return 42\n"), DONE),
    ),
    Case(
        "wrong-then-talks",
        "Writes a wrong answer, then only talks until that is taken as its end.",
        "wrong_answer",
        f"{WRONG_ANSWER}; the monologue is accepted as a finish",
        play(BAD, then=always(say("I have done what you asked for."))),
    ),
    Case(
        "admits-it-under-done",
        "Changes something and finishes as done, saying that it could not do it.",
        "wrong_answer",
        'gave_up asks for finish with status "blocked"; the status is done',
        play(
            BAD,
            act("finish", summary="I give up: this is impossible.", status="done"),
        ),
    ),
    Case(
        "finishes-on-a-failure",
        "Finishes right after a failed command, is refused, and finishes again.",
        "wrong_answer",
        WRONG_ANSWER,
        play(BAD, run("false"), DONE, DONE),
    ),
    Case(
        "good-calls-beside-unknown-ones",
        "Five turns hold an unknown tool and a good call each; then it is wrong.",
        "wrong_answer",
        "malformed asks for 3 consecutive unusable turns; these were of use",
        play(*[HALF_USEFUL] * 3, read(), HALF_USEFUL, BAD, HALF_USEFUL, DONE),
    ),
    Case(
        "mangled-twice-then-wrong",
        "Two calls in a row cannot be parsed, one more later; then it is wrong.",
        "wrong_answer",
        "malformed asks for 3 consecutive unusable turns; there were 2 and 1",
        play(MANGLED, MANGLED, read(), MANGLED, BAD, DONE),
    ),
    Case(
        "text-between-silences",
        "Says nothing twice, then some text, and that twice; then it is wrong.",
        "wrong_answer",
        "malformed asks for 3 consecutive unusable turns; text is none of the kinds",
        play(
            *(SILENT, SILENT, say("Now I look.")),
            *(SILENT, SILENT, say("Now I write.")),
            *(BAD, DONE),
        ),
    ),
    Case(
        "overflows-once-then-wrong",
        "One prompt does not fit; after that it works on and is wrong.",
        "wrong_answer",
        WRONG_ANSWER,
        play(many(note, 6), OVERFLOW, BAD, DONE),
    ),
)

UNCHANGED_CASES = (
    Case(
        "finishes-at-once",
        "Finishes with nothing done, is refused, and finishes again.",
        "no_change",
        UNCHANGED,
        play(DONE, DONE),
    ),
    Case(
        "looks-and-finishes",
        "Looks round without changing anything, finishes, and finishes again.",
        "no_change",
        UNCHANGED,
        play(LOOK, read(), run("ls"), DONE, DONE),
    ),
    Case(
        "only-talks",
        "Answers with text alone, three times.",
        "no_change",
        UNCHANGED,
        play(then=lambda n: say(f"Thought {n}: the task is an easy one.")),
    ),
    Case(
        "shows-the-code-only",
        "Writes the right answer into its text, and never into the file.",
        "no_change",
        UNCHANGED,
        play(then=always(say(f"Here you are:\n\n```python\n{RIGHT}```\n"))),
    ),
    Case(
        "gives-up-in-words",
        "Says in text alone that it gives up; never calls finish.",
        "no_change",
        f"{UNCHANGED} – and gave_up asks for a call of finish",
        play(LOOK, then=always(say("I am blocked and give up."))),
    ),
    Case(
        "undoes-its-work",
        "Writes the right answer, restores the file as it was, and finishes.",
        "no_change",
        UNCHANGED,
        play(write(RIGHT), write(START), DONE, DONE),
    ),
    Case(
        "writes-the-same",
        "Writes the file as it already is, and finishes.",
        "no_change",
        UNCHANGED,
        play(write(START), DONE, DONE),
    ),
    Case(
        "cleans-up",
        "Makes a file, deletes it, and finishes.",
        "no_change",
        UNCHANGED,
        play(write(RIGHT, "draft.py"), run("rm draft.py"), DONE, DONE),
    ),
)

GAVE_UP_CASES = (
    Case(
        "blocked",
        "Changes something, then says that the task cannot be done.",
        "gave_up",
        GAVE_UP,
        play(read(), BAD, BLOCKED),
    ),
    Case(
        "blocked-with-nothing-done",
        "Says at once, and whenever it is asked again, that the task cannot be done.",
        "gave_up",
        ORDER,
        play(then=always(BLOCKED)),
    ),
    Case(
        "done-is-refused-then-blocked",
        "Finishes as done with nothing changed, is refused, and then is blocked.",
        "gave_up",
        ORDER,
        play(DONE, then=always(BLOCKED)),
    ),
    Case(
        "blocked-after-failures",
        "Some of its commands fail; it says that the task cannot be done.",
        "gave_up",
        GAVE_UP,
        play(BAD, run("exit 3"), run("exit 4"), then=always(BLOCKED)),
    ),
    Case(
        "blocked-after-all-sorts",
        "Two turns of no use, text, a fault of the server; then it is blocked.",
        "gave_up",
        GAVE_UP,
        play(MANGLED, UNKNOWN, say("Let me see."), BUSY, read(), BAD, BLOCKED),
    ),
    Case(
        "blocked-before-it-is-a-loop",
        "Reads the same three times, which is no loop yet, and is blocked.",
        "gave_up",
        GAVE_UP,
        play(BAD, read(), read(), read(), BLOCKED),
    ),
)
