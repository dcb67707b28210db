"""The small Python environment that agent code sees."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest

from pytest_overnight.sandbox import runtime as runtime_module
from pytest_overnight.sandbox.box import BoxError
from pytest_overnight.sandbox.runtime import Runtime
from pytest_overnight.sandbox.runtime import prepare_runtime


@pytest.fixture
def small(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty cache, and a runtime that is made quickly."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.setattr(runtime_module, "PACKAGES", ("pytest",))
    return tmp_path / "cache" / "pytest-overnight"


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A cache of these tests: what each of them leaves there is whole."""
    return tmp_path_factory.mktemp("cache")


@pytest.fixture
def filled(shared: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A cache that holds such a runtime."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(shared))
    monkeypatch.setattr(runtime_module, "PACKAGES", ("pytest",))
    prepare_runtime()
    return shared / "pytest-overnight"


def test_it_holds_what_tasks_may_use_and_nothing_else(runtime: Runtime) -> None:
    assert {"python", "pytest", "hypothesis", "mypy"} <= set(runtime.versions)
    assert not {"pytest-overnight", "pytest-xdist", "numpy"} & set(runtime.versions)
    packages = next(runtime.root.glob("lib/*/site-packages"))
    names = {path.name for path in packages.iterdir()}
    assert {"_pytest", "hypothesis", "mypy"} <= names
    assert not [name for name in names if name.startswith(("pytest_overnight", "pip"))]


def test_its_python_runs_by_itself(runtime: Runtime) -> None:
    code = "import sys, pytest; print(sys.prefix, pytest.__file__)"
    words = [str(runtime.python), "-c", code]
    done = subprocess.run(words, capture_output=True, text=True, check=True, env={})
    prefix, file = done.stdout.split()
    assert Path(prefix) == runtime.root
    assert Path(file).is_relative_to(runtime.root)


def test_no_path_of_the_harness_is_in_it(filled: Path) -> None:
    root = prepare_runtime().root
    here = str(Path(pytest.__file__).parents[1]).encode()
    files = [p for p in root.rglob("*") if p.is_file() and not p.is_symlink()]
    assert [path for path in files if here in path.read_bytes()] == []


def test_it_is_made_once(filled: Path) -> None:
    first = prepare_runtime()
    made = first.root.stat()
    (filled / first.root / "mark").touch()
    assert prepare_runtime() == first
    assert (first.root / "mark").exists()
    assert made.st_ino == first.root.stat().st_ino


def test_it_is_made_anew_when_removed(filled: Path) -> None:
    first = prepare_runtime()
    first.root.rename(filled / "away")
    assert prepare_runtime() == first
    assert first.python.exists()


def test_a_broken_stamp_is_made_good(filled: Path) -> None:
    first = prepare_runtime()
    for stamp in filled.glob("*.json"):
        stamp.write_text("{")
    assert prepare_runtime() == first


def test_two_processes_may_make_it_at_once(small: Path) -> None:
    code = (
        "from pytest_overnight.sandbox import runtime; runtime.PACKAGES = ('pytest',);"
        "print(runtime.prepare_runtime().root)"
    )
    root = Path(__file__).resolve().parents[2]
    racers = [
        subprocess.Popen(
            [sys.executable, "-c", code], stdout=subprocess.PIPE, cwd=root, text=True
        )
        for _ in range(2)
    ]
    said = {racer.communicate()[0] for racer in racers}
    assert len(said) == 1
    assert Path(said.pop().strip(), "bin", "pytest").exists()
    assert not list(small.glob(".building-*"))


def test_the_digest_is_of_versions_not_of_paths(
    filled: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = prepare_runtime()
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "elsewhere"))
    second = prepare_runtime()
    assert first.digest == second.digest
    assert first.root != second.root
    monkeypatch.setattr(runtime_module, "PACKAGES", ("pluggy",))
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "third"))
    assert prepare_runtime().digest != first.digest


def test_a_missing_package_is_named(
    small: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(runtime_module, "PACKAGES", ("no-such-package",))
    with pytest.raises(BoxError, match=r"needs no-such-package.*pip install"):
        prepare_runtime()


def test_a_cache_that_cannot_be_written_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "file").touch()
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "file" / "below"))
    with pytest.raises(BoxError, match="set XDG_CACHE_HOME"):
        prepare_runtime()


@pytest.mark.needs("user")
def test_a_read_only_cache_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    tmp_path.chmod(0o500)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    with pytest.raises(BoxError, match=r"Permission denied.*set XDG_CACHE_HOME"):
        prepare_runtime()


@pytest.mark.needs("user")
def test_a_user_without_a_home_gets_a_private_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("XDG_CACHE_HOME", raising=False)
    # A file where the home should be: also root cannot make a folder in it.
    (tmp_path / "home").write_text("")
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    runtime = prepare_runtime()
    private = tmp_path / f"pytest-overnight-{os.getuid()}"
    assert runtime.root.is_relative_to(private)
    assert private.stat().st_mode & 0o777 == 0o700
