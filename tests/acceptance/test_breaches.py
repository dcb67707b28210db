"""Agents that write outside of their workspace, where they can."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from tests.support.nights import run_night
from tests.support.suites import write_suite

BREAKS_OUT = """\
def agent(task):
    beside = task.workspace.parent
    for path in beside.glob(task.workspace.name + ".*"):
        path.write_text("I was here")
    task.box.call("write", path="answer.py", data=b"def answer():\\n    return 42\\n")
"""


@pytest.mark.parametrize("level", ["process", "auto"])
def test_an_agent_that_writes_outside_has_not_passed(
    tmp_path: Path, level: str
) -> None:
    suite = str(write_suite(tmp_path / "suite", ["L3-1"]))
    (tmp_path / "own.py").write_text(BREAKS_OUT)
    arguments = ["-m", "overnight", "--overnight-suite", suite, "--count=1"]
    arguments += ["--overnight-sandbox", level, "--agent", "own:agent"]
    night = run_night(tmp_path, *arguments)
    assert night.status == 0, night.out
    (record,) = night.records.values()
    assert (record["outcome"], record["stop"]) == ("isolation", "isolation")
    assert (record["success"], record["counted"]) == (False, True)
    assert record["verdict"] == "pass", "or the test shows nothing"
    assert "wrote outside of the workspace: L3-1-run-0001.canary" in record["detail"]
    assert not (night.results / ".agent_workspace").exists()


REMOVES_ALL = """\
def agent(task):
    task.box.run("rm -rf ../*", timeout=30)
"""


@pytest.mark.parametrize("level", ["process", "auto"])
def test_rm_of_all_that_lies_beside_is_caught_where_nothing_stops_it(
    tmp_path: Path, level: str
) -> None:
    suite = str(write_suite(tmp_path / "suite", ["L3-1"]))
    (tmp_path / "own.py").write_text(REMOVES_ALL)
    arguments = ["-m", "overnight", "--overnight-suite", suite, "--count=1"]
    arguments += ["--overnight-sandbox", level, "--agent", "own:agent"]
    night = run_night(tmp_path, *arguments)
    (record,) = night.records.values()
    # As root even this level gives agent code a user of its own.
    walls = os.geteuid() == 0 or record["sandbox"]["level"] != "process"
    assert (record["outcome"] == "isolation") is not walls, record["detail"]
    assert ("L3-1-run-0001.canary is gone" in record["detail"]) is not walls
