"""Two nights compared: who is paired, what is said, and how often it errs."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from collections.abc import Mapping
from collections.abc import Sequence
from typing import Any

import pytest

from pytest_overnight.records.record import AgentInfo
from pytest_overnight.records.record import RunRecord
from pytest_overnight.records.record import SandboxInfo
from pytest_overnight.reporting.comparison import Comparison
from pytest_overnight.reporting.comparison import compare
from pytest_overnight.reporting.comparison import compare_nights
from pytest_overnight.reporting.comparison import interval_here
from pytest_overnight.reporting.comparison import judge
from pytest_overnight.reporting.exact import holm
from pytest_overnight.reporting.exact import table_chance
from pytest_overnight.reporting.night import Night
from pytest_overnight.reporting.statistics import Rate
from tests.reporting.nights import a_master
from tests.reporting.nights import a_run

NIGHTS = 2000
"""Simulated ones, of each kind."""


def runs_of(solved: Mapping[str, str], **changes: Any) -> list[RunRecord]:
    """Challenge → one letter a run: ``+`` solved, ``-`` missed, ``o`` void."""
    outcomes = {"+": "passed", "-": "wrong_answer", "o": "infra"}
    return [
        a_run(test_id, number, outcomes[letter], **changes)
        for test_id, letters in solved.items()
        for number, letter in enumerate(letters, 1)
    ]


def compared(now: Sequence[RunRecord], before: Sequence[RunRecord]) -> Comparison:
    found = compare(now, before)
    assert found is not None
    return found


def version(name: str) -> dict[str, str]:
    return {"challenge": name}


def test_counted_runs_of_the_same_challenges_are_paired() -> None:
    found = compared(
        runs_of({"L3-1": "++-o", "L4-1": "+"}), runs_of({"L3-1": "-oo", "L5-1": "+"})
    )
    (pair,) = found.pairs
    assert (pair.test_id, pair.now, pair.before) == ("L3-1", Rate(2, 3), Rate(0, 1))
    assert found.difference == pytest.approx(2 / 3)
    assert "challenges only in this night: L4-1" in found.changed
    assert "challenges only in the night before: L5-1" in found.changed


def test_each_challenge_has_one_voice_in_the_mean() -> None:
    now = runs_of({"L3-1": "++", "L3-2": "-" * 10})
    before = runs_of({"L3-1": "--", "L3-2": "-" * 10})
    assert compared(now, before).difference == 0.5


def test_challenges_are_in_the_order_of_the_report() -> None:
    ids = ["A-1", "L3-10", "L3-2", "L6-1"]
    night = runs_of(dict.fromkeys(ids, "+"))
    pairs = compared(night, night).pairs
    assert [pair.test_id for pair in pairs] == ["L3-2", "L3-10", "L6-1", "A-1"]


def test_a_challenge_that_changed_is_not_paired() -> None:
    now = [
        *runs_of({"L3-1": "+++"}, digests=version("new")),
        *runs_of({"L3-2": "+-"}, digests=version("same")),
    ]
    before = [
        *runs_of({"L3-1": "---"}, digests=version("old")),
        *runs_of({"L3-2": "--"}, digests=version("same")),
    ]
    found = compared(now, before)
    assert [pair.test_id for pair in found.pairs] == ["L3-2"]
    assert any("that changed" in said and "L3-1" in said for said in found.changed)


def test_of_a_challenge_in_two_versions_each_is_paired_with_itself() -> None:
    now = [
        *runs_of({"L3-1": "++"}, digests=version("old")),
        *runs_of({"L3-1": "+++"}, digests=version("new")),
    ]
    before = runs_of({"L3-1": "-"}, digests=version("old"))
    (pair,) = compared(now, before).pairs
    assert (pair.now, pair.before) == (Rate(2, 2), Rate(0, 1))


def test_without_versions_names_are_paired_and_that_is_said() -> None:
    night = runs_of({"L3-1": "+-"})
    (said,) = compared(night, night).changed
    assert "compared by their name: L3-1" in said


def test_a_version_known_of_one_night_only_is_no_pair() -> None:
    now = runs_of({"L3-1": "+"}, digests=version("new"))
    assert compare(now, runs_of({"L3-1": "+"})) is None


def test_nothing_in_common_is_no_comparison() -> None:
    assert compare(runs_of({"L3-1": "+"}), runs_of({"L3-2": "+"})) is None
    assert compare(runs_of({"L3-1": "oo"}), runs_of({"L3-1": "+"})) is None
    assert compare([], []) is None


def test_scripts_are_compared_with_scripts_alone() -> None:
    script = AgentInfo(spec="rehearsal", scripted=True)
    scripts = runs_of({"L3-1": "+-"}, agent=script)
    assert compare(scripts, runs_of({"L3-1": "+-"})) is None
    assert compared(scripts, scripts).scripted
    assert not compared(*[runs_of({"L3-1": "+-"})] * 2).scripted


@pytest.mark.parametrize("letters", ["+" * 10, "-" * 10, "+++++-----", "+", "+-"])
@pytest.mark.parametrize("challenges", [1, 3, 9])
def test_a_night_against_itself_cannot_tell(letters: str, challenges: int) -> None:
    night = runs_of({f"L3-{n}": letters for n in range(challenges)})
    found = compared(night, night)
    assert (found.verdict, found.difference) == ("cannot tell", 0.0)
    assert (found.here.chance, found.beyond.chance) == (1.0, 1.0)
    assert found.fixed == found.broken == ()
    for interval in (found.here.interval, found.beyond.interval):
        assert interval is None or interval.low < 0 < interval.high


def test_a_large_rise_is_better_and_its_mirror_worse() -> None:
    low = runs_of({f"L3-{n}": "++--------" for n in range(5)})
    high = runs_of({f"L3-{n}": "++++++++--" for n in range(5)})
    up, down = compared(high, low), compared(low, high)
    assert (up.verdict, down.verdict) == ("better", "worse")
    assert up.difference == pytest.approx(0.6)
    assert up.here.interval is not None
    assert up.here.interval.low > 0
    # Five challenges cannot tell by their signs: the question is another one.
    assert up.beyond.chance == 0.0625


def test_what_one_challenge_lost_is_named() -> None:
    same = {f"L3-{n}": "+" * 10 for n in range(8)}
    now = runs_of({**same, "L4-1": "+---------"})
    before = runs_of({**same, "L4-1": "+++++++++-"})
    found = compared(now, before)
    assert (found.broken, found.fixed) == (("L4-1",), ())
    assert (compared(before, now).broken, compared(before, now).fixed) == (
        (),
        ("L4-1",),
    )


def test_what_is_gained_here_and_lost_there_is_no_verdict() -> None:
    now = runs_of({"L3-1": "+" * 10, "L3-2": "-" * 10})
    before = runs_of({"L3-1": "-" * 10, "L3-2": "+" * 10})
    found = compared(now, before)
    assert found.verdict == "cannot tell"
    assert (found.fixed, found.broken) == (("L3-1",), ("L3-2",))


def test_where_mean_and_sum_disagree_there_is_no_verdict() -> None:
    rates = [(Rate(60, 100), Rate(30, 100)), (Rate(0, 2), Rate(1, 2))]
    verdict, chance = judge(rates)
    assert chance < 0.05
    assert verdict == "cannot tell"


def test_the_interval_over_challenges_is_t() -> None:
    import numpy as np
    from scipy.stats import ttest_1samp

    solved = {"L3-1": 9, "L3-2": 3, "L3-3": 8, "L3-4": 2}
    now = runs_of({name: "+" * n + "-" * (10 - n) for name, n in solved.items()})
    before = runs_of(dict.fromkeys(solved, "+++++-----"))
    differences = [n / 10 - 0.5 for n in solved.values()]
    known = ttest_1samp(np.array(differences), 0).confidence_interval()
    ends = compared(now, before).beyond.interval
    assert ends is not None
    assert (ends.low, ends.high) == pytest.approx((known.low, known.high))


@pytest.mark.parametrize(
    ("challenges", "runs", "points"),
    [(10, 5, 28), (20, 5, 20), (20, 10, 14), (20, 20, 9.9), (50, 20, 6.3)],
)
def test_what_two_nights_can_find_is_the_published_table(
    challenges: int, runs: int, points: float
) -> None:
    night = runs_of({f"L3-{n}": "+" * runs for n in range(challenges)})
    assert 100 * compared(night, night).detectable == pytest.approx(points, abs=0.5)


def test_what_else_differs_is_named() -> None:
    weights = {"digest": "aaa", "host": "http://here"}
    now = runs_of(
        {"L3-1": "+"},
        agent=AgentInfo(spec="ollama", model="one", details=weights),
        sandbox=SandboxInfo(level="bubblewrap", protected=True),
        digests=version("same"),
    )
    before = runs_of(
        {"L3-1": "+"},
        agent=AgentInfo(spec="my:agent", model="two", details={"digest": "bbb"}),
        sandbox=SandboxInfo(level="process", protected=False),
        digests=version("same"),
    )
    assert compared(now, before).changed == (
        "agent: ollama, before my:agent",
        "hidden tests out of reach: yes, before no",
        "model: one, before two",
        "model, digest: aaa, before bbb",
        "sandbox: bubblewrap, before process",
    )


def test_settings_and_machine_are_named_where_they_matter() -> None:
    runs = runs_of({"L3-1": "+"}, digests=version("same"))
    here = a_master(
        settings={"temperature": 0.2, "seed": 1, "count": 5, "results": "a"},
        machine={"cpu": "fast", "memory_bytes": 1},
    )
    there = a_master(
        settings={"temperature": None, "seed": 2, "count": 9, "results": "b"},
        machine={"cpu": "slow", "memory_bytes": 2},
    )
    found = compare_nights(Night(here, tuple(runs), ()), Night(there, tuple(runs), ()))
    assert found is not None
    assert found.changed == (
        "setting temperature: 0.2, before None",
        "machine, cpu: fast, before slow",
    )


def test_settings_of_a_night_without_master_log_are_not_known() -> None:
    runs = tuple(runs_of({"L3-1": "+"}, digests=version("same")))
    found = compare_nights(Night(a_master(), runs, ()), Night(None, runs, ()))
    assert found is not None
    assert found.changed == (
        "settings: not known of the night before, whose master log is missing",
    )


def nights(
    now: Sequence[float], before: Sequence[float], runs: int, number: int = NIGHTS
) -> Iterator[list[tuple[Rate, Rate]]]:
    """Many pairs of nights of challenges with these true pass rates."""
    import numpy as np

    generator = np.random.default_rng(20250121)
    ours, theirs = (
        generator.binomial(runs, rates, (number, len(rates))).tolist()
        for rates in (now, before)
    )
    for night in zip(ours, theirs, strict=True):
        yield [(Rate(a, runs), Rate(b, runs)) for a, b in zip(*night, strict=True)]


def simulated(now: Sequence[float], before: Sequence[float], runs: int) -> Counter[str]:
    return Counter(judge(rates)[0] for rates in nights(now, before, runs))


@pytest.mark.parametrize(
    "rates",
    [[0.5] * 9, [n / 10 for n in range(1, 10)], [0.9] * 9, [0.5] * 3, [0.5]],
    ids=["all 50 %", "from 10 to 90 %", "all 90 %", "three of 50 %", "one of 50 %"],
)
def test_no_difference_is_called_one_in_at_most_a_twentieth(
    rates: list[float],
) -> None:
    verdicts = simulated(rates, rates, runs=10)
    assert NIGHTS - verdicts["cannot tell"] <= 0.05 * NIGHTS


def test_a_difference_that_can_be_found_is_found() -> None:
    """0.21 is what nine challenges with ten runs have a chance of 80 % to find."""
    verdicts = simulated([0.605] * 9, [0.395] * 9, runs=10)
    assert verdicts["better"] >= 0.72 * NIGHTS
    assert verdicts["worse"] == 0


def test_no_challenge_is_called_changed_in_more_than_a_twentieth_of_nights() -> None:
    import numpy as np

    chances = {
        (a, b): table_chance(Rate(a, 10), Rate(b, 10))
        for a in range(11)
        for b in range(11)
    }
    generator = np.random.default_rng(20250121)
    nights = generator.binomial(10, 0.5, (NIGHTS, 9, 2)).tolist()
    wrong = sum(
        min(holm([chances[a, b] for a, b in night])) <= 0.05 for night in nights
    )
    assert wrong <= 0.05 * NIGHTS


@pytest.mark.parametrize(
    ("now", "before"),
    [
        ([0.5] * 9, [0.5] * 9),
        ([0.9] * 3, [0.7] * 3),
        ([0.0, 0.6, 1.0], [0.1, 0.4, 0.9]),
    ],
)
def test_the_interval_on_these_challenges_holds_the_truth(
    now: list[float], before: list[float]
) -> None:
    truth = sum(now) / len(now) - sum(before) / len(before)
    intervals = [interval_here(rates) for rates in nights(now, before, 10, 500)]
    held = sum(interval.low <= truth <= interval.high for interval in intervals)
    assert held >= 0.93 * 500
