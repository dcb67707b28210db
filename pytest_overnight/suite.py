"""The test function behind every challenge run.

``challenges/test_challenges.py`` imports it; without a checkout it is collected from
here. The plugin parametrizes ``run``.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from pytest_overnight.arena import Arena
    from pytest_overnight.catalog.plan import Run
    from pytest_overnight.records.record import RunRecord
    from pytest_overnight.resources import Slot

RECORD: pytest.StashKey[RunRecord] = pytest.StashKey()


def test_challenge(
    run: Run, arena: Arena, model_slot: Slot, request: pytest.FixtureRequest
) -> None:
    """Play one run; a missed run is data, a void one is a failure.

    In a rehearsal only an outcome that was not the intended one is.
    """
    record = None
    try:
        record = arena.play(run, nodeid=request.node.nodeid, slot=model_slot)
    except OSError as problem:
        why = str(problem)
    if record is None:  # out here pytest does not show what was being handled
        pytest.fail(
            f"{run.id}: no record could be written ({why}). Make room, or mend the "
            "results folder; --overnight-resume then plays it, or grades what it left.",
            pytrace=False,
        )
    request.node.stash[RECORD] = record
    intended = record.agent.intended_outcome
    if intended is None and not record.counted:
        pytest.fail(f"{record.outcome}: {record.detail}", pytrace=False)
    if intended is not None and record.outcome != intended:
        # Else all is as it was written down, whatever it is: also a void run.
        pytest.fail(
            f"rehearsal script {record.agent.script!r} must end as {intended}, "
            f"ended as {record.outcome}: {record.detail}",
            pytrace=False,
        )
