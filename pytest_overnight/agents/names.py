"""From the words that models use to the names that the tools have."""

from __future__ import annotations

import re

from pytest_overnight.agents.tools import TOOLS
from pytest_overnight.agents.tools import Parameter

ALIASES = {
    "run_command": "bash shell sh exec execute execute_command run run_shell "
    "run_bash container_exec terminal run_terminal_cmd command",
    "write_file": "create_file write create save_file new_file",
    "edit_file": "str_replace replace edit str_replace_editor replace_in_file "
    "modify_file update_file",
    "read_file": "cat view open read open_file view_file",
    "list_files": "ls list_dir list list_directory dir",
    "finish": "done submit complete end stop finished",
}
SYNONYMS = {
    "path": "file filename filepath file_path file_name target_file dir directory "
    "dir_path directory_path folder folder_path",
    "command": "cmd script commands shell_command bash",
    "content": "text contents code body data file_content file_text",
    "old_text": "search old_string old_str old old_content find original search_text",
    "new_text": "replace new_string new_str new new_content replacement replace_text",
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
ROLES = {"assistant", "functions", "tools", "analysis", "commentary", "final", "json"}
"""Words of chat templates that leak into tool names, with the name itself lost."""
LONGEST = 200
"""Characters of a name that are looked at."""


def _reversed(table: dict[str, str]) -> dict[str, str]:
    return {word: name for name, words in table.items() for word in words.split()}


_TOOL_BY_ALIAS = _reversed(ALIASES)
_STATUS_BY_WORD = _reversed(STATUSES)


def clean_name(given: str) -> str:
    """The tool that is meant; the cleaned word if none is; empty if the name is lost.

    Models of several families leave bits of their templates in names, such as
    ``write_file<|channel|>analysis``, ``functions.write_file:0``.
    """
    given = given.encode("utf-8", "replace").decode()[:LONGEST]
    head = re.sub(r":[0-9]+$", "", given.split("<|", 1)[0].strip())
    name = _snake(head)
    for word in (name, _snake(re.split("[.:/]", head)[-1])):
        if word in TOOLS or word in _TOOL_BY_ALIAS:
            return _TOOL_BY_ALIAS.get(word, word)
    named = {_snake(word) for word in re.split(r"[^\w-]+", given)} & set(TOOLS)
    if len(named) == 1:
        return named.pop()
    return "" if name in ROLES else name


def _snake(word: str) -> str:
    word = word.strip(" \t\r\n\"'`.,:;()[]{}<>")
    word = re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", word).lower()
    return re.sub(r"[-. ]+", "_", word)


def parameter_for(key: str, known: dict[str, Parameter]) -> str | None:
    """The argument that ``key`` stands for, out of those of one tool."""
    snake = _snake(key[:LONGEST])
    if snake in known:
        return snake
    return next((p for p in known if snake in SYNONYMS.get(p, "").split()), None)


def status_for(word: str) -> str:
    """``done`` or ``blocked``."""
    word = word.strip().lower()
    return word if word in STATUSES else _STATUS_BY_WORD.get(word, "done")
