"""Challenge folders: what is read, and how a fault is said."""

from __future__ import annotations

from pathlib import Path

import pytest

from pytest_overnight.catalog.harbor import CatalogError
from pytest_overnight.catalog.harbor import load_challenge
from pytest_overnight.catalog.harbor import load_suite
from pytest_overnight.settings import default_suite
from tests.support.suites import write_challenge
from tests.support.suites import write_suite


def test_the_suite_that_comes_along_is_in_order() -> None:
    challenges = load_suite(default_suite())
    assert [c.id for c in challenges][:3] == ["L3-1", "L3-2", "L3-3"]
    assert all(len(c.wrong) >= 4 for c in challenges)


def test_a_folder_is_read_whole(tmp_path: Path) -> None:
    challenge = load_challenge(write_challenge(tmp_path, "L3-7"))
    assert (challenge.id, challenge.level, challenge.repetitions) == ("L3-7", "L3", 2)
    assert challenge.timeout_seconds == 60
    assert challenge.expected_files == ("answer.py",)
    assert [folder.name for folder in challenge.wrong] == ["text"]


def test_the_digest_follows_content_and_never_the_path(tmp_path: Path) -> None:
    here = load_challenge(write_challenge(tmp_path / "a", "L3-7"))
    there = load_challenge(write_challenge(tmp_path / "b", "L3-7"))
    assert here.digest == there.digest
    (there.environment / "answer.py").write_text("changed\n")
    assert load_challenge(there.folder).digest != here.digest


@pytest.mark.parametrize(
    ("old", "new", "complaint"),
    [
        ('level = "L3"', 'level = "L9"', "[metadata.overnight] level 'L9' is not one"),
        ("repetitions = 2", "repetitions = 0", "repetitions must be a number, 1 to"),
        ("timeout_sec = 60.0", "", "[agent] timeout_sec must be a number, 1 to 720"),
        ("timeout_sec = 60.0", "timeout_sec = 900", "[agent] timeout_sec must be"),
        ("[verifier]", "[verify]", "table [verifier] is missing"),
        ('title = "Answer L3-7"', "title = 7", "title must be text"),
        ('["answer.py"]', '"answer.py"', "expected_files must be a list of texts"),
        ('id = "L3-7"', 'id = "L3-8"', "must begin the folder's name (L3-7-tiny)"),
        ('id = "L3-7"', 'id = "seven"', "'seven' is not an id of level L3"),
        ("[agent]", "[agent", "not valid TOML"),
    ],
    ids=range(10),
)
def test_a_malformed_task_is_named_with_file_key_and_cure(
    tmp_path: Path, old: str, new: str, complaint: str
) -> None:
    file = write_challenge(tmp_path, "L3-7") / "task.toml"
    file.write_text(file.read_text().replace(old, new))
    with pytest.raises(CatalogError) as caught:
        load_challenge(file.parent)
    assert str(file) in str(caught.value)
    assert complaint in str(caught.value)


@pytest.mark.parametrize("missing", ["instruction.md", "environment", "solution"])
def test_a_missing_part_is_named(tmp_path: Path, missing: str) -> None:
    folder = write_challenge(tmp_path, "L3-7")
    (folder / missing).rename(tmp_path / "elsewhere")
    with pytest.raises(CatalogError, match=missing):
        load_challenge(folder)


def test_no_id_begins_another(tmp_path: Path) -> None:
    write_suite(tmp_path, ["L3-1", "L3-10"])
    with pytest.raises(CatalogError, match=r"-k L3-1 would select both"):
        load_suite(tmp_path)


def test_a_link_in_a_challenge_is_refused(tmp_path: Path) -> None:
    folder = write_challenge(tmp_path, "L3-7")
    (folder / "environment" / "link.py").symlink_to("answer.py")
    with pytest.raises(CatalogError, match="a link"):
        load_challenge(folder)
