"""Tests of the pages: by their sections, whatever blank lines there are."""

from __future__ import annotations

import ast
import os
import posixpath
import re
import subprocess
import sys
from pathlib import Path

import pytest

import doc_generator

HERE = Path(__file__).resolve().parent.parent
SAMPLE = HERE / "sample"
LINK = re.compile(r"\[([^\]]*)\]\(([^)]*)\)")


class Pages:
    """The pages in a folder."""

    def __init__(self, folder: Path) -> None:
        found = sorted(folder.rglob("*.md"))
        self.texts = {
            path.relative_to(folder).as_posix(): path.read_bytes().decode("utf-8")
            for path in found
        }

    def anchors(self, page: str) -> list[str]:
        return re.findall(r'^<a id="(.*)"></a>$', self.texts[page], re.MULTILINE)

    def section(self, page: str, anchor: str) -> str:
        """From its heading to the next."""
        after = self.texts[page].split(f'<a id="{anchor}"></a>\n')
        assert len(after) == 2, f"{anchor} is not once on {page}"
        return re.split(r'^(?:<a id=|#+ [`\[])', after[1], flags=re.MULTILINE)[1]

    def code(self, page: str, name: str) -> list[str]:
        block = self.section(page, name).split("```python\n")[1].split("\n```")[0]
        return [ast.dump(node) for node in ast.parse(block).body]

    def lines(self, page: str) -> list[str]:
        """Lines that are not empty, with whole targets in links."""

        def whole(found: re.Match[str]) -> str:
            path, mark, anchor = found[2].partition("#")
            folder = posixpath.dirname(page)
            path = posixpath.normpath(posixpath.join(folder, path)) if path else page
            return f"[{found[1]}]({path}{mark}{anchor})"

        text = LINK.sub(whole, self.texts[page])
        return [line.rstrip() for line in text.split("\n") if line.strip()]


@pytest.fixture
def document(tmp_path):
    """Writes sources, documents them, returns the pages."""

    def run(sources, invalid=()):
        for path, text in sources.items():
            file = tmp_path / "source" / path
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(text, encoding="utf-8")
        found = doc_generator.generate(tmp_path / "source", str(tmp_path / "output"))
        assert found == list(invalid)
        return Pages(tmp_path / "output")

    return run


def dumps(source: str) -> list[str]:
    return [ast.dump(node) for node in ast.parse(source).body]


CODE = [
    "async def f(a, /, b: int = 1, *, c: str = '):') -> None: ...",
    "@cache\n@route('/', methods=['GET'])\ndef f(*a, **b): ...",
    "@decorator\nasync def f(): ...",
    "@dataclass(frozen=True)\nclass f(A, metaclass=M): ...",
    "f: list[int] = [1, 2]",
    "@overload\ndef f(a: int) -> int: ...\n@overload\ndef f(a: str) -> str: ...",
]


@pytest.mark.parametrize("code", CODE)
def test_code(document, code):
    body = code.replace(": ...", ":\n    def inner(): pass\n    x = 1")
    more = "\ndef f(a): pass" if "overload" in code else ""
    pages = document({"m.py": body + more + "\n"})
    assert pages.code("api/m.md", "f") == dumps(code)


def test_property_with_setter(document):
    code = (
        "@property\ndef p(self) -> int: ...\n"
        "@p.setter\ndef p(self, value: int) -> None: ...\n"
    )
    pages = document({"m.py": "class C:\n    " + code.replace("\n", "\n    ") + "\n"})
    assert pages.anchors("api/m.md") == ["C", "C.p"]
    assert pages.code("api/m.md", "C.p") == dumps(code)


def test_public_names(document):
    source = (
        "x = 1\n_y = 2\na, b = 3, 4\nimport os\n"
        "if x:\n    z = 1\n"
        "class C:\n"
        "    def __init__(self): pass\n"
        "    def _f(self): pass\n"
        "    class D:\n        e: int\n"
        "    def g(self):\n        def h(): pass\n"
        "class _E:\n    pass\n"
    )
    pages = document({"m.py": source, "_n.py": source, "p/__init__.py": "q = 1\n"})
    names = ["x", "C", "C.__init__", "C.D", "C.D.e", "C.g"]
    assert pages.anchors("api/m.md") == names
    assert sorted(pages.texts) == [
        "api/m.md",
        "api/p.md",
        "examples.md",
        "guide.md",
        "index.md",
    ]
    listed = [f"- [`m.{name}`](api/m.md#{name})" for name in sorted(names)]
    lines = pages.lines("index.md")
    names_at = lines.index("## Names") + 1
    assert lines[names_at:] == [*listed, "- [`p.q`](api/p.md#q)"]


def test_all(document):
    source = "__all__ = ['_a', 'c', 'd']\n_a = b = 1\n_a = 1\nb = 1\ndef c(): pass\n"
    pages = document({"m.py": "from n import e as d\n" + source, "n.py": "e = 1\n"})
    assert pages.anchors("api/m.md") == ["_a", "c"]
    lines = pages.lines("api/m.md")
    assert lines[lines.index("## Re-exported") + 1] == "- [`d`](api/n.md#e)"


def test_links_in_text(document):
    text = "See `C.f`, `p.m`, `p.n.g`, ``C`` and `nothing`."
    source = f'"""{text}"""\nclass C:\n    """{text}"""\n    f = 1\n'
    pages = document({"p/m.py": source, "p/n.py": "g = 1\n"})
    linked = (
        "See [`C.f`](api/p.m.md#C.f), [`p.m`](api/p.m.md), "
        "[`p.n.g`](api/p.n.md#g), ``C`` and `nothing`."
    )
    assert pages.lines("api/p.m.md").count(linked) == 2
    assert linked in pages.lines("guide.md")
    assert f"- [`p.m`](api/p.m.md): {linked}" in pages.lines("index.md")


def test_all_links_of_the_sample_resolve(tmp_path):
    assert doc_generator.generate(SAMPLE, tmp_path) == []
    pages = Pages(tmp_path)
    for page in pages.texts:
        for line in pages.lines(page):
            for _, target in LINK.findall(line):
                path, mark, anchor = target.partition("#")
                assert path in pages.texts, target
                assert not mark or anchor in pages.anchors(path), target


def test_examples_run(document, tmp_path):
    source = '"""Text.\n\n>>> f(1)\n2\n"""\ndef f(a):\n    """\n    >>> f({})\n    3\n    """\n    return a + 1\n'

    def doctest():
        argv = [sys.executable, "-m", "doctest", "output/examples.md"]
        env = {**os.environ, "PYTHONPATH": "source", "PYTHONDONTWRITEBYTECODE": "1"}
        run = subprocess.run(argv, cwd=tmp_path, env=env, capture_output=True)
        return run.returncode

    pages = document({"m.py": source.format(2)})
    assert pages.anchors("examples.md") == ["m", "m.f"]
    assert doctest() == 0
    document({"m.py": source.format(3)})
    assert doctest() == 1


def test_pages_of_modules_that_are_gone(document, tmp_path):
    first = document({"m.py": "x = 1\n", "n.py": "x = 1\n"})
    (tmp_path / "output" / "api" / "keep.txt").write_text("")
    (tmp_path / "source" / "n.py").unlink()
    second = document({"m.py": "x = 1\n"})
    assert first.texts.keys() - second.texts.keys() == {"api/n.md"}
    assert (tmp_path / "output" / "api" / "keep.txt").exists()
    assert document({}).texts == second.texts


def test_invalid_files(document, tmp_path):
    sources = {"m.py": "x = 1\n", "p/n.py": "def f(:\n", "a.py": "x = (\n"}
    pages = document(sources, ["a.py", "p/n.py"])
    assert [page for page in pages.texts if "api/" in page] == ["api/m.md"]
    argv = [sys.executable, "doc_generator.py", tmp_path / "source", tmp_path / "other"]
    run = subprocess.run(argv, cwd=HERE, capture_output=True, text=True)
    assert run.returncode == 1
    assert run.stderr.split("\n") == ["a.py", "p/n.py", ""]
    assert Pages(tmp_path / "other").texts == pages.texts


def test_sources_are_not_run(document, tmp_path):
    mark = tmp_path / "mark"
    pages = document({"m.py": f"open({str(mark)!r}, 'w')\nimport no_such\nx = 1\n"})
    assert pages.anchors("api/m.md") == ["x"]
    assert not mark.exists()
