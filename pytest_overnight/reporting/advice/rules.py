"""All rules that describe, in one table. None of them claims a cause.

A rule is a pure function of the evidence that gives the advice it has evidence for,
often none.
"""

from __future__ import annotations

from collections.abc import Callable
from collections.abc import Iterable

from pytest_overnight.reporting.advice import agent
from pytest_overnight.reporting.advice import hrm
from pytest_overnight.reporting.advice import machine
from pytest_overnight.reporting.advice import phase2
from pytest_overnight.reporting.advice import suite
from pytest_overnight.reporting.advice.evidence import Evidence
from pytest_overnight.reporting.advice.items import Advice
from pytest_overnight.reporting.advice.outcomes import outcomes

Rule = Callable[[Evidence], Iterable[Advice]]

RULES: tuple[Rule, ...] = (
    outcomes,
    agent.unchecked,
    agent.lacking_ability,
    agent.failing_tools,
    agent.parting,
    agent.worse_than_before,
    machine.server_away,
    machine.harness_faults,
    machine.not_reached,
    machine.slowed_down,
    machine.gpu_spilled,
    machine.unprotected,
    machine.reached_out,
    suite.too_easy,
    suite.never_passed,
    suite.idle_tests,
    suite.repetitions,
    phase2.never_solved,
    phase2.stuck,
    hrm.missed_bars,
    hrm.unfinished,
    hrm.quick,
)
