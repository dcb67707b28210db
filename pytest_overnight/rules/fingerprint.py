"""One short line for every kind of error, equal for errors that mean the same.

What differs from run to run is taken out: paths, numbers, quoted names, times. What is
left can be counted over a night: "18 runs: edit_file: "old_text" is not in the file".
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable
from collections.abc import Iterator
from dataclasses import dataclass

from pytest_overnight.records.events import Event
from pytest_overnight.records.events import text
from pytest_overnight.records.events import texts
from pytest_overnight.rules.cause import first_sentence
from pytest_overnight.rules.cause import last_error
from pytest_overnight.rules.history import NOT_RUN
from pytest_overnight.rules.noise import without_escapes
from pytest_overnight.rules.noise import without_noise

LONGEST = 120
"""Characters of a fingerprint."""
LONGEST_TOOL = 40
LONGEST_LINE = 400
"""Characters of a line that are looked at: patterns are slow on endless ones."""

_TRACEBACK = "Traceback (most recent call last)"
_ENDED = re.compile(
    r"(?:(exit) status (?!0 )(\d+)|ended by signal (\S+)) after [\d.]+ s(?:\n|\Z)"
)
"""How ``run_command`` begins its answer after a command that did not succeed."""

_QUOTED = r"(?<!\w)[bBrRuU]{{0,2}}({quote}){kept}[^{quote}\n]*{quote}(?!\w)"
_NAME = r"(?![a-z_]{1,20}\")"
"""Our own tools quote the names of their arguments: these tell errors apart."""
_QUOTES = [re.compile(_QUOTED.format(quote=q, kept="")) for q in "'\"`"]
_QUOTES_OF_TOOLS = [*_QUOTES[:1], re.compile(_QUOTED.format(quote='"', kept=_NAME))]
_PATH = re.compile(
    r"(?:(?:[\w.+@~-]+)?(?:/[\w.+@~-]+)+/?"
    r"|\b[\w-]+(?:\.[\w-]+)*\.(?:py|pyi|txt|md|rst|jsonl?|toml|cfg|ini|csv|tsv|log|sh"
    r"|ya?ml|html|xml|out|err)\b)(?:::[\w.:-]+(?:\[[^\]]*\])?)?"
)
_NUMBER = re.compile(r"(?<![\w.)-])-?\d+(?:[.,]\d+)*(?:e[+-]?\d+)?|\d+")
_LIST = re.compile(r"N(?:, N)+(?:, …)?")
_PLACE = re.compile(r"^(?:<path>|(?:ba|da)?sh)(?::(?: line)? ?N)*: ")
"""A file and a line in it, or what a shell says of itself."""


@dataclass(frozen=True, slots=True)
class Group:
    """An error, and the runs that met it."""

    fingerprint: str
    runs: tuple[str, ...]
    """Run ids, in the order given."""
    count: int
    """How often in all of them."""


def fingerprint(tool: str, observation: str, status: str = "") -> str:
    """At most ``LONGEST`` printable characters that stand for an error.

    ``status``: how a command ended, ``exit 1`` or ``SIGKILL``; ``observation`` is then
    its output, of which the last error counts. Empty where the tool itself refused:
    it says first what is wrong, then what to do.
    """
    output = without_escapes(observation).strip()
    if status or output.startswith(_TRACEBACK):
        cause = _bare(last_error(output), _QUOTES)
    else:
        cause = _bare(first_sentence(output), _QUOTES_OF_TOOLS)
        cause = cause.removeprefix(f"{tool} ")
    head = f"{tool[:LONGEST_TOOL]} {status}".strip()
    return _printable(f"{head}: {cause or 'no output'}")[:LONGEST].rstrip()


def _bare(line: str, quotes: list[re.Pattern[str]]) -> str:
    line = line[:LONGEST_LINE]
    for pattern in quotes:
        line = pattern.sub(r"\1…\1", line)
    line = without_noise(_PATH.sub("<path>", line))
    line = _LIST.sub("N", _NUMBER.sub("N", line))
    return _PLACE.sub("", line)


def _printable(line: str) -> str:
    shown = "".join(c if c.isprintable() else " " for c in line)
    return " ".join(shown.split())


def fingerprints_of(events: Iterable[Event]) -> dict[str, int]:
    """Fingerprint → how often, of all that went wrong in a try; never raises.

    Failed actions, commands that did not end with 0, rounds that were of no use,
    faults of the model server.
    """
    return dict(Counter(_all_of(e for e in events if isinstance(e, dict))))


def _all_of(events: Iterable[Event]) -> Iterator[str]:
    for event in events:
        kind = event.get("event")
        if kind == "action":
            yield from _of_action(event)
        elif kind == "unused":
            yield fingerprint("round", text(event, "reason") or "unused")
        elif kind == "fault":
            tool = f"fault {text(event, 'kind')}"
            said = text(event, "reason") or text(event, "detail") or "no reason known"
            yield fingerprint(tool, said)


def _of_action(event: Event) -> Iterator[str]:
    tool, observation = text(event, "tool"), text(event, "observation")
    if NOT_RUN in texts(event, "tags"):
        return  # the harness's own doing
    if not event.get("ok", True):
        yield fingerprint(tool, _without_path(event, observation))
    elif tool == "run_command" and (ended := _ENDED.match(observation)):
        status = " ".join(filter(None, ended.groups()))
        yield fingerprint(tool, observation[ended.end() :], status)


def _without_path(event: Event, observation: str) -> str:
    """Tools begin with the path they were given, which may be any text."""
    arguments = event.get("arguments")
    path = text(arguments, "path") if isinstance(arguments, dict) else ""
    if path and observation.startswith((f"{path} ", f"{path}: ")):
        return "<path>" + observation[len(path) :]
    return observation


def grouped(runs: Iterable[tuple[str, dict[str, int]]]) -> list[Group]:
    """The errors of many runs, those of most runs first.

    ``runs``: run id and what :func:`fingerprints_of` found in it.
    """
    met: dict[str, list[str]] = {}
    counts: Counter[str] = Counter()
    for run, found in runs:
        for name, count in found.items():
            met.setdefault(name, []).append(run)
            counts[name] += count
    groups = [Group(name, tuple(ids), counts[name]) for name, ids in met.items()]
    return sorted(groups, key=lambda g: (-len(g.runs), -g.count, g.fingerprint))
