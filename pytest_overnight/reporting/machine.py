"""What the night was measured on, and whether that stayed the same all night."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from pytest_overnight.records.drift import Drift
from pytest_overnight.records.drift import Least
from pytest_overnight.records.drift import Share
from pytest_overnight.records.drift import Speed
from pytest_overnight.records.drift import drift_of
from pytest_overnight.records.record import RunRecord
from pytest_overnight.reporting.markdown import Markdown
from pytest_overnight.reporting.markdown import chance
from pytest_overnight.reporting.markdown import label
from pytest_overnight.reporting.markdown import percent
from pytest_overnight.reporting.markdown import text
from pytest_overnight.reporting.night import Night

GB = 1e9
LARGEST = 1e15
"""Bytes: a file can be edited."""
SURE = 0.05
"""Chance of a trend below which it is called one."""


@dataclass(frozen=True, slots=True)
class Machine:
    """The section of that name; of absent data it says nothing."""

    facts: tuple[Markdown, ...]
    warnings: tuple[Markdown, ...]


def machine_of(night: Night) -> Machine:
    """Read off the master log and the run records."""
    drift = drift_of(night.runs)
    facts = [*_facts(night.master.machine if night.master else {}), *_through(drift)]
    warnings = (Markdown(said) for said in _warnings(drift))
    return Machine(tuple(facts), tuple(warnings))


def _facts(known: dict[str, Any]) -> Iterator[Markdown]:
    """In one line each; whatever stands there, for a file can be edited."""
    cpus, memory = known.get("cpus"), known.get("memory_bytes")
    if cpu := known.get("cpu"):
        count = f", {cpus} processors" if isinstance(cpus, int) else ""
        yield Markdown(f"Processor: {text(cpu)}{count}")
    if isinstance(memory, int | float) and 0 < memory < LARGEST:
        yield Markdown(f"Memory: {_gb(memory)}")
    if (gpus := known.get("gpus")) and isinstance(gpus, list):
        yield Markdown(f"GPU: {', '.join(text(name) for name in gpus)}")
    system = [text(known[name]) for name in ("system",) if known.get(name)]
    system += [text(f"Python {known['python']}")] if known.get("python") else []
    if system:
        yield Markdown(f"System: {', '.join(system)}")


def _through(drift: Drift) -> Iterator[Markdown]:
    """How the machine fared through the night."""
    if drift.speed:
        yield Markdown(_speed(drift.speed))
    if drift.gpu:
        yield Markdown(_share(drift.gpu))
    least = {"free on the results' disk": drift.disk, "memory available": drift.memory}
    for what, low in least.items():
        if low:
            yield Markdown(f"Least {what} as a run began: {_least(low)}")


def _speed(speed: Speed) -> str:
    first, last = speed.first, speed.last
    said = (
        f"Speed: {first.median:.1f} tokens/s in the first third of the runs (median of "
        f"{first.runs}), {last.median:.1f} in the last (median of {last.runs})"
    )
    if trend := speed.trend:
        way = "slower" if trend.rho < 0 else "faster"
        clear = f"later runs were {way}" if trend.chance < SURE else "no clear trend"
        said += (
            f". Among runs of the same challenge: {clear} (Spearman's rho "
            f"{trend.rho:+.2f}, p {chance(trend.chance)}, {trend.runs} runs)"
        )
    return said


def _share(share: Share) -> str:
    where = f"of the model as {share.runs} runs began"
    if not share.spilled:
        return f"In GPU memory: all {where}"
    if share.high == 0:
        return f"In GPU memory: nothing {where}"
    low, high = percent(share.low), percent(share.high)
    shown = low if low == high else f"{low} to {high}"
    return f"In GPU memory: {shown} {where}"


def _least(low: Least) -> str:
    return f"{_gb(low.bytes)}, {_when(low.run)}"


def _warnings(drift: Drift) -> Iterator[str]:
    if drift.speed and drift.speed.fell:
        slower = percent(-drift.speed.change)
        yield (
            f"The model was {slower} slower in the last third of the runs than in the "
            "first. Late runs had less time for the same work."
        )
    if drift.gpu and drift.gpu.spilled:
        yield _spilled(drift.gpu)


def _spilled(share: Share) -> str:
    if share.high == 0:
        return "The model did not lie in GPU memory at all: the processor did its work."
    fell = f" It fell first before {_when(share.since)}." if share.since else ""
    return (
        f"At the least {percent(share.low)} of the model lay in GPU memory, and the "
        f"processor did the rest of its work.{fell}"
    )


def _when(run: RunRecord) -> str:
    return f"{label(run.run_id)} ({run.timestamp_start[11:16]} UTC)"


def _gb(size: float) -> str:
    return f"{size / GB:.1f} GB"
