"""Runs of the program: the command, what it does to folders, and what it never does."""

from __future__ import annotations

from pathlib import Path
from pathlib import PurePosixPath
from random import Random
from runpy import run_path
from types import SimpleNamespace
from typing import Any

from pytest_overnight.grading import same

HERE = Path(__file__).resolve().parent
m = SimpleNamespace(**run_path(str(HERE / "docs_model.py")))
maker = SimpleNamespace(**run_path(str(HERE / "source_maker.py")))

COMMAND = ["python", "doc_generator.py", "src", "out"]

HARMFUL = (
    "open('run', 'w').close()\n"
    "import no_such_package\n"
    "from no_such_package.parts import *\n"
    "def f(a=open('run', 'w')): pass\n"
    "class C(print('run')): pass\n"
    "raise SystemExit\n"
    "g = 1\n"
)

INVALID = {
    "shop/cart.py": "def f(:\n",
    "shop/_rounding.py": "x = (\n",
    "e-f/prices.py": "  x = 1\n",
    "shop/export/__init__.py": "x = 'é'\n".encode("latin-1"),
    "sample.py": "# coding: no-such-coding\n",
}


def test_sources_are_not_run(shell: Any) -> None:
    files = {"shop/__init__.py": HARMFUL, "shop/cart.py": HARMFUL, "sample.py": HARMFUL}
    m.write(shell, files)
    result = shell.run(COMMAND, env={"PYTHONPATH": "src"})
    assert (result.status, result.err) == (0, b"")
    assert not shell.exists("run")
    assert not shell.exists("src/run")
    m.check(m.pages_in(shell, "out"), {path: HARMFUL.encode() for path in files})


def test_the_command_documents_random_sources(shell: Any, rng: Random) -> None:
    files = maker.Maker(rng).files()
    m.write(shell, files)
    result = shell.run(COMMAND)
    assert (result.status, result.err) == (0, b"")
    m.check(m.pages_in(shell, "out"), files)


def test_invalid_files_are_named_and_left_out(shell: Any) -> None:
    valid = {"shop/__init__.py": "'''Text, `shop.cart`.'''\nx = 1\n"}
    m.write(shell, INVALID | valid)
    result = shell.run(COMMAND)
    assert result.status == 1
    assert result.err.decode().splitlines() == sorted(INVALID)
    m.check(m.pages_in(shell, "out"), {p: t.encode() for p, t in valid.items()})


def test_generate_returns_the_invalid_files(code: Any, shell: Any) -> None:
    m.write(shell, INVALID | {"shop.py": "x = 1\n"})
    assert same(code.call("doc_generator:generate", "src", "out"), sorted(INVALID))
    shell.write("src/sample.py", "x = 1\n")
    left = sorted(INVALID.keys() - {"sample.py"})
    assert same(code.call("doc_generator:generate", "src", "out"), left)


def test_a_second_run_changes_nothing(shell: Any, rng: Random) -> None:
    files = maker.Maker(rng).files()
    m.write(shell, files)
    first = shell.run(COMMAND, env={"PYTHONHASHSEED": "1"})
    pages = m.pages_in(shell, "out")
    second = shell.run(COMMAND, env={"PYTHONHASHSEED": "2"})
    assert (first.status, second.status) == (0, 0)
    assert same(m.pages_in(shell, "out"), pages)
    assert same(m.pages_in(shell, "src"), files)


def test_names_of_folders_do_not_matter(code: Any, shell: Any, rng: Random) -> None:
    files = list(maker.Maker(rng).files().items())
    pages = m.made(code, shell, dict(files))
    m.write(shell, dict(reversed(files)), "shop/cart.d")
    source, output = PurePosixPath("shop/cart.d"), PurePosixPath("report/each/page")
    assert same(code.call("doc_generator:generate", source, output), [])
    assert same(m.pages_in(shell, "report/each/page"), pages)
    script = "cd shop; python ../doc_generator.py ./cart.d/../cart.d/ $PWD/report"
    assert shell.run(script).status == 0
    assert same(m.pages_in(shell, "shop/report"), pages)


def test_pages_are_utf_8_in_any_locale(shell: Any) -> None:
    files = {"shop.py": "def größe(ß='π'):\n    'Über `größe`.'\n"}
    m.write(shell, files)
    locale = {"LC_ALL": "C", "PYTHONCOERCECLOCALE": "0", "PYTHONUTF8": "0"}
    assert shell.run(COMMAND, env=locale).status == 0
    m.check(m.pages_in(shell, "out"), {p: t.encode() for p, t in files.items()})


def test_pages_of_modules_that_are_gone_go(code: Any, shell: Any, rng: Random) -> None:
    before, files = maker.Maker(rng).files(), maker.Maker(rng).files()
    before["sample/cart.py"] = b"x = 1\n"
    m.made(code, shell, before)
    assert shell.run(["rm", "-r", "src"]).status == 0
    pages = m.made(code, shell, files)
    assert "api/sample.cart.md" not in pages
    m.check(pages, files)


def test_other_files_stay(code: Any, shell: Any) -> None:
    others = {
        "notes.md": b"one",
        "CNAME": b"two",
        "api/style.css": b"three",
        "old/shop.md": b"four",
    }
    for path, data in others.items():
        shell.write(f"out/{path}", data)
    shell.write("out/api/shop.old.md", b"gone")
    shell.write("out/index.md", b"# Index\n\nold")
    files = {"shop.py": b"x = 1\n"}
    pages = m.made(code, shell, files)
    assert same({path: pages.pop(path, b"") for path in others}, others)
    m.check(pages, files)


def test_without_modules_the_three_pages_are_there(code: Any, shell: Any) -> None:
    files = {"notes.txt": b"x = 1\n", "_shop.py": b"x = 1\n"}
    m.check(m.made(code, shell, files), files)


def test_empty_modules_have_pages(code: Any, shell: Any) -> None:
    files = {"shop/__init__.py": b"", "shop/cart.py": b"# x = 1\n"}
    pages = m.made(code, shell, files)
    assert m.read_page("api/shop.md", pages["api/shop.md"]) == [("# `shop`", "", [])]
    m.check(pages, files)
