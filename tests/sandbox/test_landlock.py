"""The rules of the Landlock level, on paper and in the kernel."""

from __future__ import annotations

import json
import struct
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pytest_overnight.sandbox import landlock
from pytest_overnight.sandbox.runtime import Runtime
from tests.support.levels import NotPromised

CHECKOUT = Path(__file__).resolve().parents[2]
READ_FILE, READ_DIRECTORY = 4, 8
READ = 1 | READ_FILE | READ_DIRECTORY
DEVICE_CONTROL = 1 << 15

Tree = dict[str, "Tree | None"]
"""A folder: name → folder, or None for a file."""

# Names of which one begins with another: a path is more than a text.
NAMES = st.sampled_from(["a", "ab", "a.b", "a b"])
TREES: st.SearchStrategy[Tree] = st.recursive(
    st.dictionaries(NAMES, st.none(), max_size=3),
    lambda inner: st.dictionaries(NAMES, st.none() | inner, max_size=4),
    max_leaves=12,
)


def lay(folder: Path, tree: Tree) -> Iterator[Path]:
    """Make a tree; everything in it."""
    for name, inner in tree.items():
        yield folder / name
        if inner is None:
            (folder / name).touch()
        else:
            (folder / name).mkdir()
            yield from lay(folder / name, inner)


def lies_in(path: Path, folder: Path) -> bool:
    """Or is it."""
    return path == folder or folder in path.parents


@given(TREES, st.data())
def test_what_is_hidden_is_out_and_all_else_is_in(
    tree: Tree, data: st.DataObject
) -> None:
    with tempfile.TemporaryDirectory() as place:
        top = Path(place, "top")
        top.mkdir()
        paths = [top, *lay(top, tree)]
        hidden = data.draw(st.sets(st.sampled_from([*paths, top / "gone"])), "hidden")
        rules = landlock._around(str(top), {str(path) for path in hidden})
    granted = {Path(path): rights for path, rights in rules}
    assert len(granted) == len(rules)
    for path, rights in granted.items():
        assert rights in (READ, READ_DIRECTORY)
        if rights & READ_FILE:  # this reaches everything beneath
            assert not any(lies_in(one, path) or lies_in(path, one) for one in hidden)
        else:  # only the folder's own names, and only on the way to something hidden
            assert any(lies_in(one, path) for one in hidden)
            assert not any(lies_in(path, one) for one in hidden)
    for path in paths:
        reached = {one: rights for one, rights in granted.items() if lies_in(path, one)}
        if any(lies_in(path, one) for one in hidden):
            assert READ not in reached.values()
        elif any(lies_in(one, path) for one in hidden):
            assert granted[path] == READ_DIRECTORY
        else:
            assert READ in reached.values()


def test_a_link_is_no_way_round(tmp_path: Path) -> None:
    (tmp_path / "top" / "hidden").mkdir(parents=True)
    (tmp_path / "top" / "way").symlink_to("hidden")
    (tmp_path / "top" / "up").symlink_to("..")
    top, hidden = str(tmp_path / "top"), str(tmp_path / "top" / "hidden")
    assert landlock._around(top, {hidden}) == [(top, READ_DIRECTORY)]


@pytest.mark.needs("user")
def test_what_cannot_be_looked_through_is_not_given_away(tmp_path: Path) -> None:
    (tmp_path / "shut" / "hidden").mkdir(parents=True)
    (tmp_path / "shut").chmod(0o311)
    hidden = str(tmp_path / "shut" / "hidden")
    rules = landlock._around(str(tmp_path), {hidden})
    (tmp_path / "shut").chmod(0o711)
    assert not [rights for path, rights in rules if "shut" in path and rights == READ]


def test_a_hidden_folder_is_known_by_any_of_its_names(
    tmp_path: Path, runtime: Runtime
) -> None:
    (tmp_path / "link").symlink_to(runtime.root)
    with_it = landlock.rules(runtime, [], [], [])[1]
    without = landlock.rules(runtime, [], [], [tmp_path / "link"])[1]
    assert {path for path, _ in with_it} - {path for path, _ in without} == {
        str(runtime.root.resolve())
    }


@pytest.mark.parametrize(
    ("version", "every", "more"),
    [
        (4, 0x7FFF, []),
        (5, 0xFFFF, []),
        (6, 0xFFFF, [3]),
        (7, 0xFFFF, [3]),
        (9, 0xFFFF, [3]),
    ],
)
def test_each_kernel_gets_the_attributes_it_knows(
    version: int,
    every: int,
    more: list[int],
    runtime: Runtime,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(landlock, "version", lambda: version)
    attributes, rules = landlock.rules(runtime, [tmp_path], [], [])
    assert list(struct.unpack(f"<{len(attributes) // 8}Q", attributes)) == [
        *(every, 3),  # files; TCP bind and connect
        *more,  # abstract sockets and signals
    ]
    # A right that the set does not handle makes the kernel refuse the rule.
    assert all(rights & ~every == 0 for _, rights in rules)
    assert dict(rules)[str(tmp_path)] == every


@pytest.mark.parametrize(
    ("version", "reason"),
    [(-1, "does not offer Landlock"), (3, "has version 3; 4 is the least"), (4, "")],
)
def test_too_old_a_kernel_is_told(
    version: int, reason: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(landlock, "version", lambda: version)
    assert reason in landlock.why_not()
    assert bool(landlock.why_not()) == bool(reason)


# -- in the kernel ------------------------------------------------------------------

CONFINED = f"""\
import json, os, sys
sys.path.insert(0, {str(CHECKOUT)!r})
from pytest_overnight.sandbox.inside.walls import Walls

told = json.loads(sys.argv[1])
rules = [tuple(rule) for rule in told["rules"]]
landlock = [bytes.fromhex(told["attributes"]), rules]
Walls({{"user": 0, "landlock": landlock, "filter": b""}}).enter()

def error(action, path):
    try:
        action(path)
    except OSError as problem:
        return os.strerror(problem.errno)
    return ""

said = {{path: error(lambda p: open(p).close(), path) for path in told["read"]}}
said |= {{path: error(os.listdir, path) for path in told["list"]}}
said |= {{path: error(lambda p: open(p, "w").close(), path) for path in told["write"]}}
print(json.dumps(said))
"""


def confined(
    attributes: bytes, rules: list[tuple[str, int]], **tried: list[Path]
) -> dict[str, str]:
    """What a process behind these rules cannot ``read``, ``list`` or ``write``."""
    told: dict[str, object] = {"read": [], "list": [], "write": []}
    told |= {name: [str(path) for path in paths] for name, paths in tried.items()}
    told |= {"rules": rules, "attributes": attributes.hex()}
    done = subprocess.run(
        [sys.executable, "-c", CONFINED, json.dumps(told)],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    said: dict[str, str] = json.loads(done.stdout)
    return {path: problem for path, problem in said.items() if problem}


@pytest.mark.needs("landlock")
@pytest.mark.parametrize("version", [4, 5, 6])
def test_the_kernel_holds_the_rules(
    version: int, runtime: Runtime, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    if version > landlock.version():
        raise NotPromised(f"Landlock here has version {landlock.version()}")
    monkeypatch.setattr(landlock, "version", lambda: version)
    own, given, outside = (tmp_path / name for name in ("own", "given", "outside"))
    for folder in (own, given, outside):
        folder.mkdir()
        (folder / "file").touch()
    attributes, rules = landlock.rules(runtime, [own], [given], [])
    done = confined(
        attributes,
        rules,
        read=[own / "file", given / "file", outside / "file", runtime.python],
        list=[own, given, outside, runtime.root, Path("/usr")],
        write=[own / "new", given / "new", outside / "new", Path("/dev/null")],
    )
    assert set(done.values()) == {"Permission denied"}
    closed = {"outside/file", "outside", "given/new", "outside/new"}
    assert set(done) == {str(tmp_path / name) for name in closed}


@pytest.mark.needs("landlock")
def test_the_kernel_keeps_what_lies_in_a_granted_folder_hidden(tmp_path: Path) -> None:
    for name in ("top/tests/hidden", "top/tests-not", "top/sub"):
        (tmp_path / name).mkdir(parents=True)
        (tmp_path / name / "file").touch()
    (tmp_path / "top" / "sub" / "link").symlink_to("../tests/hidden/file")
    (tmp_path / "top" / "file").touch()
    top, hidden = tmp_path / "top", tmp_path / "top" / "tests" / "hidden"
    inner = landlock._around(str(top), {str(hidden)})
    attributes = struct.pack("<QQ", 0x7FFF, 3)
    usual = [("/dev/null", 6), *((path, READ) for path in ("/usr", "/etc"))]
    shut = [hidden / "file", top / "sub" / "link"]
    others = [top / "file", top / "tests-not" / "file", top / "sub" / "file"]
    # Names are another thing: Python imports nothing from a folder it cannot list.
    folders = [top, top / "tests", top / "tests-not", top / "sub"]
    done = confined(attributes, [*usual, *inner], read=[*shut, *others], list=folders)
    assert set(done) == {str(path) for path in shut}


@pytest.mark.needs("landlock")
def test_a_device_may_be_asked_for_its_properties(runtime: Runtime) -> None:
    rules = dict(landlock.rules(runtime, [], [], [])[1])
    handled = DEVICE_CONTROL if landlock.version() >= 5 else 0
    assert rules["/dev/null"] & DEVICE_CONTROL == handled
    others = [path for path, rights in rules.items() if rights & DEVICE_CONTROL]
    assert all(path.startswith("/dev/") for path in others)
