"""Last night: the newest former session that this one can be compared with.

Only what a session says of itself is read of each, from the newest on. Records are
loaded of the one that is taken.
"""

from __future__ import annotations

import json
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from pytest_overnight.records.former import former_sessions
from pytest_overnight.records.journal import Journal
from pytest_overnight.records.session import read_session
from pytest_overnight.records.store import HISTORY
from pytest_overnight.records.store import JOURNAL
from pytest_overnight.reporting.night import Night
from pytest_overnight.reporting.night import ReportError
from pytest_overnight.reporting.night import load_night


@dataclass(frozen=True, slots=True)
class _Facts:
    """What one former session says of itself."""

    started: datetime
    finished: bool
    scripted: bool
    challenges: frozenset[str]
    """Ids of those that were planned."""


def former_night(
    results: Path, night: Night, problems: list[str] | None = None
) -> Night | None:
    """The newest finished session in ``history/`` that ``night`` can be compared with.

    It began before, is of the same kind (scripts with scripts, a model with a model),
    and has a counted run and a challenge in common. For a night that lies in
    ``history/`` itself, those beside it are asked. Why a newer session was passed over
    that cannot be read or was cut off, and what is wrong with the one that was taken,
    is added to ``problems``, in plain words.
    """
    said = problems if problems is not None else []
    began = _began(night)
    mine = {run.test_id for run in night.runs}
    for folder in _folders(results):
        facts = _of_master(folder) or _of_journal(folder)
        if facts is None:
            said.append(
                f"{_name(folder)} is not compared with: neither its master_log.json "
                f"nor its {JOURNAL} says when it began, and who did the work."
            )
        elif (
            (began is None or facts.started < began)
            and facts.scripted == night.scripted
            and facts.challenges & mine
        ):
            former = _loaded(folder, facts, said)
            if former is not None and former.scripted == night.scripted:
                return former
    return None


def _folders(results: Path) -> list[Path]:
    """Of all former sessions, the newest first."""
    here = results.resolve()
    beside = here.parent if here.parent.name == HISTORY else here / HISTORY
    found = [former.folder for former in former_sessions(beside)]
    return [folder for folder in reversed(found) if folder != here]


def _name(folder: Path) -> str:
    return f"{HISTORY}/{folder.name}"


def _began(night: Night) -> datetime | None:
    """By the master log; without one, when the first run began."""
    stamps = [run.timestamp_start for run in night.runs]
    if night.master is not None:
        stamps = [night.master.start_time]
    return min(filter(None, map(_time, stamps)), default=None)


def _of_master(folder: Path) -> _Facts | None:
    """As plain JSON: what this version cannot load is a matter of loading it."""
    with suppress(OSError, ValueError, RecursionError):
        master = json.loads((folder / "master_log.json").read_bytes())
        if isinstance(master, dict):
            ended, titles = master.get("end_time"), master.get("titles")
            return _facts(master.get("start_time"), ended, master.get("agent"), titles)
    return None


def _of_journal(folder: Path) -> _Facts | None:
    with suppress(OSError):
        session = read_session(Journal(folder / JOURNAL).read())
        if session is not None:
            ids = session.challenges
            return _facts(session.started, session.closed, session.agent, ids)
    return None


def _facts(started: Any, ended: Any, agent: Any, challenges: Any) -> _Facts | None:
    time = _time(started)
    if time is None or not isinstance(agent, dict):
        return None
    ids = challenges if isinstance(challenges, dict) else {}
    scripted = agent.get("scripted") is True
    return _Facts(time, ended is not None, scripted, frozenset(ids))


def _time(stamped: Any) -> datetime | None:
    """With its zone; ``None`` for what is no time, or does not say its zone."""
    with suppress(ValueError, TypeError):
        time = datetime.fromisoformat(stamped)
        return time if time.tzinfo else None
    return None


def _loaded(folder: Path, facts: _Facts, problems: list[str]) -> Night | None:
    """A session's night; ``None``, and why in ``problems``, where it is of no use."""
    if not facts.finished:
        problems.append(f"{_name(folder)} is not compared with: it was cut off.")
        return None
    try:
        night = load_night(folder)
    except ReportError as error:
        problems.append(f"{_name(folder)} is not compared with: {error}")
        return None
    if not any(run.counted for run in night.runs):
        problems.append(f"{_name(folder)} is not compared with: no run of it counts.")
        return None
    problems += [f"{_name(folder)}: {problem}" for problem in night.problems]
    return night
