"""Where missed runs part from solved ones, against a search by brute force."""

from __future__ import annotations

import random
from collections import Counter
from itertools import combinations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import fisher_exact

from pytest_overnight.records.record import RunRecord
from pytest_overnight.reporting.divergence import END
from pytest_overnight.reporting.divergence import LEAST
from pytest_overnight.reporting.divergence import SURE
from pytest_overnight.reporting.divergence import Divergence
from pytest_overnight.reporting.divergence import Move
from pytest_overnight.reporting.divergence import chance_of
from pytest_overnight.reporting.divergence import divergences
from pytest_overnight.reporting.divergence import path_of
from pytest_overnight.reporting.divergence import threshold
from pytest_overnight.reporting.ledgers import LedgerFacts
from pytest_overnight.reporting.ledgers import Step
from tests.reporting.nights import a_run

Night = tuple[list[RunRecord], dict[str, LedgerFacts]]


def went(words: str, run_id: str = "L3-1-run-0001") -> LedgerFacts:
    """A ledger whose steps are ``tool:target``, with ``!`` behind failed calls."""
    steps = []
    for word in words.split():
        tool, _, target = word.rstrip("!").partition(":")
        steps.append(Step(1, tool, target, not word.endswith("!"), "", 0.1))
    return LedgerFacts(run_id, tuple(steps), (900,), (40,), (1.0,))


def a_night(solved: list[str], missed: list[str], test_id: str = "L3-1") -> Night:
    """Solved runs first; each went the way that its words say."""
    outcomes = ["passed"] * len(solved) + ["wrong_answer"] * len(missed)
    runs = [a_run(test_id, at, outcome) for at, outcome in enumerate(outcomes, 1)]
    ways = zip(runs, [*solved, *missed], strict=True)
    return runs, {run.run_id: went(words, run.run_id) for run, words in ways}


def moves(words: str) -> tuple[Move, ...]:
    return path_of(went(words))[:-1]


def test_the_example_of_the_docs() -> None:
    solved = ["read:inventory.py run:pytest write:inventory.py finish"] * 5
    wrong = ["read:inventory.py write:inventory.py finish"] * 4
    late = ["read:inventory.py run:pytest write:inventory.py finish"] * 2
    [found] = divergences(*a_night(solved, wrong + late))
    assert found.prefix == moves("read:inventory.py")
    assert str(found.after) == "read inventory.py"
    assert found.missed == tuple(f"L3-1-run-{at:04d}" for at in range(6, 10))
    [way] = found.ways
    assert (str(way.move), way.run_ids, way.share) == (
        "write inventory.py",
        found.missed,
        pytest.approx(4 / 6),
    )
    [usual] = found.solved_ways
    assert (str(usual.move), len(usual.run_ids), usual.share) == ("run pytest", 5, 1)
    assert (found.missed_here, found.solved_here, found.missed_in_all) == (6, 5, 6)
    # Fisher's exact test, one-sided: 4 of 4 missed against 2 of 7.
    assert found.chance == pytest.approx(
        fisher_exact([[4, 2], [0, 5]], "greater").pvalue
    )
    assert found.clear


def test_a_missed_run_that_did_as_a_solved_one_did_parts_nowhere() -> None:
    assert (
        divergences(*a_night(["read:a edit:a finish"], ["read:a edit:a finish"] * 3))
        == ()
    )


def test_a_run_that_ends_early_parts_at_its_end() -> None:
    [found] = divergences(*a_night(["read:a edit:a"] * 3, ["read:a"] * 3))
    assert [way.move for way in found.ways] == [END]
    assert str(END) == "end"


def test_a_run_that_goes_on_parts_where_the_solved_ones_ended() -> None:
    [found] = divergences(*a_night(["read:a finish"], ["read:a finish read:b"] * 2))
    assert found.prefix == moves("read:a finish")
    assert [way.move for way in found.solved_ways] == [END]


def test_a_failed_call_is_another_move() -> None:
    [found] = divergences(*a_night(["edit:a"] * 2, ["edit:a!"] * 2))
    assert (found.prefix, found.after) == ((), None)
    assert str(found.ways[0].move) == "edit a (failed)"


def test_equal_moves_in_a_row_are_one() -> None:
    read = ["read:long read:long read:long edit:long"]
    assert divergences(*a_night(read, ["read:long edit:long"] * 4)) == ()


def test_one_missed_run_is_an_accident() -> None:
    assert divergences(*a_night(["read:a"] * 5, ["edit:a", "run:b read:a"])) != ()
    assert divergences(*a_night(["read:a"] * 5, ["edit:a"])) == ()


def test_runs_that_scatter_anyway_are_not_clear() -> None:
    solved = [f"read:{at}" for at in range(5)]
    missed = [f"write:{at}" for at in range(5)]
    [found] = divergences(*a_night(solved, missed))
    assert found.chance == 1
    assert not found.clear


def test_only_counted_runs_with_a_ledger_of_mixed_challenges_are_looked_at() -> None:
    runs, ledgers = a_night(["read:a"], ["edit:a"] * 3)
    del ledgers["L3-1-run-0002"]
    void = a_run(attempt=9, outcome="infra")
    ledgers[void.run_id] = went("edit:a", void.run_id)
    [found] = divergences([*runs, void], ledgers)
    assert found.missed == ("L3-1-run-0003", "L3-1-run-0004")
    assert found.missed_in_all == 2
    assert divergences(*a_night([], ["edit:a"] * 5)) == ()
    assert divergences(*a_night(["edit:a"] * 5, [])) == ()
    assert divergences(runs, {}) == ()


def test_challenges_are_kept_apart_and_the_surest_comes_first() -> None:
    weak = a_night(["read:a"] * 2, ["edit:a"] * 2, "L3-1")
    strong = a_night(["read:a"] * 6, ["edit:a"] * 6, "L4-1")
    found = divergences([*weak[0], *strong[0]], {**weak[1], **strong[1]})
    assert [(one.test_id, one.level) for one in found] == [
        ("L4-1", "L4"),
        ("L3-1", "L3"),
    ]


WORDS = st.lists(st.sampled_from(["a", "b", "c", "c!"]), max_size=5).map(" ".join)
NIGHTS = st.builds(a_night, st.lists(WORDS, max_size=5), st.lists(WORDS, max_size=6))


def by_brute_force(night: Night) -> dict[tuple[Move, ...], set[str]]:
    """Place → who parts there: step by step, with nothing but sets."""
    runs, ledgers = night
    paths = {run_id: path_of(facts) for run_id, facts in ledgers.items()}
    solved = [paths[run.run_id] for run in runs if run.success]
    places: dict[tuple[Move, ...], set[str]] = {}
    for run in runs if solved else []:
        mine, company = paths[run.run_id], solved
        for at, move in enumerate(mine if not run.success else ()):
            company_before = company
            company = [path for path in company if path[at : at + 1] == (move,)]
            if company_before and not company:
                places.setdefault(mine[:at], set()).add(run.run_id)
    return {place: ids for place, ids in places.items() if len(ids) >= LEAST}


@given(NIGHTS)
def test_places_are_those_that_brute_force_finds(night: Night) -> None:
    found = divergences(*night)
    assert {one.prefix: set(one.missed) for one in found} == by_brute_force(night)


@given(NIGHTS)
def test_a_finding_says_what_the_ledgers_say(night: Night) -> None:
    runs, ledgers = night
    solved = {run.run_id for run in runs if run.success}
    for one in divergences(*night):
        at = len(one.prefix)
        here = {
            run_id: path_of(facts)
            for run_id, facts in ledgers.items()
            if path_of(facts)[:at] == one.prefix
        }
        assert set(one.missed) <= set(here) - solved
        assert one.solved_here == len(solved & set(here)) > 0
        assert one.missed_here == len(set(here) - solved)
        assert ways_of(one.missed, here, at) == shown(one, "ways")
        assert ways_of(tuple(solved & set(here)), here, at) == shown(one, "solved_ways")
        assert not {way.move for way in one.ways} & {
            way.move for way in one.solved_ways
        }
        assert sum(way.share for way in one.solved_ways) == pytest.approx(1)
        assert sorted(x for way in one.ways for x in way.run_ids) == sorted(one.missed)
        assert 0 < one.chance <= 1


def ways_of(
    run_ids: tuple[str, ...], paths: dict[str, tuple[Move, ...]], at: int
) -> Counter[Move]:
    return Counter(paths[run_id][at] for run_id in run_ids)


def shown(one: Divergence, side: str) -> Counter[Move]:
    return Counter({way.move: len(way.run_ids) for way in getattr(one, side)})


@given(st.lists(st.integers(1, 4), min_size=1, max_size=4), st.data())
def test_the_chance_is_what_all_draws_give_or_above(
    sizes: list[int], data: st.DataObject
) -> None:
    n = sum(sizes)
    missed = data.draw(st.integers(1, n))
    size = data.draw(st.integers(1, missed))
    way = [at for at, g in enumerate(sizes) for _ in range(g)]
    draws = [set(draw) for draw in combinations(range(n), missed)]
    lost = [
        sum(
            g >= size and all(run in draw for run in range(n) if way[run] == at)
            for at, g in enumerate(sizes)
        )
        for draw in draws
    ]
    exact = sum(count > 0 for count in lost) / len(draws)
    assert chance_of(size, sizes, missed) == pytest.approx(
        min(1, sum(lost) / len(draws))
    )
    assert chance_of(size, sizes, missed) >= exact - 1e-12


@given(st.lists(st.floats(0, 1), max_size=30))
def test_the_threshold_is_between_no_correction_and_bonferronis(
    least: list[float],
) -> None:
    sure = threshold(least)
    assert SURE / max(1, len(least)) <= sure <= SURE
    k = round(SURE / sure)
    assert sum(chance <= sure for chance in least) <= k
    # No smaller correction holds.
    assert all(sum(c <= SURE / j for c in least) > j for j in range(1, k))


def random_night(dice: random.Random, runs: int, *, cause: bool) -> Night:
    """Ten challenges; by default solving has nothing to do with what a run did.

    ``cause``: in one challenge, missed runs mostly write where solved ones test.
    """
    tools = ["read:a", "read:b", "run:pytest", "write:a", "edit:a", "run:ls"]
    records, ledgers = [], {}
    for number in range(10):
        sides: tuple[list[str], list[str]] = ([], [])
        for _ in range(runs):
            missed = dice.random() < 0.5
            steps = dice.choices(tools, [4, 2, 4, 2, 3, 1], k=dice.randint(4, 9))
            if cause and number == 0:
                wrong = missed and dice.random() < 0.9
                steps[:2] = ["read:a", "write:a" if wrong else "run:pytest"]
            sides[missed].append(" ".join(steps))
        found = a_night(*sides, f"L3-{number}")
        records += found[0]
        ledgers.update(found[1])
    return records, ledgers


@pytest.mark.parametrize("runs", [10, 30])
def test_without_a_cause_a_night_has_hardly_ever_a_clear_place(runs: int) -> None:
    dice = random.Random(7)
    nights = [random_night(dice, runs, cause=False) for _ in range(60)]
    wrong = sum(any(one.clear for one in divergences(*night)) for night in nights)
    # Binomial: with 5 % a night, 7 or more of 60 happen in 3 of 100 such tests.
    assert wrong <= 6


def test_a_cause_is_clear_once_there_are_runs_enough() -> None:
    dice = random.Random(7)
    nights = [random_night(dice, 20, cause=True) for _ in range(20)]
    for night in nights:
        first = divergences(*night)[0]
        assert first.clear
        assert (first.test_id, first.prefix) == ("L3-0", moves("read:a"))
        assert first.ways[0].move == Move("write", "a", True)
