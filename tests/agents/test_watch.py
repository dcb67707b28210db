"""Whether a folder has changed, seen from outside."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from hypothesis import HealthCheck
from hypothesis import given
from hypothesis import settings
from hypothesis import strategies as st

from pytest_overnight.agents import watch
from pytest_overnight.agents.watch import UNKNOWN
from pytest_overnight.agents.watch import WorkspaceWatch


def test_a_file_that_is_put_back_is_as_if_it_had_never_changed(tmp_path: Path) -> None:
    file = tmp_path / "a.py"
    file.write_text("one")
    looking = WorkspaceWatch(tmp_path)
    first = looking.digest()
    file.write_text("two")
    second = looking.digest()
    file.write_text("one")
    assert first == looking.digest() != second


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    steps=st.lists(
        st.tuples(st.sampled_from(["a", "b", "sub/c"]), st.sampled_from(["", "x", "y"]))
    )
)
def test_a_watch_says_what_a_fresh_one_says(
    steps: list[tuple[str, str]], tmp_path_factory: pytest.TempPathFactory
) -> None:
    folder = tmp_path_factory.mktemp("ws")
    looking = WorkspaceWatch(folder)
    for name, text in steps:
        (folder / name).parent.mkdir(exist_ok=True)
        (folder / name).write_text(text)
        assert looking.digest() == WorkspaceWatch(folder).digest()


def test_caches_are_not_looked_at(tmp_path: Path) -> None:
    looking = WorkspaceWatch(tmp_path)
    first = looking.digest()
    (tmp_path / "__pycache__").mkdir()
    (tmp_path / "__pycache__" / "a.pyc").write_bytes(b"x")
    assert looking.digest() == first


def test_nothing_odd_is_opened_or_followed(tmp_path: Path) -> None:
    outside = tmp_path / "outside"
    outside.write_text("one")
    folder = tmp_path / "ws"
    folder.mkdir()
    os.mkfifo(folder / "pipe")
    (folder / "link").symlink_to(outside)
    (folder / "up").symlink_to(tmp_path)
    looking = WorkspaceWatch(folder)
    first = looking.digest()
    outside.write_text("two")
    assert first == looking.digest() != UNKNOWN


def test_a_large_file_is_known_by_size_and_times(tmp_path: Path) -> None:
    with (tmp_path / "large").open("wb") as file:
        file.truncate(watch.MAX_BYTES + 1)
    looking = WorkspaceWatch(tmp_path)
    first = looking.digest()
    with (tmp_path / "large").open("ab") as file:
        file.write(b"x")
    assert first != looking.digest() != UNKNOWN


def test_what_cannot_be_told_is_unknown(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert WorkspaceWatch(None).digest() == UNKNOWN
    monkeypatch.setattr(watch, "MAX_FILES", 2)
    for name in "abc":
        (tmp_path / name).touch()
    assert WorkspaceWatch(tmp_path).digest() == UNKNOWN
    monkeypatch.setattr(watch, "MAX_FILES", 99)
    monkeypatch.setattr(watch, "MAX_DEPTH", 2)
    (tmp_path / "1/2/3/4").mkdir(parents=True)
    assert WorkspaceWatch(tmp_path).digest() == UNKNOWN
