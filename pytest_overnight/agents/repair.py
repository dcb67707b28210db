"""From a tool call as a weak model writes it to one that can be carried out.

Every repair is noted in words, so that the ledger shows what was forgiven. What
cannot be repaired becomes a text that tells the model how to call instead.
"""

from __future__ import annotations

import json
import posixpath
import re
import shlex
from dataclasses import dataclass
from dataclasses import field
from typing import Any

from pytest_overnight.agents.tools import TOOLS
from pytest_overnight.agents.tools import Parameter
from pytest_overnight.models.base import ToolCall

ALIASES = {
    "run_command": "bash shell sh exec execute execute_command run run_shell "
    "run_bash container_exec terminal run_terminal_cmd command",
    "write_file": "create_file write create save_file new_file",
    "edit_file": "str_replace replace edit str_replace_editor replace_in_file "
    "modify_file update_file",
    "read_file": "cat view open read open_file view_file",
    "list_files": "ls list_dir list list_directory dir",
    "finish": "done submit complete end stop finished final",
}
SYNONYMS = {
    "path": "file filename filepath file_path file_name dir directory folder",
    "command": "cmd script commands shell_command bash",
    "content": "text contents code body data file_content",
    "old_text": "search old_string old_str old find original",
    "new_text": "replace new_string new_str new replacement",
    "start_line": "start from_line line_start first_line",
    "end_line": "end to_line line_end last_line",
    "timeout": "timeout_seconds timeout_sec seconds",
    "summary": "message answer result text reason",
    "pattern": "glob filter",
}
STATUSES = {
    "done": "complete completed success ok finished true",
    "blocked": "failed failure stuck fail impossible error false",
}
EXAMPLES = {
    "list_files": {"path": "."},
    "read_file": {"path": "app.py"},
    "write_file": {"path": "app.py", "content": "print('hello')\n"},
    "edit_file": {"path": "app.py", "old_text": "a = 1", "new_text": "a = 2"},
    "run_command": {"command": "python app.py"},
    "finish": {"summary": "what was done", "status": "done"},
}
WRAPPERS = {"arguments", "parameters", "input", "args", "kwargs"}
ROLES = {"assistant", "functions", "tools", "analysis", "commentary", "final", "json"}
"""Words of chat templates that leak into tool names, with the name itself lost."""

_FENCE = re.compile(r"\A\s*```[\w+.-]*[ \t]*\n(.*?)\n?```\s*\Z", re.DOTALL)


def _reversed(table: dict[str, str]) -> dict[str, str]:
    return {word: name for name, words in table.items() for word in words.split()}


_TOOL_BY_ALIAS = _reversed(ALIASES)
_STATUS_BY_WORD = _reversed(STATUSES)


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


def repair(call: ToolCall, workspace: str) -> Action:
    """Mend ``call``; ``workspace`` is the working folder as agent code sees it."""
    draft = _Draft(call.name, {})
    inner = _unwrap(call.arguments, draft)
    _clean_name(draft)
    mapping = _as_mapping(inner, draft)
    if mapping is None:
        problem = f"The arguments must be an object. {_usage(draft.tool)}"
        return _action(draft, problem)
    draft.arguments = {str(key): value for key, value in mapping.items()}
    if draft.tool == "":
        _infer_name(draft)
    if draft.tool not in TOOLS:
        names = ", ".join(TOOLS)
        shown = draft.tool or call.name[:80]
        return _action(draft, f'There is no tool "{shown}". Call one of them: {names}.')
    _rename(draft)
    _join_command(draft)
    _cast(draft)
    _mend_values(draft, workspace)
    return _action(draft, _missing(draft))


def _action(draft: _Draft, problem: str) -> Action:
    return Action(draft.tool, draft.arguments, tuple(draft.notes), problem)


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
            draft.tool = draft.tool or str(arguments.get("name", ""))
            arguments = arguments[key]
        else:
            break
    return arguments


def _is_wrapper(arguments: dict[Any, Any]) -> bool:
    wrapped = [key for key in arguments if key in WRAPPERS]
    if len(wrapped) != 1 or not set(arguments) <= {wrapped[0], "name"}:
        return False
    value = arguments[wrapped[0]]
    return isinstance(value, dict) or (
        isinstance(value, str) and isinstance(_parsed(value), dict)
    )


def _parsed(text: str) -> Any:
    """The object or list that ``text`` is; None for anything else."""
    try:
        value = json.loads(text)
    except (ValueError, RecursionError):
        return None
    return value if isinstance(value, (dict, list)) else None


def _clean_name(draft: _Draft) -> None:
    given = draft.tool
    name = given.split("<|", 1)[0].strip(" \t\r\n\"'`.,:;()[]{}<>")
    for prefix in ("functions.", "assistant.", "tools."):
        name = name.removeprefix(prefix)
    name = re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", name).lower()
    name = re.sub(r"[-. ]+", "_", name)
    name = "" if name in ROLES and name not in TOOLS else name
    if name not in TOOLS:
        name = _TOOL_BY_ALIAS.get(name, name)
    if name != given and name:
        draft.notes.append(f"name {given[:60]!r} read as {name}")
    draft.tool = name


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
        name = _parameter_for(key, known)
        if name is None or name in renamed:
            draft.notes.append(f"unknown argument {key[:40]!r} dropped")
        else:
            draft.notes.append(f"argument {key[:40]!r} read as {name!r}")
            renamed[name] = value
    draft.arguments = renamed


def _parameter_for(key: str, known: dict[str, Parameter]) -> str | None:
    snake = re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", key).lower().replace("-", "_")
    if snake in known:
        return snake
    return next((p for p in known if snake in SYNONYMS.get(p, "").split()), None)


def _join_command(draft: _Draft) -> None:
    words = draft.arguments.get("command")
    if not isinstance(words, list) or not all(isinstance(w, str) for w in words):
        return
    shell = len(words) == 3 and words[0].endswith("sh") and words[1] in {"-c", "-lc"}
    draft.arguments["command"] = words[2] if shell else shlex.join(words)
    draft.notes.append("command was a list of words")


def _cast(draft: _Draft) -> None:
    parameters = TOOLS[draft.tool].parameters
    for key, value in list(draft.arguments.items()):
        wanted = parameters[key].type
        mended = _CASTS[wanted](value)
        if mended is None:
            del draft.arguments[key]
            if value is not None:
                draft.notes.append(f"argument {key!r} dropped: not a {wanted}")
            continue
        draft.arguments[key] = mended
        if type(mended) is not type(value):
            draft.notes.append(f"argument {key!r} turned into a {wanted}")


def _integer(value: Any) -> int | None:
    try:
        return int(float(value))
    except (TypeError, ValueError, OverflowError):
        return None


def _boolean(value: Any) -> bool | None:
    if isinstance(value, (bool, int)):
        return bool(value)
    return {"true": True, "yes": True, "false": False, "no": False}.get(
        str(value).strip().lower()
    )


def _string(value: Any) -> str | None:
    if value is None:
        return None
    if isinstance(value, str):
        # A lone surrogate could be sent neither to the box nor back to the model.
        return value.encode("utf-8", "replace").decode()
    if isinstance(value, list) and all(isinstance(item, str) for item in value):
        return "\n".join(line.rstrip("\n") for line in value)
    if isinstance(value, (dict, list)):
        return json.dumps(value, indent=2, ensure_ascii=False) + "\n"
    return str(value)


_CASTS = {"integer": _integer, "boolean": _boolean, "string": _string}


def _mend_values(draft: _Draft, workspace: str) -> None:
    arguments = draft.arguments
    if draft.tool == "write_file":
        _unfence(draft)
    if "\0" in arguments.get("command", ""):
        arguments["command"] = arguments["command"].replace("\0", "")
        draft.notes.append("NUL characters taken out of the command")
    if "path" in arguments:
        arguments["path"] = _relative(arguments["path"], workspace, draft)
    if draft.tool == "finish" and "status" in arguments:
        given = arguments["status"].strip().lower()
        status = given if given in STATUSES else _STATUS_BY_WORD.get(given, "done")
        if status != arguments["status"]:
            draft.notes.append(f"status {arguments['status'][:40]!r} read as {status}")
        arguments["status"] = status


def _unfence(draft: _Draft) -> None:
    path, content = draft.arguments.get("path", ""), draft.arguments.get("content", "")
    match = _FENCE.match(content)
    if match and "```" not in match[1] and not path.lower().endswith((".md", ".rst")):
        draft.arguments["content"] = match[1] + "\n"
        draft.notes.append("code fence around the content removed")


def _relative(path: str, workspace: str, draft: _Draft) -> str:
    plain = posixpath.normpath(path.strip()) if path.strip() else ""
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
            return (
                f'{draft.tool} needs "{name}" ({about}). You sent: {sent}. '
                + _usage(draft.tool)
            )
    return ""


def _usage(tool: str) -> str:
    example = EXAMPLES.get(tool)
    return f"Example: {tool} {json.dumps(example)}" if example else ""
