"""The six tools of the built-in agent as a model is told of them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

READ_LINES = 400
"""Most lines that one read_file shows."""


@dataclass(frozen=True, slots=True)
class Parameter:
    """One argument of a tool; flat types only, more does not reach the model."""

    type: str
    """``string``, ``integer`` or ``boolean``."""
    description: str
    required: bool = False
    choices: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Tool:
    """One tool as the model is told of it."""

    description: str
    parameters: dict[str, Parameter]

    @property
    def required(self) -> list[str]:
        """Names of the arguments that must be given."""
        return [name for name, p in self.parameters.items() if p.required]


TOOLS = {
    "list_files": Tool(
        "List the files below a folder, with sizes in bytes.",
        {
            "path": Parameter("string", "Folder; the working folder if left out."),
            "pattern": Parameter("string", "Only names that match, such as *.py"),
        },
    ),
    "read_file": Tool(
        f"Read a text file with line numbers, at most {READ_LINES} lines a call.",
        {
            "path": Parameter("string", "File to read.", required=True),
            "start_line": Parameter("integer", "First line, from 1."),
            "end_line": Parameter("integer", "Last line, inclusive."),
        },
    ),
    "write_file": Tool(
        "Create a file or replace all of it. Folders are made as needed.",
        {
            "path": Parameter("string", "File to write.", required=True),
            "content": Parameter("string", "The whole text.", required=True),
        },
    ),
    "edit_file": Tool(
        "Replace one exact piece of text in a file. Best for changes to long files.",
        {
            "path": Parameter("string", "File to change.", required=True),
            "old_text": Parameter(
                "string", "Exact lines from the file, found only once.", required=True
            ),
            "new_text": Parameter("string", "What replaces them.", required=True),
            "replace_all": Parameter("boolean", "Replace every place, not just one."),
        },
    ),
    "run_command": Tool(
        "Run a shell command in the working folder. Nothing may wait for input.",
        {
            "command": Parameter("string", "What to run, with sh -c.", required=True),
            "timeout": Parameter("integer", "Seconds after which it is killed."),
        },
    ),
    "finish": Tool(
        "End the work. Call it once everything is done, or nothing more can be.",
        {
            "summary": Parameter("string", "What was done, in a sentence or two."),
            "status": Parameter(
                "string",
                "done, or blocked if the task cannot be done.",
                choices=("done", "blocked"),
            ),
        },
    ),
}


def schemas() -> list[dict[str, Any]]:
    """The tools as JSON schemas, in the form that model servers take."""
    return [_schema(name, tool) for name, tool in TOOLS.items()]


def _schema(name: str, tool: Tool) -> dict[str, Any]:
    properties: dict[str, Any] = {}
    for key, parameter in tool.parameters.items():
        properties[key] = {
            "type": parameter.type,
            "description": parameter.description,
        }
        if parameter.choices:
            properties[key]["enum"] = list(parameter.choices)
    parameters = {
        "type": "object",
        "properties": properties,
        "required": tool.required,
    }
    function = {
        "name": name,
        "description": tool.description,
        "parameters": parameters,
    }
    return {"type": "function", "function": function}
