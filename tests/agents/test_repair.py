"""What weak models write as a tool call, and what becomes of it."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pytest_overnight.agents.repair import EXAMPLES
from pytest_overnight.agents.repair import Action
from pytest_overnight.agents.repair import repair
from pytest_overnight.agents.tools import TOOLS
from pytest_overnight.agents.tools import Parameter
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
        ("functions.write_file:0", "write_file"),
        ("functions/write_file", "write_file"),
        ("repo_browser.create_file", "write_file"),
        ("assistant<|channel|>write_file", "write_file"),
        ("commentary to=functions.write_file", "write_file"),
        ("write_file json", "write_file"),
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


@pytest.mark.parametrize(
    "lost",
    ["assistant<|channel|>analysis", "functions", "<|channel|>", "", "final", " . "],
)
@pytest.mark.parametrize("tool", ["write_file", "edit_file", "run_command", "finish"])
def test_a_lost_name_is_inferred_when_the_arguments_fit_one_tool_only(
    lost: str, tool: str
) -> None:
    action = repair(ToolCall(lost, EXAMPLES[tool]), WORKSPACE)
    assert (action.tool, action.problem) == (tool, "")
    assert action.repairs == (f"name inferred from the arguments: {tool}",)


@pytest.mark.parametrize(
    "arguments", [{}, {"path": "a.py"}, {"path": "a", "colour": 1}, {"text": "x"}, None]
)
def test_a_lost_name_is_not_guessed_when_none_or_several_tools_fit(
    arguments: Any,
) -> None:
    action = repair(ToolCall("assistant<|channel|>", arguments), WORKSPACE)
    assert "Call one of them: list_files, read_file" in action.problem


def test_a_lost_name_may_stand_beside_the_arguments() -> None:
    inner = {"name": "read_file", "arguments": {"path": "a.py"}}
    call = ToolCall("assistant<|channel|>analysis", inner)
    assert repair(call, WORKSPACE).tool == "read_file"
    assert repair(ToolCall("list_files", inner), WORKSPACE).tool == "list_files"


def test_several_names_in_one_are_not_chosen_from() -> None:
    action = repair(ToolCall("read_file or finish", {"path": "a"}), WORKSPACE)
    assert action.problem.startswith('There is no tool "read_file_or_finish".')


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
        {"tool": "write_file", "parameters": CALL},
        {"type": "function", "id": "1", "arguments": CALL},
        json.dumps(CALL).replace("\\n", "\n"),
        json.dumps([CALL]),
        [CALL],
        {"filename": "a.py", "text": "x = 1\n"},
        {"filePath": "a.py", "fileContent": "x = 1\n"},
        {"file-name": "a.py", "Content": "x = 1\n"},
        {"target_file": "a.py", "file_text": "x = 1\n"},
        {"path": "./a.py", "content": "x = 1\n"},
        {"path": " `a.py` ", "content": "x = 1\n"},
        {"path": ["a.py"], "content": "x = 1\n"},
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
        ("run_command", {"command": ["/bin/sh", "-c", "ls | wc"]}, "ls | wc"),
        ("run_command", {"command": '["bash", "-lc", "ls | wc"]'}, "ls | wc"),
        ("run_command", {"command": '{"command": "ls"}'}, "ls"),
        ("run_command", {"command": "```bash\nls\n```"}, "ls"),
        ("run_command", {"command": "[ -e a ] || ls"}, "[ -e a ] || ls"),
        ("run_command", {"input": "ls"}, "ls"),
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
    assert mended("edit_file", edit | {"replaceAll": "0"})[1]["replace_all"] is False


def test_what_is_no_number_is_dropped() -> None:
    arguments = {"path": "a", "start_line": "the top", "end_line": float("nan")}
    assert mended("read_file", arguments)[1] == {"path": "a"}


@pytest.mark.parametrize("number", [10**400, 2**53 + 1, float("inf"), "1e999", [1]])
def test_numbers_that_no_server_takes_back_are_dropped(number: Any) -> None:
    arguments = {"path": "a", "start_line": number}
    assert mended("read_file", arguments)[1] == {"path": "a"}


def test_large_numbers_are_not_rounded() -> None:
    arguments = {"path": "a", "start_line": 2**53 - 1}
    assert mended("read_file", arguments)[1] == arguments


@pytest.mark.parametrize("path", ["README.md", "a.MARKDOWN", "docs/a.rst"])
def test_a_fence_in_a_markdown_file_stays(path: str) -> None:
    content = "```\ncode\n```"
    call = {"path": path, "content": content}
    assert mended("write_file", call)[1]["content"] == content


def test_fences_around_both_texts_of_an_edit_are_taken_off() -> None:
    fenced = {"old_text": "```python\na = 1\n```", "new_text": "```\na = 2\n```"}
    edit = mended("edit_file", {"path": "app.py"} | fenced)[1]
    assert edit == EXAMPLES["edit_file"]


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


def test_an_example_has_the_form_that_the_model_writes() -> None:
    call = ToolCall("run_command", {})
    problem = repair(call, WORKSPACE, lambda example: f"<{example.name}>").problem
    assert problem.endswith("You sent: nothing. Example: <run_command>")


surrogates = st.text(alphabet="a\ud800\udfff\0", max_size=4)
scalars = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.sampled_from([-(10**400), 2**60])
    | st.floats()
    | st.text()
    | surrogates
)
keys = st.text() | surrogates | st.integers() | st.none() | st.floats()
anything = st.recursive(
    scalars,
    lambda inner: (
        st.lists(inner)
        | st.dictionaries(keys, inner)
        | st.builds(json.dumps, st.dictionaries(st.text(), st.text() | st.integers()))
    ),
    max_leaves=8,
)
names = st.sampled_from([*TOOLS, "bash", "cat", "", "<|x|>", "a<|x|>b"])
names |= st.text(max_size=20) | surrogates
argument_names = st.sampled_from(
    [
        *{key for tool in TOOLS.values() for key in tool.parameters},
        *["cmd", "arguments", "input", "name", "\ud800"],
    ]
)
likely = st.dictionaries(argument_names, anything, max_size=5)
TYPES = {"string": str, "integer": int, "boolean": bool}


def assert_it_can_be_kept_and_sent(action: Action) -> None:
    for text in (action.tool, action.problem, *action.repairs):
        text.encode()
    # NaN is no JSON, and a lone surrogate no UTF-8: servers refuse both.
    sent = json.dumps(action.arguments, allow_nan=False, ensure_ascii=False)
    sent.encode()
    assert json.loads(sent) == action.arguments


@given(name=names, arguments=likely | anything)
def test_whatever_comes_the_action_can_be_kept_and_sent(
    name: str, arguments: Any
) -> None:
    assert_it_can_be_kept_and_sent(repair(ToolCall(name, arguments), WORKSPACE))


def deep(levels: int) -> Any:
    value: Any = "x"
    for level in range(levels):
        value = {"arguments": value} if level % 2 else [value, 1]
    return value


EXTREMES = {
    "number": 10**5000,
    "nesting": deep(20_000),
    "keys": {(1, 2): b"x"},
    "object": object(),
}


@pytest.mark.parametrize("kind", EXTREMES)
@pytest.mark.parametrize("name", [*TOOLS, "", "nothing_of_that_name"])
def test_what_python_cannot_even_print_does_no_harm(name: str, kind: str) -> None:
    extreme = EXTREMES[kind]
    given_keys = TOOLS[name].parameters if name in TOOLS else {"path", "name"}
    for arguments in [
        extreme,
        [extreme],
        {"arguments": extreme, "name": extreme},
        {extreme: 1} if isinstance(extreme, int) else {},
        *[{key: extreme} for key in given_keys],
        *[{key: [extreme]} for key in given_keys],
    ]:
        action = repair(ToolCall(name, arguments), WORKSPACE)
        assert_it_can_be_kept_and_sent(action)


@pytest.mark.parametrize("start", ["[", '{"a":', "9"])
def test_json_that_cannot_be_read_is_taken_as_text(start: str) -> None:
    text = start * 100_000
    assert mended("run_command", text)[1] == {"command": text}
    assert mended("run_command", {"command": text})[1] == {"command": text}


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


def valid_value(key: str, parameter: Parameter) -> st.SearchStrategy[Any]:
    """What a careful model sends for one argument."""
    if parameter.choices:
        return st.sampled_from(parameter.choices)
    if parameter.type == "integer":
        return st.integers(-(2**53), 2**53)
    if parameter.type == "boolean":
        return st.booleans()
    if key == "path":
        part = st.text(alphabet="abc.-_ é", min_size=1, max_size=8).map(str.strip)
        part = part.filter(lambda each: each not in {"", ".", ".."})
        return st.lists(part, min_size=1, max_size=3).map("/".join)
    # A fence around all of it, and JSON for a command, are what repair takes off.
    text = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="`\0"))
    if key == "command":
        return text.filter(lambda each: each and each.lstrip()[:1] not in set("[{"))
    return text


@st.composite
def valid_calls(draw: st.DrawFn) -> ToolCall:
    """A call as the schemas ask for it; what is optional may be left out."""
    name = draw(st.sampled_from(sorted(TOOLS)))
    arguments = {
        key: draw(valid_value(key, parameter))
        for key, parameter in TOOLS[name].parameters.items()
        if parameter.required or draw(st.booleans())
    }
    return ToolCall(name, arguments)


@given(call=valid_calls())
def test_a_valid_call_is_never_changed(call: ToolCall) -> None:
    action = repair(call, WORKSPACE)
    assert (action.tool, action.arguments) == (call.name, call.arguments)
    assert (action.repairs, action.problem) == ((), "")
