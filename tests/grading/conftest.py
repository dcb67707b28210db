"""A real box, and answers written for one test each."""

from __future__ import annotations

import time
from collections.abc import Callable
from collections.abc import Iterator
from pathlib import Path

import pytest

from pytest_overnight.grading.bench import Bench
from pytest_overnight.grading.bench import BoxKind
from pytest_overnight.grading.program import child_program
from pytest_overnight.grading.remote import Code
from pytest_overnight.grading.shell import Shell
from pytest_overnight.sandbox.probe import why_not
from pytest_overnight.sandbox.runtime import prepare_runtime

Answer = Callable[..., Code]


@pytest.fixture(scope="session")
def level() -> str:
    """The best level that works here."""
    return "process" if why_not("bubblewrap") else "bubblewrap"


@pytest.fixture(scope="session")
def one_bench(level: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Bench]:
    """One box for the session, with an empty submission."""
    program = tmp_path_factory.mktemp("program") / "child.py"
    program.write_text(child_program(), encoding="utf-8")
    kind = BoxKind(level, prepare_runtime(), program, ())
    bench = Bench(kind, tmp_path_factory.mktemp("submission"))
    yield bench
    bench.close()


@pytest.fixture
def bench(one_bench: Bench) -> Bench:
    """The box with an empty working folder."""
    one_bench.begin_test()
    return one_bench


@pytest.fixture
def answer(bench: Bench) -> Iterator[Answer]:
    """``answer(source, seconds=…, **files)``: the module ``work``, ready to be used."""
    made: list[Code] = []

    def make(source: str, seconds: float = 20.0, **files: str) -> Code:
        for name, text in {"work": source, **files}.items():
            path = f"{name.replace('__', '/')}.py"
            bench.call("write", path=path, data=text.encode())
        code = Code(bench, time.monotonic() + seconds)
        made.append(code)
        return code

    yield make
    for code in made:
        code.finish()


@pytest.fixture
def shell(bench: Bench) -> Iterator[Shell]:
    """Commands in the same folder."""
    shell = Shell(bench, time.monotonic() + 20.0)
    yield shell
    shell.finish()


def write_tree(root: Path, files: dict[str, str]) -> Path:
    """Put files below a folder; return it."""
    for name, text in files.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    return root
