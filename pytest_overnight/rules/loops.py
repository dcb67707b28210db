"""When an agent goes in circles: pure functions over what it did and what it saw.

Actions are compared by what they asked for and what came back, never by the model's
thoughts: rephrasing the reason does not make a repetition new. Polling is no
repetition, since its observation changes; only where 16 actions in a row change no file
it is stagnation.

A rule holds, or not, on the tail of a history. ``Finding.first`` tells one streak from
another: it stays the same for as long as the rule goes on holding, so that who has
told the agent need not tell it again, and a new streak is a new reason to do so.
"""

from __future__ import annotations

from pytest_overnight.rules import round_rules
from pytest_overnight.rules import step_rules
from pytest_overnight.rules.finding import Finding
from pytest_overnight.rules.history import History
from pytest_overnight.rules.history import Round
from pytest_overnight.rules.history import Step
from pytest_overnight.rules.history import history_of
from pytest_overnight.rules.history import step
from pytest_overnight.rules.repetition import is_degenerate

__all__ = [
    "LOOPS",
    "Finding",
    "History",
    "Round",
    "Step",
    "findings",
    "history_of",
    "is_degenerate",
    "is_looping",
    "step",
]

MOST_SERIOUS_FIRST = ("L10", "L9", "L6", "L11", "L1", "L2", "L3", "L5", "L4", "L7")
"""Those that end the work without another word come first."""
LOOPS = {"L1", "L2", "L3", "L4", "L5", "L7"}
"""Rules that make a loop of a run that met another limit."""

_STEP_RULES = (
    step_rules.repeat,
    step_rules.cycle,
    step_rules.stagnation,
    step_rules.ping_pong,
    step_rules.error_storm,
    step_rules.time_limits,
)
_ROUND_RULES = (round_rules.unused_rounds, round_rules.context_thrash)


def findings(history: History) -> list[Finding]:
    """Every rule that holds on the tail now, most serious first: stops before hints."""
    found = [rule(history.steps) for rule in _STEP_RULES]
    found += [rule(history.rounds) for rule in _ROUND_RULES]
    return sorted(
        (finding for finding in found if finding),
        key=lambda f: (not f.stop, MOST_SERIOUS_FIRST.index(f.rule)),
    )


def is_looping(history: History) -> bool:
    """Whether the agent went in circles long enough to be stopped for it.

    Whatever has stopped it: a loop that meets the clock first is a loop all the same.
    """
    return any(found.rule in LOOPS and found.stop for found in findings(history))
