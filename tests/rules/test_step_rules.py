"""L1 – L5, L7, L11: just below each threshold, at it, and what begins anew."""

from __future__ import annotations

import itertools
import string
from collections.abc import Callable
from collections.abc import Iterable
from collections.abc import Sequence

import pytest
from hypothesis import example
from hypothesis import given
from hypothesis import strategies as st

from pytest_overnight.rules.finding import Finding
from pytest_overnight.rules.history import Step
from pytest_overnight.rules.history import step
from pytest_overnight.rules.step_rules import cycle
from pytest_overnight.rules.step_rules import error_storm
from pytest_overnight.rules.step_rules import ping_pong
from pytest_overnight.rules.step_rules import repeat
from pytest_overnight.rules.step_rules import stagnation
from pytest_overnight.rules.step_rules import time_limits

Rule = Callable[[Sequence[Step]], Finding | None]
Short = tuple[int, int, bool]
RULES: list[Rule] = [repeat, cycle, stagnation, ping_pong, error_storm, time_limits]


def steps_of(letters: str) -> list[Step]:
    """A step a letter: equal letters do the same and see the same."""
    return [Step(f"tool {letter}", "") for letter in letters]


def short(finding: Finding | None) -> Short | None:
    return finding and (finding.first, finding.count, finding.stop)


# -- L1, L2: the same again and again ------------------------------------------------


@pytest.mark.parametrize(
    ("letters", "found"),
    [
        ("", None),
        ("aa", None),
        ("aaa", (0, 3, False)),
        ("baaa", (1, 3, False)),
        ("aaaa", (0, 4, True)),
        ("aaaab", None),
        ("aabaa", None),
        ("aaaabaaa", (5, 3, False)),
    ],
)
def test_repeats(letters: str, found: Short | None) -> None:
    assert short(repeat(steps_of(letters))) == found


def test_an_error_that_comes_back_is_the_second_rule() -> None:
    well, failed = Step("t", "x"), Step("t", "x", ok=False)
    assert getattr(repeat([well] * 3), "rule", "") == "L1"
    assert getattr(repeat([failed] * 3), "rule", "") == "L2"
    assert repeat([well, failed, failed]) is None


def test_polling_is_no_loop() -> None:
    assert repeat([Step("t", f"{n} lines") for n in range(9)]) is None


def test_a_call_that_changes_the_files_each_time_is_no_repetition() -> None:
    assert repeat([Step("t", "", workspace=f"d{n}") for n in range(9)]) is None
    assert repeat([Step("t", "", workspace="d")] * 3) is not None


# -- L3: the same few in turn ----------------------------------------------------------


@pytest.mark.parametrize(
    ("letters", "found"),
    [
        ("ababa", None),
        ("ababab", (0, 3, False)),
        ("abababa", (0, 3, False)),
        ("abababab", (0, 4, True)),
        ("abcabcab", None),
        ("abcabcabc", (0, 3, False)),
        ("xabcabcabc", (1, 3, False)),
        ("abcabcabcabc", (0, 4, True)),
        ("ababababc", None),
        ("abababcbababab", (7, 3, False)),
        ("aabaabaabaab", None),
        ("aaaaaaaa", None),
        ("abcdabcdabcdabcd", None),
    ],
)
def test_cycles(letters: str, found: Short | None) -> None:
    assert short(cycle(steps_of(letters))) == found


def test_a_cycle_names_its_tools() -> None:
    finding = cycle([Step("read_file {}", ""), Step("list_files {}", "")] * 3)
    assert finding is not None
    assert "(read_file, list_files)" in finding.detail


def periods(letters: str) -> tuple[int, int]:
    """The definition: most periods at the end, and the first step they take in."""
    for period in (2, 3):
        unit = letters[-period:]
        if len(set(unit)) < period:
            continue
        first = next(
            at
            for at in range(len(letters) + 1)
            if letters[at:].startswith(letters[at + period :])
        )
        count = next(
            n for n in itertools.count() if not letters.endswith(unit * (n + 1))
        )
        if count >= 3:
            return first, count
    return 0, 0


@given(st.text("abc", max_size=16) | st.text("ab", max_size=12))
@example("cab" * 4 + "ca")
def test_cycles_are_found_as_defined(letters: str) -> None:
    first, count = periods(letters)
    found = (first, count, count >= 4) if count else None
    assert short(cycle(steps_of(letters))) == found


# -- L4: nothing changes ---------------------------------------------------------------


def still(letters: str, digest: str = "d") -> list[Step]:
    """Each letter asks something else, and gets an answer of its own."""
    return asked(letters, letters, digest)


def asked(actions: Iterable[str], answers: Iterable[str], digest: str) -> list[Step]:
    pairs = zip(actions, answers, strict=True)
    return [Step(action, answer, workspace=digest) for action, answer in pairs]


@pytest.mark.parametrize(
    ("steps", "found"),
    [
        (still("ababababa"), None),
        (still("ababababab"), (0, 10, False)),
        (still("abababababababa"), (0, 15, False)),
        (still("abababababababab"), (0, 16, True)),
        (still("ababababca"), None),  # three that are new
        (still("abcabcabcab"), (1, 10, False)),  # the third is out of the ten
        (still("abcabcabcabcabca"), (1, 15, False)),  # and within the sixteen
        (still("xabcabcabcabcabcabc"), (2, 17, True)),
        (still("c", "e") + still("abababababa"), (2, 10, False)),
        (still("c", "e") + still("ababababab"), None),  # the first has changed it
        (still("c", "") + still("ababababab"), (1, 10, False)),
        (still("abababab") + still("a", "e") + still("b"), None),
        (still("abababab") + still("a", "") + still("b"), None),
        (still("abababababab", ""), None),
    ],
)
def test_stagnation(steps: list[Step], found: Short | None) -> None:
    assert short(stagnation(steps)) == found


AB = string.ascii_letters


@pytest.mark.parametrize(
    ("actions", "answers", "found"),
    [
        (AB[:9], "x" * 9, None),
        (AB[:10], "x" * 10, (0, 10, False)),  # ever new words
        (AB[:16], "x" * 16, (0, 16, True)),
        (AB[:16], "xy" * 8, (0, 16, True)),
        (AB[:10], "xyx" + "y" * 7, (0, 10, False)),
        (AB[:10], "xyz" + "x" * 7, None),  # three answers are new
        (AB[:16], AB[:16], None),  # looking on
        ("a" * 16, AB[:16], None),  # the same words, and news each time
        ("ab" * 8, "x" + "".join(f"{c}x" for c in AB[:7]) + "x", None),  # by turns
        ("abc" + "c" * 7, "xyz" + "z" * 7, None),
        ("abc" + "c" * 7, "xyy" + "y" * 7, (0, 10, False)),
    ],
)
def test_only_an_answer_never_seen_is_looking_on(
    actions: str, answers: str, found: Short | None
) -> None:
    assert short(stagnation(asked(actions, answers, "d"))) == found


def test_an_answer_known_from_before_a_change_brings_nothing_new() -> None:
    before = asked("abc", "xyz", "e")
    changed = Step("write", "written", workspace="d")
    after = asked("ghijklmnop", "xyzxyzxyzx", "d")
    assert short(stagnation([*before, changed, *after])) == (4, 10, False)


def read(last: int, *, lines: int) -> Step:
    """Of a file of so many lines, up to line ``last``."""
    shown = "\n".join(f"{n:>4}| x" for n in range(1, min(last, lines) + 1))
    arguments = {"path": "a.py", "end_line": last}
    return step("read_file", arguments, shown, True, workspace="d")


def test_other_line_numbers_of_the_same_lines_are_nothing_new() -> None:
    short_file = [read(last, lines=2) for last in range(2, 41)]
    assert len({seen.action for seen in short_file}) == len(short_file) == 39
    assert short(stagnation(short_file)) == (0, 39, True)
    long_file = [read(last, lines=99) for last in range(2, 41)]
    assert stagnation(long_file) is None
    assert stagnation(long_file[:16]) is None


def stale(steps: Sequence[Step], width: int) -> bool:
    """The definition, for the last ``width`` steps."""
    begin = len(steps) - width
    if begin < 0:
        return False
    new = 0
    for at in range(begin, len(steps)):
        new += all(s.observation != steps[at].observation for s in steps[:at])
    state = steps[-1].workspace
    unchanged = all(s.workspace == state for s in steps[begin:])
    entered = begin > 0 and steps[begin - 1].workspace not in ("", state)
    return new < 3 and bool(state) and unchanged and not entered


spells = st.lists(
    st.tuples(
        st.sampled_from(["d", "d", "e", ""]),
        st.lists(
            st.tuples(st.sampled_from("abcdefgh"), st.sampled_from("stuvwxyz")),
            max_size=20,
        ),
    ),
    max_size=3,
)


@given(spells)
@example([("e", [("a", "s")]), ("d", [("a", "s")] * 17)])
def test_stagnation_is_found_as_defined(
    spells: list[tuple[str, list[tuple[str, str]]]],
) -> None:
    steps = [
        Step(action, answer, workspace=digest)
        for digest, pairs in spells
        for action, answer in pairs
    ]
    begun = len(steps)
    while stale(steps[:begun], 10):
        begun -= 1
    first = begun + 1 - 10
    holds = begun < len(steps)
    expected = (first, len(steps) - first, stale(steps, 16)) if holds else None
    assert short(stagnation(steps)) == expected


def test_looking_at_new_things_is_a_new_streak() -> None:
    first = stagnation(still("abababababab"))
    helped = stagnation(still("ababababababcde"))
    again = stagnation(still("ababababababcdeabababab" + "ab"))
    assert first is not None
    assert helped is None
    assert again is not None
    assert again.first > first.first


# -- L5: there and back ----------------------------------------------------------------


def states(digests: str) -> list[Step]:
    return [Step(str(at), "", workspace=d.strip()) for at, d in enumerate(digests)]


@pytest.mark.parametrize(
    ("digests", "found"),
    [
        ("ababa", None),
        ("ababab", None),
        ("abababa", (1, 3, False)),
        ("aabbaabbbaabba", (2, 3, False)),  # equal neighbours are one
        ("abababaaa", (1, 3, False)),
        ("abababab", (1, 3, False)),
        ("ababababa", (1, 4, True)),
        ("abcabcabca", (2, 3, False)),
        ("a b a b a b a", (2, 3, False)),  # unknown ones are passed over
        ("a a a a a a a", None),
        ("acadaeafa", None),  # each time something new was tried
        ("abababcab", None),
        ("abababcababa", (6, 3, False)),
        ("        ", None),
    ],
)
def test_there_and_back(digests: str, found: Short | None) -> None:
    assert short(ping_pong(states(digests))) == found


@given(st.text("abc ", max_size=20))
def test_returns_are_counted_as_defined(digests: str) -> None:
    folded = [d for d, _ in itertools.groupby(digests.replace(" ", ""))]
    newest = max((folded.index(d) for d in folded), default=0)
    count = folded[newest + 1 :].count(folded[-1]) if folded else 0
    finding = ping_pong(states(digests))
    assert (finding.count if finding else 0) == (count if count >= 3 else 0)


# -- L7: most of it fails --------------------------------------------------------------


def tries(letters: str) -> list[Step]:
    """``x`` failed."""
    return [Step(str(n), "", ok=letter != "x") for n, letter in enumerate(letters)]


@pytest.mark.parametrize(
    ("letters", "found"),
    [
        ("xxxxx", None),
        ("xxxxxx", (0, 6, False)),
        ("xxxxxx..", (0, 6, False)),
        ("xxxxxx...", None),
        ("..xxxxxx", (0, 6, False)),
        ("...xxxxxx", (1, 6, False)),
        (".x.x.x.xxxx", (3, 6, False)),
        ("xxxxxxxxx", (0, 8, False)),
        ("xxxxxxxxxx", (0, 8, True)),
        ("x.xxxxx.xxxx", (0, 7, True)),
        (".xxxxx.xx.xx", (0, 6, False)),
        ("xxxxxxxxxx....xxxxxx", (12, 6, False)),
    ],
)
def test_most_of_it_fails(letters: str, found: Short | None) -> None:
    assert short(error_storm(tries(letters))) == found


def test_how_many_failed_is_told() -> None:
    assert getattr(error_storm(tries("xxxxxx")), "detail", "").startswith("6 of the")
    assert "7 of the last 8" in getattr(error_storm(tries("...xxxxxxx")), "detail", "")


# -- L11: commands that never end ------------------------------------------------------

HUNG = Step("run_command", "killed", ok=False, timed_out=True)
FAILED = Step("read_file", "not there", ok=False)
WELL = Step("list_files", "a.py")


@pytest.mark.parametrize(
    ("steps", "found"),
    [
        ([HUNG] * 2, None),
        ([HUNG] * 3, (0, 3, True)),
        ([WELL, HUNG, HUNG, HUNG], (1, 3, True)),
        ([HUNG, WELL, HUNG, HUNG], None),
        ([HUNG, FAILED, HUNG, HUNG, FAILED], (0, 3, True)),
        ([HUNG, HUNG, HUNG, WELL], None),
    ],
)
def test_commands_that_never_end(steps: list[Step], found: Short | None) -> None:
    assert short(time_limits(steps)) == found


# -- laws of them all ------------------------------------------------------------------

some_steps = st.lists(
    st.builds(
        Step,
        action=st.sampled_from("ab"),
        observation=st.sampled_from(["", "", "x", "y"]),
        ok=st.sampled_from([True, False]),
        timed_out=st.booleans(),
        workspace=st.sampled_from(["d", "d", "d", "e", ""]),
    ),
    max_size=10,
)
histories = st.lists(
    st.tuples(some_steps, st.integers(1, 5)).map(lambda pair: pair[0] * pair[1]),
    max_size=4,
).map(lambda parts: list(itertools.chain.from_iterable(parts))[:30])


@pytest.mark.parametrize("rule", RULES)
@given(steps=histories)
def test_a_streak_keeps_its_beginning(rule: Rule, steps: list[Step]) -> None:
    before = None
    for end in range(len(steps) + 1):
        now = rule(steps[:end])
        if now and before and now.rule == before.rule:
            assert now.first == before.first
        if now:
            assert 0 <= now.first < end
        before = now


@pytest.mark.parametrize("rule", [repeat, cycle, stagnation, error_storm, time_limits])
@given(steps=histories)
def test_a_new_streak_has_a_beginning_of_its_own(rule: Rule, steps: list[Step]) -> None:
    streaks = [
        next(group).first
        for holds, group in itertools.groupby(
            (rule(steps[:end]) for end in range(len(steps) + 1)), key=bool
        )
        if holds
    ]
    assert streaks == sorted(set(streaks))


@pytest.mark.parametrize("rule", [repeat, cycle, stagnation, error_storm])
@given(steps=histories)
def test_nobody_is_stopped_on_the_first_sign(rule: Rule, steps: list[Step]) -> None:
    for end in range(1, len(steps) + 1):
        now, before = rule(steps[:end]), rule(steps[: end - 1])
        if now and now.stop:
            assert before is not None
