"""Whatever lies in a workspace can be removed, and nothing else is."""

from __future__ import annotations

import os
import resource
import stat
import subprocess
import sys
from contextlib import suppress
from pathlib import Path

import pytest

from pytest_overnight.sandbox.removal import remove_tree
from tests.security.places import Place
from tests.security.places import nest
from tests.security.places import racing


@pytest.fixture
def place(tmp_path: Path) -> Place:
    """An empty workspace, and a folder outside that must stay as it is."""
    place = Place(tmp_path)
    place.folder.mkdir()
    place.outside.mkdir()
    (place.outside / "inner").mkdir()
    (place.outside / "inner" / "file").touch()
    (place.outside / "inner").chmod(0o555)
    return place


def is_whole(outside: Path) -> bool:
    """Whether content and modes are the first ones."""
    inner = outside / "inner"
    return (inner / "file").exists() and stat.S_IMODE(inner.stat().st_mode) == 0o555


def test_depth_is_no_limit(place: Place) -> None:
    levels = 2 * sys.getrecursionlimit()
    nest(place.folder, levels, "not a short name at all")
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (min(soft, levels // 2), hard))
    try:
        remove_tree(place.folder)
        assert not place.folder.exists()
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
        # Whatever went wrong: pytest's own tidying would stumble over what is left.
        subprocess.run(["rm", "-rf", place.folder], check=True)


def test_closed_folders_are_no_limit_at_any_depth(place: Place) -> None:
    at = place.folder
    folders = [at]
    for _ in range(80):
        at = at / "d"
        at.mkdir()
        (at / "file").touch()
        folders.append(at)
    for mode, folder in enumerate(reversed(folders)):
        folder.chmod((0, 0o400, 0o300, 0o500, 0o7000)[mode % 5])
    remove_tree(place.folder)
    assert not place.folder.exists()


def test_strange_things_go_like_any_other(place: Place) -> None:
    os.mkfifo(place.folder / "fifo")
    for name in ("\udcff", "-rf", "\n", "\x1b[2J", "n" * 255):
        (place.folder / name).mkdir()
        (place.folder / name / name).touch()
    (place.folder / "program").touch()
    (place.folder / "program").chmod(0o6000)
    (place.folder / "shared").mkdir()
    (place.folder / "shared").chmod(0o7777)
    (place.folder / "second name").hardlink_to(place.outside / "inner" / "file")
    for target in (place.outside, "../outside", "nowhere", "itself"):
        name = f"link {len(list(place.folder.iterdir()))}"
        (place.folder / name).symlink_to(target)
    remove_tree(place.folder)
    assert not place.folder.exists()
    assert is_whole(place.outside)


@pytest.mark.parametrize("kind", ["nothing", "file", "link", "dangling"])
def test_in_place_of_a_folder(place: Place, kind: str) -> None:
    place.folder.rmdir()
    if kind == "file":
        place.folder.touch()
    elif kind == "link":
        place.folder.symlink_to(place.outside)
    elif kind == "dangling":
        place.folder.symlink_to("nowhere")
    remove_tree(place.folder)
    assert not os.path.lexists(place.folder)
    assert is_whole(place.outside)


SWAPPER = """
import os, sys, time
folder, outside = sys.argv[1:]
print("ready", flush=True)
until = time.monotonic() + 60
while time.monotonic() < until:
    for name in "abcdefgh":
        try:
            os.rename(f"{folder}/{name}", f"{folder}/away")
            os.symlink(f"{outside}/inner", f"{folder}/{name}")
            os.unlink(f"{folder}/{name}")
            os.rename(f"{folder}/away", f"{folder}/{name}")
        except OSError:
            pass
"""


def test_a_folder_that_becomes_a_link_is_not_followed(place: Place) -> None:
    remove_tree(place.folder)
    with racing(SWAPPER, place.folder, place.outside):
        for number in range(150):
            new = place.path / str(number)
            for name in "abcdefgh":
                (new / name).mkdir(parents=True)
                (new / name / "file").touch()
                (new / name).chmod(0)
            new.rename(place.folder)
            with suppress(OSError):  # the other one may put something there again
                remove_tree(place.folder)
            remove_tree(place.folder)
            assert is_whole(place.outside)
    assert not place.folder.exists()


def test_what_cannot_be_removed_is_said(place: Place) -> None:
    # The kernel refuses this to everybody, root included.
    with pytest.raises(OSError, match=r"cannot be removed .* by hand"):
        remove_tree(Path("/proc/self/fdinfo"))
