"""Tool calls in the text of an answer, for models that have no tools or forget them.

Two readers. :func:`protocol_call` is for models without tools: they are told
:data:`PROTOCOL`, six tags with raw bodies, because code inside JSON strings is what
they get wrong. :func:`stray_calls` is for models with tools that wrote a call down
instead of making it. Both are linear in the text's length and never raise.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from pytest_overnight.agents.json_calls import checked
from pytest_overnight.agents.json_calls import json_calls
from pytest_overnight.agents.names import clean_name
from pytest_overnight.agents.repair import EXAMPLES
from pytest_overnight.agents.tools import TOOLS
from pytest_overnight.models.base import ToolCall

BODIES = {
    "list_files": "path",
    "read_file": "path",
    "write_file": "content",
    "run_command": "command",
    "finish": "summary",
}
"""Tool → the argument that stands between its tags; edit_file has two, in tags."""
STOPS = tuple(f"</{tool}>" for tool in TOOLS)
"""Where an answer ends: what a model would write next is an invented result."""


# -- the protocol as models are told of it ---------------------------------------------


def written(call: ToolCall) -> str:
    """``call`` in tags; it must be one that needs no repair."""
    tool, arguments = call.name, dict(call.arguments)
    body = ""
    if tool == "edit_file":
        parts = [(key, arguments.pop(key)) for key in ("old_text", "new_text")]
        body = "".join(f"\n<{key}>\n{text}\n</{key}>" for key, text in parts) + "\n"
    elif tool not in {"list_files", "read_file"}:
        text = arguments.pop(BODIES[tool], "")
        body = "\n" + text if text.endswith("\n") else text
    attributes = "".join(
        f' {key}="{str(value).lower() if isinstance(value, bool) else value}"'
        for key, value in arguments.items()
    )
    return f"<{tool}{attributes}>{body}</{tool}>"


def _protocol() -> str:
    parts = [_RULES]
    for name, tool in TOOLS.items():
        more = [
            f'{key}="…" ({parameter.description.rstrip(".")})'
            for key, parameter in tool.parameters.items()
            if key not in EXAMPLES[name] or parameter.choices
        ]
        also = f" May also have {', '.join(more)}." if more else ""
        example = written(ToolCall(name, EXAMPLES[name]))
        parts.append(f"{tool.description}{also}\n{example}")
    return "\n\n".join(parts) + "\n"


_RULES = """\
You act by writing tags. End every answer with exactly one action, in one of the forms \
below, beginning on a line of its own. Text between tags is taken as it is: no \
quoting, no escaping, no code fence around it. Write nothing after the action; its \
result comes in the next message."""
PROTOCOL = _protocol()
"""What a model without tools is told after its task."""


# -- reading the protocol --------------------------------------------------------------


def protocol_call(text: str) -> ToolCall | None:
    """The last action that ``text`` holds in tags; None without one.

    The last block counts even without its closing tag, since a server that stops at
    :data:`STOPS` leaves that out. (An answer cut at the output limit looks the same:
    ask ``done_reason`` first.) What follows the block is ignored. Content that begins
    on a line of its own also ends with a line end.
    """
    blocks = list(_blocks(text))
    return _call_of(text, blocks[-1]) if blocks else None


def completed(text: str) -> str:
    """``text`` with the closing tag at which the server ended it.

    For the conversation: a model copies what it finds there.
    """
    blocks = list(_blocks(text))
    if not blocks or blocks[-1][2]:
        return text
    return f"{text}</{blocks[-1][0][1]}>"


_OPENING = re.compile(
    rf"""<({"|".join(TOOLS)})(?=[\s/>])((?:[^<>"'\n]|"[^"<\n]*"|'[^'<\n]*')*)>"""
)
_ATTRIBUTE = re.compile(
    r"""\b([A-Za-z_]\w*)\s*=\s*(?:"([^"]*)"|'([^']*)'|([^\s"'>]+))"""
)
_NEAR = 1000
"""Characters of a line that are looked at around a tag."""

_Block = tuple[re.Match[str], int, bool]
"""Opening tag, end of the body, whether there is an end in the text."""


def _blocks(text: str) -> Iterator[_Block]:
    """All actions in order; tags inside a closed one are part of its body."""
    last_end = {tool: text.rfind(f"</{tool}>") for tool in TOOLS}
    at = 0
    while opening := _OPENING.search(text, at):
        tool, at = opening[1], opening.end()
        if not _is_meant(text, opening):
            continue
        if opening[2].endswith("/"):
            yield opening, at, True
        elif last_end[tool] >= at:
            end = text.index(f"</{tool}>", at)
            at = end + len(f"</{tool}>")
            yield opening, end, True
        else:
            yield opening, len(text), False


def _is_meant(text: str, opening: re.Match[str]) -> bool:
    """False for a tag that is only mentioned within a sentence."""
    start, end = opening.span()
    before = text[max(0, start - _NEAR) : start].rpartition("\n")[2].strip()
    after = text[end : end + _NEAR].partition("\n")[0]
    if not before or before.endswith(":"):
        return True
    whole = opening[2].endswith("/") or f"</{opening[1]}>" in after
    alone = "=" in opening[2] and not after.strip()
    # An end that was not meant cannot be taken back.
    return opening[1] != "finish" and (whole or alone)


def _call_of(text: str, block: _Block) -> ToolCall:
    opening, end, _ = block
    tool, body = opening[1], text[opening.end() : end]
    arguments = {
        match[1]: match[2] or match[3] or match[4] or ""
        for match in _ATTRIBUTE.finditer(opening[2].removesuffix("/"))
    }
    if tool == "edit_file" or (not arguments and _starts_with_part(tool, body)):
        arguments |= _parts(tool, body)
    elif tool in {"list_files", "read_file"}:
        if body.strip() and BODIES[tool] not in arguments:
            arguments[BODIES[tool]] = body.strip().partition("\n")[0]
    elif BODIES[tool] not in arguments or body.strip():
        arguments[BODIES[tool]] = _text_of(BODIES[tool], body)
    return ToolCall(tool, _typed(tool, arguments))


def _starts_with_part(tool: str, body: str) -> bool:
    start = body.lstrip()[:40]
    return any(start.startswith(f"<{key}>") for key in TOOLS[tool].parameters)


def _parts(tool: str, body: str) -> dict[str, str]:
    """Arguments in tags of their own; an end tag that is missing is forgiven."""
    wanted, at = list(TOOLS[tool].parameters), 0
    parts: dict[str, str] = {}
    while wanted:
        opening = re.compile(f"<({'|'.join(wanted)})>")
        if not (tag := opening.search(body, at)):
            break
        wanted.remove(tag[1])
        end = body.find(f"</{tag[1]}>", tag.end())
        if end < 0:
            others = re.compile(f"<({'|'.join(wanted)})>").search(body, tag.end())
            end = others.start() if wanted and others else len(body)
        parts[tag[1]] = _text_of(tag[1], body[tag.end() : end])
        at = end
    return parts


def _text_of(key: str, raw: str) -> str:
    """One argument without the line ends that only set it off from its tags."""
    if key not in {"content", "old_text", "new_text"}:
        return raw.strip()
    inner = raw.removeprefix("\r").removeprefix("\n")
    if inner == raw:
        return raw
    lines, line_end, indentation = inner.rpartition("\n")
    if indentation.strip():
        return inner + "\n" if key == "content" else inner
    return lines + line_end if key == "content" else lines


def _typed(tool: str, arguments: dict[str, str]) -> dict[str, Any]:
    """Numbers and truth values as such: in tags, text is their only form."""
    typed: dict[str, Any] = dict(arguments)
    for key, parameter in TOOLS[tool].parameters.items():
        text = arguments.get(key, "").strip()
        if parameter.type == "integer" and re.fullmatch(r"-?[0-9]{1,15}", text):
            typed[key] = int(text)
        elif parameter.type == "boolean" and text.lower() in {"true", "false"}:
            typed[key] = text.lower() == "true"
    return typed


# -- calls written down by models that have tools --------------------------------------


def stray_calls(text: str) -> tuple[ToolCall, ...]:
    """The calls that ``text`` spells out: as JSON, or in tags that are closed.

    JSON counts when it names a tool together with arguments of that tool: alone, in a
    fence, after ``<tool_call>``, or as ``name({…})``. Of several such places those
    count that follow the first with nothing between them.
    """
    calls, start = json_calls(text)
    closed = [block for block in _blocks(text) if block[2]]
    if calls and not (closed and closed[0][0].start() < start):
        return tuple(calls)
    if closed:
        return (_call_of(text, closed[-1]),)
    return _function_call(text)


_PARAMETER = re.compile(r"<parameter=(\w+)>")


def _function_call(text: str) -> tuple[ToolCall, ...]:
    """``<function=name><parameter=key>…``, which Qwen's coders write."""
    opening = re.search(r"<function=(\w+)>", text)
    tool = clean_name(opening[1]) if opening else ""
    if not opening or tool not in TOOLS:
        return ()
    body = text[opening.end() :].partition("</function>")[0]
    arguments: dict[str, Any] = {}
    at = 0
    while tag := _PARAMETER.search(body, at):
        end = body.find("</parameter>", tag.end())
        at = end if end >= 0 else len(body)
        arguments[tag[1]] = _text_of(tag[1], body[tag.end() : at])
    call = checked(opening[1], _typed(tool, arguments))
    return (call,) if call else ()
