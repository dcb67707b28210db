"""Who may write into a results folder, and whether a night is begun, or gone on with.

    new      nothing lies there, or a finished session, which moves to history/
    resumed  an unfinished one is taken up again: exactly the rest is played
    joined   its owner, run_overnight.py, started this process to play a part of it

An unfinished session is never moved away unasked.
"""

from __future__ import annotations

import dataclasses
import os
from collections.abc import Iterable
from collections.abc import Mapping
from collections.abc import Sequence
from dataclasses import dataclass
from dataclasses import field
from typing import Any

from pytest_overnight.catalog.challenge import Challenge
from pytest_overnight.catalog.harbor import parts_of
from pytest_overnight.records.record import RunRecord
from pytest_overnight.records.session import JOINED
from pytest_overnight.records.session import SESSION
from pytest_overnight.records.session import PlannedChallenge
from pytest_overnight.records.session import SessionFacts
from pytest_overnight.records.session import read_session
from pytest_overnight.records.store import RunStore
from pytest_overnight.records.store import StoreError
from pytest_overnight.recovery import complete_records
from pytest_overnight.rules.outcome import Outcome
from pytest_overnight.settings import NO_IDENTITY
from pytest_overnight.settings import Settings

NOBODY: Mapping[str, Any] = {}

NOTHING_TO_RESUME = (
    "{results}: nothing to resume, no session has begun there. Leave "
    "--overnight-resume out, or name its folder with --overnight-results."
)
TWO_WAYS_ON = (
    "Two ways on: --overnight-resume plays exactly the rest; --overnight-fresh starts "
    "anew and keeps that night in history/."
)


@dataclass(frozen=True, slots=True)
class Opening:
    """What is to be done with the results folder; nothing is done yet."""

    store: RunStore
    settings: Settings
    former: SessionFacts | None
    """The session to be gone on with; ``None``: a new one begins."""
    joined: bool = False
    done: Mapping[str, str] = field(default_factory=dict)
    """Run id → category of each that is not to be played again."""


def look(
    store: RunStore,
    settings: Settings,
    planned: Sequence[PlannedChallenge],
    *,
    agent: Mapping[str, Any] = NOBODY,
    sandbox: str = "",
    resume: bool = False,
    fresh: bool = False,
    joined: bool = False,
) -> Opening:
    """Decide; raises :class:`StoreError` with what the user can do.

    ``agent``: an ``AgentInfo`` as JSON; ``sandbox``: the level that was proved.
    Whoever calls holds the lock, or was started by who does.
    """
    former = read_session(store.journal.read())
    if not (resume or joined):
        if former is not None and not fresh:
            _refuse_unfinished(former, store)
        store.check_history()
        return Opening(store, settings, None)
    if former is None:
        raise StoreError(NOTHING_TO_RESUME.format(results=store.results))
    if joined and former.id != settings.session_id:
        raise StoreError(
            f"{store.results} holds {former.id}, not {settings.session_id}: another "
            "session has begun there."
        )
    differences = list(_differences(former, settings, planned, agent))
    if sandbox and former.sandbox and sandbox != former.sandbox:
        # What agent code may reach can change what comes of a run.
        differences.append(f"sandbox was {former.sandbox}, now is {sandbox}")
    if differences:
        raise StoreError(_not_the_same(former, differences))
    done = {
        record.run_id: Outcome(record.outcome).category
        for record in store.read_runs()
        if record.done
    }
    return Opening(store, settings, former, joined, done)


def open_session(
    opening: Opening,
    planned: Sequence[PlannedChallenge],
    runs: Iterable[str],
    *,
    agent: dict[str, Any],
    machine: dict[str, Any] | None = None,
    sandbox: str = "",
) -> SessionFacts:
    """Begin, or go on: from here on files are written.

    ``agent``: an ``AgentInfo`` as JSON.
    """
    store, settings = opening.store, opening.settings
    if opening.former is None:
        store.put_away_former()
        store.create()
    wanted = {challenge.id: challenge for challenge in planned}
    store.journal.note(
        JOINED if opening.joined else SESSION,
        session_id=settings.session_id,
        pid=os.getpid(),
        settings=settings.to_json(),
        agent=agent,
        machine=machine,
        sandbox=sandbox,
        plan=list(runs),
        challenges={
            name: {k: v for k, v in dataclasses.asdict(one).items() if k != "id"}
            for name, one in wanted.items()
        },
    )
    # After our own line: the time since then was nobody's.
    complete_records(store)
    facts = read_session(store.journal.read())
    assert facts is not None
    return facts


def planned_challenges(challenges: Iterable[Challenge]) -> list[PlannedChallenge]:
    """Them as a session's journal keeps them."""
    return [
        PlannedChallenge(
            id=challenge.id,
            title=challenge.title,
            level=challenge.level,
            digest=challenge.digest,
            parts=parts_of(challenge),
            timeout_seconds=challenge.timeout_seconds,
        )
        for challenge in challenges
    ]


def unfinished(facts: SessionFacts, records: Sequence[RunRecord]) -> str:
    """Say in a few words what a session lacks; empty: it is finished.

    Void runs do not count, but for those that were cut short from outside. One that
    ended with its budget has all that it was to have.
    """
    if facts.closed is None:
        return "was cut off"
    cut = sum(
        record.outcome == Outcome.CANCELLED for record in records if not record.done
    )
    missing = len(set(facts.plan) - {record.run_id for record in records})
    if facts.ended_kind == "budget":
        missing = 0
    if cut or missing:
        return f"has {missing + cut} of {len(facts.plan)} runs left to play"
    return ""


def _refuse_unfinished(former: SessionFacts, store: RunStore) -> None:
    if lacks := unfinished(former, store.read_runs()):
        raise StoreError(
            f"{store.results}: the last night there, {former.id}, {lacks}. "
            f"{TWO_WAYS_ON}"
        )


def _differences(
    former: SessionFacts,
    settings: Settings,
    planned: Sequence[PlannedChallenge],
    agent: Mapping[str, Any],
) -> Iterable[str]:
    """What is not as it was, a line each: such runs could not be pooled."""
    was, is_now = _model_digest(former.agent), _model_digest(agent)
    if was and is_now and was != is_now:
        yield (
            f"{settings.model} is another model now: its digest was {was[:12]}, is "
            f"{is_now[:12]} at {settings.host}"
        )
    now = settings.to_json()
    for name in now.keys() - set(NO_IDENTITY):
        if name in former.settings and former.settings[name] != now[name]:
            yield f"{name} was {former.settings[name]!r}, now is {now[name]!r}"
    for challenge in planned:
        before = former.challenges.get(challenge.id)
        if before is not None and before.digest != challenge.digest:
            parts = [k for k, v in challenge.parts.items() if before.parts.get(k) != v]
            yield f"challenge {challenge.id} changed: {', '.join(parts) or 'content'}"


def _model_digest(agent: Mapping[str, Any]) -> str:
    """Of its weights; empty where the server does not say."""
    details = agent.get("details")
    return str(details.get("digest") or "") if isinstance(details, dict) else ""


def _not_the_same(former: SessionFacts, differences: list[str]) -> str:
    return (
        f"{former.id} cannot be gone on with, for its runs could not be pooled with "
        f"new ones: {'; '.join(sorted(differences))}. Two ways on: undo that and give "
        "--overnight-resume again; or --overnight-fresh starts anew and keeps that "
        "night in history/."
    )
