"""``migration_report.txt``: its two sections say what is true of the two modules."""

from __future__ import annotations

import ast
import re
from pathlib import Path
from typing import Any

LEGACY = Path(__file__).resolve().parents[1] / "environment" / "legacy_code.py"

CHANGES = {
    "print": r"^ *print ",
    "raise": r"^ *raise .*,",
    "except": r"^ *except .*, ",
    "StandardError": r"\bStandardError\b",
    "not-equal": r"<>",
    "division": r" / ",
    "octal": r"= 0[0-7]",
    "backquote": r"`",
    "has_key": r"\.has_key\(",
    "iteritems": r"\.iteritems\(",
    "keys": r"\.keys\(",
    "cmp": r"\bcmp\(|__cmp__",
    "nonzero": r"__nonzero__",
    "next": r"def next\(|\.next\(",
    "lists": r"(?<!\w)(map|filter)\(",
    "reduce": r"\breduce\(",
    "string": r"import string|\bstring\.",
    "sleep": r"time\.sleep\(",
}
"""What is listed → how a line of the old module has it; its docstrings have none."""


def section(files: Any, title: str) -> dict[str, str]:
    """The lines ``key: value`` below ``[title]``, up to an empty line."""
    text = files.text("migration_report.txt")
    assert len(text) < 200_000
    lines = [line.rstrip() for line in text.splitlines()]
    assert lines.count(f"[{title}]") == 1, f"there is not one line [{title}]"
    found: dict[str, str] = {}
    for line in lines[lines.index(f"[{title}]") + 1 :]:
        if not line:
            break
        key, colon, value = line.partition(": ")
        assert colon, f"[{title}]: {line!r}"
        assert key not in found, f"[{title}]: {key} comes twice"
        found[key] = value
    return found


def kind_of(node: ast.stmt) -> str:
    """``async``, ``function``, ``dataclass``, ``class``; empty for all else."""
    if isinstance(node, ast.AsyncFunctionDef):
        return "async"
    if isinstance(node, ast.FunctionDef):
        return "function"
    if not isinstance(node, ast.ClassDef):
        return ""
    made = [d.func if isinstance(d, ast.Call) else d for d in node.decorator_list]
    plain = [ast.unparse(decorator) for decorator in made]
    return "dataclass" if {"dataclass", "dataclasses.dataclass"} & {*plain} else "class"


def test_the_report_lists_each_change(files: Any) -> None:
    lines = LEGACY.read_text(encoding="ascii").splitlines()
    found = section(files, "legacy")
    assert set(found) == set(CHANGES)
    for change, pattern in CHANGES.items():
        there = [n for n, line in enumerate(lines, 1) if re.search(pattern, line)]
        assert there, change
        assert found[change] == " ".join(map(str, there)), change


def test_the_report_names_what_there_is_now(files: Any) -> None:
    names = {
        getattr(node, "name", ""): kind_of(node)
        for node in files.tree("modern_code.py").body
        if kind_of(node) and not getattr(node, "name", "_").startswith("_")
    }
    assert section(files, "modern") == names
    assert {names[name] for name in ("collect", "watch")} == {"async"}
    assert {names[name] for name in ("Reading", "Collected")} == {"dataclass"}


def test_the_old_module_is_left_alone(files: Any) -> None:
    assert files.read("legacy_code.py") == LEGACY.read_bytes()
