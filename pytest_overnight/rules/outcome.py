"""From why a run stopped and what the hidden tests said to one of 14 outcomes."""

from __future__ import annotations

from collections.abc import Iterable
from enum import StrEnum

from pytest_overnight.records.events import Event
from pytest_overnight.records.events import figure
from pytest_overnight.rules.history import history_of
from pytest_overnight.rules.loops import is_looping


class Stop(StrEnum):
    """Why the agent's work ended."""

    FINISHED = "finished"
    GAVE_UP = "gave_up"
    DEADLINE = "deadline"
    ROUND_LIMIT = "round_limit"
    ACTION_LIMIT = "action_limit"
    TOKEN_LIMIT = "token_limit"
    LOOP = "loop"
    MALFORMED = "malformed"
    CONTEXT = "context"
    LLM_UNAVAILABLE = "llm_unavailable"
    LLM_CONFIG = "llm_config"
    SETUP = "setup"
    CRASH = "crash"
    ISOLATION = "isolation"
    CANCELLED = "cancelled"


class Verdict(StrEnum):
    """What the hidden tests said."""

    PASS = "pass"
    FAIL = "fail"
    ERROR = "error"
    NOT_RUN = "not_run"


class Outcome(StrEnum):
    """What a run was, in one word; the last three are not counted."""

    PASSED = "passed"
    WRONG_ANSWER = "wrong_answer"
    NO_CHANGE = "no_change"
    GAVE_UP = "gave_up"
    TIMEOUT = "timeout"
    BUDGET = "budget"
    LOOP = "loop"
    MALFORMED = "malformed"
    CONTEXT = "context"
    CRASH = "crash"
    ISOLATION = "isolation"
    INFRA = "infra"
    HARNESS = "harness"
    CANCELLED = "cancelled"

    @property
    def counted(self) -> bool:
        """Whether the run belongs in the denominator of a pass rate."""
        return self not in _VOID

    @property
    def category(self) -> str:
        """``solved``, ``missed`` or ``void``: the word the terminal shows."""
        if self is Outcome.PASSED:
            return "solved"
        return "missed" if self.counted else "void"


_VOID = {Outcome.INFRA, Outcome.HARNESS, Outcome.CANCELLED}

_LIMITS = {Stop.ROUND_LIMIT, Stop.ACTION_LIMIT, Stop.TOKEN_LIMIT}


def classify(
    stop: Stop,
    verdict: Verdict,
    *,
    changed: bool = True,
    looping: bool = False,
    infra_share: float = 0.0,
) -> Outcome:
    """Derive the outcome; the first rule that holds wins.

    ``changed``: the workspace differs from its start. ``looping``: a loop rule holds
    on the ledger's tail, beyond the point where it stops a run. ``infra_share``: part
    of the wall time spent waiting for faults that are not the agent's, 0 … 1.

    A pass earned before the model server died stays a pass; a loop that happens to
    meet the clock is a loop, so that ``timeout`` means *still doing new things*.
    """
    if stop is Stop.CANCELLED:
        return Outcome.CANCELLED
    if verdict is Verdict.ERROR or stop in {Stop.SETUP, Stop.LLM_CONFIG}:
        return Outcome.HARNESS
    if stop is Stop.ISOLATION:
        return Outcome.ISOLATION
    if verdict is Verdict.PASS:
        return Outcome.PASSED
    if stop is Stop.LLM_UNAVAILABLE:
        return Outcome.INFRA
    if stop is Stop.DEADLINE and infra_share > 0.5:
        return Outcome.INFRA
    if verdict is Verdict.NOT_RUN:
        return Outcome.HARNESS
    if stop is Stop.LOOP or (looping and (stop in _LIMITS or stop is Stop.DEADLINE)):
        return Outcome.LOOP
    if stop in _DIRECT:
        return _DIRECT[stop]
    if stop in _LIMITS:
        return Outcome.BUDGET
    return Outcome.WRONG_ANSWER if changed else Outcome.NO_CHANGE


_DIRECT = {
    Stop.MALFORMED: Outcome.MALFORMED,
    Stop.CONTEXT: Outcome.CONTEXT,
    Stop.CRASH: Outcome.CRASH,
    Stop.DEADLINE: Outcome.TIMEOUT,
    Stop.GAVE_UP: Outcome.GAVE_UP,
}


def outcome_of(
    events: Iterable[Event],
    stop: Stop,
    verdict: Verdict,
    *,
    changed: bool,
    duration: float,
) -> Outcome:
    """The outcome of a run whose ledger holds ``events``, however much of it there is.

    ``duration``: wall seconds of the try. What a torn ledger has lost can only make a
    run count that would not have counted: never the other way round.
    """
    known = [event for event in events if isinstance(event, dict)]
    return classify(
        stop,
        verdict,
        changed=changed,
        looping=is_looping(history_of(known)),
        infra_share=_infra_seconds(known) / max(duration, 1e-9),
    )


def _infra_seconds(events: list[Event]) -> float:
    """Failed calls, waits after them, sleep, loading; a call cut off in full silence.

    A server that hangs says nothing until the limit, and nor does one at work on a long
    tool call: where that took most of a run, nothing is known of the agent.
    """
    return sum(
        max(0.0, figure(event, "seconds")) for event in events if _is_infra(event)
    )


def _is_infra(event: Event) -> bool:
    kind = event.get("kind")
    if event.get("event") == "fault":
        return kind == "infra"
    if event.get("event") == "cut":
        return not event.get("heard", True)
    return event.get("event") == "wait" and kind in ("infra", "suspend", "load")
