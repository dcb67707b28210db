"""The user ids of boxes that root opens: who has which, and what they may touch."""

from __future__ import annotations

import secrets
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing
from contextlib import contextmanager
from pathlib import Path
from threading import Thread

import pytest

from pytest_overnight.sandbox import user
from pytest_overnight.sandbox.box import Box
from pytest_overnight.sandbox.box import BoxError
from pytest_overnight.sandbox.box import BoxPlan
from pytest_overnight.sandbox.open import open_box
from pytest_overnight.sandbox.runtime import Runtime
from pytest_overnight.sandbox.user import BoxUser
from pytest_overnight.sandbox.user import closed_to_others
from pytest_overnight.sandbox.user import why_root
from tests.sandbox.conftest import eventually
from tests.support.levels import LEVELS

CHECKOUT = Path(__file__).resolve().parents[2]
ON_THE_HOST = LEVELS[1:]


@pytest.fixture
def few_ids(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> range:
    """Two ids that nobody else on the machine takes meanwhile."""
    first = 100_000 + secrets.randbelow(1 << 20)
    monkeypatch.setattr(user, "LOCKS", tmp_path / "locks")
    monkeypatch.setattr(user, "FIRST_ID", first)
    monkeypatch.setattr(user, "COUNT", 2)
    return range(first, first + 2)


def test_no_two_have_the_same_id(few_ids: range) -> None:
    with closing(BoxUser()) as one, closing(BoxUser()) as other:
        assert [one.id, other.id] == list(few_ids)


def test_an_id_is_free_again_when_given_back(few_ids: range) -> None:
    with closing(BoxUser()) as one:
        first = one.id
    with closing(BoxUser()) as next_one:
        assert next_one.id == first


def test_when_all_are_taken_that_is_said(few_ids: range) -> None:
    with (
        closing(BoxUser()),
        closing(BoxUser()),
        pytest.raises(BoxError, match="all 2 user ids for boxes are in use"),
    ):
        BoxUser()


HOLDER = f"""\
import pathlib, sys
sys.path.insert(0, {str(CHECKOUT)!r})
from pytest_overnight.sandbox import user
user.LOCKS, user.FIRST_ID, user.COUNT = pathlib.Path(sys.argv[1]), int(sys.argv[2]), 2
held = [user.BoxUser(), user.BoxUser()]
print("both", flush=True)
input()
"""


def test_ids_are_free_again_when_their_holder_is_killed(few_ids: range) -> None:
    words = [sys.executable, "-c", HOLDER, str(user.LOCKS), str(few_ids.start)]
    with subprocess.Popen(
        words, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as holder:
        assert holder.stdout is not None
        assert holder.stdout.readline() == "both\n"
        with pytest.raises(BoxError, match="are in use"):
            BoxUser()
        holder.kill()
    with closing(BoxUser()) as one, closing(BoxUser()) as other:
        assert [one.id, other.id] == list(few_ids)


def test_where_no_account_can_be_kept_that_is_said(
    few_ids: range, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "file").touch()
    monkeypatch.setattr(user, "LOCKS", tmp_path / "file" / "locks")
    with pytest.raises(BoxError, match=r"user ids in .*: Not a directory"):
        BoxUser()


def test_a_container_without_these_ids_is_told(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(user, "_lines", lambda path: ["0 100000 60850"])
    assert why_root() == "user ids 60800 to 60899 do not exist in this container"
    monkeypatch.setattr(user, "_lines", lambda path: ["0 0 1", "1000 0 65000"])
    assert why_root() == ""


def test_a_folder_on_the_way_that_others_may_not_pass_is_named(tmp_path: Path) -> None:
    inner = tmp_path / "closed" / "inner"
    inner.mkdir(parents=True)
    before = closed_to_others(inner)  # an ordinary user's tmp_path is closed itself
    (tmp_path / "closed").chmod(0o700)
    expected = before or str(tmp_path / "closed")
    assert closed_to_others(inner) == expected
    # What counts is where a name leads to.
    (tmp_path / "link").symlink_to(inner)
    assert closed_to_others(tmp_path / "link" / "file") == expected


# -- boxes of root's ----------------------------------------------------------------


@contextmanager
def opened(level: str, folder: Path, runtime: Runtime) -> Iterator[Box]:
    """A box with a workspace of this name."""
    (folder / "secret").write_text("x")
    with closing(open_box(BoxPlan(level, workspace=folder), runtime)) as box:
        yield box


@pytest.fixture
def two(tmp_path: Path) -> tuple[Path, Path]:
    """Two empty workspaces."""
    folders = tmp_path / "one", tmp_path / "other"
    for folder in folders:
        folder.mkdir()
    return folders


@pytest.mark.parametrize(
    ("name", "goes"), [("overnight-workspaces-x", True), ("somebodys", False)]
)
def test_a_link_of_ours_goes_with_what_it_leads_to_and_no_other(
    name: str, goes: bool, tmp_path: Path
) -> None:
    (tmp_path / name / "run").mkdir(parents=True)
    (tmp_path / "workspaces").symlink_to(tmp_path / name)
    user.remove_reachable(tmp_path / "workspaces")
    assert not (tmp_path / "workspaces").is_symlink()
    assert (tmp_path / name / "run").exists() != goes


def said(box: Box, command: str) -> str:
    """What a command prints, errors too."""
    return box.run(command, timeout=20, merge=True).out.decode().strip()


@pytest.mark.needs("root")
@pytest.mark.parametrize("level", ON_THE_HOST)
def test_two_boxes_run_as_two_users(
    level: str, two: tuple[Path, Path], runtime: Runtime
) -> None:
    with opened(level, two[0], runtime) as one, opened(level, two[1], runtime) as other:
        ids = [said(box, "id -u; id -g; id -G").split() for box in (one, other)]
    # Neither a group of root's nor one of the other's.
    assert [len(set(mine)) for mine in ids] == [1, 1]
    assert not {0, int(ids[0][0])} & {int(number) for number in ids[1]}
    assert all(60_800 <= int(mine[0]) < 60_900 for mine in ids)


@pytest.mark.needs("root")
@pytest.mark.parametrize("level", LEVELS)
def test_a_workspace_is_its_user_s_alone(
    level: str, two: tuple[Path, Path], runtime: Runtime
) -> None:
    for folder in two:
        (folder / "sub").mkdir()
        (folder / "sub" / "file").touch()
    with opened(level, two[0], runtime), opened(level, two[1], runtime):
        facts = [folder.stat() for folder in two]
        inner = [(folder / "sub" / "file").stat() for folder in two]
    assert {fact.st_mode & 0o777 for fact in facts} == {0o700}
    assert 0 not in {fact.st_uid for fact in (*facts, *inner)}
    assert facts[0].st_uid != facts[1].st_uid
    assert [fact.st_uid for fact in inner] == [fact.st_uid for fact in facts]
    assert [fact.st_gid for fact in facts] == [fact.st_uid for fact in facts]


@pytest.mark.needs("root")
@pytest.mark.parametrize("level", LEVELS)
def test_the_workspace_of_another_box_is_closed(
    level: str, two: tuple[Path, Path], runtime: Runtime
) -> None:
    with opened(level, two[0], runtime), opened(level, two[1], runtime) as box:
        assert said(box, "cat secret") == "x"
        assert "x" not in said(box, f"cat {two[0]}/secret").split()
        said(box, f"touch {two[0]}/mine; chmod 777 {two[0]}")
        assert two[0].stat().st_mode & 0o777 == 0o700
        assert not (two[0] / "mine").exists()


@pytest.mark.needs("root")
def test_a_link_to_somebody_s_file_is_not_given_away(
    tmp_path: Path, runtime: Runtime
) -> None:
    (tmp_path / "ws").mkdir()
    (tmp_path / "mine").touch()
    (tmp_path / "ws" / "link").symlink_to(tmp_path / "mine")
    with opened("process", tmp_path / "ws", runtime):
        assert (tmp_path / "mine").stat().st_uid == 0
        assert (tmp_path / "ws" / "link").lstat().st_uid != 0


@pytest.mark.needs("root")
def test_a_closed_folder_of_root_s_cannot_be_read(
    tmp_path: Path, two: tuple[Path, Path], runtime: Runtime
) -> None:
    (tmp_path / "tests").mkdir(mode=0o700)
    (tmp_path / "tests" / "test_it.py").write_text("hidden")
    with opened("process", two[0], runtime) as box:
        assert said(box, f"cat {tmp_path}/tests/test_it.py").endswith("denied")
        assert said(box, f"ls {tmp_path}/tests").endswith("denied")


SQUATTER = """\
import fcntl, os, socket, sys, time
kept = []
for number in range(int(sys.argv[2]), int(sys.argv[3])):
    for mode in ("rb", "ab"):
        try:
            kept.append(open(f"{sys.argv[1]}/{number}", mode))
            fcntl.flock(kept[-1], fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            print(error)
open("done", "w").close()
for _ in range(600):
    if os.path.exists("enough"):
        break
    time.sleep(0.05)
"""


@pytest.mark.needs("root")
@pytest.mark.parametrize("level", LEVELS)
def test_agent_code_cannot_keep_ids_from_others(
    level: str, few_ids: range, two: tuple[Path, Path], runtime: Runtime
) -> None:
    (two[0] / "squat.py").write_text(SQUATTER)
    bounds = [str(few_ids.start), str(few_ids.stop)]
    words = ["python", "squat.py", str(user.LOCKS), *bounds]
    with opened(level, two[0], runtime) as box:
        squatter = Thread(target=lambda: box.run(words, timeout=60))
        squatter.start()
        try:
            assert eventually((two[0] / "done").exists)
            with opened(level, two[1], runtime) as other:
                assert said(other, "echo works") == "works"
        finally:
            (two[0] / "enough").touch()
            squatter.join()
