"""What a model is told of the tools, and what stands for their answers later."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pytest_overnight.agents.observation import line_for
from pytest_overnight.agents.observation import observation_cap
from pytest_overnight.agents.repair import EXAMPLES
from pytest_overnight.agents.tools import TOOLS
from pytest_overnight.agents.tools import schemas


def test_the_schemas_are_flat_and_name_what_is_required() -> None:
    for schema in schemas():
        function = schema["function"]
        parameters = function["parameters"]
        assert set(EXAMPLES[function["name"]]) <= set(parameters["properties"])
        assert set(parameters["required"]) <= set(parameters["properties"])
        for each in parameters["properties"].values():
            assert set(each) <= {"type", "description", "enum"}
    assert [schema["function"]["name"] for schema in schemas()] == list(TOOLS)


@pytest.mark.parametrize(
    ("window", "cap"),
    [(2048, 3200), (4096, 3200), (4097, 6000), (8192, 6000), (16384, 12000)],
)
def test_answers_are_as_long_as_the_window_bears(window: int, cap: int) -> None:
    assert observation_cap(window) == cap


@pytest.mark.parametrize(
    ("tool", "arguments", "text", "ok", "line"),
    [
        ("read_file", {"path": "a.py"}, "   1| x\n   2| y", True, "2 lines"),
        ("read_file", {"path": "a.py"}, "   7| x\n… a.py has", True, "1 line"),
        ("read_file", {"path": "a.py"}, "a.py is empty.", True, "0 lines"),
        ("list_files", {"path": "src"}, "       5  a.py", True, "1 file"),
        ("list_files", {}, "       5  a.py\n      12  b", True, "2 files"),
        ("list_files", {}, ".: no files.", True, "0 files"),
        (
            "write_file",
            {"path": "a.py", "content": "x"},
            "Wrote a.py: 12 lines, 300 bytes. Python cannot read line 7: bad.",
            True,
            "12 lines, 300 bytes. Python cannot read line 7: bad.",
        ),
        ("edit_file", {"path": "a.py"}, "Changed a.py:\n   1| x", True, "Changed a.py"),
        (
            "edit_file",
            {"path": "a.py"},
            'a.py: "old_text" is not in the file. Searched for:\nx',
            False,
            'error: "old_text" is not in the file. Searched for:',
        ),
        (
            "run_command",
            {"command": "pytest\n  -q"},
            "exit status 1 after 0.4 s\nE",
            True,
            "exit status 1 after 0.4 s",
        ),
        ("finish", {"summary": "x"}, "Finished: done.", True, "Finished: done."),
        ("browse", {"path": {}}, "There is no tool", False, "error: There is no tool"),
    ],
)
def test_one_line_stands_for_an_answer(
    tool: str, arguments: dict[str, Any], text: str, ok: bool, line: str
) -> None:
    call, _, result = line_for(tool, arguments, text, ok).partition(" → ")
    assert result == line
    about = arguments.get("command", arguments.get("path", ""))
    assert call.split() == [tool, *str(about or "").split()]


@given(
    tool=st.sampled_from(sorted(TOOLS)) | st.text(),
    about=st.text() | st.text(min_size=300) | st.none() | st.integers(),
    text=st.text() | st.text(min_size=300),
    ok=st.booleans(),
)
def test_the_line_is_short_and_printable(
    tool: str, about: Any, text: str, ok: bool
) -> None:
    for key in ("path", "command"):
        line = line_for(tool, {key: about}, text, ok)
        assert len(line) <= 160
        assert line.isprintable()
