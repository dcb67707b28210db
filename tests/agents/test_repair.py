"""What weak models write as a tool call, and what becomes of it."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pytest_overnight.agents.repair import EXAMPLES
from pytest_overnight.agents.repair import repair
from pytest_overnight.agents.tools import TOOLS
from pytest_overnight.models.base import ToolCall

WORKSPACE = "/ws"


def mended(name: str, arguments: Any) -> tuple[str, dict[str, Any]]:
    action = repair(ToolCall(name, arguments), WORKSPACE)
    assert action.problem == ""
    return action.tool, action.arguments


@pytest.mark.parametrize("name", sorted(TOOLS))
def test_a_good_call_is_left_alone(name: str) -> None:
    action = repair(ToolCall(name, EXAMPLES[name]), WORKSPACE)
    assert (action.tool, action.arguments) == (name, EXAMPLES[name])
    assert action.repairs == ()
    assert action.problem == ""


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ("write_file<|channel|>analysis", "write_file"),
        ("functions.write_file", "write_file"),
        ("assistant.tools.write_file", "write_file"),
        ('"write_file"', "write_file"),
        ("Write-File", "write_file"),
        ("writeFile", "write_file"),
        ("create_file", "write_file"),
        ("write", "write_file"),
    ],
)
def test_names_are_cleaned(written: str, meant: str) -> None:
    action = repair(ToolCall(written, EXAMPLES["write_file"]), WORKSPACE)
    assert action.tool == meant
    assert action.problem == ""
    assert len(action.repairs) == 1


@pytest.mark.parametrize(
    ("alias", "tool"),
    [
        ("bash", "run_command"),
        ("container.exec", "run_command"),
        ("str_replace", "edit_file"),
        ("cat", "read_file"),
        ("ls", "list_files"),
        ("submit", "finish"),
    ],
)
def test_names_from_elsewhere_are_known(alias: str, tool: str) -> None:
    assert mended(alias, EXAMPLES[tool]) == (tool, EXAMPLES[tool])


def test_a_lost_name_is_inferred_when_the_arguments_fit_one_tool_only() -> None:
    call = ToolCall("assistant<|channel|>analysis", EXAMPLES["edit_file"])
    assert repair(call, WORKSPACE).tool == "edit_file"


def test_a_lost_name_is_not_guessed_when_several_tools_fit() -> None:
    action = repair(ToolCall("<|channel|>", {"path": "a.py"}), WORKSPACE)
    assert "Call one of them: list_files, read_file" in action.problem


def test_an_unknown_tool_is_answered_with_the_names_there_are() -> None:
    action = repair(ToolCall("browse_web", {"url": "x"}), WORKSPACE)
    assert action.problem.startswith('There is no tool "browse_web".')
    assert all(name in action.problem for name in TOOLS)


CALL = {"path": "a.py", "content": "x = 1\n"}


@pytest.mark.parametrize(
    "arguments",
    [
        json.dumps(CALL),
        {"arguments": json.dumps(CALL)},
        {"arguments": CALL},
        {"parameters": {"input": CALL}},
        {"name": "write_file", "arguments": CALL},
        [CALL],
        {"filename": "a.py", "text": "x = 1\n"},
        {"filePath": "a.py", "fileContent": "x = 1\n"},
        {"path": "./a.py", "content": "x = 1\n"},
        {"path": "/ws/a.py", "content": "x = 1\n"},
        {"path": "a.py", "content": "```python\nx = 1\n```"},
        {"path": "a.py", "content": ["x = 1", ""]},
        {**CALL, "reasoning": "because"},
        {**CALL, "mode": None},
    ],
)
def test_arguments_are_brought_into_form(arguments: Any) -> None:
    assert mended("write_file", arguments) == ("write_file", CALL)


@pytest.mark.parametrize(
    ("tool", "arguments", "expected"),
    [
        ("run_command", {"command": ["bash", "-lc", "ls | wc"]}, "ls | wc"),
        ("run_command", {"command": ["echo", "a b"]}, "echo 'a b'"),
        ("run_command", {"cmd": "ls"}, "ls"),
        ("run_command", "ls -l", "ls -l"),
        ("run_command", {"command": "l\0s"}, "ls"),
    ],
)
def test_commands_come_in_many_forms(tool: str, arguments: Any, expected: str) -> None:
    assert mended(tool, arguments)[1] == {"command": expected}


def test_numbers_and_booleans_may_be_written_as_text() -> None:
    read = mended("read_file", {"path": "a", "start": "3", "end_line": 7.0})
    assert read[1] == {"path": "a", "start_line": 3, "end_line": 7}
    edit = {**EXAMPLES["edit_file"], "replaceAll": "True"}
    assert mended("edit_file", edit)[1]["replace_all"] is True


def test_what_is_no_number_is_dropped() -> None:
    arguments = {"path": "a", "start_line": "the top", "end_line": float("nan")}
    assert mended("read_file", arguments)[1] == {"path": "a"}


def test_a_fence_in_a_markdown_file_stays() -> None:
    content = "```\ncode\n```"
    call = {"path": "README.md", "content": content}
    assert mended("write_file", call)[1]["content"] == content


def test_two_fences_stay() -> None:
    content = "```\na\n```\ntext\n```\nb\n```"
    call = {"path": "notes.txt", "content": content}
    assert mended("write_file", call)[1]["content"] == content


@pytest.mark.parametrize(
    ("word", "status"),
    [("success", "done"), ("Failed", "blocked"), ("DONE", "done"), ("hm", "done")],
)
def test_other_words_for_the_end_are_understood(word: str, status: str) -> None:
    assert mended("finish", {"status": word})[1]["status"] == status


def test_a_missing_argument_is_named_with_an_example() -> None:
    action = repair(ToolCall("edit_file", {"path": "a", "new_text": "b"}), WORKSPACE)
    assert action.problem.startswith(
        'edit_file needs "old_text" (Exact lines from the file, found only once). '
        "You sent: path, new_text. Example: edit_file {"
    )


def test_arguments_that_are_no_object_are_explained() -> None:
    action = repair(ToolCall("write_file", "{not json"), WORKSPACE)
    assert action.problem.startswith("The arguments must be an object.")
    assert action.arguments == {}


anything = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=8,
)
names = st.sampled_from([*TOOLS, "bash", "cat", "", "<|x|>"]) | st.text(max_size=20)
argument_names = st.sampled_from(
    [*{key for tool in TOOLS.values() for key in tool.parameters}, "cmd", "arguments"]
)
likely = st.dictionaries(argument_names, anything, max_size=5)
TYPES = {"string": str, "integer": int, "boolean": bool}


@given(name=names, arguments=likely | anything)
def test_whatever_comes_a_call_without_a_problem_is_well_formed(
    name: str, arguments: Any
) -> None:
    action = repair(ToolCall(name, arguments), WORKSPACE)
    if action.problem:
        return
    tool = TOOLS[action.tool]
    assert set(tool.required) <= set(action.arguments) <= set(tool.parameters)
    for key, value in action.arguments.items():
        assert type(value) is TYPES[tool.parameters[key].type]


@given(name=names, arguments=likely)
def test_repairing_what_was_repaired_changes_nothing(name: str, arguments: Any) -> None:
    once = repair(ToolCall(name, arguments), WORKSPACE)
    if once.problem:
        return
    again = repair(ToolCall(once.tool, once.arguments), WORKSPACE)
    assert (again.tool, again.arguments) == (once.tool, once.arguments)
    assert again.repairs == ()
