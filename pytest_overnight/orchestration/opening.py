"""The session of the night: looked at in the evening, then begun or gone on with."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pytest_overnight.orchestration.planned import TonightsPlan
from pytest_overnight.orchestration.request import Request
from pytest_overnight.orchestration.row import Row
from pytest_overnight.records.store import RunStore
from pytest_overnight.records.store import StoreError
from pytest_overnight.settings import Settings

if TYPE_CHECKING:
    from pytest_overnight.records.session import PlannedChallenge
    from pytest_overnight.records.session import SessionFacts
    from pytest_overnight.session import Opening


def look_at_session(
    settings: Settings, plan: TonightsPlan, request: Request
) -> tuple[tuple[str, ...] | None, frozenset[str], Row]:
    """Former plan (of a night that is resumed), ids of runs that are done, and a row.

    Writes nothing and holds no lock: what is decided, :func:`begin` decides again.
    """
    from pytest_overnight.records.store import holder_of

    if holder := holder_of(settings.results):
        text = f"{settings.results}: another session writes here ({holder})"
        advice = "Wait for it, or give this one a folder with --overnight-results."
        return None, frozenset(), Row("results", "FAIL", text, advice)
    try:
        opening = _look(RunStore(settings.results), settings, plan, request)
    except StoreError as problem:
        return None, frozenset(), Row("results", "FAIL", str(problem))
    if opening.former is None:
        row = Row("results", "ok", f"{settings.results}: a new session")
        return None, frozenset(), row
    wanted = opening.former.plan
    done = sum(run_id in opening.done for run_id in wanted)
    text = f"{settings.results}: going on with {opening.former.id}, "
    text += f"{done} of {len(wanted)} runs are done"
    return wanted, frozenset(opening.done), Row("results", "ok", text)


def begin(store: RunStore, plan: TonightsPlan, request: Request) -> SessionFacts:
    """Begin the session, or go on with it. Whoever calls holds the lock.

    Raises :class:`StoreError`.
    """
    from pytest_overnight.controller import agent_of
    from pytest_overnight.machine import machine_facts
    from pytest_overnight.session import open_session

    store.finish_putting_away()
    opening = _look(store, plan.settings, plan, request)
    return open_session(
        opening,
        _planned(plan),
        [run.run_id for run in plan.runs],
        agent=agent_of(plan.settings).model_dump(mode="json"),
        machine=machine_facts(),
    )


def add_run(
    store: RunStore, plan: TonightsPlan, facts: SessionFacts, run_id: str
) -> None:
    """Let a session have one more run than it set out to have."""
    from pytest_overnight.session import Opening
    from pytest_overnight.session import open_session

    opening = Opening(store, plan.settings, facts, joined=True)
    open_session(opening, _planned(plan), [run_id], agent=facts.agent)


def _look(
    store: RunStore, settings: Settings, plan: TonightsPlan, request: Request
) -> Opening:
    from pytest_overnight.controller import agent_of
    from pytest_overnight.session import look

    return look(
        store,
        settings,
        _planned(plan),
        agent=agent_of(settings).model_dump(mode="json"),
        resume=request.resume,
        fresh=request.fresh,
    )


def _planned(plan: TonightsPlan) -> list[PlannedChallenge]:
    from pytest_overnight.catalog.harbor import load_suite
    from pytest_overnight.session import planned_challenges

    wanted = plan.repetitions()
    known = load_suite(plan.settings.suite)
    return planned_challenges([one for one in known if one.id in wanted])
