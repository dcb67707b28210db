"""Missed runs by the way they were lost, where that way has a remedy of its own."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from pytest_overnight.reporting.advice.evidence import ASSUMED
from pytest_overnight.reporting.advice.evidence import LEAST_RUNS
from pytest_overnight.reporting.advice.evidence import Evidence
from pytest_overnight.reporting.advice.evidence import bounded
from pytest_overnight.reporting.advice.evidence import challenges
from pytest_overnight.reporting.advice.evidence import ids
from pytest_overnight.reporting.advice.evidence import named
from pytest_overnight.reporting.advice.items import Advice
from pytest_overnight.reporting.advice.items import Area
from pytest_overnight.reporting.advice.items import Effort
from pytest_overnight.reporting.markdown import Markdown
from pytest_overnight.reporting.markdown import plural
from pytest_overnight.rules.outcome import Outcome


@dataclass(frozen=True, slots=True)
class _Lost:
    """What to do about runs that were lost in one way."""

    title: str
    what: str
    """After "12 missed runs …"."""
    steps: tuple[str, ...]
    effort: Effort
    unless: frozenset[str] = frozenset()
    """Causal rules that say the same, and more surely."""


_LOST = {
    Outcome.TIMEOUT: _Lost(
        "Give runs more time, or use a faster model",
        "ran out of time while still doing new things",
        (
            "Where the model is slow: a smaller model or quantization (`--model`), or "
            "less thinking (`--overnight-think low`).",
            "Where the task is long: raise the limit in the challenge's `task.toml`; "
            "720 s is the most.",
        ),
        "hours",
    ),
    Outcome.BUDGET: _Lost(
        "Allow more rounds and actions",
        "used up all rounds, actions or tokens",
        (
            "Allow more: `--overnight-max-rounds` ({max_rounds}) and "
            "`--overnight-max-actions` ({max_actions}).",
            "Look in `logs/…-ledger.log` whether the last rounds still led anywhere.",
        ),
        "minutes",
    ),
    Outcome.LOOP: _Lost(
        "Get the agent out of its circles",
        "went in circles",
        (
            "See which circles: `loop_rule` of the records, the last rounds of "
            "`logs/…-ledger.log`.",
            "See whether they would find out by themselves: `--overnight-loop-guard "
            "shadow` stops no run and notes which it would have stopped.",
            "A higher temperature repeats itself less: `--overnight-temperature 0.7`.",
        ),
        "hours",
    ),
    Outcome.MALFORMED: _Lost(
        "Make the model's answers usable",
        "ended in three answers in a row that could not be used",
        (
            "Read them: event `unused` of `logs/…-events.jsonl`.",
            "Lower the temperature (`--overnight-temperature 0.2`), update Ollama and "
            "pull the model again, or take one that was trained for tools.",
        ),
        "hours",
        frozenset({"unreadable_calls", "cut_answers"}),
    ),
    Outcome.CONTEXT: _Lost(
        "Raise the context window",
        "outgrew the model's window",
        (
            "Ask for more than {num_ctx} tokens: `--overnight-num-ctx`; `ollama ps` "
            "shows what the server gives.",
            "Where memory is short: `OLLAMA_FLASH_ATTENTION=1` and "
            "`OLLAMA_KV_CACHE_TYPE=q8_0` for the server.",
        ),
        "minutes",
        frozenset({"truncated_prompt", "small_window", "compacted"}),
    ),
    Outcome.GAVE_UP: _Lost(
        "Have the agent go on where it gives up",
        "said that the task cannot be done",
        (
            "Read its reasons: the call of `finish` in `logs/…-ledger.log`. A fair one "
            "means that the instruction lacks something.",
            "Else ask in the system prompt to hand in what there is "
            "(`pytest_overnight/agents/prompts.py`).",
        ),
        "hours",
    ),
    Outcome.NO_CHANGE: _Lost(
        "Have the agent change files before it finishes",
        "left the workspace as it was",
        (
            "Look whether it wrote its answer into the conversation: "
            "`logs/…-ledger.log`.",
            "Say in the system prompt that only files count "
            "(`pytest_overnight/agents/prompts.py`).",
        ),
        "hours",
        frozenset({"talk", "calls_in_text"}),
    ),
    Outcome.CRASH: _Lost(
        "Mend the agent's own program",
        "ended because the agent's program died",
        ("The end of `logs/…-ledger.log` and the record's `detail` say how.",),
        "hours",
    ),
}


def outcomes(evidence: Evidence) -> Iterator[Advice]:
    """Ways of being lost that have a remedy of their own."""
    for outcome, lost in _LOST.items():
        runs = evidence.ended(outcome)
        if len(runs) < LEAST_RUNS or lost.unless & evidence.given:
            continue
        yield Advice(
            rule=f"outcome_{outcome}",
            area=Area.AGENT,
            title=Markdown(lost.title),
            because=Markdown(
                f"{len(runs)} of {plural(len(evidence.missed), 'missed run')} "
                f"{lost.what}, in {named(challenges(runs))}. {ASSUMED}"
            ),
            steps=tuple(evidence.filled(step) for step in lost.steps),
            check=Markdown(
                f"Play these challenges again: fewer runs should end as `{outcome}`, "
                "and more be solved."
            ),
            gain=bounded(evidence, runs),
            effort=lost.effort,
            run_ids=ids(runs),
            causal=False,
        )
