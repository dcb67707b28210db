"""The benchmarks' made nights have the form and the size of real ones."""

from __future__ import annotations

import statistics
from pathlib import Path

import pytest

from benchmarks.made_night import make_night
from pytest_overnight.records.evidence import gather
from pytest_overnight.records.ledger import read_events
from pytest_overnight.records.master import derive_master
from pytest_overnight.reporting.night import load_night
from pytest_overnight.rules.fingerprint import fingerprints_of


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_night(tmp_path_factory.mktemp("made") / "night", runs=120, challenges=6)


def test_every_record_is_usable_and_the_master_log_agrees(made: Path) -> None:
    night = load_night(made)
    assert night.problems == ()
    assert len(night.runs) == 120
    assert not night.scripted


def test_the_journal_tells_of_the_same_night(made: Path) -> None:
    seen = gather(made)
    assert seen.facts is not None
    assert seen.unusable == seen.foreign == ()
    derived = derive_master(
        seen.facts, list(seen.records.values()), report_written=False, logged=120
    )
    written = load_night(made).master
    assert written is not None
    different = {"total_duration", "criteria"}
    assert derived.model_dump(exclude=different) == written.model_dump(
        exclude=different
    )


def test_ledgers_are_those_of_the_records(made: Path) -> None:
    for run in load_night(made).runs[:20]:
        events = read_events(made / "logs" / f"{run.run_id}-events.jsonl")
        assert 20 <= len(events) <= 62
        assert fingerprints_of(events) == run.fingerprints
        assert sum(event["event"] == "round" for event in events) == run.rounds


def test_files_are_as_large_as_real_ones(made: Path) -> None:
    def mean_size(pattern: str) -> float:
        return statistics.fmean(path.stat().st_size for path in made.glob(pattern))

    assert 7_000 < mean_size("runs/*.json") < 10_000
    assert 25_000 < mean_size("logs/*-events.jsonl") < 40_000


def test_the_same_seed_makes_the_same_night(tmp_path: Path) -> None:
    one, other = (make_night(tmp_path / name, runs=8) for name in "ab")
    names = sorted(path.relative_to(one) for path in one.glob("*/*"))
    assert names == sorted(path.relative_to(other) for path in other.glob("*/*"))
    for name in names:
        assert (one / name).read_bytes() == (other / name).read_bytes()


def test_without_ledgers_there_are_records_alone(tmp_path: Path) -> None:
    night = make_night(tmp_path / "night", runs=8, ledgers=False)
    assert not any((night / "logs").iterdir())
    assert len(load_night(night).runs) == 8
