"""Workspaces: laid fresh, kept safe, removed whatever agent code left there."""

from __future__ import annotations

import os
import socket
import tarfile
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pytest_overnight import workspace
from pytest_overnight.catalog.harbor import load_challenge
from pytest_overnight.sandbox.removal import remove_tree
from tests.support.suites import write_challenge


def snapshot_of(folder: Path) -> workspace.Snapshot:
    """Archive and tree beside the folder."""
    out = folder.parent
    return workspace.take_snapshot(folder, out / "kept.tar.gz", out / "tree")


def test_a_laid_workspace_is_the_starting_one(tmp_path: Path) -> None:
    challenge = load_challenge(write_challenge(tmp_path / "suite", "L3-7"))
    digest = workspace.lay(challenge, tmp_path / "ws")
    assert snapshot_of(tmp_path / "ws").digest == digest
    assert [p.name for p in (tmp_path / "ws").iterdir()] == ["answer.py"]


def test_what_lay_there_before_is_gone(tmp_path: Path) -> None:
    challenge = load_challenge(write_challenge(tmp_path / "suite", "L3-7"))
    (tmp_path / "ws").mkdir()
    (tmp_path / "ws" / "left.txt").write_text("of another run")
    workspace.lay(challenge, tmp_path / "ws")
    assert not (tmp_path / "ws" / "left.txt").exists()


def test_links_and_strange_files_are_named_and_never_followed(tmp_path: Path) -> None:
    secret = tmp_path / "secret"
    secret.write_text("SECRET")
    folder = tmp_path / "ws"
    folder.mkdir()
    (folder / "link").symlink_to(secret)
    (folder / "links").symlink_to(tmp_path)
    os.mkfifo(folder / "fifo")
    listener = socket.socket(socket.AF_UNIX)
    listener.bind(str(folder / "sock"))
    (folder / "plain.py").write_text("x = 1\n")
    (folder / "evil.pth").write_text("import os\n")
    (folder / "__pycache__").mkdir()
    kept = snapshot_of(folder)
    listener.close()
    assert list(kept.manifest) == ["plain.py"]
    assert sorted(line.split(":")[0] for line in kept.left_out) == [
        "__pycache__/",
        "evil.pth",
        "fifo",
        "link",
        "links",
        "sock",
    ]
    assert "SECRET" not in (tmp_path / "kept.tar.gz").read_bytes().decode("latin1")


def test_caps_end_the_walk_and_are_said(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path / "ws"
    folder.mkdir()
    for number in range(6):
        (folder / f"{number}.txt").write_text("x")
    with (folder / "sparse").open("wb") as file:
        file.truncate(2**40)
    monkeypatch.setattr(workspace, "MAX_FILES", 4)
    kept = snapshot_of(folder)
    assert len(kept.manifest) == 4
    assert "over the cap" in kept.left_out[-1]


def test_one_file_over_its_cap_is_left_out(tmp_path: Path) -> None:
    folder = tmp_path / "ws"
    folder.mkdir()
    with (folder / "sparse").open("wb") as file:
        file.truncate(2**40)
    (folder / "z.txt").write_text("kept")
    kept = snapshot_of(folder)
    assert list(kept.manifest) == ["z.txt"]
    assert "larger than 10 MiB" in kept.left_out[0]


def test_a_deep_tree_is_left_out_and_removed(tmp_path: Path) -> None:
    folder = tmp_path / "ws"
    deep = folder.joinpath(*["d"] * 60)
    deep.mkdir(parents=True)
    (deep / "bottom.txt").write_text("x")
    kept = snapshot_of(folder)
    assert kept.manifest == {}
    assert "deeper than" in kept.left_out[0]
    remove_tree(folder)
    assert not folder.exists()


def test_closed_modes_do_not_stop_removal(tmp_path: Path) -> None:
    folder = tmp_path / "ws"
    (folder / "a" / "b").mkdir(parents=True)
    (folder / "a" / "b" / "c").write_text("x")
    (folder / "a" / "b").chmod(0)
    (folder / "a").chmod(0)
    remove_tree(folder)
    assert not folder.exists()


def test_removal_does_not_follow_a_link(tmp_path: Path) -> None:
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "file").write_text("x")
    (tmp_path / "ws").symlink_to(tmp_path / "mine")
    remove_tree(tmp_path / "ws")
    assert (tmp_path / "mine" / "file").exists()


NAMES = st.text("abcdé .-_", min_size=1, max_size=8).filter(lambda s: s.strip(". "))


@given(files=st.dictionaries(NAMES, st.binary(max_size=50), max_size=6))
def test_archive_and_tree_hold_the_same_bytes(files: dict[str, bytes]) -> None:
    import tempfile

    with tempfile.TemporaryDirectory() as base:
        folder = Path(base) / "ws"
        folder.mkdir()
        for name, data in files.items():
            (folder / "sub" / name).parent.mkdir(exist_ok=True)
            (folder / "sub" / name).write_bytes(data)
        kept = snapshot_of(folder)
        with tarfile.open(Path(base) / "kept.tar.gz") as tar:
            packed = {m.name: tar.extractfile(m).read() for m in tar}  # type: ignore[union-attr]
        tree = Path(base) / "tree"
        assert packed == {f"sub/{n}": d for n, d in files.items()}
        assert {n: (tree / n).read_bytes() for n in kept.manifest} == packed
