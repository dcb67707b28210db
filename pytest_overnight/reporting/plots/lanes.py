"""The night as bars side by side: when runs went on, and when none did."""

from __future__ import annotations

import heapq
from collections.abc import Iterator
from collections.abc import Sequence
from dataclasses import dataclass
from dataclasses import replace
from datetime import UTC
from datetime import datetime

from pytest_overnight.records.record import RunRecord


@dataclass(frozen=True, slots=True)
class Bar:
    """One try of a run in time."""

    start: float
    """Unix seconds."""
    end: float
    """Unix seconds; never before ``start``."""
    run_id: str
    success: bool | None
    """Null: void, as are all tries of a run but its last."""
    waited: float = 0.0
    """Seconds of it for the rate limit or the model server."""
    lane: int = 0


@dataclass(frozen=True, slots=True)
class Gap:
    """A time in which no run went on."""

    start: float
    """Unix seconds."""
    end: float
    """Unix seconds."""

    @property
    def length(self) -> float:
        """Seconds."""
        return self.end - self.start


def moment(timestamp: str | None) -> float | None:
    """Unix seconds of ISO 8601, UTC where no zone is named; null when it is neither."""
    try:
        found = datetime.fromisoformat(timestamp or "")
        return (found if found.tzinfo else found.replace(tzinfo=UTC)).timestamp()
    except (ValueError, OverflowError):
        return None


def lay_out(runs: Sequence[RunRecord]) -> list[Bar]:
    """All tries whose times can be read, by their start, on as few lanes as they need.

    A record does not name its worker. The lowest lane that is free is taken, which
    gives a worker's runs one lane for as long as all workers are busy.
    """
    free: list[int] = []
    busy: list[tuple[float, int]] = []
    laid = []
    bars = (bar for run in runs for bar in _bars(run))
    for bar in sorted(bars, key=lambda bar: (bar.start, bar.end, bar.run_id)):
        while busy and busy[0][0] <= bar.start:
            heapq.heappush(free, heapq.heappop(busy)[1])
        lane = heapq.heappop(free) if free else len(busy)
        heapq.heappush(busy, (bar.end, lane))
        laid.append(replace(bar, lane=lane))
    return laid


def _bars(run: RunRecord) -> Iterator[Bar]:
    for former in run.tries[:-1]:
        start = moment(former.started)
        if start is not None:
            yield Bar(start, start + max(0.0, former.duration), run.run_id, None)
    start, end = moment(run.timestamp_start), moment(run.timestamp_end)
    if start is not None and end is not None:
        spent = run.performance
        waited = spent.rate_wait_seconds + spent.infra_wait_seconds
        success = run.success if run.counted else None
        yield Bar(start, max(start, end), run.run_id, success, waited)


def gaps(bars: Sequence[Bar], start: float, end: float, least: float) -> list[Gap]:
    """Times of at least ``least`` seconds from ``start`` to ``end`` without a run.

    ``bars`` are by their start.
    """
    found = []
    until = start
    for begin, over in [*((bar.start, bar.end) for bar in bars), (end, end)]:
        if begin - until >= least:
            found.append(Gap(until, begin))
        until = max(until, over)
    return found


def waiting(bars: Sequence[Bar], start: float, end: float, bins: int) -> list[float]:
    """Runs that waited at a time, mean over each of ``bins`` equal parts of the night.

    When in a run it waited is not in its record: its waits are spread evenly over it.
    """
    width = (end - start) / bins
    found = [0.0] * bins
    for bar in bars:
        if not bar.waited or bar.end <= bar.start or width <= 0:
            continue
        share = min(1.0, bar.waited / (bar.end - bar.start))
        first = min(bins - 1, int((bar.start - start) / width))
        last = min(bins - 1, int((bar.end - start) / width))
        for at in range(first, last + 1):
            left = start + at * width
            covered = min(bar.end, left + width) - max(bar.start, left)
            found[at] += share * max(0.0, covered) / width
    return found
