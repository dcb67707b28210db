"""Misbehaviours of a model behind a server, and what each is to be booked as."""

from __future__ import annotations

from tests.acceptance.misbehaviours.apart import CUT_SHORT_CASES
from tests.acceptance.misbehaviours.apart import ISOLATION_CASES
from tests.acceptance.misbehaviours.apart import OUTAGE_CASES
from tests.acceptance.misbehaviours.broken import HARNESS_CASES
from tests.acceptance.misbehaviours.broken import INFRA_CASES
from tests.acceptance.misbehaviours.case import Case
from tests.acceptance.misbehaviours.earned import EARNED_CASES
from tests.acceptance.misbehaviours.faults import CONTEXT_CASES
from tests.acceptance.misbehaviours.faults import MALFORMED_CASES
from tests.acceptance.misbehaviours.finished import GAVE_UP_CASES
from tests.acceptance.misbehaviours.finished import UNCHANGED_CASES
from tests.acceptance.misbehaviours.finished import WRONG_CASES
from tests.acceptance.misbehaviours.limits import AT_THE_LIMIT_CASES
from tests.acceptance.misbehaviours.limits import BUDGET_CASES
from tests.acceptance.misbehaviours.limits import TIMEOUT_CASES
from tests.acceptance.misbehaviours.loops import LOOP_CASES
from tests.acceptance.misbehaviours.loops import NEARLY_CASES

__all__ = [
    "ALL",
    "CUT_SHORT_CASES",
    "ISOLATION_CASES",
    "OUTAGE_CASES",
    "USUAL_CASES",
    "Case",
]

USUAL_CASES: tuple[Case, ...] = (
    *EARNED_CASES,
    *WRONG_CASES,
    *UNCHANGED_CASES,
    *GAVE_UP_CASES,
    *TIMEOUT_CASES,
    *BUDGET_CASES,
    *AT_THE_LIMIT_CASES,
    *LOOP_CASES,
    *NEARLY_CASES,
    *MALFORMED_CASES,
    *CONTEXT_CASES,
    *INFRA_CASES,
    *HARNESS_CASES,
)
"""For one night with everything as a user has it."""

ALL = (*USUAL_CASES, *OUTAGE_CASES, *ISOLATION_CASES, *CUT_SHORT_CASES)
