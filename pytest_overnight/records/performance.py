"""Where the time and the tokens of a run went: what was measured, put together.

The harness measures from outside, and the ledger tells what happened within the try.
Each second is counted in one place: see ``SPANS`` in ``record.py``.
"""

from __future__ import annotations

from dataclasses import dataclass

from pytest_overnight.records.record import Performance
from pytest_overnight.records.tally import Tally


@dataclass(frozen=True, slots=True)
class Measured:
    """What the harness itself measured of a run. Wall seconds, sleep included."""

    duration: float
    """From the beginning of the run to its verdict."""
    laying: float
    """Until the workspace lay there."""
    asked: float
    """Unix time when the try server was asked."""
    trying: float
    """From then on until its answer."""
    keeping: float
    """For the snapshot."""
    checking: float
    """For the hidden tests."""
    slot_wait: float
    """Before the run began."""
    working: float
    """The agent's own time, as the try itself says."""
    cpu_seconds: float
    peak_rss_mb: float


def performance_of(counts: Tally, measured: Measured) -> Performance:
    """Put both together."""
    shown = Performance(
        working_seconds=round(measured.working, 3),
        setup_seconds=round(measured.laying + _starting(counts, measured), 3),
        box_seconds=round(counts.box_seconds, 3),
        llm_seconds=round(counts.llm_seconds, 3),
        tool_seconds=round(counts.tool_seconds, 3),
        loop_seconds=round(counts.loop_seconds, 3),
        agent_seconds=round(_elsewhere(counts), 3),
        rate_wait_seconds=round(counts.rate_wait_seconds, 3),
        infra_wait_seconds=round(counts.infra_wait_seconds, 3),
        snapshot_seconds=round(_ending(counts, measured) + measured.keeping, 3),
        check_seconds=round(measured.checking, 3),
        slot_wait_seconds=round(measured.slot_wait, 3),
        cpu_seconds=round(measured.cpu_seconds, 4),
        peak_rss_mb=round(measured.peak_rss_mb, 1),
        prompt_tokens=counts.prompt_tokens,
        output_tokens=counts.output_tokens,
        max_prompt_tokens=counts.max_prompt_tokens,
        tokens_per_second=counts.tokens_per_second,
        time_to_first_token_seconds=counts.median_first_token_seconds,
        time_to_first_action_seconds=counts.time_to_first_action_seconds,
        llm_calls=counts.llm_calls,
        retries=counts.retries,
        rounds_unused=counts.rounds_unused,
        truncated_rounds=counts.truncated_rounds,
        actions_failed=counts.actions_failed,
        actions_repaired=counts.actions_repaired,
        nudges=counts.nudges,
        compactions=counts.compactions,
    )
    rest = measured.duration - sum(shown.spans.values())
    # A user's own agent can write any figure into its ledger.
    shown.other_seconds = round(max(0.0, rest), 3)
    return shown


def _elsewhere(counts: Tally) -> float:
    """What a foreign agent did beside model and tool calls through our own loop."""
    told = counts.llm_seconds + counts.tool_seconds + counts.loop_seconds
    told += counts.rate_wait_seconds + counts.infra_wait_seconds
    return max(0.0, counts.agent_seconds - told)


def _starting(counts: Tally, measured: Measured) -> float:
    """Seconds from the asking of the try server until the agent could begin."""
    ready = counts.stopped if counts.ready is None else counts.ready
    return 0.0 if ready is None else _part_of_try(measured, ready - measured.asked)


def _ending(counts: Tally, measured: Measured) -> float:
    """Seconds from the agent's end until nothing of the try was left."""
    if counts.stopped is None:
        return 0.0  # it was killed, and nobody wrote down when that began
    answered = measured.asked + measured.trying
    return _part_of_try(measured, answered - counts.stopped)


def _part_of_try(measured: Measured, seconds: float) -> float:
    """What a clock says that was set in between is cut to what can be."""
    return min(max(0.0, seconds), measured.trying)
