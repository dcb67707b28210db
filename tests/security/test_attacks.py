"""Every attack of the corpus on every level that promises to withstand it.

What was reached is asked inside and looked for outside. Beside each attack stands a
control: without a box the same program reaches its aim, or the test proves nothing.
"""

from __future__ import annotations

import json
import os
import platform
import subprocess
import sys
from operator import attrgetter
from pathlib import Path
from typing import Any

import pytest

from tests.security.attacks import ATTACKS
from tests.security.attacks.attack import UNGRANTED
from tests.security.attacks.attack import Attack
from tests.security.world import boxed
from tests.security.world import told
from tests.security.world import world
from tests.support.levels import LEVELS
from tests.support.levels import must_promise

attacked = pytest.mark.parametrize("attack", ATTACKS, ids=attrgetter("name"))


@pytest.mark.parametrize("level", LEVELS)
@attacked
def test_an_attack_reaches_nothing(attack: Attack, level: str, tmp_path: Path) -> None:
    must_promise(level, *attack.guarantees)
    _must_be_understood(attack)
    with world(tmp_path) as outside:
        with boxed(level, outside.workspace, outside.hidden) as box:
            words = ["python", "-c", attack.source(), told(outside.facts)]
            result = box.run(words, timeout=60)
        assert result.status == 0, result.err.decode()
        said = json.loads(result.out)
        assert said["reached"] == []
        assert {**said["refused"], **said["doubtful"]}, "nothing was tried"
        assert outside.traces() == []


@attacked
def test_without_a_box_it_reaches_its_aim(attack: Attack, tmp_path: Path) -> None:
    _must_be_understood(attack)
    with world(tmp_path) as outside:
        said = _plainly(attack, outside.facts, outside.workspace)
        ungranted = UNGRANTED if attack.needs else ()
        assert {k: v for k, v in said["refused"].items() if v not in ungranted} == {}
        if said["refused"]:
            pytest.skip(
                f"this machine does not grant {attack.needs}: {said['refused']}"
            )
        assert said["reached"] or attack.trace
        assert outside.traces() == [attack.trace] * bool(attack.trace)


def _plainly(attack: Attack, facts: dict[str, Any], folder: Path) -> dict[str, Any]:
    """What the attack says when nothing stands around it."""
    done = subprocess.run(
        [sys.executable, "-c", attack.source(), told(facts)],
        cwd=folder,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        close_fds=False,
        start_new_session=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 0, done.stderr.decode()
    said: dict[str, Any] = json.loads(done.stdout)
    return said


def _must_be_understood(attack: Attack) -> None:
    if attack.machine not in ("", platform.machine()):
        pytest.skip(f"its code is for {attack.machine}")


@pytest.mark.needs("root")
@pytest.mark.parametrize("level", LEVELS)
def test_a_set_uid_file_left_behind_does_not_belong_to_root(
    level: str, tmp_path: Path
) -> None:
    workspace = tmp_path / "workspace"
    workspace.mkdir()
    with boxed(level, workspace) as box:
        box.run("cp /usr/bin/id mine; chmod 6755 mine", timeout=10)
    left = (workspace / "mine").stat()
    assert os.getuid() != left.st_uid
    assert os.getgid() != left.st_gid
