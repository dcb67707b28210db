import ast
import os
import posixpath
import re
import subprocess
import sys
import textwrap
from pathlib import Path

import pytest

HERE = Path(__file__).resolve().parent.parent
sys.path.append(str(HERE))

from doc_generator import generate  # noqa: E402


def make(folder, files):
    for name, text in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        if isinstance(text, bytes):
            path.write_bytes(text)
        else:
            path.write_text(textwrap.dedent(text), encoding="utf-8")
    return folder


class Made:
    """What `generate` makes of some files."""

    def __init__(self, tmp_path, files):
        self.source = make(tmp_path / "source", files)
        self.output = tmp_path / "deep" / "output"
        self.again()

    def again(self):
        self.invalid = generate(self.source, str(self.output))

    def page(self, name):
        return (self.output / name).read_bytes().decode("utf-8")

    def pages(self):
        return sorted(path.relative_to(self.output).as_posix() for path in self.output.rglob("*.md"))

    def ids(self, page):
        return re.findall(r'^<a id="(.*)"></a>$', self.page(page), re.M)

    def section(self, page, name):
        text = self.page(page).partition(f'<a id="{name}"></a>\n')[2]
        return text.partition('\n<a id="')[0]

    def code(self, page, name):
        return re.search(r"^```python\n(.*?)^```$", self.section(page, name), re.M | re.S)[1]

    def link(self, page, text, label):
        """Page and id to which the only link with this label in this text on this page leads."""
        (found,) = set(re.findall(re.escape(f"[{label}](") + r"([^)]*)\)", text))
        path, _, anchor = found.partition("#")
        target = posixpath.normpath(posixpath.join(posixpath.dirname(page), path)) if path else page
        assert target in self.pages()
        if anchor:
            assert anchor in self.ids(target)
        return target, anchor


def same(code, source):
    return ast.dump(ast.parse(code)) == ast.dump(ast.parse(textwrap.dedent(source)))


@pytest.fixture(scope="module")
def sample(tmp_path_factory):
    folder = tmp_path_factory.mktemp("sample")
    files = {
        path.relative_to(HERE / "sample").as_posix(): path.read_bytes() for path in (HERE / "sample").rglob("*.py")
    }
    return Made(folder, files)


def blocks(text):
    return [block for block in re.split(r"\n\s*\n", text.strip())]


# The sample


def test_pages_of_the_sample(sample):
    assert sample.invalid == []
    modules = ["shop", "shop.cart", "shop.export", "shop.export.report", "shop.prices"]
    assert sample.pages() == sorted([f"api/{name}.md" for name in modules] + ["examples.md", "guide.md", "index.md"])


def test_beginning_of_a_page(sample):
    assert blocks(sample.page("api/shop.cart.md"))[:8] == [
        "# `shop.cart`",
        "What a customer has chosen so far.",
        "[Guide](../guide.md#shop.cart)",
        '<a id="Cart"></a>\n## `Cart`',
        "```python\nclass Cart: ...\n```",
        "The cart of one customer, a list of [`Cart.Line`](#Cart.Line) objects.",
        "[Examples](../examples.md#shop.cart.Cart)",
        '<a id="Cart.LIMIT"></a>\n### `Cart.LIMIT`',
    ] or same(sample.code("api/shop.cart.md", "Cart"), "class Cart: ...")


def test_order_on_a_page(sample):
    assert sample.ids("api/shop.cart.md") == [
        "Cart", "Cart.LIMIT", "Cart.Line", "Cart.Line.name", "Cart.Line.count", "Cart.Line.cents", "Cart.__init__",
        "Cart.add", "Cart.discount", "Cart.total", "Cart.deliver",
    ]  # fmt: skip


def test_index(sample):
    text = blocks(sample.page("index.md"))
    assert text[0] == "# Index" and text[1] == "- [Guide](guide.md)\n- [Examples](examples.md)"
    assert text[2] == "## Modules" and text[4] == "## Names"
    modules, names = text[3].split("\n"), text[5].split("\n")
    assert modules[0] == "- [`shop`](api/shop.md): A small shop."
    assert modules[2] == "- [`shop.export`](api/shop.export.md)"
    assert modules[4] == "- [`shop.prices`](api/shop.prices.md): Prices of all things, in cents."
    assert len(modules) == 5
    assert names[0] == "- [`shop.CURRENCY`](api/shop.md#CURRENCY)"
    assert names == sorted(names, key=lambda line: line.split("`")[1]) and len(names) == 16


def test_guide(sample):
    assert sample.ids("guide.md") == ["shop", "shop.cart", "shop.export.report", "shop.prices"]
    text = sample.section("guide.md", "shop")
    assert sample.link("guide.md", text, "`Cart`") == ("api/shop.cart.md", "Cart")
    assert sample.link("guide.md", text, "`CURRENCY`") == ("api/shop.md", "CURRENCY")
    assert sample.link("guide.md", text, "Examples") == ("examples.md", "shop")
    assert ">>>" not in text
    assert "``price_of(name)``" in sample.page("guide.md")


def doctest(made):
    return subprocess.run(
        [sys.executable, "-m", "doctest", "examples.md"],
        cwd=made.output,
        env={**os.environ, "PYTHONPATH": str(made.source)},
        capture_output=True,
        text=True,
    )


def test_examples(sample):
    text = sample.page("examples.md")
    assert sample.ids("examples.md") == [
        "shop", "shop.cart.Cart", "shop.cart.Cart.total", "shop.prices", "shop.prices.price_of",
    ]  # fmt: skip
    assert '>>> from shop.prices import *\n>>> price_of("salt")\n90\n\n' in text
    assert "If there is no such thing" not in text
    for code in re.findall(r"^```python\n(.*?)^```$", text, re.M | re.S):
        assert code.endswith("\n\n")
    done = doctest(sample)
    assert done.returncode == 0, done.stdout


# The code


CODE = """
    import functools
    from typing import overload

    @functools.lru_cache(maxsize=3)
    def cached(a, /, b: int = 2, *rest: str, c=(1, "2"), **more) -> dict[str, int]:
        '''Text.'''
        return a

    async def wait(seconds: float = 0.5) -> None:
        pass

    @functools.total_ordering
    @register("x", key=lambda thing: thing.name)
    class Thing(Base, metaclass=Meta):
        size: int = 3

        async def go(self):
            yield 1

        @property
        def part(self) -> int:
            '''The part.'''
            return 1

        @part.setter
        def part(self, value: int) -> None:
            self._part = value

        @part.deleter
        def part(self): ...

        @staticmethod
        async def both(): ...

    @overload
    def many(a: int) -> int: ...
    @overload
    def many(a: str) -> str: ...
    def many(a):
        '''Many.'''

    TEXT = f"{len('a')!r:>{WIDTH}}\\n"
"""


@pytest.mark.parametrize(
    "name, code",
    [
        (
            "cached",
            "@functools.lru_cache(maxsize=3)\n"
            "def cached(a, /, b: int = 2, *rest: str, c=(1, '2'), **more) -> dict[str, int]: ...",
        ),
        ("wait", "async def wait(seconds: float = 0.5) -> None: ..."),
        (
            "Thing",
            "@functools.total_ordering\n@register('x', key=lambda thing: thing.name)\n"
            "class Thing(Base, metaclass=Meta): ...",
        ),
        ("Thing.size", "size: int = 3"),
        ("Thing.go", "async def go(self): ..."),
        (
            "Thing.part",
            "@property\ndef part(self) -> int: ...\n@part.setter\ndef part(self, value: int) -> None: ...\n"
            "@part.deleter\ndef part(self): ...",
        ),
        ("Thing.both", "@staticmethod\nasync def both(): ..."),
        ("many", "@overload\ndef many(a: int) -> int: ...\n@overload\ndef many(a: str) -> str: ..."),
    ],
)
def test_code(tmp_path, name, code):
    made = Made(tmp_path, {"m.py": CODE})
    assert same(made.code("api/m.md", name), code)
    assert made.section("api/m.md", name).startswith("##" + "#" * name.count(".") + f" `{name}`\n")


def test_docstring_of_several_definitions(tmp_path):
    made = Made(tmp_path, {"m.py": CODE})
    assert "Many." in made.section("api/m.md", "many")
    assert "The part." in made.section("api/m.md", "Thing.part")


# Names


def test_names(tmp_path):
    made = Made(
        tmp_path,
        {
            "m.py": """
                import os
                if os:
                    a = 1
                b = c = 2
                d, e = 1, 2
                f = 3
                g: int
                _h = 1
                class K:
                    def __init__(self):
                        def inner(): ...
                    def __len__(self): ...
                    def _m(self): ...
                    n = 1
                class _L:
                    o = 1
            """,
            "_private.py": "x = 1",
            "p/_q/r.py": "x = 1",
            "p/not-one.py": "x = 1",
            "p/s.py": "",
        },
    )
    assert made.ids("api/m.md") == ["f", "g", "K", "K.__init__", "K.n"]
    assert made.pages() == ["api/m.md", "api/p.s.md", "examples.md", "guide.md", "index.md"]


ALL = {
    "pack/__init__.py": """
        '''Has `Other` and `renamed`.'''
        from ._inner import Other, hidden
        from pack.inner import thing as renamed
        __all__ = ("_kept", "renamed", "Other", "hidden")
        def _kept(): ...
        def dropped(): ...
    """,
    "pack/_inner.py": """
        from .inner import Other
        hidden = 1
    """,
    "pack/inner.py": """
        class Other: ...
        thing = 1
    """,
}


def test_all(tmp_path):
    made = Made(tmp_path, ALL)
    text = made.page("api/pack.md")
    assert made.ids("api/pack.md") == ["_kept"]
    assert "pack.dropped" not in made.page("index.md") and "pack._kept" in made.page("index.md")
    assert "## Re-exported\n" in text
    entries = re.findall(r"^- .*$", text, re.M)
    assert [re.match(r"- \[?`(.*?)`", entry)[1] for entry in entries] == ["renamed", "Other", "hidden"]
    assert made.link("api/pack.md", entries[0], "`renamed`") == ("api/pack.inner.md", "thing")
    assert made.link("api/pack.md", entries[1], "`Other`") == ("api/pack.inner.md", "Other")
    assert entries[2] == "- `hidden`"
    assert made.link("guide.md", made.page("guide.md"), "`renamed`") == ("api/pack.inner.md", "thing")


# Links in text


def test_links_in_text(tmp_path):
    made = Made(
        tmp_path,
        {
            "a/b.py": '''
                """See `a.c.D.e`, `a.c` and `here`."""
                def here():
                    """Not `nothing`, ``here`` or `D`, but `here`, `a.c`, `a.b.there` and `a.c.D`."""
                class there:
                    """From `a.c.D.e`:

                    `here` again."""
            ''',
            "a/c.py": "class D:\n    e = 1\n",
        },
    )
    page = "api/a.b.md"
    for where, text in [
        (page, blocks(made.page(page))[1]),
        ("guide.md", made.section("guide.md", "a.b")),
        ("index.md", re.search(r"^- \[`a\.b`\].*$", made.page("index.md"), re.M)[0]),
    ]:
        assert made.link(where, text, "`a.c.D.e`") == ("api/a.c.md", "D.e")
        assert made.link(where, text, "`a.c`") == ("api/a.c.md", "")
        assert made.link(where, text, "`here`") == (page, "here")
    text = made.section(page, "here")
    assert "Not `nothing`, ``here`` or `D`, but [" in text
    assert made.link(page, text, "`here`") == (page, "here")
    assert made.link(page, text, "`a.c`") == ("api/a.c.md", "")
    assert made.link(page, text, "`a.b.there`") == (page, "there")
    assert made.link(page, text, "`a.c.D`") == ("api/a.c.md", "D")
    text = made.section(page, "there")
    assert made.link(page, text, "`a.c.D.e`") == ("api/a.c.md", "D.e")
    assert made.link(page, text, "`here`") == (page, "here")


# Examples


def test_examples_of_any_kind(tmp_path):
    made = Made(
        tmp_path,
        {
            "m.py": '''
                """Text:
                >>> print("a\\\\n  b")
                a
                  b

                More text.

                    >>> for i in range(2):
                    ...     print(i)
                    0
                    1
                """
                class K:
                    def f(self):
                        """
                        >>> 1 / 0
                        Traceback (most recent call last):
                        ZeroDivisionError: division by zero

                        >>> K().f()
                        """
            '''
        },
    )
    assert made.ids("examples.md") == ["m", "m.K.f"]
    assert made.page("examples.md").count(">>> from m import *\n") == 2
    done = doctest(made)
    assert done.returncode == 0, done.stdout
    assert "More text." not in made.page("examples.md") and "More text." in made.page("guide.md")


# Files


def test_pages_that_are_gone(tmp_path):
    made = Made(tmp_path, {"a.py": "x = 1", "b.py": "x = 1"})
    make(made.output, {"api/old.md": "", "api/note.txt": "1", "own.md": "2", "api/sub/own.md": "3"})
    (made.source / "b.py").unlink()
    made.again()
    assert made.pages() == ["api/a.md", "api/sub/own.md", "examples.md", "guide.md", "index.md", "own.md"]
    assert (made.output / "api/note.txt").read_text() == "1"


INVALID = {
    "good.py": "x = 1",
    "bad.py": "def f(:\n",
    "p/bytes.py": b"a = 1\nb = 2\nc = 3\nx = '\xff'\n",
    "p/__init__.py": "import bad",
    "p/_private.py": "x = (",
}


def test_invalid_files(tmp_path):
    made = Made(tmp_path, INVALID)
    assert made.invalid == ["bad.py", "p/_private.py", "p/bytes.py"]
    assert made.pages() == ["api/good.md", "api/p.md", "examples.md", "guide.md", "index.md"]


def run(*arguments):
    command = [sys.executable, str(HERE / "doc_generator.py"), *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True)


def test_command(tmp_path):
    make(tmp_path / "in", INVALID)
    done = run(tmp_path / "in", tmp_path / "out" / "put")
    assert done.returncode == 1
    assert done.stderr.splitlines() == ["bad.py", "p/_private.py", "p/bytes.py"]
    assert (tmp_path / "out" / "put" / "api" / "good.md").is_file()
    make(tmp_path / "in2", {"good.py": "x = 1"})
    done = run(tmp_path / "in2", tmp_path / "out2")
    assert done.returncode == 0 and done.stderr == ""


def test_encodings(tmp_path):
    made = Made(
        tmp_path,
        {
            "a.py": b"\xef\xbb\xbfx = '\xc3\xa9'\r\n",
            "b.py": b"# coding: latin-1\n'''\xe9t\xe9'''\nx = '\xe9'\n",
        },
    )
    assert made.invalid == []
    assert same(made.code("api/a.md", "x"), "x = '\xe9'")
    assert same(made.code("api/b.md", "x"), "x = '\xe9'")
    assert "\xe9t\xe9" in made.page("guide.md")


def test_the_same_again(tmp_path):
    made = Made(tmp_path, ALL)
    before = {name: made.page(name) for name in made.pages()}
    made.again()
    assert {name: made.page(name) for name in made.pages()} == before
    assert not any("\r" in text for text in before.values())


def test_sources_are_not_run(tmp_path):
    marker = tmp_path / "marker"
    code = f"open({str(marker)!r}, 'a').close()\nx = 1\n"
    made = Made(tmp_path, {"runs.py": code, "p/__init__.py": code, "p/q.py": code, "p/_r.py": code})
    assert "api/runs.md" in made.pages()
    assert run(made.source, tmp_path / "out").returncode == 0
    assert not marker.exists()
    assert {path.suffix for path in made.source.rglob("*") if path.is_file()} == {".py"}


def test_nothing(tmp_path):
    made = Made(tmp_path, {"note.txt": ""})
    assert made.pages() == ["examples.md", "guide.md", "index.md"]
    assert "# Index\n" in made.page("index.md") and "## Modules" in made.page("index.md")
    assert made.page("guide.md").strip() == "# Guide"
    assert made.page("examples.md").strip() == "# Examples"
