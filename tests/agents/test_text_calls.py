"""Tool calls written as text: in the protocol's tags, as JSON, and what is no call."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pytest_overnight.agents.repair import EXAMPLES
from pytest_overnight.agents.repair import repair
from pytest_overnight.agents.text_calls import PROTOCOL
from pytest_overnight.agents.text_calls import STOPS
from pytest_overnight.agents.text_calls import completed
from pytest_overnight.agents.text_calls import protocol_call
from pytest_overnight.agents.text_calls import stray_calls
from pytest_overnight.agents.text_calls import written
from pytest_overnight.agents.tools import TOOLS
from pytest_overnight.models.base import ToolCall

LS = ToolCall("run_command", {"command": "ls"})
READ = ToolCall("read_file", {"path": "a.py"})
WRITE = ToolCall("write_file", {"path": "a.py", "content": "x = 1\n"})
EDIT = ToolCall("edit_file", {"path": "a.py", "old_text": "a\n  b", "new_text": "c"})


# -- the protocol ----------------------------------------------------------------------


def test_the_protocol_shows_every_tool_and_all_it_takes() -> None:
    for name, tool in TOOLS.items():
        assert tool.description in PROTOCOL
        assert written(ToolCall(name, EXAMPLES[name])) in PROTOCOL
        shown = PROTOCOL.partition(tool.description)[2].partition(f"</{name}>")[0]
        for key in set(tool.parameters) - set(EXAMPLES[name]):
            assert f'{key}="…"' in shown
    assert [f"</{name}>" for name in TOOLS] == list(STOPS)


safe = st.text(alphabet="ab1 /._-=\"'&{}<", max_size=40)
attribute = st.text(alphabet="ab1 /._-*'", min_size=1, max_size=20).map(str.strip)
lines = st.lists(safe, max_size=5)
block = lines.map(lambda each: "".join(f"{line}\n" for line in each))
plain = lines.map(lambda each: "\n".join(each).strip())
calls = st.one_of(
    st.builds(lambda p: ToolCall("read_file", {"path": p}), attribute),
    st.builds(
        lambda p, n, m: ToolCall(
            "read_file", {"path": p, "start_line": n, "end_line": m}
        ),
        attribute,
        st.integers(1, 9999),
        st.integers(1, 9999),
    ),
    st.builds(
        lambda p, q: ToolCall("list_files", {"path": p, "pattern": q}),
        attribute,
        attribute,
    ),
    st.builds(
        lambda p, c: ToolCall("write_file", {"path": p, "content": c}), attribute, block
    ),
    st.builds(
        lambda p, a, b, r: ToolCall(
            "edit_file", {"path": p, "old_text": a, "new_text": b, "replace_all": r}
        ),
        attribute,
        block | plain,
        block | plain,
        st.booleans(),
    ),
    st.builds(
        lambda c, t: ToolCall("run_command", {"command": c, "timeout": t}),
        plain,
        st.integers(1, 600),
    ),
    st.builds(
        lambda s, t: ToolCall("finish", {"summary": s, "status": t}),
        plain,
        st.sampled_from(["done", "blocked"]),
    ),
)


@given(call=calls, talk=st.sampled_from(["", "Now I do it.\n", "So:\n\n", "```\n"]))
def test_what_is_written_in_tags_is_read_back_with_or_without_its_end(
    call: ToolCall, talk: str
) -> None:
    text = talk + written(call)
    stopped = text.removesuffix(f"</{call.name}>")
    assert protocol_call(text) == call
    assert protocol_call(text + "\n\nResult: [exit status 0]") == call
    assert protocol_call(stopped) == call
    assert completed(stopped) == text == completed(text)


@pytest.mark.parametrize(
    ("text", "call"),
    [
        ("<run_command>ls</run_command>", LS),
        ("<run_command>\nls\n</run_command>", LS),
        ("<run_command>ls", LS),
        ("  <run_command>ls", LS),
        ("I look: <run_command>ls", LS),
        ("I use `<run_command>ls</run_command>` now.", LS),
        ("```xml\n<run_command>\nls\n</run_command>\n```", LS),
        ("<run_command><command>ls</command></run_command>", LS),
        ('<read_file path="a.py"></read_file>', READ),
        ('<read_file path="a.py"/>', READ),
        ("<read_file path='a.py' />", READ),
        ("<read_file path=a.py>", READ),
        ('I read <read_file path="a.py">', READ),
        ("<read_file>a.py</read_file>", READ),
        ("<read_file>\n<path>a.py</path>\n</read_file>", READ),
        ('<write_file path="a.py">\nx = 1\n</write_file>', WRITE),
        ('<write_file path="a.py">\r\nx = 1\n</write_file>', WRITE),
        ('<write_file path="a.py">\nx = 1', WRITE),
        ('<write_file path="a.py">\nx = 1\n  </write_file>', WRITE),
        ("<write_file>\n<path>a.py</path>\n<content>\nx = 1\n</content>", WRITE),
        (written(EDIT), EDIT),
        (written(EDIT).replace("</old_text>\n", ""), EDIT),
        (written(EDIT).replace("</new_text>\n", ""), EDIT),
        (written(EDIT).replace("\n</", "\n  </"), EDIT),
        (
            '<edit_file path="a.py"><new_text>c</new_text><old_text>a\n  b</old_text>',
            EDIT,
        ),
    ],
)
def test_the_forms_that_weak_models_make_of_it_are_read(
    text: str, call: ToolCall
) -> None:
    read = protocol_call(text)
    assert read
    action = repair(read, "/ws")
    assert (action.tool, action.arguments) == (call.name, call.arguments)
    assert not action.problem


def test_the_last_block_counts_and_what_follows_it_does_not() -> None:
    text = f"{written(READ)}\nThen:\n{written(LS)}\nResult: fine. I use <finish> then."
    assert protocol_call(text) == LS
    assert protocol_call(f"{written(LS)}\n{written(READ)}") == READ


def test_tags_inside_a_closed_body_are_text() -> None:
    content = f"# Help\n{written(LS)}\n{written(READ)}\n"
    call = ToolCall("write_file", {"path": "help.txt", "content": content})
    assert protocol_call(written(call)) == call


def test_bodies_are_never_unescaped() -> None:
    content = 'a = "&lt;b&gt; \\n"  # <c> & </d> ]]>\n'
    call = ToolCall("write_file", {"path": "a.py", "content": content})
    assert protocol_call(written(call)) == call


@pytest.mark.parametrize(
    "text",
    [
        "",
        "All is done.",
        "I will use the <read_file> tool, then <finish> to end.",
        "When it works, `<finish>` ends the work.",
        "Use <run_command> for that.\nOr <write_file>.",
        "<run_commands>ls</run_commands>",
        '<write_file path="a.py"',
        "a <b and <html><body>c</body></html>",
    ],
)
def test_a_tag_that_is_only_mentioned_is_no_action(text: str) -> None:
    assert protocol_call(text) is None
    assert completed(text) == text


def test_a_tag_without_what_it_needs_is_answered_with_its_form() -> None:
    call = protocol_call("<write_file>\nx = 1\n</write_file>")
    assert call
    problem = repair(call, "/ws", written).problem
    assert problem.startswith('write_file needs "path" (File to write).')
    assert problem.endswith(written(ToolCall("write_file", EXAMPLES["write_file"])))


# -- calls written by models that have tools -------------------------------------------

CALL = {"name": "write_file", "arguments": {"path": "a.py", "content": "x = 1\n"}}
JSON = json.dumps(CALL)


@pytest.mark.parametrize(
    "text",
    [
        JSON,
        json.dumps(CALL, indent=2),
        f"I write it now.\n\n```json\n{JSON}\n```\nThen I test it.",
        f"```\n{json.dumps(CALL, indent=4)}\n```",
        f"Action: {JSON}",
        f"I call `{JSON}`.",
        f"<tool_call>\n{JSON}\n</tool_call>",
        f"<tool_call>{JSON}",
        f"[TOOL_CALLS][{JSON}]",
        f"<|python_tag|>{JSON}",
        f"[{JSON}]",
        json.dumps({"tool_calls": [{"type": "function", "function": CALL}]}),
        json.dumps([{"id": "1", "type": "function", "function": CALL}]),
        json.dumps({"function": {**CALL, "arguments": json.dumps(CALL["arguments"])}}),
        json.dumps({"function": CALL})[:-1],
        json.dumps({"tool": "write_file", **CALL["arguments"]}),  # type: ignore[dict-item]
        json.dumps({"tool": "write_file", "args": CALL["arguments"]}),
        json.dumps({"tool_name": "create_file", "parameters": CALL["arguments"]}),
        json.dumps({"action": "write_file", "action_input": CALL["arguments"]}),
        json.dumps({"function": "functions.write_file", "input": CALL["arguments"]}),
        json.dumps({"write_file": CALL["arguments"]}),
        f"write_file({json.dumps(CALL['arguments'])})",
        f"```python\nwrite_file( {json.dumps(CALL['arguments'])} )\n```",
        JSON.replace("\\n", "\n"),
        written(WRITE),
        f"I write it.\n```xml\n{written(WRITE)}\n```",
        "<function=write_file>\n<parameter=path>\na.py\n</parameter>\n"
        "<parameter=content>\nx = 1\n</parameter>\n</function>\n</tool_call>",
    ],
)
def test_a_call_that_was_written_down_is_found(text: str) -> None:
    (call,) = stray_calls(text)
    action = repair(call, "/ws")
    assert (action.tool, action.arguments) == (WRITE.name, WRITE.arguments)
    assert not action.problem


def test_calls_that_follow_each_other_are_all_found() -> None:
    two = {"name": "read_file", "arguments": {"path": "a.py"}}
    for between in ("\n", "\n</tool_call>\n<tool_call>\n", "; ", "\n```\n```json\n"):
        found = stray_calls(f"<tool_call>{JSON}{between}{json.dumps(two)}")
        assert [call.name for call in found] == ["write_file", "read_file"]
    (only,) = stray_calls(f"{JSON}\nThe file has now 3 lines.\n{json.dumps(two)}")
    assert only.name == "write_file"


def test_a_call_that_holds_another_form_is_read_as_what_stands_outside() -> None:
    inside = {"path": "doc.md", "content": f"Example: {written(LS)}\n"}
    (call,) = stray_calls(json.dumps({"name": "write_file", "arguments": inside}))
    assert call.arguments == inside
    outside = ToolCall("write_file", {"path": "calls.json", "content": f"{JSON}\n"})
    assert stray_calls(written(outside)) == (outside,)


def test_a_tool_by_its_own_name_that_lacks_something_is_found_to_be_answered() -> None:
    (call,) = stray_calls('{"name": "write_file", "arguments": {"path": "a.py"}}')
    assert 'write_file needs "content"' in repair(call, "/ws").problem


SCHEMA = {
    "type": "function",
    "function": {
        "name": "list_files",
        "parameters": {"type": "object", "properties": {}, "required": []},
    },
}


@pytest.mark.parametrize(
    "text",
    [
        "",
        "I have read the file and will now write it.",
        "The tool write_file takes a path and a content.",
        '```json\n{"name": "demo", "version": "1.0", "scripts": {"test": "ls"}}\n```',
        '{"name": "open", "input": "door"}',
        '{"name": "create", "parameters": {"user": 1}}',
        '{"name": "write_file"}',
        '{"name": "write_file", "description": "writes"}',
        '{"name": "run", "command": "ls"}',
        '{"path": "a.py", "content": "x"}',
        '[{"name": "read_file", "arguments": {"path": "a"}}, {"name": "Bob"}]',
        '{"write_file": true}',
        '{"finish": {"type": "object"}}',
        json.dumps(SCHEMA),
        json.dumps([SCHEMA]),
        "def run():\n    return {'name': 'write_file'}",
        '```js\nopen({"path": "a"})\nfetch({"name": "read_file"})\n```',
        "```python\ncalls = [[1, 2], [3]]\nwrite_file(path, content)\n```",
        "Close it with <finish> or `</finish>`.",
        "<finish status='done'>",
        "<function=delete_all>\n<parameter=path>\n.\n</parameter>\n</function>",
        "{" * 50,
        '{"name": "write_file", "arguments": {',
    ],
)
def test_prose_and_samples_are_no_calls(text: str) -> None:
    assert stray_calls(text) == ()


pieces = st.sampled_from(
    [
        *[f"<{name}" for name in TOOLS],
        *[f"<{name}>" for name in TOOLS],
        *STOPS,
        *["<old_text>", "</old_text>", "<new_text>", "<path>", "</tool_call>"],
        *["<function=write_file>", "<parameter=path>", "</parameter>", "</function>"],
        *['"', "'", "\n", " ", ">", "/>", "{", "}", "[", "]", ":", ",", "`", "```"],
        *['"name"', '"arguments"', '"write_file"', 'path="a"', "(", ")", "1e999"],
        *[JSON, "<tool_call>", "NaN", "9" * 5000, "\ud800", "\0", "é", "\r"],
    ]
)


@given(text=st.lists(pieces | st.text(max_size=10), max_size=40).map("".join))
def test_no_text_makes_a_reader_fail(text: str) -> None:
    found = [*stray_calls(text), *filter(None, [protocol_call(text)])]
    completed(text)
    for call in found:
        assert repair(call, "/ws").tool in TOOLS


anything: st.SearchStrategy[Any] = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: (
        st.lists(inner)
        | st.dictionaries(
            st.sampled_from(["name", "tool", "function", "arguments", "tool_calls"])
            | st.text(),
            inner | st.sampled_from(["read_file", "bash", "finish"]),
        )
    ),
    max_leaves=10,
)


@given(value=anything)
def test_no_json_makes_a_reader_fail(value: Any) -> None:
    for call in stray_calls(json.dumps(value)):
        assert repair(call, "/ws").tool in TOOLS


MEGABYTE = 1 << 20


@pytest.mark.parametrize(
    "unit",
    [
        *["a", " ", "\n", "<", "{", "[", '{"', '{"a":', '{"a":\n', '[1,\n{"a":1},\n'],
        *['{"a": [\n{},', '"', "`", "(", "\\", '{"\\', "{\n", "<run_command>"],
        *["<run_command>\n", '<write_file path="a">\n', '<write_file "', "</finish>"],
        *['<write_file path="a', "<edit_file><path>", "<edit_file>\n<old_text>\n"],
        *[
            "<function=write_file>",
            "<function=write_file><parameter=path>",
            "read_file(",
        ],
        *['```json\n{"name": "x"}\n```\n', ": [[", "</tool_call>", "<tool_call>{"],
        JSON,
        f"{JSON}\n",
    ],
)
def test_a_text_of_a_megabyte_is_read_in_linear_time(unit: str) -> None:
    # Quadratic readers do not come back from this for minutes.
    text = unit * (MEGABYTE // len(unit))
    protocol_call(text)
    stray_calls(text)
    protocol_call(f"<edit_file path='a'>{text}")
    stray_calls(f"<function=write_file>{text}")
