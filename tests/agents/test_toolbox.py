"""The six tools, over a real box."""

from __future__ import annotations

import os
import re
from pathlib import Path
from typing import Any

import pytest

from pytest_overnight.agents.observation import Observation
from pytest_overnight.agents.toolbox import Toolbox
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
    large = Toolbox(use.tools._box, command_timeout=5.0, cap=99_999)
    lines = large.use("list_files", {}, 1.0).text.splitlines()
    assert len(lines) == 201
    assert lines[-1].startswith("… 5 more:")
    small = Toolbox(use.tools._box, command_timeout=5.0, cap=800)
    lines = small.use("list_files", {}, 1.0).text.splitlines()
    assert len("\n".join(lines)) <= 800
    assert lines[-1].startswith(f"… {205 - len(lines) + 1} more:")


def test_part_of_a_file_can_be_read(use: Use, workspace: Path) -> None:
    (workspace / "a").write_text("".join(f"line {n}\n" for n in range(1, 1001)))
    part = use("read_file", path="a", start_line=10, end_line=11)
    assert part.text == "  10| line 10\n  11| line 11"
    beyond = use("read_file", path="a", start_line=999, end_line=2000)
    assert beyond.text == " 999| line 999\n1000| line 1000"
    to_the_end = use("read_file", path="a", start_line=1000, end_line=-1)
    assert to_the_end.text == "1000| line 1000"
    whole = use("read_file", path="a").text
    assert len(whole) <= CAP
    assert whole.endswith("a has 1000 lines; go on with start_line 194.")
    beyond = use("read_file", path="a", start_line=2000)
    assert (beyond.ok, beyond.text) == (False, "a has only 1000 lines.")
    turned = use("read_file", path="a", start_line=9, end_line=3)
    assert (turned.ok, turned.text) == (False, "end_line 3 is before start_line 9.")


def test_an_empty_file_is_called_empty(use: Use, workspace: Path) -> None:
    (workspace / "a").touch()
    assert use("read_file", path="a") == Observation("a is empty.")


def test_windows_line_ends_are_not_shown(use: Use, workspace: Path) -> None:
    (workspace / "a").write_bytes(b"x\r\ny\r\n")
    assert use("read_file", path="a").text == "   1| x\n   2| y"


def test_bytes_that_are_no_text_do_no_harm(use: Use, workspace: Path) -> None:
    (workspace / "latin").write_bytes(b"caf\xe9\n")
    (workspace / "binary").write_bytes(b"\0\1\2")
    (workspace / os.fsdecode(b"name\xff")).touch()
    assert use("read_file", path="latin").text == "   1| caf\ufffd"
    assert use("read_file", path="binary").text == (
        "binary is not text (3 bytes): use run_command."
    )
    assert use("list_files").text.isascii()
    assert use("run_command", command="printf '\\377'").text.endswith("\ufffd")


def test_an_edit_shows_the_changed_region(use: Use, workspace: Path) -> None:
    use("write_file", path="a.py", content="a\nb\nc\nd\ne\nf\n")
    edit = use("edit_file", path="a.py", old_text="c\nd", new_text="C")
    assert edit.text == "Changed a.py:\n   1| a\n   2| b\n   3| C\n   4| e\n   5| f"
    assert (workspace / "a.py").read_text() == "a\nb\nC\ne\nf\n"


def test_bytes_that_are_no_text_survive_an_edit(use: Use, workspace: Path) -> None:
    use("run_command", command="printf 'caf\\351\\nb\\n' > a")
    assert use("edit_file", path="a", old_text="b", new_text="c\ud800").ok
    assert (workspace / "a").read_bytes() == b"caf\xe9\nc?\n"


BROKEN = "def f():\n    return (1\n\nprint(f())\n"


def test_what_python_cannot_read_is_said_at_once(use: Use) -> None:
    wrote = use("write_file", path="a.py", content=BROKEN)
    assert wrote == Observation(
        f"Wrote a.py: 4 lines, {len(BROKEN)} bytes. "
        "Python cannot read line 2: '(' was never closed."
    )
    assert use("write_file", path="a.txt", content=BROKEN).text.endswith("bytes.")
    mended = use("edit_file", path="a.py", old_text="(1", new_text="1")
    assert "Python" not in mended.text
    broken = use("edit_file", path="a.py", old_text="    return", new_text="return")
    assert broken.text.splitlines()[-1].startswith(
        "Python cannot read line 2: expected"
    )
    outside = use("write_file", path="a.py", content="return 1\n")
    assert outside.text.endswith("line 1: 'return' outside function.")


@pytest.mark.parametrize(
    "content",
    [
        "import os\nos.mkdir('made')\n",
        "x = " + "(" * 99_000,
        "x = " + "-" * 99_000 + "1",
        "x = a" + ".b" * 49_000,
        "x = '\\d'\n",
        "print('" + "y" * 300_000,
    ],
    ids=["side effect", "parentheses", "signs", "attributes", "warning", "large"],
)
def test_checking_a_file_neither_runs_it_nor_fails_with_it(
    use: Use, workspace: Path, content: str
) -> None:
    wrote = use("write_file", path="a.py", content=content)
    assert wrote.ok
    assert wrote.text.startswith("Wrote a.py: ")
    assert [path.name for path in workspace.iterdir()] == ["a.py"]


def test_a_file_that_shadows_a_module_does_not_disturb_the_check(use: Use) -> None:
    use("write_file", path="sys.py", content="raise SystemExit('gone')\n")
    wrote = use("write_file", path="a.py", content="x = (\n")
    assert wrote.text.endswith("line 1: '(' was never closed.")


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
    assert observation.text.endswith("Output until then:\nbegun\n")
    silent = use("run_command", command="sleep 60", timeout=1)
    assert silent.text.endswith("run for ever. It wrote nothing.")


def test_what_a_command_leaves_behind_does_not_outlive_it(use: Use) -> None:
    left = use("run_command", command="sleep 600 & setsid sleep 600 & echo $!")
    assert left.text.startswith("exit status 0")
    pid = int(left.text.split()[-1])
    with pytest.raises(ProcessLookupError):
        os.kill(pid, 0)


def test_a_killed_command_takes_its_children_with_it(use: Use) -> None:
    command = "trap '' TERM INT HUP; sleep 600 & echo $!; while :; do :; done"
    killed = use("run_command", command=command, timeout=1)
    assert killed.tags == {"command_timeout"}
    pid = int(killed.text.split()[-1])
    with pytest.raises(ProcessLookupError):
        os.kill(pid, 0)


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


@pytest.mark.parametrize("byte", [b"x", b"\\0", b"\\377", b"\\033"])
def test_ten_megabytes_of_anything_become_a_short_text(use: Use, byte: bytes) -> None:
    fill = f"head -c 10000000 /dev/zero | tr '\\0' '{byte.decode()}'"
    text = use("run_command", command=f"echo first; {fill}; echo; echo last").text
    assert len(text) <= CAP
    assert text.startswith("exit status 0 after ")
    assert "\nfirst\n" in text
    assert text.endswith("\nlast")
    (cut,) = re.findall("… ([0-9]+) characters cut; use head, tail or grep", text)
    assert 9_990_000 < int(cut) < 10_000_100
    assert all(char.isprintable() or char == "\n" for char in text)


def test_a_flood_without_end_is_cut_off(use: Use) -> None:
    flood = use("run_command", command="yes")
    assert not flood.ok
    assert flood.tags == {"command_limit"}
    assert "it wrote more than 50 MB. Send output to a file" in flood.text
    assert len(flood.text) <= CAP


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
    edit = use("edit_file", path="inventory.py", old_text="a", new_text="b")
    assert edit.text.startswith(
        "inventory.py does not exist. To create it, call write_file. Files there are: "
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
