"""Runs that turn in circles, and those that only look like it."""

from __future__ import annotations

from typing import Any

from tests.acceptance.misbehaviours.case import LOOP
from tests.acceptance.misbehaviours.case import ORDER
from tests.acceptance.misbehaviours.case import STILL_NEW
from tests.acceptance.misbehaviours.case import WRONG as WRONG_ANSWER
from tests.acceptance.misbehaviours.case import Case
from tests.acceptance.misbehaviours.limits import ACTIONS
from tests.acceptance.misbehaviours.limits import BAD
from tests.acceptance.misbehaviours.limits import ROUNDS
from tests.acceptance.misbehaviours.limits import notes
from tests.acceptance.misbehaviours.turns import BUSY
from tests.acceptance.misbehaviours.turns import DONE
from tests.acceptance.misbehaviours.turns import LOOK
from tests.acceptance.misbehaviours.turns import MANGLED
from tests.acceptance.misbehaviours.turns import act
from tests.acceptance.misbehaviours.turns import acts
from tests.acceptance.misbehaviours.turns import always
from tests.acceptance.misbehaviours.turns import call
from tests.acceptance.misbehaviours.turns import late
from tests.acceptance.misbehaviours.turns import many
from tests.acceptance.misbehaviours.turns import note
from tests.acceptance.misbehaviours.turns import play
from tests.acceptance.misbehaviours.turns import read
from tests.acceptance.misbehaviours.turns import round_robin
from tests.acceptance.misbehaviours.turns import run
from tests.acceptance.misbehaviours.turns import say
from tests.acceptance.misbehaviours.turns import write

MISSED_EDIT = act("edit_file", path="answer.py", old_text="xyz", new_text="42")
READ = call("read_file", path="answer.py")
PAGES = {f"page{n}.txt": f"Page {n} says {n * n * 7919}.\n" for n in range(24)}


def toggle(number: int) -> Any:
    """Changes the answer to and fro, each time by another command."""
    text = "None" if number % 2 else "41"
    return run(f"sed -i 's/return .*/return {text}/' answer.py; : {number}")


def missing(number: int) -> Any:
    """Reads a file that does not exist, each time another one."""
    return read(f"missing{number}.py")


def hanging(number: int) -> Any:
    """A command that does not end in its time, each time another one."""
    return run(f"sleep 50; : {number}", timeout=1)


LOOP_CASES = (
    Case(
        "reads-the-same-for-ever",
        "Writes a wrong answer, then reads it again and again.",
        "loop",
        LOOP,
        play(BAD, then=always(read())),
    ),
    Case(
        "two-in-turn",
        "Lists the files and reads one, for ever in turn.",
        "loop",
        LOOP,
        play(then=round_robin(LOOK, read())),
    ),
    Case(
        "three-in-turn",
        "Lists, reads and runs something, for ever in turn.",
        "loop",
        LOOP,
        play(then=round_robin(LOOK, read(), run("cat answer.py"))),
    ),
    Case(
        "same-edit-fails-for-ever",
        "Sends an edit whose old text is not there, again and again.",
        "loop",
        LOOP,
        play(BAD, then=always(MISSED_EDIT)),
    ),
    Case(
        "writes-the-same-for-ever",
        "Writes the same wrong answer again and again.",
        "loop",
        LOOP,
        play(then=always(BAD)),
    ),
    Case(
        "polls-what-never-changes",
        "Asks again and again for a file that nobody writes.",
        "loop",
        LOOP,
        play(BAD, then=always(run("ls result.txt 2>/dev/null; echo waiting"))),
    ),
    Case(
        "to-and-fro",
        "Changes the answer to and fro, each time by another command.",
        "loop",
        LOOP,
        play(then=toggle),
    ),
    Case(
        "reads-other-lines-for-ever",
        "Reads ever other line numbers of the one file and changes nothing.",
        "loop",
        LOOP,
        play(BAD, then=lambda n: read(start_line=1, end_line=2 + n)),
    ),
    Case(
        "reads-what-is-not-there",
        "Reads files that do not exist, each time another one: errors alone.",
        "loop",
        LOOP,
        play(BAD, then=missing),
    ),
    Case(
        "all-commands-hang",
        "Runs commands that do not end in their time, each another one.",
        "loop",
        LOOP,
        play(BAD, then=hanging),
    ),
    Case(
        "four-alike-in-one-turn",
        "Each turn holds the same read four times.",
        "loop",
        LOOP,
        play(BAD, then=always(acts(*[READ] * 4))),
    ),
    Case(
        "loops-with-words-between",
        "Reads the same again and again, and talks after each time.",
        "loop",
        LOOP,
        play(BAD, then=lambda n: say(f"Once more, {n}.") if n % 2 else read()),
    ),
    Case(
        "loops-with-mangled-calls-between",
        "Reads the same again and again, with one unparsable call after each time.",
        "loop",
        LOOP,
        play(BAD, then=round_robin(read(), MANGLED)),
    ),
    Case(
        "loops-across-a-hiccup",
        "Reads the same for ever; the server fails once in the middle of it.",
        "loop",
        LOOP,
        play(BAD, read(), read(), BUSY, then=always(read())),
    ),
    Case(
        "loops-slowly",
        "Reads the same again and again, with some time between.",
        "loop",
        "a loop that happens to hit the clock is a loop (root cause)",
        play(BAD, then=always(late(1, read()))),
        seconds=12,
    ),
    Case(
        "loops-with-the-last-round",
        "New files, then the same read four times, when the rounds are used up.",
        "loop",
        ORDER,
        play(many(note, ROUNDS - 4), then=always(read())),
    ),
    Case(
        "loops-with-the-last-action",
        "New files, then the same read four times, when the actions are used up.",
        "loop",
        ORDER,
        play(
            many(lambda n: notes(8 * n, 8), ACTIONS // 8 - 1),
            acts(*notes(ACTIONS, 4)["tool_calls"], *[READ] * 4),
        ),
    ),
)

NO_LOOP = f"none of the loop rules holds: {WRONG_ANSWER}"

NEARLY_CASES = (
    Case(
        "polls-the-clock",
        "Asks for the time ten times: the answer is another one each time.",
        "wrong_answer",
        NO_LOOP,
        play(*[run("date +%s%N")] * 10, BAD, DONE),
    ),
    Case(
        "polls-what-grows",
        "Adds to a log and counts its lines, twenty times by the same command.",
        "wrong_answer",
        NO_LOOP,
        play(*[run("echo x >> log.txt; wc -l < log.txt")] * 20, DONE),
    ),
    Case(
        "three-alike-thrice",
        "Reads the same three times, then does something new; three times over.",
        "wrong_answer",
        NO_LOOP,
        play(
            *(BAD, read(), read(), read()),
            *(note(1), LOOK, LOOK, LOOK),
            *(note(2), run("ls"), run("ls"), run("ls"), note(3), DONE),
        ),
    ),
    Case(
        "three-rounds-of-a-cycle",
        "Lists and reads in turn, three times each, and goes on to write.",
        "wrong_answer",
        NO_LOOP,
        play(*[LOOK, read()] * 3, BAD, DONE),
    ),
    Case(
        "there-and-back-twice",
        "Changes the answer and back, twice, and then to something else.",
        "wrong_answer",
        NO_LOOP,
        play(many(toggle, 4), write("def answer():\n    return 43\n"), DONE),
    ),
    Case(
        "nine-errors-in-twelve",
        "Three reads of missing files before each new file, three times.",
        "wrong_answer",
        NO_LOOP,
        play(many(lambda n: note(n) if n % 4 == 3 else missing(n), 12), DONE),
    ),
    Case(
        "two-hanging-commands",
        "Two commands hang, one is well, two more hang; then it finishes.",
        "wrong_answer",
        NO_LOOP,
        play(
            *(hanging(1), hanging(2), BAD, run("ls")),
            *(hanging(3), hanging(4), note(1), run("ls"), DONE),
        ),
    ),
    Case(
        "reads-the-whole-book",
        "Reads each of 24 files once, then writes a wrong answer and finishes.",
        "wrong_answer",
        f"every call is a new one: {STILL_NEW}",
        play(LOOK, many(lambda n: read(f"page{n}.txt"), 24), BAD, DONE),
        files=PAGES,
    ),
)
