"""Nights with planted causes: what went wrong in them is known beforehand."""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from pytest_overnight.records.record import MachineState
from pytest_overnight.records.record import Performance
from pytest_overnight.records.record import RunRecord
from tests.reporting.nights import a_run

CAUSES = (
    "truncated_prompt",
    "unreadable_calls",
    "reload",
    "tool_error edit_file: old_text was not found.",
    "gpu_spill",
    "never_ran_tests",
)
"""The rules whose causes are planted."""
NOISE_TAGS = ("repaired", "command_timeout", "text_call", "infra_retries", "no_stream")
NOISE_ERRORS = (
    "read_file: <path> does not exist.",
    "write_file: <path> is a folder.",
    "run_command exit N: AssertionError",
)
OF_THE_OUTCOME = "success counted failure_mode outcome stop verdict".split()


BASES = (0.9, 0.9, 0.85, 0.85, 0.8, 0.75, 0.7, 0.5, 0.3)
"""How often each challenge is solved where nothing goes wrong."""


@dataclass(frozen=True)
class Plan:
    """How a night is drawn."""

    challenges: int = 9
    repetitions: int = 20
    prevalence: float = 0.14
    """Share of runs that have each of the causes."""
    effect: float = 0.95
    """A run with a cause is solved less often by this share."""


def planted_night(seed: int, plan: Plan | None = None) -> list[RunRecord]:
    """Runs whose misses come of their challenge, of six causes, and of nothing else."""
    plan = plan or Plan()
    draw = random.Random(seed)
    runs = []
    for number in range(plan.challenges):
        test_id = f"L{3 + number % 4}-{1 + number // 4}"
        base = BASES[number % len(BASES)]
        for attempt in range(1, plan.repetitions + 1):
            causes = _causes(draw, plan.prevalence)
            solved = draw.random() < base * (1 - plan.effect) ** len(causes)
            runs.append(_run(draw, test_id, attempt, causes, solved))
    return runs


def shuffled(runs: Sequence[RunRecord], seed: int) -> list[RunRecord]:
    """The same runs with outcomes dealt out anew within each challenge."""
    draw = random.Random(seed)
    by_challenge: dict[str, list[RunRecord]] = {}
    for run in runs:
        by_challenge.setdefault(run.test_id, []).append(run)
    dealt = []
    for members in by_challenge.values():
        outcomes = [{n: getattr(run, n) for n in OF_THE_OUTCOME} for run in members]
        draw.shuffle(outcomes)
        dealt += [
            run.model_copy(update=outcome)
            for run, outcome in zip(members, outcomes, strict=True)
        ]
    return dealt


def _causes(draw: random.Random, prevalence: float) -> set[str]:
    return {one for one in CAUSES if draw.random() < prevalence}


def _run(
    draw: random.Random, test_id: str, attempt: int, causes: set[str], solved: bool
) -> RunRecord:
    outcome = "passed" if solved else _way_to_miss(draw, causes)
    tags = {tag for tag in ("reload", "never_ran_tests") if tag in causes}
    tags |= {tag for tag in NOISE_TAGS if draw.random() < 0.15}
    errors = {e: 1 for e in NOISE_ERRORS if draw.random() < 0.2}
    errors |= {one.removeprefix("tool_error "): 2 for one in causes if "tool_" in one}
    unused = {"malformed": 1} if "unreadable_calls" in causes else {}
    unused |= {"talk": 1} if draw.random() < 0.1 else {}
    day, hour = divmod(attempt, 24)
    started = f"2025-01-{21 + day:02d}T{hour:02d}:{draw.randrange(60):02d}"
    changes: dict[str, Any] = {
        "timestamp_start": f"{started}:00.000Z",
        # Who does not find the answer goes on.
        "rounds": draw.randint(5, 12) + (0 if solved else draw.randint(0, 4)),
        "tags": sorted(tags),
        "fingerprints": errors,
        "stop": _STOPS.get(outcome, "finished"),
        "machine": MachineState(
            free_disk_bytes=10**11,
            available_memory_bytes=10**10,
            load=draw.uniform(0, 4),
            gpu_share=0.7 if "gpu_spill" in causes else 1.0,
        ),
        "performance": Performance(
            working_seconds=12.0,
            tokens_per_second=draw.lognormvariate(3, 0.3),
            time_to_first_action_seconds=draw.lognormvariate(2, 0.6),
            rounds_unused=unused,
            truncated_rounds=int("truncated_prompt" in causes),
            actions_failed=sum(errors.values()),
        ),
    }
    return a_run(test_id, attempt, outcome, **changes)


_STOPS = {
    "timeout": "deadline",
    "loop": "loop",
    "malformed": "malformed",
    "context": "context",
}


def _way_to_miss(draw: random.Random, causes: set[str]) -> str:
    """Some outcomes come only of what they are named after."""
    ways = {"wrong_answer": 70, "timeout": 15, "loop": 8, "no_change": 7}
    ways |= {"malformed": 20} if "unreadable_calls" in causes else {}
    ways |= {"context": 20} if "truncated_prompt" in causes else {}
    return draw.choices(list(ways), list(ways.values()))[0]
