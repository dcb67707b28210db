"""What an armed worker's warm servers begin with."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from tests.chaos.instants import arm_as
from tests.chaos.kills import JUDGE_SERVER
from tests.chaos.kills import TRY
from tests.chaos.kills import TRY_SERVER
from tests.chaos.kills import VERIFICATION

INSTEAD = {
    "pytest_overnight.agents.attempt:prepare": f"{__name__}:prepare_try",
    "pytest_overnight.grading.fixtures:prepare": f"{__name__}:prepare_judge",
}
"""Target of a warm server → the function here that does the same, armed."""


def prepare_try(payload: dict[str, Any]) -> Callable[..., Any]:
    """In the try server; its forks inherit how it is armed."""
    from pytest_overnight.agents.attempt import prepare

    arm_as(TRY_SERVER, TRY)
    return prepare(payload)


def prepare_judge(payload: dict[str, Any], serve: Callable[..., Any]) -> Any:
    """In the judge server; its forks inherit how it is armed."""
    from pytest_overnight.grading.fixtures import prepare

    arm_as(JUDGE_SERVER, VERIFICATION)
    return prepare(payload, serve)
