"""After the phases: which runs are played again, and what spare time is used for."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from pytest_overnight.reporting.statistics import wilson

if TYPE_CHECKING:
    from pytest_overnight.records.record import RunRecord

MOST_PASSES = 2


def left_over(plan: Iterable[str], records: Iterable[RunRecord]) -> list[str]:
    """Ids of planned runs that are void or were not reached, in the plan's order.

    A void outcome that a rehearsal's script intended is what was to be seen.
    """
    done = {record.run_id for record in records if record.done}
    return [run_id for run_id in plan if run_id not in done]


def one_more_pass(
    passes: int, left: int, former: int, *, healthy: bool, seconds: float
) -> bool:
    """Whether runs that are left over are to be played (again).

    ``passes``: how many there were; ``left``: runs left over now, of ``former`` before
    the last pass; ``healthy``: the model server; ``seconds`` left of the night.
    """
    mended = passes > 0 and left < former
    return bool(left) and passes < MOST_PASSES and seconds > 0 and (mended or healthy)


@dataclass(frozen=True, slots=True)
class SoFar:
    """What a night knows of one challenge so far."""

    challenge: str
    successes: int
    counted: int
    mean_seconds: float
    """Of its counted runs."""
    repetitions: int
    """The highest number of a planned run."""

    @property
    def next_run(self) -> str:
        """Id of one more repetition."""
        return f"{self.challenge}-run-{self.repetitions + 1:04d}"


def so_far(plan: Iterable[str], records: Sequence[RunRecord]) -> list[SoFar]:
    """One for each planned challenge that has a counted run."""
    highest: dict[str, int] = {}
    for run_id in plan:
        challenge, _, number = run_id.partition("-run-")
        highest[challenge] = max(highest.get(challenge, 0), int(number))
    counted = defaultdict(list)
    for record in records:
        if record.counted:
            counted[record.test_id].append(record)
    return [
        SoFar(
            challenge=name,
            successes=sum(bool(run.success) for run in counted[name]),
            counted=len(counted[name]),
            mean_seconds=sum(r.duration for r in counted[name]) / len(counted[name]),
            repetitions=repetitions,
        )
        for name, repetitions in highest.items()
        if counted[name]
    ]


def next_repetition(known: Iterable[SoFar], seconds: float) -> SoFar | None:
    """Where one more run tells most, of those expected to end within ``seconds``.

    That is the challenge with the widest interval; the less often played of equals.
    """

    def need(one: SoFar) -> tuple[float, int, str]:
        interval = wilson(one.successes, one.counted)
        return round(interval.low - interval.high, 9), one.counted, one.challenge

    fitting = [one for one in known if one.mean_seconds <= seconds]
    return min(fitting, key=need, default=None)
