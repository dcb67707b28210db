"""What the night says of the suite: where it measures little."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Iterator

from pytest_overnight.reporting.advice.evidence import Evidence
from pytest_overnight.reporting.advice.evidence import named
from pytest_overnight.reporting.advice.items import Advice
from pytest_overnight.reporting.advice.items import Area
from pytest_overnight.reporting.markdown import Markdown
from pytest_overnight.reporting.markdown import code
from pytest_overnight.reporting.markdown import plural
from pytest_overnight.reporting.statistics import Rate

ENOUGH = 5
"""Counted runs (missed ones, for a hidden test) from which "always" and "never" say
something of a challenge: with fewer a rate of one half would look so by chance."""
WIDE = 0.4
"""Width of a challenge's 95 % interval that says little: ± 20 points."""
FINER = 2
"""How many times narrower its interval is to become."""
MOST = 8
"""Challenges or tests named in one item."""


def too_easy(evidence: Evidence) -> Iterator[Advice]:
    """Challenges that were solved every time: they tell nothing apart."""
    easy = [
        one
        for one in evidence.summary.challenges
        if one.rate.n >= ENOUGH and one.rate.successes == one.rate.n
    ]
    if easy:
        names = [one.test_id for one in easy]
        runs = sum(one.rate.n for one in easy)
        yield Advice(
            rule="too_easy",
            area=Area.SUITE,
            title=Markdown(f"Make harder what is always solved: {named(names, MOST)}"),
            because=Markdown(
                f"All {runs} counted runs of {plural(len(easy), 'challenge')} were "
                "solved: between this agent and a better one they cannot tell."
            ),
            steps=(
                Markdown(
                    "Add hidden tests for what the instruction asks and none checks, "
                    "or a harder variant (`pytest-overnight new`)."
                ),
                Markdown("Or give them fewer repetitions, and the time to others."),
            ),
            check=Markdown(
                "`pytest-overnight audit` must stay clean; some runs should be missed."
            ),
            gain=None,
            effort="hours",
            run_ids=_counted_of(evidence, names),
            causal=False,
        )


def never_passed(evidence: Evidence) -> Iterator[Advice]:
    """Hidden tests that no run passed: is it the agent, or the test?"""
    never = [one for one in evidence.patterns.always_missed if one.shared]
    if never:
        tests = sum(len(one.shared) for one in never)
        first, test = never[0], never[0].shared[0]
        asked = dict.fromkeys(
            run_id for one in never for check in one.shared for run_id in check.run_ids
        )
        yield Advice(
            rule="never_passed",
            area=Area.SUITE,
            title=Markdown(
                "Make sure that tests which nobody passed ask only what is told"
            ),
            because=Markdown(
                f"{plural(tests, 'hidden test')} of "
                f"{named([one.test_id for one in never], MOST)} failed in every run in "
                f"which they were asked, such as {code(test.name, 60)} of "
                f"{named([first.test_id])} in {test.rate.n}. A test that no agent can "
                "know of measures nothing."
            ),
            steps=(
                Markdown(
                    "Read the instruction (`pytest-overnight show`) beside each test: "
                    "are all names, files and formats told?"
                ),
                Markdown(
                    "`pytest-overnight audit` proves that the reference answer passes."
                ),
                Markdown(
                    "If they are fair, an easier step of the same kind shows how far "
                    "the agent comes."
                ),
            ),
            check=Markdown("Play the challenge with a stronger model: does any pass?"),
            gain=None,
            effort="hours",
            run_ids=tuple(asked),
            causal=False,
        )


def idle_tests(evidence: Evidence) -> Iterator[Advice]:
    """Hidden tests that passed in every missed run: the others decided."""
    idle, runs = _idle(evidence)
    if idle:
        most = sorted(idle, key=lambda test_id: -len(idle[test_id]))[:MOST]
        listed = "; ".join(
            f"{named([test_id])}: {plural(len(idle[test_id]), 'test')}, such as "
            f"{code(idle[test_id][0], 60)}"
            for test_id in most
        )
        total = sum(map(len, idle.values()))
        yield Advice(
            rule="idle_tests",
            area=Area.SUITE,
            title=Markdown("Sharpen hidden tests that never fail"),
            because=Markdown(
                f"{plural(total, 'hidden test')} in {plural(len(idle), 'challenge')} "
                f"passed in every run, missed ones too. {listed}."
            ),
            steps=(
                Markdown(
                    "Keep those that hold what an answer must not break. Sharpen or "
                    "join the others."
                ),
                Markdown(
                    "Add a wrong answer under `wrong/` that only the sharpened test "
                    "rejects; `pytest-overnight audit` proves it."
                ),
            ),
            check=Markdown(
                "The picture of tests and runs, `plots/test_matrix.png`, shows who "
                "decides."
            ),
            gain=None,
            effort="hours",
            run_ids=runs,
            causal=False,
        )


def _idle(evidence: Evidence) -> tuple[dict[str, list[str]], tuple[str, ...]]:
    """Challenge → such tests; and the missed runs in which they were asked."""
    passed: dict[str, dict[str, bool]] = defaultdict(dict)
    asked: dict[str, list[str]] = defaultdict(list)
    for run in evidence.counted:
        answers = passed[run.test_id]
        for check in run.checks:
            answers[check.name] = answers.get(check.name, True) and check.passed
        if run.checks and not run.success:
            asked[run.test_id].append(run.run_id)
    idle = {
        test_id: names
        for test_id, answers in passed.items()
        if len(asked[test_id]) >= ENOUGH
        and (names := [name for name, always in answers.items() if always])
    }
    return idle, tuple(run_id for test_id in idle for run_id in asked[test_id])


def repetitions(evidence: Evidence) -> Iterator[Advice]:
    """Challenges whose rate is hardly known."""
    known = [one for one in evidence.summary.challenges if one.rate.n]
    wide = [one for one in known if _width(one.rate) > WIDE]
    if wide:
        wide.sort(key=lambda one: (-_width(one.rate), one.test_id))
        worst = wide[0]
        names = [one.test_id for one in wide]
        need = max(repetitions_for(one.rate, FINER) for one in wide)
        more = sum(need - one.rate.n for one in wide)
        yield Advice(
            rule="repetitions",
            area=Area.SUITE,
            title=Markdown(f"Give more repetitions to {named(names, 3)}"),
            because=Markdown(
                f"The 95 % intervals of {plural(len(wide), 'challenge')} are wider "
                f"than {100 * WIDE:.0f} points; the widest is {named([worst.test_id])} "
                f"with {worst.rate.successes} of {worst.rate.n} solved. To halve them "
                f"all takes {need} repetitions each, {more} runs more than this night "
                "had of them."
            ),
            steps=(
                Markdown(
                    f"`--count {need}`, for these alone with `--challenge`; or let "
                    "`run-overnight` spend what is left of the night on the widest: "
                    "a later `--until`."
                ),
            ),
            check=Markdown("The intervals in the report's table of challenges."),
            gain=None,
            effort="hours",
            run_ids=_counted_of(evidence, names),
            causal=False,
        )


def repetitions_for(rate: Rate, finer: float) -> int:
    """Runs in all that make Wilson's interval ``finer`` times narrower.

    Supposes that the share solved stays what it is.
    """
    goal = _width(rate) / finer
    share = rate.successes / rate.n
    number = rate.n
    while _width(Rate(round(share * number), number)) > goal:
        number += 1 + number // 20
    return math.ceil(number)


def _width(rate: Rate) -> float:
    return rate.interval.high - rate.interval.low


def _counted_of(evidence: Evidence, test_ids: list[str]) -> tuple[str, ...]:
    return tuple(run.run_id for run in evidence.counted if run.test_id in test_ids)
