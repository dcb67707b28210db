"""What else differs between two nights: a difference in rates may come of any of it."""

from __future__ import annotations

from collections.abc import Iterable
from collections.abc import Iterator
from collections.abc import Mapping
from collections.abc import Sequence
from typing import Any

from pytest_overnight.records.record import RunRecord
from pytest_overnight.reporting.night import Night
from pytest_overnight.settings import NO_IDENTITY

NO_MATTER = {*NO_IDENTITY, "agent", "model", "seed"}
"""Settings that are not named: those that change no outcome, those that the records
tell of, and the seed, another one every night."""
NO_DETAIL = {"host", "size", "size_vram"}
"""The same of what is known of the model: where it lies, and what it takes."""
MACHINE = ("cpu", "cpus", "gpus", "system")


def run_differences(now: Sequence[RunRecord], before: Sequence[RunRecord]) -> list[str]:
    """In plain words, as far as the records tell: agent, model, walls, challenges.

    Names and details stand in them as recorded: on a page they are to be escaped.
    """
    sides = [_facts_of(now), _facts_of(before)]
    return [*_differing(*sides), *_of_challenges(now, before)]


def night_differences(now: Night, before: Night) -> list[str]:
    """The same, with settings and machine, which the master logs tell."""
    said = run_differences(now.runs, before.runs)
    if now.master is None or before.master is None:
        which = "this night" if now.master is None else "the night before"
        return [*said, f"settings: not known of {which}, whose master log is missing"]
    told = [_shown(m.settings, "setting") for m in (now.master, before.master)]
    shared = told[0].keys() & told[1].keys()
    said += _differing(*({name: one[name] for name in shared} for one in told))
    machines = [
        {f"machine, {k}": {str(m.machine[k])} for k in MACHINE if m.machine.get(k)}
        for m in (now.master, before.master)
    ]
    return [*said, *_differing(*machines)]


def _shown(settings: Mapping[str, Any], kind: str) -> dict[str, set[str]]:
    return {
        f"{kind} {name}": {str(value)}
        for name, value in settings.items()
        if name not in NO_MATTER
    }


def _differing(
    now: Mapping[str, set[str]], before: Mapping[str, set[str]]
) -> Iterator[str]:
    for name in sorted(now.keys() | before.keys()):
        if now.get(name) != before.get(name):
            yield f"{name}: {_words(now.get(name))}, before {_words(before.get(name))}"


def _words(values: Iterable[str] | None) -> str:
    return " or ".join(sorted(values)) if values else "not known"


def _facts_of(runs: Iterable[RunRecord]) -> dict[str, set[str]]:
    """What is the same in all runs of most nights; where it is not, all of it."""
    facts: dict[str, set[str]] = {}

    def add(name: str, value: object) -> None:
        facts.setdefault(name, set()).add(str(value))

    for run in runs:
        add("agent", run.agent.spec)
        add("model", run.agent.model or "none was asked")
        for name, value in run.agent.details.items():
            if name not in NO_DETAIL:
                add(f"model, {name}", value)
        add("sandbox", run.sandbox.level)
        add("hidden tests out of reach", "yes" if run.sandbox.protected else "no")
        if digest := run.sandbox.runtime.get("digest"):
            add("packages in the sandbox", digest)
    return facts


def _of_challenges(
    now: Sequence[RunRecord], before: Sequence[RunRecord]
) -> Iterator[str]:
    ours, theirs = _digests(now), _digests(before)
    if only := sorted(ours.keys() - theirs.keys()):
        yield f"challenges only in this night: {', '.join(only)}"
    if only := sorted(theirs.keys() - ours.keys()):
        yield f"challenges only in the night before: {', '.join(only)}"
    shared = sorted(ours.keys() & theirs.keys())
    if changed := [name for name in shared if ours[name] != theirs[name]]:
        yield (
            "challenges that changed, of which only runs of the same version are "
            f"compared: {', '.join(changed)}"
        )
    if unknown := [name for name in shared if "" in ours[name] & theirs[name]]:
        yield (
            "challenges of which neither night says the version, compared by their "
            f"name: {', '.join(unknown)}"
        )


def _digests(runs: Iterable[RunRecord]) -> dict[str, set[str]]:
    found: dict[str, set[str]] = {}
    for run in runs:
        found.setdefault(run.test_id, set()).add(run.digests.get("challenge", ""))
    return found
