"""The six tools, over a real box."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import pytest

from pytest_overnight.agents.repair import EXAMPLES
from pytest_overnight.agents.tools import TOOLS
from pytest_overnight.agents.tools import Observation
from pytest_overnight.agents.tools import Toolbox
from pytest_overnight.agents.tools import schemas
from pytest_overnight.agents.tools import shorten
from pytest_overnight.sandbox.box import Box

CAP = 3000


class Use:
    """``use.read_file(path="a.py")`` as one call of the agent."""

    def __init__(self, box: Box) -> None:
        self.tools = Toolbox(box, command_timeout=5.0, cap=CAP)

    def __call__(self, tool: str, **arguments: Any) -> Observation:
        return self.tools.use(tool, arguments, seconds=60.0)


@pytest.fixture
def use(box: Box) -> Use:
    return Use(box)


def test_the_schemas_are_flat_and_name_what_is_required() -> None:
    for schema in schemas():
        function = schema["function"]
        parameters = function["parameters"]
        assert set(EXAMPLES[function["name"]]) <= set(parameters["properties"])
        assert set(parameters["required"]) <= set(parameters["properties"])
        for each in parameters["properties"].values():
            assert set(each) <= {"type", "description", "enum"}
    assert [schema["function"]["name"] for schema in schemas()] == list(TOOLS)


def test_a_written_file_is_there_and_can_be_read(use: Use, workspace: Path) -> None:
    written = use("write_file", path="pkg/a.py", content="x = 1\ny = 2\n")
    assert written == Observation("Wrote pkg/a.py: 2 lines, 12 bytes.")
    assert (workspace / "pkg/a.py").read_text() == "x = 1\ny = 2\n"
    assert use("read_file", path="pkg/a.py").text == "   1| x = 1\n   2| y = 2"


def test_files_are_listed_with_sizes_and_without_caches(
    use: Use, workspace: Path
) -> None:
    for name in ("a.py", "sub/b.txt", "__pycache__/a.pyc", ".git/config"):
        (workspace / name).parent.mkdir(exist_ok=True)
        (workspace / name).write_text("12345")
    assert use("list_files").text == "       5  a.py\n       5  sub/b.txt"
    assert use("list_files", pattern="*.txt").text == "       5  sub/b.txt"
    assert use("list_files", path="sub").text == "       5  sub/b.txt"
    assert use("list_files", pattern="*.c").text == ".: no files that match *.c."


def test_a_long_listing_says_how_much_more_there_is(use: Use, workspace: Path) -> None:
    for number in range(205):
        (workspace / f"{number:03}").touch()
    lines = Toolbox(use.tools._box, command_timeout=5.0, cap=99_999).use(
        "list_files", {}, 1.0
    )
    assert lines.text.splitlines()[-1].startswith("… 5 more:")


def test_part_of_a_file_can_be_read(use: Use, workspace: Path) -> None:
    (workspace / "a").write_text("".join(f"line {n}\n" for n in range(1, 1001)))
    part = use("read_file", path="a", start_line=10, end_line=11)
    assert part.text == "  10| line 10\n  11| line 11"
    whole = use("read_file", path="a").text
    assert len(whole) <= CAP
    assert whole.endswith("a has 1000 lines; go on with start_line 194.")
    beyond = use("read_file", path="a", start_line=2000)
    assert (beyond.ok, beyond.text) == (False, "a has only 1000 lines.")


def test_bytes_that_are_no_text_do_no_harm(use: Use, workspace: Path) -> None:
    (workspace / "latin").write_bytes(b"caf\xe9\n")
    (workspace / "binary").write_bytes(b"\0\1\2")
    (workspace / os.fsdecode(b"name\xff")).touch()
    assert use("read_file", path="latin").text == "   1| caf\ufffd"
    assert use("read_file", path="binary").text == "binary is not text (3 bytes)."
    assert use("list_files").text.isascii()
    assert use("run_command", command="printf '\\377'").text.endswith("\ufffd")


def test_an_edit_shows_the_changed_region(use: Use, workspace: Path) -> None:
    use("write_file", path="a.py", content="a\nb\nc\nd\ne\nf\n")
    edit = use("edit_file", path="a.py", old_text="c\nd", new_text="C")
    assert edit.text == "Changed a.py:\n   1| a\n   2| b\n   3| C\n   4| e\n   5| f"
    assert (workspace / "a.py").read_text() == "a\nb\nC\ne\nf\n"


def test_a_refused_edit_changes_nothing(use: Use, workspace: Path) -> None:
    (workspace / "a.py").write_text("a\n")
    edit = use("edit_file", path="a.py", old_text="zzz", new_text="C")
    assert not edit.ok
    assert edit.text.startswith('a.py: "old_text" is not in the file.')
    assert (workspace / "a.py").read_text() == "a\n"


def test_a_forgiven_edit_says_what_was_forgiven(use: Use) -> None:
    use("write_file", path="a.py", content="a  \nb\n")
    edit = use("edit_file", path="a.py", old_text="a\nb", new_text="c")
    assert edit.repair == "blanks at line ends ignored"


def test_a_command_answers_with_status_and_both_streams(use: Use) -> None:
    observation = use("run_command", command="echo out; echo err >&2; exit 3")
    assert observation.ok
    assert observation.text.startswith("exit status 3 after ")
    assert observation.text.endswith("\nout\nerr")


def test_a_command_has_no_input_to_wait_for(use: Use) -> None:
    assert use("run_command", command="cat").text.startswith("exit status 0")


def test_a_command_is_killed_at_its_limit(use: Use) -> None:
    observation = use("run_command", command="echo begun; sleep 60", timeout=1)
    assert not observation.ok
    assert observation.tags == {"command_timeout"}
    assert observation.text.startswith("Killed after its limit of 1 s.")
    assert observation.text.endswith("begun\n") or "begun" in observation.text


def test_a_command_gets_no_more_time_than_is_left(use: Use) -> None:
    observation = use.tools.use("run_command", {"command": "sleep 60"}, seconds=0.2)
    assert observation.text.startswith("Killed after its limit of 0.2 s.")


def test_a_signal_is_named(use: Use) -> None:
    text = use("run_command", command="exec python3 -c 'import os; os.abort()'").text
    assert text.startswith("ended by signal SIGABRT")


def test_long_output_keeps_its_beginning_and_its_end(use: Use) -> None:
    text = use("run_command", command="seq 100000; echo last").text
    assert len(text) <= CAP
    assert "\n1\n2\n" in text
    assert text.endswith("last")
    assert "characters cut; use head, tail or grep" in text


def test_a_missing_file_is_answered_with_names_like_it(
    use: Use, workspace: Path
) -> None:
    (workspace / "src").mkdir()
    (workspace / "src/inventory.py").touch()
    (workspace / "zzz").touch()
    observation = use("read_file", path="inventory.py")
    assert not observation.ok
    assert observation.text == (
        "inventory.py does not exist. Files there are: src/inventory.py"
    )


@pytest.mark.parametrize("path", ["../secret", "/etc/passwd", "a/../../b", "a\0b"])
@pytest.mark.parametrize("tool", ["read_file", "list_files"])
def test_a_path_that_leads_outside_is_refused(use: Use, tool: str, path: str) -> None:
    observation = use(tool, path=path)
    assert not observation.ok
    assert "\0" in path or observation.tags == {"escape_attempt"}


def test_a_link_that_leads_outside_is_refused(use: Use, workspace: Path) -> None:
    (workspace.parent / "secret").write_text("secret")
    (workspace / "link").symlink_to(workspace.parent / "secret")
    observation = use("read_file", path="link")
    assert not observation.ok
    assert "secret" not in observation.text


def test_what_the_system_refuses_is_said_plainly(use: Use, workspace: Path) -> None:
    (workspace / "folder").mkdir()
    assert use("read_file", path="folder").text == "folder is a folder: use list_files."
    written = use("write_file", path="folder", content="")
    assert written.text == "folder is a folder: use list_files."


def test_shortening_keeps_three_quarters_at_the_front() -> None:
    short = shorten("a" * 500 + "z" * 500, 280, "look at less")
    front, notice, end = short.split("\n")
    assert (len(front), len(end)) == (141, 47)
    assert notice == "… 812 characters cut; look at less …"
    assert (set(front), set(end)) == ({"a"}, {"z"})
    assert len(short) <= 280
