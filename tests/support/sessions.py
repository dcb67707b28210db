"""Sessions made by hand: a results folder that a night was begun in."""

from __future__ import annotations

from collections.abc import Iterable
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from pytest_overnight.records.record import AgentInfo
from pytest_overnight.records.record import Performance
from pytest_overnight.records.record import RunRecord
from pytest_overnight.records.record import SandboxInfo
from pytest_overnight.records.record import Try
from pytest_overnight.records.session import PlannedChallenge
from pytest_overnight.records.session import SessionFacts
from pytest_overnight.records.session import challenge_of
from pytest_overnight.records.store import RunStore
from pytest_overnight.rules.outcome import Outcome
from pytest_overnight.session import Opening
from pytest_overnight.session import look
from pytest_overnight.session import open_session
from pytest_overnight.settings import Settings

EVENING = "overnight-2026-01-02"
PLAN = ("L3-1-run-0001", "L6-2-run-0001", "L3-1-run-0002")
AGENT = {"spec": "noop", "scripted": True}


def settings_of(results: Path, **changes: Any) -> Settings:
    """Of a night that asks nobody for anything."""
    plain = {"suite": results.parent, "session_id": EVENING, "agent": "noop"}
    return Settings(results=results, **{**plain, **changes})


def planned(challenge_id: str, **parts: str) -> PlannedChallenge:
    """A challenge as a journal keeps it; ``parts`` make its digest."""
    whole = {"instruction": "i", "environment": "e", "tests": "t", "limits": "l"}
    return PlannedChallenge(
        id=challenge_id,
        title=f"Answer {challenge_id}",
        level=challenge_id.partition("-")[0],
        digest="/".join({**whole, **parts}.values()),
        parts={**whole, **parts},
        timeout_seconds=60.0,
    )


def planned_of(plan: Iterable[str]) -> list[PlannedChallenge]:
    """Each challenge of a plan once."""
    return [planned(name) for name in sorted(set(map(challenge_of, plan)))]


def begin(
    store: RunStore,
    session_id: str = EVENING,
    plan: Sequence[str] = PLAN,
    **changes: Any,
) -> SessionFacts:
    """A new session in the place of whatever is there."""
    settings = settings_of(store.results, session_id=session_id, **changes)
    opening = look(store, settings, planned_of(plan), fresh=True)
    return go_on(opening, plan)


def go_on(opening: Opening, plan: Sequence[str] = PLAN) -> SessionFacts:
    """Open what was looked at."""
    return open_session(opening, planned_of(plan), plan, agent=AGENT)


def a_try(number: int, outcome: str = "passed", **changes: Any) -> Try:
    """One try as a record lists it."""
    plain = {
        "stop": "finished",
        "detail": "",
        "started": "2026-01-02T22:00:00.000Z",
        "duration": 1.0,
        "agent_ledger": "",
    }
    return Try(number=number, outcome=outcome, **{**plain, **changes})


def a_record(run_id: str, outcome: str = "passed", number: int = 1) -> RunRecord:
    """A record of try ``number``; all tries before it were cancelled."""
    known = Outcome(outcome)
    solved = known is Outcome.PASSED
    stop = "cancelled" if known is Outcome.CANCELLED else "finished"
    former = [a_try(one, "cancelled", stop="cancelled") for one in range(1, number)]
    return RunRecord(
        run_id=run_id,
        test_id=challenge_of(run_id),
        attempt=int(run_id[-4:]),
        timestamp_start="2026-01-02T22:00:00.000Z",
        timestamp_end="2026-01-02T22:00:01.000Z",
        duration=1.0,
        rounds=1,
        actions=1,
        success=solved if known.counted else None,
        failure_mode=None if solved else outcome,
        workspace="",
        output_log="",
        agent_ledger="",
        performance=Performance(),
        session_id=EVENING,
        level=run_id.partition("-")[0],
        nodeid=f"::test_challenge[{run_id}]",
        counted=known.counted,
        outcome=outcome,
        stop=stop,
        verdict="pass" if solved else "fail" if known.counted else "not_run",
        tries=[*former, a_try(number, outcome, stop=stop)],
        agent=AgentInfo(**AGENT),
        sandbox=SandboxInfo(level="process", protected=False),
        seed=7,
    )


def close(store: RunStore) -> None:
    """As the owner of a session does at its end."""
    store.journal.note("closed")
