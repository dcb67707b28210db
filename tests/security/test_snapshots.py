"""Whatever lies in a workspace: its snapshot is taken, with nothing from outside."""

from __future__ import annotations

import json
import os
import resource
import stat
import tarfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from pytest_overnight import workspace
from pytest_overnight.sandbox.removal import remove_tree
from pytest_overnight.workspace import MAX_FILE_BYTES
from pytest_overnight.workspace import Snapshot
from tests.security.places import SECRET
from tests.security.places import Place
from tests.security.places import nest
from tests.security.places import racing


@pytest.fixture
def place(tmp_path: Path) -> Iterator[Place]:
    """An empty workspace; whatever a test makes of it can be removed."""
    place = Place(tmp_path)
    place.folder.mkdir()
    place.outside.mkdir()
    (place.outside / "secret").write_bytes(SECRET)
    yield place
    remove_tree(place.folder)
    assert not place.folder.exists()
    assert (place.outside / "secret").read_bytes() == SECRET


def reasons(kept: Snapshot) -> dict[str, str]:
    """Name → why it was left out."""
    return dict(line.rsplit(": ", 1) for line in kept.left_out)


# -- links and other things that are no files ------------------------------------------


def test_a_farm_of_links_leads_nowhere(place: Place) -> None:
    inner = place.folder / "inner"
    inner.mkdir()
    links: dict[str, Path | str] = {
        "absolute": place.outside / "secret",
        "relative": "../outside/secret",
        "to a folder": place.outside,
        "up": "..",
        "environment": "/proc/self/environ",
        "descriptors": "/proc/self/fd",
        "dangling": "nowhere",
        "itself": "itself",
        "ping": "pong",
        "pong": "ping",
        "chain": "inner/chain",
        "inner/chain": "../absolute",
        "inner/parent": "..",
    }
    for name, target in links.items():
        (place.folder / name).symlink_to(target)
    (inner / "plain.py").write_text("x = 1\n")
    kept = place.snapshot()
    assert list(kept.manifest) == ["inner/plain.py"]
    assert reasons(kept) == dict.fromkeys(links, "link")


SWAPPER = """
import os, sys, time
folder, outside = sys.argv[1:]
os.chdir(folder)
open("file", "w").close()
os.mkdir("folder")
open("folder/secret", "w").close()
print("ready", flush=True)
until = time.monotonic() + 60
while time.monotonic() < until:
    os.symlink(outside + "/secret", "new")
    os.replace("new", "file")
    os.rename("folder", "away")
    os.symlink(outside, "folder")
    os.mkfifo("new")
    os.replace("new", "file")
    os.unlink("folder")
    os.rename("away", "folder")
    open("new", "w").close()
    os.replace("new", "file")
"""


def test_what_is_swapped_for_a_link_while_the_walk_is_on(place: Place) -> None:
    seen: set[str] = set()
    with racing(SWAPPER, place.folder, place.outside):
        for _ in range(1000):
            kept = place.snapshot()
            seen.update(kept.manifest)
            seen.update(f"{name} left out" for name in reasons(kept))
    # Each was met as what it should be and as what it should not, or nothing was tried.
    assert seen >= {"file", "folder/secret", "file left out", "folder left out"}


def test_devices_are_not_read(place: Place) -> None:
    try:
        os.mknod(place.folder / "zero", stat.S_IFCHR | 0o666, os.makedev(1, 5))
    except PermissionError:
        pytest.skip("who may not make devices cannot leave one")
    assert reasons(place.snapshot()) == {"zero": "not a regular file"}


def test_a_second_name_of_a_file_is_copied(place: Place) -> None:
    (place.folder / "a.py").write_text("x = 1\n")
    (place.folder / "b.py").hardlink_to(place.folder / "a.py")
    kept = place.snapshot()
    assert len(kept.manifest) == 2
    assert len(set(kept.manifest.values())) == 1


@pytest.mark.needs("root")
def test_a_second_name_of_a_file_that_the_agent_may_not_read(place: Place) -> None:
    # Where the kernel does not protect hard links, agent code may make one of any file.
    (place.outside / "secret").chmod(0o600)
    (place.folder / "mine.py").write_text("x = 1\n")
    for path in (place.folder, place.folder / "mine.py"):
        os.chown(path, 60_899, 60_899)
    (place.folder / "secret").hardlink_to(place.outside / "secret")
    kept = place.snapshot()
    assert list(kept.manifest) == ["mine.py"]
    assert reasons(kept) == {"secret": "another user's file"}


# -- sizes -----------------------------------------------------------------------------


def bytes_read() -> int:
    """What this process has read so far; the kernel counts."""
    lines = Path("/proc/self/io").read_text().splitlines()
    return int(dict(line.split(": ") for line in lines)["rchar"])


def test_files_without_content_cost_no_reading(place: Place) -> None:
    for number in range(100):
        with (place.folder / f"sparse {number}").open("wb") as file:
            file.truncate(2**40)
    before = bytes_read()
    kept = place.snapshot()
    assert bytes_read() - before < MAX_FILE_BYTES
    assert set(reasons(kept).values()) == {"larger than 10 MiB"}
    assert len(kept.left_out) == 100


BREATHER = """
import os, sys, time
file = open(sys.argv[1] + "/file", "wb", buffering=0)
print("ready", flush=True)
until = time.monotonic() + 60
while time.monotonic() < until:
    for _ in range(12):
        file.write(b"x" * 2**20)
    file.truncate(0)
    file.seek(0)
"""


def test_a_file_that_grows_and_shrinks_is_kept_as_it_was_read(place: Place) -> None:
    with racing(BREATHER, place.folder):
        for _ in range(50):
            assert place.snapshot().bytes <= MAX_FILE_BYTES


@pytest.mark.slow
def test_of_a_hundred_thousand_files_few_are_read(place: Place) -> None:
    for folder in map(str, range(10)):
        (place.folder / folder).mkdir()
        for name in map(str, range(10_000)):
            (place.folder / folder / name).write_bytes(b"x" * 1000)
    before = bytes_read()
    kept = place.snapshot()
    assert len(kept.manifest) == 2000
    assert kept.left_out[-1].endswith("and all after it: over the cap")
    # Twice, by this test and by the walk, and the archive.
    assert bytes_read() - before < 3 * 2000 * 1000


def test_what_is_not_kept_counts_too(
    place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    for number in range(300):
        (place.folder / f"{number:03}").symlink_to("x")
    monkeypatch.setattr(workspace, "MAX_ENTRIES", 100)
    kept = place.snapshot()
    assert len(kept.left_out) == 101
    assert kept.left_out[-1].endswith("and all after it: over the cap")


def test_many_folders_take_few_descriptors(place: Place) -> None:
    for number in range(300):
        (place.folder / str(number)).mkdir()
        (place.folder / str(number) / "file").touch()
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    in_use = max(int(path.name) for path in Path("/proc/self/fd").iterdir())
    resource.setrlimit(resource.RLIMIT_NOFILE, (in_use + 20, hard))
    try:
        kept = place.snapshot()
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
    assert len(kept.manifest) == 300
    assert not kept.left_out


def test_folders_cannot_crowd_out_the_answer(
    place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(workspace, "MAX_FILES", 20)
    (place.folder / "a cache").mkdir()
    for number in range(20):
        (place.folder / "a cache" / str(number)).touch()
    (place.folder / "answer.py").write_text("x = 1\n")
    assert "answer.py" in place.snapshot().manifest


# -- names and depths ------------------------------------------------------------------


def test_paths_longer_than_a_path_may_be(place: Place) -> None:
    nest(place.folder, 25, "n" * 250)
    nest(place.folder, 200, "d")
    (place.folder / "answer.py").write_text("x = 1\n")
    kept = place.snapshot()
    assert list(kept.manifest) == ["answer.py"]
    assert sorted(line.rsplit(": ", 1)[1] for line in kept.left_out) == [
        "deeper than 32 folders",
        "its path is longer than 1024 bytes",
    ]
    assert all(len(line) < 300 for line in kept.left_out)


HOSTILE = [
    "line\nbreak",
    "\x1b]0;title\x07\x1b[8m",
    "\u202egnp.exe",
    "\u2028\u0085\x9b1m\x7f",
    "-rf",
    "--help",
    "..hidden",
    "...",
    " ",
    "~",
    "*",
    "\\",
    "back\\slash",
    "$(touch x); `touch x`",
    "<b>|[x](y)",
    "con.txt",
    "Case",
    "case",
    "e\u0301",
    "\u00e9",
    "n" * 255,
]


def test_names_are_kept_to_the_letter(place: Place) -> None:
    for name in HOSTILE:
        (place.folder / name).write_text(name)
        (place.folder / f"folder {HOSTILE.index(name)}").mkdir()
        (place.folder / f"folder {HOSTILE.index(name)}" / name).write_text(name)
    kept = place.snapshot()
    assert {name for name in kept.manifest if "/" not in name} == set(HOSTILE)
    assert len(kept.manifest) == 2 * len(HOSTILE)
    assert json.loads(json.dumps(kept.manifest)) == kept.manifest
    with tarfile.open(place.path / "kept.tar.gz") as archive:
        assert {entry.name for entry in archive} == kept.manifest.keys()
    for name in HOSTILE:
        assert (place.tree / name).read_text() == name


def test_names_that_are_no_text_are_named_in_text(place: Place) -> None:
    folder = place.folder / os.fsdecode(b"\xff\xfe")
    folder.mkdir()
    (folder / "inner").touch()
    kept = place.snapshot()
    assert kept.left_out == [r"\udcff\udcfe/: not a UTF-8 name"]


@pytest.mark.parametrize("name", ["__pycache__", ".git", ".GIT"])
@pytest.mark.parametrize("kind", ["folder", "file", "link"])
def test_caches_and_repositories_are_dropped_whatever_they_are(
    place: Place, name: str, kind: str
) -> None:
    inner = place.folder / "inner"
    inner.mkdir()
    (inner / "module.pyc").touch()
    (inner / "start.pth").touch()
    for path in (place.folder / name, inner / name):
        if kind == "folder":
            path.mkdir()
            (path / "config").write_text("[core]\n\tfsmonitor = touch x\n")
        elif kind == "file":
            path.write_text("gitdir: inner\n")
        else:
            path.symlink_to(".")
    kept = place.snapshot()
    assert not kept.manifest
    assert len(kept.left_out) == 4


# -- modes -----------------------------------------------------------------------------


def test_closed_folders_are_opened_and_closed_files_left(place: Place) -> None:
    for name in ("closed", "unreadable", "impassable"):
        (place.folder / name).mkdir()
        (place.folder / name / "kept.py").write_text("x = 1\n")
    (place.folder / "secret.py").write_text("x = 1\n")
    for name, mode in [
        ("secret.py", 0),
        ("closed", 0),
        ("unreadable", 0o300),
        ("impassable", 0o400),
        (".", 0),
    ]:
        (place.folder / name).chmod(mode)
    kept = place.snapshot()
    assert sorted(kept.manifest) == [
        "closed/kept.py",
        "impassable/kept.py",
        "unreadable/kept.py",
    ]
    assert list(reasons(kept)) == ["secret.py"]  # root sees it no more than others


def test_special_modes_are_not_kept(place: Place) -> None:
    (place.folder / "tool").write_text("#!/bin/sh\n")
    (place.folder / "tool").chmod(0o6777)
    (place.folder / "shared").mkdir()
    (place.folder / "shared").chmod(0o3777)
    (place.folder / "shared" / "text").write_text("x")
    place.snapshot()
    assert stat.S_IMODE((place.tree / "tool").stat().st_mode) == 0o755
    assert stat.S_IMODE((place.tree / "shared").stat().st_mode) & 0o7000 == 0
    with tarfile.open(place.path / "kept.tar.gz") as archive:
        assert {entry.mode for entry in archive} == {0o755, 0o644}


@pytest.mark.parametrize("left", ["nothing", "link", "file"])
def test_a_workspace_that_is_gone_is_an_empty_one(place: Place, left: str) -> None:
    place.folder.rmdir()
    if left == "link":
        place.folder.symlink_to(place.outside)
    elif left == "file":
        place.folder.write_bytes(SECRET)
    kept = place.snapshot()
    assert not kept.manifest
    assert len(kept.left_out) == 1  # so that it counts as changed
