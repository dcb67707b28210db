"""Whatever a night left behind gives a whole page that says what it can."""

from __future__ import annotations

import json
import re
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from pytest_overnight.records.record import Check
from pytest_overnight.records.record import MachineState
from pytest_overnight.records.record import RunRecord
from pytest_overnight.records.store import ARTIFACTS
from tests.reporting.nights import Folder
from tests.reporting.nights import a_master
from tests.reporting.nights import a_run
from tests.reporting.nights import section

CHAPTERS = [
    "Executive summary",
    "Statistical breakdown",
    "Failure analysis",
    "HRM-JEPA progress",
    "Top 10 improvement recommendations",
    "Appendices",
]
OLDER = Path(__file__).parent / "older"


def runs(outcome: str, number: int = 4) -> list[RunRecord]:
    """So many of each of three challenges, all with this outcome."""
    checks = [
        Check(name="test_a", passed=outcome == "passed", message=""),
        Check(name="test_b", passed=True),
    ]
    return [
        a_run(test_id, attempt, outcome, checks=checks)
        for test_id in ("L3-1", "L4-1", "L6-3")
        for attempt in range(1, number + 1)
    ]


def nothing(folder: Folder) -> None:
    folder.lay(master=a_master({"L3": 30}))


def one_run(folder: Folder) -> None:
    folder.lay(a_run(), master=a_master({"L3": 1}))


def all_passed(folder: Folder) -> None:
    folder.lay(*runs("passed"), master=a_master({"L3": 4, "L4": 4, "L6": 4}))


def all_failed(folder: Folder) -> None:
    folder.lay(*runs("wrong_answer"), master=a_master({"L3": 4, "L4": 4, "L6": 4}))


def all_void(folder: Folder) -> None:
    folder.lay(*runs("infra"), master=a_master({"L3": 4, "L4": 4, "L6": 4}))


def half_written(folder: Folder) -> None:
    all_failed(folder)
    for name in ("master_log.json", "runs/L3-1-run-0001.json"):
        path = folder.path / name
        path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])
    (folder.path / "runs" / ".L3-1-run-0002.json.1.tmp").write_text("{")


def older(folder: Folder) -> None:
    shutil.copytree(OLDER, folder.path, dirs_exist_ok=True)


def newer(folder: Folder) -> None:
    all_passed(folder)
    path = folder.path / "runs" / "L3-1-run-0001.json"
    path.write_text(json.dumps({**json.loads(path.read_text()), "schema_version": 9}))


SAYS = {
    nothing: [
        "There is no pass rate: no run of this night counts.",
        "30 of 30 planned runs not reached",
        "Nothing was recorded.",
        "There is no advice: no run is recorded.",
    ],
    one_run: [
        "Solved 1 of 1 run that counts (100 %).",
        "95 % interval 21–100 %, for this one challenge.",
        "No run was missed.",
    ],
    all_passed: [
        "Solved 12 of 12 runs that count (100 %).",
        "No run was missed.",
        "solved every time: 3; sometimes: 0; never: 0",
    ],
    all_failed: [
        "Solved 0 of 12 runs that count (0 %).",
        "solved every time: 0; sometimes: 0; never: 3 (L3-1, L4-1, L6-3)",
        "Most missed runs: `wrong_answer`",
        "L3-1 was never solved (4 runs): every one that was asked fails 1 hidden test",
    ],
    all_void: [
        "There is no pass rate: no run of this night counts.",
        "In no rate: 12 void (12 `infra`)",
    ],
    half_written: [
        "Solved 0 of 11 runs that count (0 %).",
        "master_log.json is not whole JSON",
        "runs/L3-1-run-0001.json is not whole JSON",
    ],
    older: ["runs that count", "no model was measured"],
    newer: [
        "Solved 11 of 11 runs that count",
        "was written by a newer version of pytest-overnight (schema_version 9; this "
        "one reads 1)",
    ],
}


@pytest.mark.parametrize("lay", SAYS, ids=lambda lay: lay.__name__)
def test_an_odd_night_gives_a_whole_page(
    folder: Folder, lay: Callable[[Folder], None]
) -> None:
    lay(folder)
    page = folder.written()
    assert re.findall(r"^## (.+)", page, re.M) == CHAPTERS
    summary = " ".join(page.split("## Statistical")[0].split())
    for words in SAYS[lay]:
        assert words in summary
    assert "nan" not in re.sub(r"[\w-]+", lambda word: word[0].lower(), page).split()
    assert all((folder.path / name).stat().st_size > 100 for name in ARTIFACTS)
    pictures = re.findall(r"^!\[.+\]\((.+)\)$", page, re.M)
    assert sorted(path.name for path in (folder.path / "plots").iterdir()) == sorted(
        Path(name).name for name in pictures
    )


def test_a_night_without_failures_advises_nothing(folder: Folder) -> None:
    all_passed(folder)
    page = folder.written()
    advice = section(page, "Top 10 improvement recommendations")
    assert not re.search(r"^\d+\. ", advice, re.M) or "repetitions" in advice
    wins = (folder.path / "quick_wins.md").read_text()
    assert "- [ ]" not in wins or "repetitions" in wins


@pytest.mark.parametrize("odd", ["NaN", "Infinity", "-Infinity", "1e308", "-1e308"])
def test_no_figure_of_a_record_costs_the_page(folder: Folder, odd: str) -> None:
    """Whatever stands there, in one record or in all of them."""
    state = MachineState(free_disk_bytes=10**10, load=1.0, gpu_share=0.5)
    kept = [run.model_copy(update={"machine": state}) for run in runs("timeout", 2)]
    folder.lay(*kept, master=a_master({"L3": 2, "L4": 2, "L6": 2}))
    whole = {path: path.read_text() for path in (folder.path / "runs").glob("*.json")}
    first = next(iter(whole.values()))
    numbers = set(re.findall(r'"(\w+)": [\d.]+,?$', first, re.M))
    assert {"duration", "gpu_share", "other_seconds", "rounds"} <= numbers
    for name in sorted(numbers):
        for path, text in whole.items():
            path.write_text(re.sub(rf'("{name}": )[\d.]+', rf"\g<1>{odd}", text))
        assert re.findall(r"^## (.+)", folder.report(), re.M) == CHAPTERS
        for path, text in list(whole.items())[1:]:
            path.write_text(text)
        assert re.findall(r"^## (.+)", folder.report(), re.M) == CHAPTERS
