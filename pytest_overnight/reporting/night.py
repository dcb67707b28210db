"""A night as it lies on disk: the master log and the run records, nothing else.

A report must come out of whatever the night left behind. A file that cannot be used
is left out and named, with what to do about it; it never stops the report.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

from pydantic import BaseModel
from pydantic import ValidationError

from pytest_overnight.records.evidence import contradiction
from pytest_overnight.records.record import SCHEMA_VERSION
from pytest_overnight.records.record import AgentInfo
from pytest_overnight.records.record import MasterLog
from pytest_overnight.records.record import RunRecord

Model = TypeVar("Model", bound=BaseModel)

AGAIN = "The command pytest-overnight doctor says what can be done about it."


class ReportError(Exception):
    """Why there can be no report at all, in words for the user."""


@dataclass(frozen=True, slots=True)
class Night:
    """What one night left behind."""

    master: MasterLog | None
    """Null when ``master_log.json`` is missing or cannot be used."""
    runs: tuple[RunRecord, ...]
    """Usable records of this session, sorted by run id."""
    problems: tuple[str, ...]
    """Plain text, one a file: which, what is wrong with it, what to do."""

    @property
    def session_id(self) -> str | None:
        """``overnight-YYYY-MM-DD``; null when nothing could be read."""
        return _session(self.master, self.runs)

    @property
    def agents(self) -> list[AgentInfo]:
        """Each run's agent; of a night without runs, the one that was asked for."""
        infos = [run.agent for run in self.runs]
        return infos or ([self.master.agent] if self.master else [])

    @property
    def scripted(self) -> bool:
        """Whether any of it is a script's work and not a model's."""
        return any(info.scripted for info in self.agents)


def load_night(results: Path) -> Night:
    """Read ``master_log.json`` and ``runs/*.json`` of a results folder.

    Without a master log the session with the most records is taken for the night.
    Raises :class:`ReportError` when there is no such folder.
    """
    if not (results / "master_log.json").exists() and not (results / "runs").is_dir():
        raise ReportError(
            f"No night lies in {results}. Give the folder that holds "
            "master_log.json, overnight_results by default."
        )
    problems: list[str] = []
    master = _load_master(results / "master_log.json", problems)
    records = _load_runs(results / "runs", problems)
    session = _session(master, records)
    runs = [run for run in records if run.session_id == session]
    problems += [_foreign(run, session) for run in records if run not in runs]
    if master is not None:
        problems += _disagreements(master, runs)
    return Night(master, tuple(runs), tuple(problems))


def _load_master(path: Path, problems: list[str]) -> MasterLog | None:
    if not path.exists():
        problems.append(
            "master_log.json is missing: how many runs were planned is not known, and "
            "the report stands on the run records alone. Resume the night to have it "
            "written again."
        )
        return None
    master = _read(path, MasterLog)
    if isinstance(master, MasterLog):
        return master
    problems.append(
        f"master_log.json {master}. How many runs were planned is not known, and the "
        "report stands on the run records alone. Resume the night to have it written "
        "again."
    )
    return None


def _load_runs(folder: Path, problems: list[str]) -> list[RunRecord]:
    runs = []
    # Hidden names are files that are still being written.
    paths = (p for p in folder.glob("*.json") if not p.name.startswith("."))
    for path in sorted(paths):
        run = _read(path, RunRecord)
        wrong = run if isinstance(run, str) else contradiction(run, path.stem)
        if wrong:
            problems.append(f"runs/{path.name} {wrong}. It is left out. {AGAIN}")
        elif isinstance(run, RunRecord):
            runs.append(run)
    return sorted(runs, key=lambda run: run.run_id)


def _read(path: Path, kind: type[Model]) -> Model | str:
    """The object in a file, or what is wrong with the file."""
    if not path.is_file():
        return "is not a file"
    try:
        return kind.model_validate_json(path.read_bytes())
    except OSError as error:
        return f"cannot be read ({error.strerror})"
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
    field = ".".join(str(part) for part in first["loc"])
    if first["type"] == "json_invalid":
        return f"is not whole JSON ({first['msg']})"
    if field == "schema_version":
        return (
            "was written by another version of pytest-overnight (this one reads "
            f"schema_version {SCHEMA_VERSION})"
        )
    return f"does not have the form of its kind ({field}: {first['msg']})"


def _session(master: MasterLog | None, runs: Iterable[RunRecord]) -> str | None:
    if master is not None:
        return master.session_id
    counts = Counter(run.session_id for run in runs)
    return max(counts, key=lambda session: (counts[session], session), default=None)


def _foreign(run: RunRecord, session: str | None) -> str:
    return (
        f"runs/{run.run_id}.json belongs to session {run.session_id}, not to "
        f"{session}. It is left out. Move it to history/{run.session_id}/runs/."
    )


def _disagreements(master: MasterLog, runs: list[RunRecord]) -> list[str]:
    """Counts of the master log that the records do not bear out."""
    pairs = {
        "counted runs": (master.tests_run, sum(r.counted for r in runs)),
        "solved runs": (master.tests_passed, sum(r.success is True for r in runs)),
        "void runs": (master.void, sum(not r.counted for r in runs)),
    }
    said = [f"{a} {what} (records: {b})" for what, (a, b) in pairs.items() if a != b]
    if not said:
        return []
    return [
        f"master_log.json and runs/ disagree: it says {', '.join(said)}. The report "
        "goes by the records."
    ]
