"""Error fingerprints that mean the same, put together."""

from __future__ import annotations

import re
from collections.abc import Iterable
from collections.abc import Mapping
from collections.abc import Sequence
from dataclasses import dataclass

from pytest_overnight.records.record import RunRecord
from pytest_overnight.reporting.statistics import Rate
from pytest_overnight.reporting.summary import in_order
from pytest_overnight.rules.fingerprint import Group
from pytest_overnight.rules.fingerprint import grouped

ALIKE = 0.6
"""Dice's coefficient of two sets of words from which two errors are one."""
MOST = 1000
"""Kinds of error that are compared, those of most runs; each further one stands alone,
so that a night of endless different errors costs no more."""

_WORD = re.compile(r"\w+|…")
_NAME = re.compile(r"[A-Za-z_][\w.]*(?=:|$)")
"""An exception, or a program that complains, where a message begins."""


@dataclass(frozen=True, slots=True)
class Cluster:
    """Errors of one kind, under the name of the one that most runs met."""

    fingerprint: str
    """The most frequent of ``members``: hostile text."""
    members: tuple[str, ...]
    """All fingerprints in it, most frequent first: hostile text."""
    run_ids: tuple[str, ...]
    """Runs that met any of them, void ones too; by level, challenge, repetition."""
    count: int
    """How often in all of them."""
    missed: Rate
    """Missed runs among the counted ones that met it."""
    example: str
    """A run to look at: a missed one where there is one."""


def clusters_of(runs: Iterable[RunRecord]) -> tuple[Cluster, ...]:
    """The errors of a night; every fingerprint of a record is in exactly one cluster.

    Each fingerprint, from the most frequent on, joins the most similar cluster of the
    same tool, exit status and exception whose *name* shares enough words with it, or
    begins one of its own. Compared with names alone, a cluster cannot drift.
    """
    known = in_order(runs)
    groups = grouped((run.run_id, run.fingerprints) for run in known)
    places = {run.run_id: at for at, run in enumerate(known)}
    found = [_cluster(members, known, places) for members in _together(groups)]
    return tuple(
        sorted(found, key=lambda c: (-len(c.run_ids), -c.count, c.fingerprint))
    )


def similarity(one: str, other: str) -> float:
    """Of two fingerprints, 0 … 1: twice the words in both over the words of each.

    0 where tool, exit status or exception differ. Dice 1945.
    """
    (head, words), (other_head, other_words) = _parts(one), _parts(other)
    return _dice(words, other_words) if head == other_head else 0.0


def _parts(fingerprint: str) -> tuple[str, frozenset[str]]:
    """Tool, exit status and exception as one text; the words of the rest."""
    _, _, cause = fingerprint.partition(": ")
    name = _NAME.match(cause)
    rest = cause[name.end() :] if name else cause
    return fingerprint[: len(fingerprint) - len(rest)], frozenset(_WORD.findall(rest))


def _dice(one: frozenset[str], other: frozenset[str]) -> float:
    both = len(one) + len(other)
    return 2 * len(one & other) / both if both else 0.0


def _together(groups: Sequence[Group]) -> list[list[Group]]:
    """Groups of one cluster, its name first; ``groups``: most frequent first."""
    clusters: list[list[Group]] = []
    known: dict[str, list[tuple[frozenset[str], list[Group]]]] = {}
    for group in groups[:MOST]:
        head, words = _parts(group.fingerprint)
        rivals = known.setdefault(head, [])
        # The first of the best: that is the most frequent of them.
        best = max(rivals, key=lambda rival: _dice(words, rival[0]), default=None)
        if best and _dice(words, best[0]) >= ALIKE:
            best[1].append(group)
        else:
            clusters.append([group])
            rivals.append((words, clusters[-1]))
    return clusters + [[group] for group in groups[MOST:]]


def _cluster(
    members: Sequence[Group], runs: Sequence[RunRecord], places: Mapping[str, int]
) -> Cluster:
    """``places``: run id → index in ``runs``."""
    at = {places[run_id] for group in members for run_id in group.runs}
    met = [runs[place] for place in sorted(at)]
    counted = [run for run in met if run.counted]
    missed = [run for run in counted if not run.success]
    return Cluster(
        fingerprint=members[0].fingerprint,
        members=tuple(group.fingerprint for group in members),
        run_ids=tuple(run.run_id for run in met),
        count=sum(group.count for group in members),
        missed=Rate(len(missed), len(counted)),
        example=(missed or met)[0].run_id,
    )
