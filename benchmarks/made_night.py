"""A night that nobody played: a results folder as a model's long night leaves it.

    python benchmarks/made_night.py FOLDER [--runs 1500] [--no-ledgers]

Shapes and sizes are those of real nights: records of 8 KB with 20 to 40 hidden tests,
ledgers of 20 to 60 events and 30 KB. Challenges differ in how hard they are; the harder
ones are missed in several ways, and a missed run fails some of its challenge's own weak
spots. Written as plain JSON, for speed; a test reads a sample with the models.
"""

from __future__ import annotations

import argparse
import json
import random
import sys
from collections import Counter
from datetime import datetime
from datetime import timedelta
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from benchmarks.made_ledger import Event  # noqa: E402
from benchmarks.made_ledger import Record  # noqa: E402
from benchmarks.made_ledger import sha  # noqa: E402
from benchmarks.made_run import AGENT  # noqa: E402
from benchmarks.made_run import SANDBOX  # noqa: E402
from benchmarks.made_run import Challenge  # noqa: E402
from benchmarks.made_run import make_challenges  # noqa: E402
from benchmarks.made_run import make_run  # noqa: E402
from benchmarks.made_run import stamp  # noqa: E402
from pytest_overnight.records.master import report_name  # noqa: E402
from pytest_overnight.settings import Settings  # noqa: E402

DATE = "2025-01-21"


def make_night(
    folder: Path,
    runs: int = 1500,
    challenges: int = 23,
    seed: int = 0,
    ledgers: bool = True,
    date: str = DATE,
) -> Path:
    """Write a results folder, which must not hold a night yet; its path.

    ``runs`` in all, each challenge in turn, from 22:00 of ``date``. Without ``ledgers``
    there are no logs. Nights of different ``seed`` have the same challenges.
    """
    suite = make_challenges(challenges, random.Random(challenges))
    rng = random.Random(seed)
    for name in ("runs", "logs"):
        (folder / name).mkdir(parents=True)
    evening = clock = datetime.fromisoformat(f"{date}T22:00:00+00:00")
    records: list[Record] = []
    for number in range(runs):
        repetition, index = divmod(number, len(suite))
        record, events = make_run(suite[index], repetition + 1, clock, rng, ledgers)
        record["session_id"] = f"overnight-{date}"
        _write_run(folder, record, events)
        clock += timedelta(seconds=record["duration"] + 0.1)
        records.append(record)
    session = _session(folder, suite, records, evening)
    _write_journal(folder, session, records, clock)
    _write_master(folder, session, records, clock)
    return folder


def _write_run(folder: Path, record: Record, events: list[Event]) -> None:
    run_id = record["run_id"]
    text = json.dumps(record, indent=2)
    (folder / "runs" / f"{run_id}.json").write_text(text + "\n")
    if not events:
        return
    lines = "".join(json.dumps(event) + "\n" for event in events)
    (folder / "logs" / f"{run_id}-events.jsonl").write_text(lines)
    (folder / "logs" / f"{run_id}-ledger.log").write_text(f"══ {run_id}\n")
    said = (
        f"{'pass' if c['passed'] else 'FAIL'}  {c['name']}\n{c['message']}"
        for c in record["checks"]
    )
    (folder / "logs" / f"{run_id}.txt").write_text("\n".join(said))


def _journal_of(record: Record) -> list[Event]:
    run = {"run_id": record["run_id"], "try": 1}
    end = {"outcome": record["outcome"], "stop": record["stop"]}
    return [
        {"event": "started", "time": record["timestamp_start"], "clock": 0.0, **run},
        {
            "event": "finished",
            "time": record["timestamp_end"],
            "clock": 0.0,
            **run,
            **end,
        },
    ]


def _session(
    folder: Path, suite: list[Challenge], records: list[Record], evening: datetime
) -> Event:
    """What the night set out to do."""
    name = f"overnight-{evening:%Y-%m-%d}"
    settings = Settings(folder, ROOT / "challenges", name, seed=7)
    return {
        "event": "session",
        "time": stamp(evening),
        "clock": 0.0,
        "session_id": name,
        "settings": settings.to_json(),
        "agent": AGENT,
        "plan": [record["run_id"] for record in records],
        "challenges": {
            one.id: {
                "title": f"Work on {one.checks[0]}",
                "level": one.level,
                "digest": sha("challenge", one.id),
                "timeout_seconds": 180.0,
            }
            for one in suite
        },
    }


def _write_journal(
    folder: Path, session: Event, records: list[Record], end: datetime
) -> None:
    runs = [event for record in records for event in _journal_of(record)]
    closed = {"event": "closed", "time": stamp(end), "clock": 0.0}
    lines = (json.dumps(event) + "\n" for event in (session, *runs, closed))
    (folder / "journal.jsonl").write_text("".join(lines))


def _write_master(
    folder: Path, session: Event, records: list[Record], end: datetime
) -> None:
    challenges, start = session["challenges"], session["time"]
    levels = sorted({one["level"] for one in challenges.values()})
    whole = _counts(records)
    master = {
        "session_id": session["session_id"],
        "start_time": start,
        "end_time": stamp(end),
        "total_duration": (end - datetime.fromisoformat(start)).total_seconds(),
        "results_by_level": {
            level: _counts([one for one in records if one["level"] == level])
            for level in levels
        },
        "overall_pass_rate": whole.pop("pass_rate"),
        "hrm_tasks_completed": 0,
        "report_path": report_name(session["session_id"]),
        "agent": AGENT,
        "sandbox": SANDBOX,
        "seed": 7,
        "titles": {name: one["title"] for name, one in challenges.items()},
        "settings": session["settings"],
        **whole,
    }
    (folder / "master_log.json").write_text(json.dumps(master, indent=2))


def _counts(records: list[Record]) -> dict[str, Any]:
    counts = Counter(record["success"] for record in records)
    run = counts[True] + counts[False]
    return {
        "planned": len(records),
        "tests_run": run,
        "tests_passed": counts[True],
        "tests_failed": counts[False],
        "void": counts[None],
        "not_reached": 0,
        "pass_rate": counts[True] / run if run else None,
    }


def main() -> None:
    """Make one."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("folder", type=Path, help="is made, and must not be there")
    parser.add_argument("--runs", type=int, default=1500, help="default: %(default)s")
    parser.add_argument(
        "--challenges", type=int, default=23, help="default: %(default)s"
    )
    parser.add_argument("--seed", type=int, default=0, help="default: %(default)s")
    parser.add_argument("--date", default=DATE, help="default: %(default)s")
    parser.add_argument("--no-ledgers", action="store_true", help="records alone")
    asked = parser.parse_args()
    ledgers = not asked.no_ledgers
    make_night(
        asked.folder, asked.runs, asked.challenges, asked.seed, ledgers, asked.date
    )


if __name__ == "__main__":
    main()
