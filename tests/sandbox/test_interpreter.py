"""The copy of Python for boxes of root's, whose own may lie in root's home."""

from __future__ import annotations

import os
import stat
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from pytest_overnight.sandbox import runtime as runtime_module
from pytest_overnight.sandbox import user
from pytest_overnight.sandbox.box import BoxPlan
from pytest_overnight.sandbox.interpreter import base_python
from pytest_overnight.sandbox.interpreter import copied_to
from pytest_overnight.sandbox.interpreter import copy_python
from pytest_overnight.sandbox.interpreter import must_copy
from pytest_overnight.sandbox.open import open_box
from pytest_overnight.sandbox.open import why_still_root
from pytest_overnight.sandbox.runtime import prepare_runtime

ROOT = os.geteuid() == 0


@pytest.fixture(scope="module")
def copy() -> Iterator[Path]:
    """A copy, made once, where other users may go."""
    with tempfile.TemporaryDirectory(prefix="overnight-test-") as folder:
        Path(folder).chmod(0o755)
        copy_python(Path(folder, "copy"))
        yield Path(folder, "copy")


def say(copy: Path, code: str, user_id: int | None = None) -> str:
    """What the copied interpreter prints, in an empty environment."""
    done = subprocess.run(
        [str(copy / "bin" / base_python()[0].name), "-c", code],
        env={},
        cwd="/",
        user=user_id,
        group=user_id,
        extra_groups=None if user_id is None else [],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


def test_it_finds_its_own_library(copy: Path) -> None:
    code = "import os, sys; print(sys.prefix, sys.base_prefix, os.__file__, sep='\\n')"
    prefix, base, library = map(Path, say(copy, code).splitlines())
    assert prefix == base == copy
    assert library.is_relative_to(copy)


@pytest.mark.needs("root")
def test_it_starts_as_another_user(copy: Path) -> None:
    code = "import os, sys; print(os.getuid(), sys.prefix)"
    assert say(copy, code, user.FIRST_ID) == f"{user.FIRST_ID} {copy}"


def test_what_is_made_of_machine_code_works(copy: Path) -> None:
    modules = "_ctypes, hashlib, math, select, socket, zlib"
    assert say(copy, f"import {modules}; print('works')") == "works"


def test_it_is_the_same_python(copy: Path) -> None:
    assert say(copy, "import sys; print(sys.version)") == sys.version


def test_nothing_that_was_installed_is_in_it(copy: Path) -> None:
    assert [p for p in copy.rglob("*") if p.name.endswith("-packages")] == []
    # A Python of the system's may look for the system's packages wherever it lies.
    searched = say(copy, "import sys; print(*sys.path, sep='\\n')").splitlines()
    inner = [path for path in searched if Path(path).is_relative_to(copy)]
    assert inner
    assert [path for path in inner if path.endswith("-packages")] == []


def test_everybody_may_read_it(copy: Path) -> None:
    for path in (copy, *copy.rglob("*")):
        mode = path.lstat().st_mode
        if not stat.S_ISLNK(mode):
            wanted = 0o555 if stat.S_ISDIR(mode) else 0o444
            assert mode & wanted == wanted, path


def test_a_copy_that_fails_leaves_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # In the way of the last step.
    (tmp_path / "copy").mkdir()
    (tmp_path / "copy" / "file").touch()
    with pytest.raises(OSError, match="not empty"):
        copy_python(tmp_path / "copy")
    assert [path.name for path in tmp_path.iterdir()] == ["copy"]


@pytest.fixture
def careful() -> Iterator[None]:
    """The umask of a user who shares nothing."""
    before = os.umask(0o077)
    yield
    os.umask(before)


@pytest.mark.needs("root")
def test_a_strict_umask_does_not_shut_boxes_out(
    careful: None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "cache").mkdir()
    (tmp_path / "cache").chmod(0o755)  # as /var/cache is
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.setattr(runtime_module, "PACKAGES", ("pytest",))
    made = prepare_runtime()
    if must_copy():
        assert Path(made.base_prefix) == copied_to(tmp_path / "cache/pytest-overnight")
    assert why_still_root(made) == ""
    (tmp_path / "ws").mkdir()
    box = open_box(BoxPlan("process", workspace=tmp_path / "ws"), made)
    try:
        words = ["python", "-c", "import os, pytest; print(os.getuid())"]
        result = box.run(words, timeout=60)
        assert int(result.out) >= user.FIRST_ID, result.err
    finally:
        box.close()
