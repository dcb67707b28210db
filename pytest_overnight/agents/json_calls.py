"""Tool calls that stand as JSON in a text.

JSON is a call when it names a tool together with arguments of that tool; a sample in an
answer about something else must not be carried out.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any

from pytest_overnight.agents.names import clean_name
from pytest_overnight.agents.repair import repair
from pytest_overnight.agents.tools import TOOLS
from pytest_overnight.models.base import ToolCall

_PLACE = re.compile(
    rf"""(?:^|(?<=[>\]:;`]))[ \t]*"""
    rf"""(?:({"|".join(TOOLS)})\([ \t]*)?(?=[{{\[]\s*["{{\[])""",
    re.MULTILINE,
)
"""Where JSON may begin that is a call: a line, or a marker such as <tool_call>."""
_BETWEEN = re.compile(r"(?:[\s;,)]|</?tool_calls?>|```\w*)*")
_DECODER = json.JSONDecoder(strict=False)
"""Takes line ends inside strings, the commonest fault of JSON that holds code."""
_EFFORT = 4_000_000
"""Characters of broken JSON that are read at most."""
_EACH = 5_000
"""What a failure costs in any case: Python counts the lines before it."""


def json_calls(text: str) -> tuple[list[ToolCall], int]:
    """The calls in ``text``, and where the first begins.

    Those that follow the first with nothing between them are taken, too.
    """
    calls: list[ToolCall] = []
    first = last = len(text)
    for start, end, name, value in _json_values(text):
        if calls and not (start - last < 100 and _BETWEEN.fullmatch(text, last, start)):
            break
        found = _calls_in({"name": name, "arguments": value} if name else value)
        if calls and not found:
            break
        first = first if calls else start
        last = end
        calls += found
    return calls, first


def _json_values(text: str) -> Iterator[tuple[int, int, str, Any]]:
    """Start, end, name written before it, and value of what may be a call."""
    effort, at = _EFFORT, 0
    while effort > 0 and (place := _PLACE.search(text, at)):
        begin = place.end()
        try:
            value, at = _DECODER.raw_decode(text, begin)
        except json.JSONDecodeError as error:
            effort -= _EACH + max(0, error.pos - begin)
            at = begin + 1
        except (ValueError, RecursionError):
            effort -= _EACH + len(text) - begin
            at = begin + 1
        else:
            yield place.start(), at, place[1] or "", value


_NAMES = ("name", "tool", "tool_name", "function", "function_name", "action")
_ARGUMENTS = (
    "arguments parameters args input kwargs params action_input tool_input tool_args"
).split()


def _calls_in(value: Any, depth: int = 0) -> list[ToolCall]:
    """The calls that a JSON value is, all of it; empty if it is anything else."""
    if depth > 3:
        return []
    if isinstance(value, list):
        calls: list[ToolCall] = []
        for item in value:
            found = _calls_in(item, depth + 1)
            if not found:
                return []
            calls += found
        return calls
    if not isinstance(value, dict):
        return []
    for key, form in (("tool_calls", list), ("function", dict)):
        if isinstance(value.get(key), form):
            return _calls_in(value[key], depth + 1)
    return [call for call in [_call_in(value)] if call]


def _call_in(value: dict[str, Any]) -> ToolCall | None:
    if len(value) == 1 and (name := next(iter(value))) in TOOLS:
        return checked(name, value[name])
    key = next((key for key in _NAMES if isinstance(value.get(key), str)), None)
    if key is None:
        return None
    name = value[key]
    for word in _ARGUMENTS:
        if word in value:
            return checked(name, value[word])
    rest = {k: v for k, v in value.items() if k != key}
    tool = TOOLS.get(clean_name(name))
    if key == "name" or not rest or not tool or not set(rest) <= set(tool.parameters):
        return None
    return checked(name, rest)


def checked(name: str, arguments: Any) -> ToolCall | None:
    """The call, if its name is one of a tool and its arguments belong to that."""
    action = repair(ToolCall(name, arguments), "/")
    if clean_name(name) not in TOOLS:
        return None
    # A sample such as {"name": "open", "input": …} is no call: only the tools' own
    # names are answered with what is missing.
    bare = isinstance(arguments, str) and not arguments.lstrip().startswith("{")
    if (action.problem or bare) and name not in TOOLS:
        return None
    understood = bool(action.arguments) or arguments == {}
    return ToolCall(name, arguments) if understood else None
