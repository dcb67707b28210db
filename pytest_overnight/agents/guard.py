"""The loop rules at work: say it once, then stop.

The rules themselves are pure functions over the history (``rules/loops.py``); here is
remembered what the agent has been told already.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Literal

from pytest_overnight.agents import prompts
from pytest_overnight.rules.loops import LOOPS
from pytest_overnight.rules.loops import Finding
from pytest_overnight.rules.loops import History
from pytest_overnight.rules.loops import Round
from pytest_overnight.rules.loops import Step
from pytest_overnight.rules.loops import findings

OPTIONAL = LOOPS | {"L11"}
"""Rules that ``--overnight-loop-guard`` may hold back; the others bound the loop."""

LAST_CHARS = 300
"""Of the last answer, as far as it is quoted to the agent."""

Advice = Literal["nudge", "stop", "shadow"]


class Guard:
    """Keeps the history of one loop, and judges it after every round."""

    def __init__(self, mode: str) -> None:
        """``mode``: ``stop``, ``shadow`` or ``off``."""
        self._mode = mode
        self._history = History([], [])
        self._told: set[tuple[str, int]] = set()

    def saw(self, step: Step) -> None:
        """One action is over."""
        self._history.steps.append(step)

    def end_round(self, ended: Round) -> Iterator[tuple[Advice, Finding]]:
        """A round is over: what is to be done about it, most serious first."""
        self._history.rounds.append(ended)
        for finding in findings(self._history):
            if finding.rule not in OPTIONAL:
                if finding.stop:
                    yield "stop", finding
            elif self._mode == "stop":
                yield from self._advise(finding)
            elif self._mode == "shadow" and finding.stop and self._is_new(finding):
                yield "shadow", finding

    def words(self, finding: Finding) -> str:
        """What the agent is told of a finding."""
        last = self._history.steps[-1].observation if self._history.steps else ""
        why = prompts.LOOPING.get(finding.rule, "").format(last=last[:LAST_CHARS])
        return prompts.LOOP_NUDGE.format(detail=finding.detail, why=why)

    def _advise(self, finding: Finding) -> Iterator[tuple[Advice, Finding]]:
        # Nobody is stopped before they have been told, be it in the same streak; but
        # a command that hangs says so itself.
        if self._is_new(finding) and finding.rule != "L11":
            yield "nudge", finding
        elif finding.stop:
            yield "stop", finding

    def _is_new(self, finding: Finding) -> bool:
        streak = (finding.rule, finding.first)
        if streak in self._told:
            return False
        self._told.add(streak)
        return True
