"""What ledgers tell of a night beyond its records: the steps of each run.

A user's own agent writes what it likes into its ledger: whatever cannot be read is left
out, and nothing here raises for its sake.
"""

from __future__ import annotations

import posixpath
import re
from collections import Counter
from collections.abc import Iterable
from collections.abc import Iterator
from collections.abc import Mapping
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from pytest_overnight.records.events import Event
from pytest_overnight.records.events import figure
from pytest_overnight.records.events import text
from pytest_overnight.records.events import texts
from pytest_overnight.records.ledger import read_events
from pytest_overnight.records.record import RunRecord
from pytest_overnight.records.store import RunStore
from pytest_overnight.reporting.statistics import Rate
from pytest_overnight.rules.fingerprint import LONGEST_TOOL
from pytest_overnight.rules.fingerprint import fingerprints_of
from pytest_overnight.rules.history import NOT_RUN

LONGEST_TARGET = 60
"""Characters of a target."""
LONGEST_LINE = 400
"""Characters of a command that are looked at."""
UNNAMED = "(no name)"
"""Tool of an action that names none."""
BOX = "/ws/"
"""Where a workspace lies in a bubblewrap box; elsewhere its path has the run's id."""

_PREPARATION = re.compile(
    r"^(?:\s*(?:(?:cd|export)\s[^;&|]*(?:&&|;)|set\s+-\w+\s*(?:&&|;)"
    r"|[A-Za-z_]\w*=\S*(?=\s)|(?:timeout|nice|time)(?:\s+(?:-\S+|[\d.]+[smh]?))*"
    r"(?=\s)))*\s*"
)
"""What may stand before the program that a command is about."""
_WORDS = re.compile(r"[^\s\"';&|<>()]+")
_FILE = re.compile(r"(?!-)(?:[\w.+@~-]*/[\w.+@~/-]*|[\w+@~-][\w.+@~-]*\.\w+)")
_RUNNERS = {"pytest", "unittest", "doctest", "tox", "nox", "mypy", "ruff"}
"""Programs that mean the same whatever part of the work they are given."""


@dataclass(frozen=True, slots=True)
class Step:
    """One tool call that was carried out."""

    round: int
    """Number of the model turn that it was part of; 0 where the ledger does not say."""
    tool: str
    """The agent's word: hostile text."""
    target: str
    """Its main argument without what varies, see :func:`target_of`: hostile text."""
    ok: bool
    """False: the call itself failed. A command that ran and exited with 1 is well."""
    error: str
    """Fingerprint of what went wrong, be it a failed call or a command that did not end
    with 0; empty where nothing did."""
    seconds: float


@dataclass(frozen=True, slots=True)
class LedgerFacts:
    """One run, as the ledger of the try that its record tells of has it."""

    run_id: str
    steps: tuple[Step, ...]
    """In order."""
    prompt_tokens: tuple[int, ...]
    """Of each completed round, in order."""
    output_tokens: tuple[int, ...]
    """Likewise."""
    llm_seconds: tuple[float, ...]
    """Likewise: wall seconds of the model call."""


@dataclass(frozen=True, slots=True)
class ToolRate:
    """How the calls of one tool went, over all runs that used it."""

    tool: str
    rate: Rate
    """Calls that were answered without an error, of all. Calls of one run are not
    independent: Wilson's interval is too narrow for them."""
    runs: tuple[str, ...]
    """Run ids of those that used it, in the order given."""
    errors: tuple[tuple[str, int], ...]
    """Fingerprint and how often, most frequent first: of failed calls, and of commands
    that ran and did not end with 0."""


def read_ledgers(results: Path, runs: Iterable[RunRecord]) -> dict[str, LedgerFacts]:
    """Run id → what the ledger says of the try that its record tells of.

    Runs whose ledger is missing, or holds no round and no step, are absent.
    """
    store = RunStore(results)
    found = (
        _facts(run.run_id, _events(store.events_log(run.run_id, run.number)))
        for run in runs
    )
    return {one.run_id: one for one in found if one.steps or one.prompt_tokens}


def _events(path: Path) -> list[Event]:
    try:
        return read_events(path)
    except (OSError, ValueError, RecursionError):  # of a name, or of endless brackets
        return []


def _facts(run_id: str, events: Sequence[Event]) -> LedgerFacts:
    rounds = [event for event in events if event["event"] == "round"]
    return LedgerFacts(
        run_id=run_id,
        steps=tuple(_steps(run_id, events)),
        prompt_tokens=tuple(_whole(event, "prompt_tokens") for event in rounds),
        output_tokens=tuple(_whole(event, "output_tokens") for event in rounds),
        llm_seconds=tuple(_seconds(event) for event in rounds),
    )


def _steps(run_id: str, events: Sequence[Event]) -> Iterator[Step]:
    for event in events:
        # A call that the harness did not carry out is no step of the agent's.
        if event["event"] != "action" or NOT_RUN in texts(event, "tags"):
            continue
        tool = _shown(text(event, "tool")[:LONGEST_TOOL]) or UNNAMED
        arguments = event.get("arguments")
        yield Step(
            round=_whole(event, "round"),
            tool=tool,
            target=target_of(arguments if isinstance(arguments, dict) else {}, run_id),
            ok=bool(event.get("ok", True)),
            error=next(iter(fingerprints_of([event])), ""),
            seconds=_seconds(event),
        )


def _whole(event: Event, key: str) -> int:
    return max(0, int(figure(event, key)))


def _seconds(event: Event) -> float:
    return max(0.0, float(figure(event, "seconds")))


def target_of(arguments: Event, run_id: str) -> str:
    """What a call is aimed at: the path, the command in short, or how it finishes.

    At most ``LONGEST_TARGET`` characters. A path in the run's own workspace, wherever
    that lies, is relative. Of a command the program is kept, with the first file that
    it names where that matters: ``cd x && python3 -m pytest -q a.py`` is ``pytest``.
    """
    if path := text(arguments, "path").strip():
        target = _inside(path, run_id)
    elif command := text(arguments, "command").strip():
        target = _command(command, run_id)
    else:
        target = text(arguments, "status")
    return _shown(target[:LONGEST_TARGET])


def _inside(path: str, run_id: str) -> str:
    """Relative to the workspace of the run, or of any try of it; empty: all of it."""
    _, mark, rest = f"{path}/".partition(f"/{run_id}")
    inside = rest.partition("/")[2] if mark else f"{path}/".removeprefix(BOX)
    tidy = posixpath.normpath(inside)
    return "" if tidy == "." else tidy


def _command(command: str, run_id: str) -> str:
    """The first program of the first line, without ``cd``, variables and options."""
    line = command.splitlines()[0][:LONGEST_LINE]
    words = _WORDS.findall(_PREPARATION.sub("", line, count=1))
    program = posixpath.basename(words[0]) if words else ""
    rest = words[1:]
    if program.startswith("python"):
        program = "python"
        if rest[:1] == ["-m"] and len(rest) > 1:
            program, rest = rest[1], rest[2:]
        elif rest[:1] in (["-c"], ["-"]):
            return f"python {rest[0]}"
    if program in _RUNNERS:
        return program
    files = (_inside(word, run_id) for word in rest if _FILE.fullmatch(word))
    return f"{program} {next(files, '')}".strip()


def _shown(value: str) -> str:
    """On one line, without what terminals obey."""
    return " ".join("".join(c if c.isprintable() else " " for c in value).split())


def tool_rates(ledgers: Mapping[str, LedgerFacts]) -> tuple[ToolRate, ...]:
    """How the calls of each tool went, the most used tool first."""
    calls: dict[str, list[tuple[str, Step]]] = {}
    for run_id, facts in ledgers.items():
        for step in facts.steps:
            calls.setdefault(step.tool, []).append((run_id, step))
    rates = [_tool_rate(tool, made) for tool, made in calls.items()]
    return tuple(sorted(rates, key=lambda one: (-one.rate.n, one.tool)))


def _tool_rate(tool: str, made: Sequence[tuple[str, Step]]) -> ToolRate:
    errors = Counter(step.error for _, step in made if step.error)
    return ToolRate(
        tool=tool,
        rate=Rate(sum(step.ok for _, step in made), len(made)),
        runs=tuple(dict.fromkeys(run_id for run_id, _ in made)),
        errors=tuple(sorted(errors.items(), key=lambda one: (-one[1], one[0]))),
    )
