"""``sample_docs/``, which the agent has made from ``sample/``."""

from __future__ import annotations

from pathlib import Path
from runpy import run_path
from types import SimpleNamespace
from typing import Any

from pytest_overnight.grading import same

HERE = Path(__file__).resolve().parent
GIVEN = HERE.parent / "environment" / "sample"
m = SimpleNamespace(**run_path(str(HERE / "docs_model.py")))


def given() -> dict[str, bytes]:
    """Path below ``sample/`` → bytes."""
    files = [path for path in GIVEN.rglob("*") if path.is_file()]
    return {path.relative_to(GIVEN).as_posix(): path.read_bytes() for path in files}


def delivered(files: Any, folder: str) -> dict[str, bytes]:
    paths = [path for path in files.list() if path.startswith(f"{folder}/")]
    return {path.removeprefix(f"{folder}/"): files.read(path) for path in paths}


def test_the_sample_is_as_it_was(files: Any) -> None:
    assert same(delivered(files, "sample"), given())


def test_sample_docs_document_the_sample(files: Any) -> None:
    m.check(delivered(files, "sample_docs"), given())


def test_the_command_makes_sample_docs(files: Any, shell: Any) -> None:
    assert shell.run("python doc_generator.py sample made").status == 0
    assert same(m.pages_in(shell, "made"), delivered(files, "sample_docs"))


def test_the_examples_of_the_sample_run(shell: Any) -> None:
    argv = ["python", "-m", "doctest", "sample_docs/examples.md"]
    assert shell.run(argv, env={"PYTHONPATH": "sample"}).status == 0
