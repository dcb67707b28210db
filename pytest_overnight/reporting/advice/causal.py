"""Advice from associations: what went with missed runs, challenge by challenge.

Each candidate is tested within challenges (``association.py``) and corrected for all
candidates that were tested this night. None of it is an experiment, and the words say
so: every item names the run that would be one.
"""

from __future__ import annotations

import dataclasses
import math
import statistics
from collections.abc import Callable
from collections.abc import Iterable
from collections.abc import Sequence
from dataclasses import dataclass

from pytest_overnight.records.record import RunRecord
from pytest_overnight.reporting.advice.association import Stratum
from pytest_overnight.reporting.advice.association import chance
from pytest_overnight.reporting.advice.association import least_chance
from pytest_overnight.reporting.advice.association import stratum
from pytest_overnight.reporting.advice.association import turned
from pytest_overnight.reporting.advice.causes import CAUSES
from pytest_overnight.reporting.advice.errors import error_causes
from pytest_overnight.reporting.advice.evidence import Evidence
from pytest_overnight.reporting.advice.evidence import challenges
from pytest_overnight.reporting.advice.evidence import ids
from pytest_overnight.reporting.advice.evidence import named
from pytest_overnight.reporting.advice.features import LATE
from pytest_overnight.reporting.advice.features import Cause
from pytest_overnight.reporting.advice.features import Usual
from pytest_overnight.reporting.advice.items import Advice
from pytest_overnight.reporting.advice.items import Gain
from pytest_overnight.reporting.exact import holm
from pytest_overnight.reporting.markdown import Markdown
from pytest_overnight.reporting.markdown import percent
from pytest_overnight.reporting.markdown import plural
from pytest_overnight.rules.outcome import Stop

LEVEL = 0.02
"""Share of nights without any cause in which some advice may come of chance all the
same, at most: below the usual 5 %, for a night's work hangs on it."""
LEAST_RUNS = 5
"""Runs with a feature, below which no night is changed for its sake."""
SAME = 0.9
"""Runs that two features have in common, of those that have either: beyond it they are
one feature under two names."""
MATCHED = 0.05
"""Chance among runs of similar length, above which a feature that grows with length is
not taken for a cause."""


@dataclass(frozen=True, slots=True)
class Causal:
    """What came of it."""

    items: tuple[Advice, ...]
    tested: int
    """Features that could have proved to be causes, given how many runs had them."""


@dataclass(frozen=True, slots=True)
class _Tested:
    cause: Cause
    having: frozenset[str]
    """Ids of the counted runs that have it."""
    telling: tuple[RunRecord, ...]
    """Counted runs that say anything about it."""
    adjusted: float = 1.0


def causal_advice(evidence: Evidence) -> Causal:
    """Test every feature; advice for those that chance does not explain.

    The surest is taken first. Then all others are tested again among runs that are
    alike in it, and so on until none is left that is sure: so a feature that merely
    comes along with a surer one is not taken for a cause beside it, and a lesser one is
    no longer hidden by what the greater one cost.
    """
    left = tested = _testable(evidence)
    found: list[_Tested] = []
    while left:
        adjusted = holm([chance(_strata(one, found)) for one in left])
        value, place = min(zip(adjusted, range(len(left)), strict=True))
        if value > LEVEL:
            break
        found.append(dataclasses.replace(left[place], adjusted=value))
        left = left[:place] + left[place + 1 :]
    items = tuple(_advice(evidence, one, len(tested)) for one in found)
    return Causal(items, len(tested))


def _testable(evidence: Evidence) -> list[_Tested]:
    """Features that are frequent enough, distinct, and could reach the level.

    Nothing here depends on which runs were missed, only on how many of each challenge:
    choosing costs nothing in certainty (Tarone 1990).
    """
    usual = usual_of(evidence)
    chosen: list[_Tested] = []
    for cause in [*CAUSES, *error_causes(evidence.patterns.clusters)]:
        having = frozenset(r.run_id for r in evidence.counted if cause.has(r, usual))
        telling = tuple(run for run in evidence.counted if cause.tells(run))
        one = _Tested(cause, having, telling)
        if (
            sum(run.run_id in having for run in telling) >= LEAST_RUNS
            and not any(_same(having, other.having) for other in chosen)
            and least_chance(_strata(one)) <= LEVEL
        ):
            chosen.append(one)
    return chosen


def _same(one: frozenset[str], other: frozenset[str]) -> bool:
    return len(one & other) >= SAME * len(one | other)


def _strata(one: _Tested, alike: Sequence[_Tested] = ()) -> list[Stratum]:
    """By challenge and agent, and by which of the features in ``alike`` a run has."""
    sets = [other.having for other in alike]
    return _strata_by(one, lambda run: tuple(run.run_id in having for having in sets))


def _strata_by(one: _Tested, kind: Callable[[RunRecord], object]) -> list[Stratum]:
    pairs: dict[object, list[tuple[bool, bool]]] = {}
    for run in one.telling:
        key = (run.test_id, run.agent.spec, run.agent.model, kind(run))
        pair = (run.run_id in one.having, not run.success)
        pairs.setdefault(key, []).append(pair)
    return [stratum(members) for members in pairs.values()]


def _is_of_length(one: _Tested) -> bool:
    """Whether it may come of long runs alone, which meet more of everything.

    Then it no longer goes with missed runs among those of similar length: up to their
    challenge's median of rounds, or above.
    """
    usual = _medians(one.telling, lambda run: float(run.rounds))
    alike = _strata_by(one, lambda run: run.rounds > usual[run.test_id])
    return one.cause.grows and chance(alike) > MATCHED


def _advice(evidence: Evidence, one: _Tested, tested: int) -> Advice:
    cause = one.cause
    # What a feature ended by itself counts among what it cost, though not in the test.
    concerned = tuple(
        run
        for run in evidence.counted
        if not cause.finished_only or run.stop == Stop.FINISHED
    )
    strata = _strata(dataclasses.replace(one, telling=concerned))
    gain = turned(strata)
    missed = [r for r in concerned if r.run_id in one.having and not r.success]
    doubtful = _is_of_length(one)
    ends = (0.0, float(len(missed))) if doubtful else (gain.low, gain.high)
    return Advice(
        rule=cause.rule,
        area=cause.area,
        title=Markdown(cause.title),
        because=_because(cause, strata, one.adjusted, tested, doubtful),
        steps=tuple(evidence.filled(step) for step in cause.steps),
        check=_check(missed),
        gain=Gain(gain.runs, *ends),
        effort=cause.effort,
        run_ids=ids(missed),
        causal=not doubtful,
    )


def _because(
    cause: Cause,
    strata: Iterable[Stratum],
    adjusted: float,
    tested: int,
    doubtful: bool,
) -> Markdown:
    seen = [one for one in strata if one.with_runs and one.without_runs]
    runs = sum(one.with_runs for one in seen)
    missed = sum(one.with_missed for one in seen)
    usual = sum(one.with_runs * one.without_missed / one.without_runs for one in seen)
    return Markdown(
        f"Being missed went with it: {missed} of {runs} runs in which {cause.what} "
        f"were missed, in {plural(len(seen), 'challenge')}; the other runs of the same "
        f"challenges were missed at a rate that would make it {usual:.0f}. By chance "
        f"alone: {_likely(adjusted)} (exact test within challenges, corrected for "
        f"{tested} features looked at). "
        + (_DOUBT if doubtful else "This was no experiment.")
    )


_DOUBT = (
    "But long runs meet more of it, and missed runs are long: among runs of similar "
    "length the night does not show it. It may be an effect of being lost."
)


def _likely(value: float) -> str:
    return percent(value) if value >= 0.01 else "less than 1 %"


def _check(missed: Sequence[RunRecord]) -> Markdown:
    where = challenges(missed)
    return Markdown(
        f"Play {named(where)} again with this change and no other, as many repetitions "
        "as before (`--challenge`, `--count`), and compare the pass rates."
    )


def usual_of(evidence: Evidence) -> Usual:
    """Medians by challenge, the machine's size, and from when on it was late."""
    runs = evidence.counted
    machine = evidence.night.master.machine if evidence.night.master else {}
    starts = sorted(run.timestamp_start for run in runs)
    cpus, memory = machine.get("cpus"), machine.get("memory_bytes")
    return Usual(
        speed=_medians(runs, lambda run: run.performance.tokens_per_second),
        first_action=_medians(
            runs, lambda run: run.performance.time_to_first_action_seconds
        ),
        late_from=starts[math.floor(LATE * len(starts))] if starts else "",
        processors=float(cpus) if isinstance(cpus, int) and cpus > 0 else math.inf,
        memory_bytes=float(memory) if isinstance(memory, int | float) else 0.0,
    )


def _medians(
    runs: Iterable[RunRecord], value: Callable[[RunRecord], float | None]
) -> dict[str, float]:
    known: dict[str, list[float]] = {}
    for run in runs:
        if (number := value(run)) is not None:
            known.setdefault(run.test_id, []).append(number)
    return {test_id: statistics.median(values) for test_id, values in known.items()}
