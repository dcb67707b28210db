"""Rehearsals: every outcome comes up, each as it was written down beforehand."""

from __future__ import annotations

from pathlib import Path

import pytest

from pytest_overnight.catalog.harbor import load_suite
from pytest_overnight.rules.outcome import Outcome
from pytest_overnight.settings import default_suite
from tests.support.nights import run_night
from tests.support.suites import write_challenge
from tests.support.suites import write_suite


@pytest.mark.slow
def test_a_rehearsal_of_the_suite_ends_as_every_script_intends(tmp_path: Path) -> None:
    arguments = ["-m", "overnight", "--agent", "rehearsal", "-n", "2"]
    night = run_night(tmp_path, *arguments, "--overnight-seed", "1", limit=1800)
    assert night.status == 0, night.out
    for record in night.records.values():
        assert record["outcome"] == record["agent"]["intended_outcome"], record[
            "run_id"
        ]
    seeds: dict[str, set[int]] = {}
    for record in night.records.values():
        seeds.setdefault(record["test_id"], set()).add(record["seed"])
    planned = {c.id: c.repetitions for c in load_suite(default_suite())}
    assert {name: len(found) for name, found in seeds.items()} == planned
    assert len(night.records) == 142
    assert set(night.outcomes.values()) == set(Outcome)
    assert "REHEARSAL" in night.out


@pytest.mark.slow
def test_a_rehearsal_of_42_runs_knows_every_outcome(tmp_path: Path) -> None:
    suite = str(write_suite(tmp_path / "suite", ["L3-1", "L4-1", "L6-1"]))
    arguments = ["-m", "overnight", "--overnight-suite", suite, "--agent", "rehearsal"]
    night = run_night(tmp_path, *arguments, "--count=14", "-n", "2")
    assert night.status == 0, night.out
    assert len(night.records) == 42
    assert set(night.outcomes.values()) == set(Outcome)
    for record in night.records.values():
        assert record["outcome"] == record["agent"]["intended_outcome"], record
    assert night.master["void"] == 3, "void as intended is no failure"


def test_a_rehearsal_that_ends_otherwise_fails(tmp_path: Path) -> None:
    suite = write_suite(tmp_path / "suite", ["L3-1"])
    write_challenge(suite, "L3-1", tests="import nonsense_that_is_not_there\n")
    arguments = ["-m", "overnight", "--overnight-suite", str(suite), "--count=1"]
    night = run_night(
        tmp_path, *arguments, "--agent", "rehearsal", "--overnight-seed=0"
    )
    assert night.outcomes == {"L3-1-run-0001": "harness"}
    (record,) = night.records.values()
    intended = record["agent"]["intended_outcome"]
    assert intended != "harness", "another seed shows what is meant here"
    assert night.status == 1
    assert f"must end as {intended}, ended as harness" in night.out
    assert "1 failed" in night.out


@pytest.mark.slow
def test_hiccups_of_the_server_cost_nothing(tmp_path: Path) -> None:
    suite = str(write_suite(tmp_path / "suite", ["L3-1", "L4-1"]))
    arguments = ["-m", "overnight", "--overnight-suite", suite, "--agent", "rehearsal"]
    arguments += ["--overnight-seed", "1", "--count", "252", "-n", "2"]
    nights = {}
    for rate in ("0", "0.1"):
        folder = tmp_path / rate
        folder.mkdir()
        more = ["--overnight-fault-rate", rate]
        nights[rate] = run_night(folder, *arguments, *more, limit=900)
        assert nights[rate].status == 0, nights[rate].out
    smooth, rough = nights["0"], nights["0.1"]
    assert len(rough.outcomes) == 504
    assert rough.outcomes == smooth.outcomes
    assert set(rough.outcomes.values()) == set(Outcome)
    retries = {
        rate: sum(r["performance"]["retries"] for r in night.records.values())
        for rate, night in nights.items()
    }
    # Each call of some thousand fails with a tenth's chance.
    assert retries["0.1"] > retries["0"] + 50
