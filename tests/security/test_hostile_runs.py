"""Many hostile runs in a row: the machine is afterwards what it was before."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import uuid
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from tests.security import hostile
from tests.security import machine
from tests.support.levels import LEVELS
from tests.support.nights import CHECKOUT

GROWTH_KB = 15
"""A run, of each process that lives from run to run."""
SAME = "descriptors sockets named_sockets temporary elsewhere in_use_mb".split()
RUNS = {"bubblewrap": 200, "landlock": 60, "process": 40}


@pytest.fixture
def figures(tmp_path: Path, level: str) -> dict[str, Any]:
    """Play, in a process and a temporary folder of their own."""
    if machine.available_mb() < 4096:
        pytest.skip("takes 4 GiB of free memory")
    temporary = tmp_path / "tmp"
    temporary.mkdir()
    temporary.chmod(0o755)
    folder = tmp_path / "theatre"
    folder.mkdir()
    paths = [str(CHECKOUT), os.environ.get("PYTHONPATH", "")]
    done = subprocess.run(
        [sys.executable, "-m", hostile.__name__, str(folder), level, str(RUNS[level])],
        cwd=folder,
        env={
            **os.environ,
            "TMPDIR": str(temporary),
            "PYTHONPATH": os.pathsep.join(filter(None, paths)),
            # Python's own allocator keeps what it once had, for good and by the MiB.
            "PYTHONMALLOC": "malloc",
            hostile.WORD: f"hostile-{uuid.uuid4().hex}",
        },
        stdout=subprocess.PIPE,
        text=True,
        timeout=900,
        check=True,
    )
    found: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return found


@pytest.mark.slow
@pytest.mark.parametrize("level", LEVELS)
def test_many_hostile_runs_leave_the_machine_as_it_was(
    level: str, figures: dict[str, Any]
) -> None:
    before, after = figures["before"], figures["after"]
    assert len(figures["ended"]) == RUNS[level], "something outlived the last run"
    runs = len(figures["ended"]) - hostile.WARM_UP
    grown = {
        who: (after["rss_kb"][who] - before["rss_kb"][who]) / runs
        for who in before["rss_kb"]
    }
    print(f"\n{level}: {runs} runs after the first {hostile.WARM_UP}")
    print(f"{figures['seconds']:.0f} s in all; KiB of memory grown a run: {grown}")
    print(f"before: {before}\nafter: {after}")
    for name in hostile.SCRIPTS:
        played = [row[1:] for row in figures["ended"] if row[0] == name]
        seconds = sum(taken for _, taken in played) / len(played)
        print(f"{name:8} {seconds:5.2f} s", dict(Counter(end for end, _ in played)))

    for name, outcome, _ in figures["ended"]:
        assert outcome in hostile.OUTCOMES.get(name, {"passed"}), name
    assert after["processes"] == before["processes"], "a server died"
    assert after["below"] == 2
    assert after["marked"] == []
    assert after["workspaces"] == after["mounts"] == []
    for what in SAME:
        assert after[what] == before[what], what
    assert max(grown.values()) <= GROWTH_KB
    assert figures["left"] == 0
