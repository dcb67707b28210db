"""The structure of the package, read from its syntax trees."""

from __future__ import annotations

import ast
from pathlib import Path
from runpy import run_path
from typing import Any

HERE = Path(__file__).resolve().parent
START = HERE.parent / "environment" / "meterbill"

structure: Any = run_path(str(HERE / "structure.py"))

CORE = {
    "clean_readings": (["readings"], ["keep"]),
    "consumption": (["readings"], ["digits"]),
    "tiered_charge": (["units", "tiers"], ["rounding"]),
    "share": (["total", "weights"], ["ties"]),
}


def trees_of(files: Any) -> dict[str, ast.Module]:
    paths = [path for path in files.list() if path.startswith("meterbill/")]
    trees = {path: files.tree(path) for path in paths if path.endswith(".py")}
    # What follows takes time that grows with the square of this.
    assert structure["size"](trees) <= 2000, "far too large to be looked at"
    return trees


def public_names() -> dict[str, list[str]]:
    """Module → what its ``__all__`` holds at the start."""
    found = {}
    for path in sorted(START.glob("*.py")):
        module = structure["module_name"](f"meterbill/{path.name}")
        for node in ast.parse(path.read_bytes()).body:
            target = node.targets[0] if isinstance(node, ast.Assign) else node
            if isinstance(node, ast.AnnAssign):
                target = node.target
            if isinstance(target, ast.Name) and target.id == "__all__":
                found[module] = ast.literal_eval(node.value)  # type: ignore[attr-defined]
    return found


def test_no_module_imports_itself_in_the_end(files: Any) -> None:
    assert structure["cycles"](trees_of(files)) == []


def test_modules_are_imported_by_statements_only(files: Any) -> None:
    assert structure["other_ways"](trees_of(files)) == []


def test_only_the_library_and_the_package_are_imported(files: Any) -> None:
    trees = trees_of(files)
    assert structure["foreign"](trees) == []
    tops = {
        n.split(".")[0] for path in trees for n in structure["named"](path, trees[path])
    }
    beside = {path.split("/")[0].removesuffix(".py") for path in files.list()}
    assert tops & beside <= {"meterbill"}, "a file in the place of a library module"


def test_no_function_is_a_copy_of_another(files: Any) -> None:
    assert structure["copies"](trees_of(files)) == []


def test_the_package_is_not_larger_than_it_was(files: Any) -> None:
    assert structure["size"](trees_of(files)) <= 450


def test_the_core_defines_four_plain_functions(files: Any) -> None:
    body = files.tree("meterbill/core.py").body
    defined = {node.name: node for node in body if isinstance(node, ast.FunctionDef)}
    for name, (positional, keyword_only) in CORE.items():
        assert name in defined, name
        given, function = defined[name].args, defined[name]
        assert [a.arg for a in [*given.posonlyargs, *given.args]] == positional
        assert [a.arg for a in given.kwonlyargs] == keyword_only
        assert (given.vararg, given.kwarg, given.posonlyargs) == (None, None, [])
        assert function.decorator_list == []


def test_the_twenty_modules_keep_their_names(code: Any, files: Any) -> None:
    names = public_names()
    assert len(names) == 20
    for module, public in names.items():
        if module == "meterbill.__main__":
            assert files.exists("meterbill/__main__.py")
            continue
        found = code.value(f"{module}:__all__")
        assert type(found) in (list, tuple)
        assert set(public) <= set(found), module
        for name in public:
            code.ref(f"{module}:{name}")


def test_what_was_one_object_in_several_modules_still_is(code: Any) -> None:
    tree = ast.parse((START / "__init__.py").read_bytes())
    imports = [node for node in tree.body if isinstance(node, ast.ImportFrom)]
    assert len(imports) == 16
    for node in imports:
        name = node.names[0].name
        here, there = code.ref(f"meterbill:{name}"), code.ref(f"{node.module}:{name}")
        assert code.same_object(here, there), name
