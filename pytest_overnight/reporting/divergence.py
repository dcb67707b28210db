"""Where missed runs part from the solved runs of the same challenge.

The solved runs are a tree of steps: runs share a place in it while they have gone the
same way. A missed run parts at the first place where it goes a way that no solved run
has gone from there.
"""

from __future__ import annotations

from collections.abc import Iterable
from collections.abc import Iterator
from collections.abc import Mapping
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import groupby
from math import comb

from pytest_overnight.records.record import RunRecord
from pytest_overnight.reporting.ledgers import LedgerFacts
from pytest_overnight.reporting.summary import in_order

SURE = 0.05
"""Share of nights in which, without any cause, some place may look clear."""
LEAST = 2
"""Missed runs that part at one place: a single one is an accident, not a finding."""


@dataclass(frozen=True, slots=True)
class Move:
    """A step without its contents: equal for runs that did the same."""

    tool: str
    """Empty: the run ends here."""
    target: str
    ok: bool

    def __str__(self) -> str:
        """``edit_file billing.py (failed)``: hostile text."""
        if not self.tool:
            return "end"
        failed = "" if self.ok else "(failed)"
        return " ".join(filter(None, (self.tool, self.target, failed)))


END = Move("", "", True)
"""What comes after the last step of a run."""


@dataclass(frozen=True, slots=True)
class Choice:
    """A way to go from a place, and the runs that went it."""

    move: Move
    run_ids: tuple[str, ...]
    share: float
    """Of the runs of the same side, solved or missed, that came to the place; 0 … 1."""


@dataclass(frozen=True, slots=True)
class Divergence:
    """A place at which several missed runs leave every way that a solved run took."""

    test_id: str
    level: str
    prefix: tuple[Move, ...]
    """All moves before the place; equal ones in a row are one. Empty: the start."""
    missed: tuple[str, ...]
    """Run ids of the missed runs that part here: the finding."""
    ways: tuple[Choice, ...]
    """Where to, most frequent first. Their runs are ``missed``; shares are of
    ``missed_here``."""
    solved_ways: tuple[Choice, ...]
    """Where solved runs went from here, most frequent first; shares are of
    ``solved_here``."""
    missed_here: int
    """Missed runs that came to the place."""
    solved_here: int
    """Solved runs that came to the place."""
    missed_in_all: int
    """Missed runs of the challenge that have a ledger."""
    chance: float
    """Of a way from here that only missed runs went, and as many as went the first of
    ``ways``, if it were drawn by lot which runs that came here are the missed ones. An
    upper bound, see :func:`chance_of`."""
    clear: bool
    """Whether this is more than runs that scatter anyway, corrected for all places of
    the night at which something could have been found, see :func:`threshold`."""

    @property
    def after(self) -> Move | None:
        """The last move before the place; null at the start."""
        return self.prefix[-1] if self.prefix else None


Path = tuple[Move, ...]
"""All moves of a run, with ``END`` as the last."""


def path_of(facts: LedgerFacts) -> Path:
    """Equal moves in a row are one: a long file is read in as many pieces as it has."""
    moves = (Move(step.tool, step.target, step.ok) for step in facts.steps)
    return (*(move for move, _ in groupby(moves)), END)


@dataclass(frozen=True, slots=True)
class _Place:
    """A place in the tree, and who went where from it; all in order of run ids."""

    test_id: str
    level: str
    prefix: Path
    solved: dict[Move, list[str]]
    missed: dict[Move, list[str]]

    @property
    def lost(self) -> dict[Move, list[str]]:
        """The ways that no solved run went."""
        return {m: ids for m, ids in self.missed.items() if m not in self.solved}

    @property
    def sizes(self) -> list[int]:
        """Runs that went each way."""
        moves = {**self.solved, **self.missed}
        return [
            len(self.solved.get(m, [])) + len(self.missed.get(m, [])) for m in moves
        ]

    @property
    def least(self) -> float:
        """The smallest chance that any draw of the missed runs could give here."""
        missed = _number(self.missed)
        possible = [size for size in self.sizes if size <= missed]
        return chance_of(max(possible), self.sizes, missed) if possible else 1.0


def divergences(
    runs: Iterable[RunRecord], ledgers: Mapping[str, LedgerFacts]
) -> tuple[Divergence, ...]:
    """Of all challenges with solved and missed runs; the least chance comes first.

    A missed run that went the whole way of a solved one parts nowhere: what it did
    differently stands in what it wrote.
    """
    challenges: dict[str, list[RunRecord]] = {}
    for run in in_order(run for run in runs if run.counted and run.run_id in ledgers):
        challenges.setdefault(run.test_id, []).append(run)
    paths = {run_id: path_of(facts) for run_id, facts in ledgers.items()}
    places = [
        place for members in challenges.values() for place in _places(members, paths)
    ]
    sure = threshold([place.least for place in places])
    in_all = {
        test_id: sum(not run.success for run in members)
        for test_id, members in challenges.items()
    }
    found = (
        _divergence(place, in_all[place.test_id], sure)
        for place in places
        if _number(place.lost) >= LEAST
    )
    return tuple(sorted(found, key=lambda one: one.chance))


def _places(runs: Sequence[RunRecord], paths: Mapping[str, Path]) -> Iterator[_Place]:
    """All places that a solved run and ``LEAST`` missed ones came to."""
    todo = [(0, list(runs))]
    while todo:
        at, here = todo.pop()
        solved = _went((run for run in here if run.success), paths, at)
        missed = _went((run for run in here if not run.success), paths, at)
        if not solved or _number(missed) < LEAST:
            continue
        prefix = paths[here[0].run_id][:at]
        yield _Place(here[0].test_id, here[0].level, prefix, solved, missed)
        todo += [
            (at + 1, [run for run in here if paths[run.run_id][at] == move])
            for move in solved
            if move != END
        ]


def _went(
    runs: Iterable[RunRecord], paths: Mapping[str, Path], at: int
) -> dict[Move, list[str]]:
    found: dict[Move, list[str]] = {}
    for run in runs:
        found.setdefault(paths[run.run_id][at], []).append(run.run_id)
    return found


def _number(ways: Mapping[Move, Sequence[str]]) -> int:
    return sum(len(ids) for ids in ways.values())


def _divergence(place: _Place, missed_in_all: int, sure: float) -> Divergence:
    missed_here, solved_here = _number(place.missed), _number(place.solved)
    ways = _choices(place.lost, missed_here)
    chance = chance_of(len(ways[0].run_ids), place.sizes, missed_here)
    return Divergence(
        test_id=place.test_id,
        level=place.level,
        prefix=place.prefix,
        missed=tuple(run_id for way in ways for run_id in way.run_ids),
        ways=ways,
        solved_ways=_choices(place.solved, solved_here),
        missed_here=missed_here,
        solved_here=solved_here,
        missed_in_all=missed_in_all,
        chance=chance,
        clear=chance <= sure,
    )


def _choices(ways: Mapping[Move, Sequence[str]], whole: int) -> tuple[Choice, ...]:
    """Most frequent first; ``whole``: runs of this side that came to the place."""
    choices = (Choice(move, tuple(ids), len(ids) / whole) for move, ids in ways.items())
    return tuple(sorted(choices, key=lambda choice: -len(choice.run_ids)))


def chance_of(size: int, sizes: Sequence[int], missed: int) -> float:
    """That a way which at least ``size`` runs went has only missed ones, by chance.

    ``sizes``: runs that went each way from a place; ``missed``: how many of them were
    missed. Drawn by lot, a way of g of all n runs has only missed ones with
    probability C(n-g, missed-g) / C(n, missed): hypergeometric, as in Fisher's exact
    test. Summed over all ways that are large enough (Boole's inequality).
    """
    n = sum(sizes)
    ways = sum(comb(n - g, missed - g) for g in sizes if size <= g <= missed)
    return min(1.0, ways / comb(n, missed))


def threshold(least: Sequence[float]) -> float:
    """Chance up to which a place is clear; ``least``: the smallest that each can have.

    Bonferroni's, but without places that could not be clear whatever happened, for they
    cannot mislead: the largest SURE / k of which at most k places are capable. Tarone
    1990, *Biometrics* 46.
    """
    k = 1
    while sum(chance <= SURE / k for chance in least) > k:
        k += 1
    return SURE / k
