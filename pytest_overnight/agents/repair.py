"""From a tool call as a weak model writes it to one that can be carried out.

Every repair is noted in words, so that the ledger shows what was forgiven. What
cannot be repaired becomes a text that tells the model how to call instead.
"""

from __future__ import annotations

import json
import posixpath
import re
import shlex
from collections.abc import Callable
from dataclasses import dataclass
from dataclasses import field
from typing import Any

from pytest_overnight.agents.casts import cast
from pytest_overnight.agents.casts import is_words
from pytest_overnight.agents.names import clean_name
from pytest_overnight.agents.names import parameter_for
from pytest_overnight.agents.names import status_for
from pytest_overnight.agents.tools import TOOLS
from pytest_overnight.models.base import ToolCall

EXAMPLES = {
    "list_files": {"path": "."},
    "read_file": {"path": "app.py"},
    "write_file": {"path": "app.py", "content": "print('hello')\n"},
    "edit_file": {"path": "app.py", "old_text": "a = 1", "new_text": "a = 2"},
    "run_command": {"command": "python app.py"},
    "finish": {"summary": "what was done", "status": "done"},
}
WRAPPERS = {"arguments", "parameters", "input", "args", "kwargs"}
BESIDE_WRAPPERS = {"name", "tool", "type", "id"}
MARKDOWN = (".md", ".markdown", ".rst")
_FENCE = re.compile(r"\A\s*```[\w+.-]*[ \t]*\n(.*?)\n?```\s*\Z", re.DOTALL)


@dataclass(frozen=True, slots=True)
class Action:
    """One tool call after repair."""

    tool: str
    """One of the six names; the model's own word when it is none of them."""
    arguments: dict[str, Any]
    repairs: tuple[str, ...] = ()
    """What was mended, in a few words each."""
    problem: str = ""
    """Why it cannot run, for the model; empty when it can."""


@dataclass(slots=True)
class _Draft:
    tool: str
    arguments: dict[str, Any]
    notes: list[str] = field(default_factory=list)


def as_json(call: ToolCall) -> str:
    """``call`` as models with tools are shown it."""
    return f"{call.name} {json.dumps(call.arguments)}"


def repair(
    call: ToolCall, workspace: str, write: Callable[[ToolCall], str] = as_json
) -> Action:
    """Mend ``call``; ``workspace`` is the working folder as agent code sees it.

    ``write`` gives the form in which examples are shown. A well-formed call comes back
    as it is. Never raises, whatever the arguments are.
    """
    draft = _Draft(call.name, {})
    inner = _unwrap(call.arguments, draft)
    _clean_name(draft)
    mapping = _as_mapping(inner, draft)
    if mapping is not None:
        draft.arguments = {k: v for k, v in mapping.items() if isinstance(k, str)}
    if draft.tool == "":
        _infer_name(draft)
    if draft.tool not in TOOLS:
        return _unknown(draft, call.name)
    if mapping is None:
        problem = "The arguments must be an object."
        return _action(draft, problem, write)
    _rename(draft)
    _join_command(draft)
    _cast(draft)
    _mend_values(draft, workspace)
    return _action(draft, _missing(draft), write)


def _action(draft: _Draft, problem: str, write: Callable[[ToolCall], str]) -> Action:
    if problem:
        problem += " Example: " + write(ToolCall(draft.tool, EXAMPLES[draft.tool]))
    return Action(draft.tool, draft.arguments, tuple(draft.notes), problem)


def _unknown(draft: _Draft, given: str) -> Action:
    # Not as it came: special tokens in a name would break every later prompt.
    tool = draft.tool or re.sub(r"[^\w.-]+", "_", _shown(given)).strip("_") or "unknown"
    problem = f'There is no tool "{tool}". Call one of them: {", ".join(TOOLS)}.'
    # What nobody checked must still go into a ledger and back to a server.
    arguments = {_shown(k): cast(v, "string") or "" for k, v in draft.arguments.items()}
    return Action(tool, arguments, tuple(draft.notes), problem)


def _shown(text: str) -> str:
    return text[:40].encode("utf-8", "replace").decode()


def _unwrap(arguments: Any, draft: _Draft) -> Any:
    """Take off levels such as ``{"arguments": {…}}`` and JSON inside strings."""
    for _ in range(4):
        if isinstance(arguments, str) and (parsed := _parsed(arguments)) is not None:
            draft.notes.append("arguments were JSON in a string")
            arguments = parsed
        elif isinstance(arguments, list) and len(arguments) == 1:
            draft.notes.append("arguments were in a list")
            arguments = arguments[0]
        elif isinstance(arguments, dict) and _is_wrapper(arguments):
            key = next(key for key in arguments if key in WRAPPERS)
            draft.notes.append(f"arguments were wrapped in {key!r}")
            named = arguments.get("name", arguments.get("tool"))
            if isinstance(named, str) and clean_name(draft.tool) not in TOOLS:
                draft.tool = named
            arguments = arguments[key]
        else:
            break
    return arguments


def _is_wrapper(arguments: dict[Any, Any]) -> bool:
    wrapped = [key for key in arguments if key in WRAPPERS]
    if len(wrapped) != 1 or not set(arguments) <= {wrapped[0], *BESIDE_WRAPPERS}:
        return False
    return isinstance(arguments[wrapped[0]], (dict, str))


def _parsed(text: str) -> Any:
    """The object or list that ``text`` is; None for anything else.

    Line ends inside JSON's strings are forgiven.
    """
    try:
        value = json.loads(text, strict=False)
    except (ValueError, RecursionError):
        return None
    return value if isinstance(value, (dict, list)) else None


def _clean_name(draft: _Draft) -> None:
    given, draft.tool = draft.tool, clean_name(draft.tool)
    if draft.tool and draft.tool != given:
        draft.notes.append(f"name {_shown(given)!r} read as {_shown(draft.tool)}")


def _as_mapping(arguments: Any, draft: _Draft) -> dict[Any, Any] | None:
    if isinstance(arguments, dict):
        return arguments
    if arguments is None or arguments == "" or arguments == []:
        return {}
    tool = TOOLS.get(draft.tool)
    if isinstance(arguments, str) and tool and len(tool.required) == 1:
        draft.notes.append(f"bare text taken as {tool.required[0]!r}")
        return {tool.required[0]: arguments}
    return None


def _infer_name(draft: _Draft) -> None:
    """A lost name is only guessed when the arguments fit exactly one tool."""
    keys = set(draft.arguments)
    fits = [
        name
        for name, tool in TOOLS.items()
        if keys and keys <= set(tool.parameters) and set(tool.required) <= keys
    ]
    if len(fits) == 1:
        draft.tool = fits[0]
        draft.notes.append(f"name inferred from the arguments: {fits[0]}")


def _rename(draft: _Draft) -> None:
    known = TOOLS[draft.tool].parameters
    renamed: dict[str, Any] = {k: v for k, v in draft.arguments.items() if k in known}
    for key, value in draft.arguments.items():
        if key in known:
            continue
        name = parameter_for(key, known)
        if name is None or name in renamed:
            draft.notes.append(f"unknown argument {_shown(key)!r} dropped")
        else:
            draft.notes.append(f"argument {_shown(key)!r} read as {name!r}")
            renamed[name] = value
    draft.arguments = renamed


def _join_command(draft: _Draft) -> None:
    """One text from a list of words, or from JSON where the text should be."""
    words = given = draft.arguments.get("command")
    if isinstance(given, str):
        words = _parsed(given) if given.lstrip().startswith(("[", "{")) else None
    if isinstance(words, dict) and isinstance(words.get("command"), str):
        draft.arguments["command"] = words["command"]
        draft.notes.append("command was JSON in a string")
    elif is_words(words):
        shell = len(words) == 3 and words[0].endswith("sh")
        shell = shell and re.fullmatch("-[a-z]*c", words[1]) is not None
        draft.arguments["command"] = words[2] if shell else shlex.join(words)
        draft.notes.append("command was a list of words")


def _cast(draft: _Draft) -> None:
    parameters = TOOLS[draft.tool].parameters
    for key, value in list(draft.arguments.items()):
        wanted = parameters[key].type
        mended = cast(value, wanted)
        if mended is None:
            del draft.arguments[key]
            if value is not None:
                draft.notes.append(f"argument {key!r} dropped: not a {wanted}")
            continue
        draft.arguments[key] = mended
        if type(mended) is not type(value):
            draft.notes.append(f"argument {key!r} turned into a {wanted}")


def _mend_values(draft: _Draft, workspace: str) -> None:
    arguments = draft.arguments
    _unfence(draft)
    if "\0" in arguments.get("command", ""):
        arguments["command"] = arguments["command"].replace("\0", "")
        draft.notes.append("NUL characters taken out of the command")
    if "path" in arguments:
        arguments["path"] = _relative(arguments["path"], workspace, draft)
    if draft.tool == "finish" and "status" in arguments:
        given, status = arguments["status"], status_for(arguments["status"])
        if status != given:
            draft.notes.append(f"status {_shown(given)!r} read as {status}")
        arguments["status"] = status


def _unfence(draft: _Draft) -> None:
    """Take a code fence off what is wholly in one; in Markdown it may be meant."""
    if draft.arguments.get("path", "").strip().lower().endswith(MARKDOWN):
        return
    for key in ("content", "command", "old_text", "new_text"):
        match = _FENCE.match(draft.arguments.get(key, ""))
        if match and "```" not in match[1]:
            end = "\n" if key == "content" else ""
            draft.arguments[key] = match[1] + end
            draft.notes.append(f"code fence around the {key} removed")


def _relative(path: str, workspace: str, draft: _Draft) -> str:
    path = path.strip()
    if len(path) > 2 and path[0] == path[-1] and path[0] in "\"'`":
        draft.notes.append("quotes around the path removed")
        path = path[1:-1].strip()
    plain = posixpath.normpath(path) if path else ""
    inside = plain == workspace or plain.startswith(workspace.rstrip("/") + "/")
    if plain.startswith("/") and inside:
        draft.notes.append("absolute path made relative")
        return posixpath.relpath(plain, workspace)
    return plain


def _missing(draft: _Draft) -> str:
    tool = TOOLS[draft.tool]
    for name in tool.required:
        empty = name in {"path", "command"} and not draft.arguments.get(name, "")
        if name not in draft.arguments or empty:
            sent = ", ".join(draft.arguments) or "nothing"
            about = tool.parameters[name].description.rstrip(".")
            return f'{draft.tool} needs "{name}" ({about}). You sent: {sent}.'
    return ""
