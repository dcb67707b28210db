"""One try: an agent at work in a box, in a process of its own.

:func:`prepare` runs once in the warm try server and imports what every try needs;
the handler it returns runs in a fork, once a try. It holds no hidden test.
"""

from __future__ import annotations

import importlib
import math
import signal
import sys
import time
from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pytest_overnight.agents import rehearsal
from pytest_overnight.agents.command import command_agent
from pytest_overnight.agents.task import LoopLimits
from pytest_overnight.agents.task import LoopResult
from pytest_overnight.agents.task import Task
from pytest_overnight.agents.tool_loop import run_tool_loop
from pytest_overnight.catalog.harbor import load_challenge
from pytest_overnight.models.base import Model
from pytest_overnight.models.pace import Pace
from pytest_overnight.models.pace import host_folder
from pytest_overnight.models.retry import Backoff
from pytest_overnight.records.ledger import Ledger
from pytest_overnight.rules.outcome import Stop
from pytest_overnight.sandbox.box import Box
from pytest_overnight.sandbox.box import BoxError
from pytest_overnight.sandbox.box import BoxGone
from pytest_overnight.sandbox.box import BoxPlan
from pytest_overnight.sandbox.open import open_box
from pytest_overnight.sandbox.runtime import prepare_runtime
from pytest_overnight.sandbox.shipping import helper_modules
from pytest_overnight.settings import Settings

DETAIL_CAP = 2000
"""Characters of an agent's last words that leave the try."""

Handler = Callable[[dict[str, Any]], dict[str, Any]]
Agent = Callable[[Task], object]


@dataclass(frozen=True, slots=True)
class Order:
    """What the arena asks of a try; crosses the process border as a dictionary."""

    run_id: str
    folder: str
    """The challenge's folder."""
    workspace: str
    events: str
    log: str
    seed: int
    script: str | None
    """Scripted agents: name of the script to play."""


def prepare(payload: dict[str, Any]) -> Handler:
    """Warm up for ``payload["settings"]`` and the proved ``payload["level"]``."""
    settings = Settings.from_json(payload["settings"])
    level: str = payload["level"]
    runtime = prepare_runtime()
    make_model = _model_maker(settings)
    # Whatever is first done in a fork is done again in every fork: 20 ms here.
    helper_modules()
    # The user's own agent is imported where it runs: in the fork, with their folder.
    sys.path.insert(0, payload["invocation_folder"])

    def handle(request: dict[str, Any]) -> dict[str, Any]:
        order = Order(**request)
        ledger = Ledger(Path(order.events), Path(order.log))
        ledger.write("started", run_id=order.run_id, agent=settings.agent)
        plan = BoxPlan(level=level, workspace=Path(order.workspace))
        try:
            began = time.monotonic()
            with closing(open_box(plan, runtime, (settings.suite,))) as box:
                opened = time.monotonic() - began
                task = _task(settings, order, make_model(order), box, ledger)
                # Only now: its time is when the agent could begin.
                ledger.write("box", seconds=opened)
                result = _work(settings, task, order)
        except BoxError as problem:
            result = LoopResult(stop=Stop.SETUP, detail=f"the box failed: {problem}")
        except KeyboardInterrupt:
            result = LoopResult(stop=Stop.CANCELLED, detail="interrupted")
        detail = result.detail[:DETAIL_CAP]
        ledger.write("stopped", stop=result.stop, detail=detail)
        ledger.close()
        return {
            "stop": str(result.stop),
            "detail": detail,
            "working_seconds": result.working_seconds,
        }

    return handle


def _task(
    settings: Settings, order: Order, model: Model, box: Box, ledger: Ledger
) -> Task:
    challenge = load_challenge(Path(order.folder))
    limits = LoopLimits(
        working_seconds=challenge.timeout_seconds / settings.time_scale,
        max_rounds=settings.max_rounds,
        max_actions=settings.max_actions,
        command_timeout=settings.command_timeout,
        infra_grace=settings.infra_grace / settings.time_scale,
        window=settings.num_ctx,
        answer_tokens=settings.num_predict,
        guard=settings.loop_guard,
    )
    pace = None
    if not settings.scripted:
        folder = host_folder(settings.host)
        pace = Pace(folder, settings.calls_per_minute, settings.min_gap)
    return Task(
        challenge.instruction,
        model,
        box,
        ledger,
        limits,
        workspace=Path(order.workspace),
        pace=pace,
        backoff=Backoff(scale=settings.time_scale),
    )


def _model_maker(settings: Settings) -> Callable[[Order], Model]:
    if settings.scripted:
        return lambda order: rehearsal.model_for(
            _script_of(order), settings.fault_rate, order.seed
        )
    from pytest_overnight.models.ollama import OllamaModel
    from pytest_overnight.models.ollama_server import capabilities

    known = capabilities(settings.host, settings.model)

    def ollama(order: Order) -> Model:
        return OllamaModel.of(settings, order.seed % 2**31, known)

    ollama(_NO_ORDER)  # imports it all, and builds its models' validators: 250 ms once
    return ollama


def _script_of(order: Order) -> rehearsal.Script:
    challenge = load_challenge(Path(order.folder))
    return rehearsal.find(challenge, order.script or "noop")


_NO_ORDER = Order("", "", "", "", "", 0, None)


def _work(settings: Settings, task: Task, order: Order) -> LoopResult:
    head, colon, tail = settings.agent.partition(":")
    if not colon:
        own = _script_of(order).agent if settings.scripted else None
        return _own_agent(lambda: own, task) if own else run_tool_loop(task)
    if head == "command":
        return _timed(lambda: command_agent(task, tail, settings), task)
    return _own_agent(lambda: getattr(importlib.import_module(head), tail), task)


def _timed(work: Callable[[], LoopResult], task: Task) -> LoopResult:
    """Book the time of an agent that need not tell what it does."""
    began = task.clock()
    try:
        return work()
    finally:
        task.ledger.write("agent", seconds=task.clock() - began)


def _own_agent(find: Callable[[], Agent], task: Task) -> LoopResult:
    """Find the user's agent and call it; what either raises is its crash, not ours.

    It may return a :class:`LoopResult`, a sentence for the record, or nothing.
    """
    started = task.clock()
    limit = task.limits.working_seconds

    def look_at_the_clock(number: int, frame: object) -> None:
        """End the agent; or wait on, for as long as it has waited for the server."""
        left = limit - (task.clock() - started - task.ledger.waited)
        if left <= 0:
            raise OutOfTimeError("still at work when the time limit was reached")
        signal.setitimer(signal.ITIMER_REAL, left)

    signal.signal(signal.SIGALRM, look_at_the_clock)
    signal.setitimer(signal.ITIMER_REAL, limit)
    try:
        result = _timed(lambda: _own_result(find()(task)), task)
    except OutOfTimeError as problem:
        result = LoopResult(stop=Stop.DEADLINE, detail=str(problem))
    except BoxGone as problem:
        result = LoopResult(stop=Stop.CRASH, detail=f"the box was ended: {problem}")
    except BoxError:
        raise  # ours
    except (Exception, SystemExit) as problem:
        detail = f"{type(problem).__name__}: {problem}"
        result = LoopResult(stop=Stop.CRASH, detail=detail)
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
    if not 0 < result.working_seconds < math.inf:
        result.working_seconds = task.clock() - started
    return result


class OutOfTimeError(BaseException):
    """The limit is reached; not an ``Exception``, which agents may swallow."""


def _own_result(answer: object) -> LoopResult:
    if isinstance(answer, LoopResult) and isinstance(answer.stop, Stop):
        return answer
    if isinstance(answer, LoopResult):
        detail = f"returned a LoopResult whose stop is {answer.stop!r}, no Stop"
        return LoopResult(stop=Stop.CRASH, detail=detail)
    return LoopResult(stop=Stop.FINISHED, detail=str(answer or "returned"))
