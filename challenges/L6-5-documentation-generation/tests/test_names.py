"""What is documented, and where: modules, names, members, re-exports."""

from __future__ import annotations

from pathlib import Path
from random import Random
from runpy import run_path
from types import SimpleNamespace
from typing import Any

HERE = Path(__file__).resolve().parent
m = SimpleNamespace(**run_path(str(HERE / "docs_model.py")))
maker = SimpleNamespace(**run_path(str(HERE / "source_maker.py")))

PAGE = "api/shop.md"


def names_of(code: Any, shell: Any, source: str) -> list[str]:
    """What the page of a module with this source has sections of."""
    pages = m.made(code, shell, {"shop.py": source})
    m.check(pages, {"shop.py": source.encode()})
    found: list[str] = m.names_on(pages, PAGE)
    return found


def test_random_sources_are_documented(code: Any, shell: Any, rng: Random) -> None:
    for number in range(6):
        files = maker.Maker(rng).files()
        m.write(shell, files, f"src{number}")
        code.call("doc_generator:generate", f"src{number}", f"out{number}")
        m.check(m.pages_in(shell, f"out{number}"), files)


def test_modules_are_found_at_any_depth(code: Any, shell: Any) -> None:
    paths = "sample.py shop/__init__.py shop/cart.py sample/shop/export/report.py"
    left_out = "_a.py shop/_b.py shop/_c/d.py shop/__main__.py e-f.py 1/g.py .h/i.py"
    files = dict.fromkeys(f"{paths} {left_out}".split(), b"x = 1\n")
    files |= {"shop/notes.txt": b"x = 1\n", "shop/k.pyi": b"x = 1\n"}
    pages = m.made(code, shell, files)
    api = sorted(page for page in pages if page.startswith("api/"))
    modules = "sample sample.shop.export.report shop shop.cart".split()
    assert api == sorted(f"api/{module}.md" for module in modules)
    m.check(pages, files)


def test_modules_are_sorted_by_name(code: Any, shell: Any) -> None:
    paths = "sample/export.py sample_docs.py sample/__init__.py sample/Cart.py shop.py"
    files = dict.fromkeys(paths.split(), b'"""Text."""\nx = 1\n')
    pages = m.made(code, shell, files)
    modules = "sample sample.Cart sample.export sample_docs shop".split()
    assert m.names_on(pages, "guide.md") == [
        f"[`{module}`](api/{module}.md)" for module in modules
    ]
    m.check(pages, files)


def test_names_are_defined_by_def_class_and_assignment(code: Any, shell: Any) -> None:
    source = (
        "def f(): pass\n"
        "async def g(): pass\n"
        "class C: pass\n"
        "x = 1\n"
        "y: int = 2\n"
        "z: int\n"
        "a = b = 3\n"
        "c, d = 4, 5\n"
        "[e] = [6]\n"
        "f.attribute = 7\n"
        "f.note: int = 7\n"
        "h['x'] = 8\n"
        "i += 9\n"
        "import j\n"
        "from k import l\n"
        "del m\n"
        "f(n := 1)\n"
        "_o = 1\n"
        "def _p(): pass\n"
        "class _Q:\n    r = 1\n"
        "s = 1; t = 2\n"
        "if x: u = 1\n"
        "w = \\\n  1\n"
    )
    assert names_of(code, shell, source) == "f g C x y z s t w".split()


def test_what_is_inside_other_statements_is_not_defined(code: Any, shell: Any) -> None:
    source = (
        "if x:\n    def a(): pass\nelse:\n    class A: pass\n"
        "try:\n    b = 1\nexcept E:\n    b = 2\n"
        "with f as c:\n    d = 1\n"
        "for e in f:\n    g = 1\n"
        "while x:\n    h = 1\n"
        "class C:\n    if x:\n        def i(self): pass\n    j = 1\n"
        "def k():\n    l = 1\n    class M:\n        n = 1\n    def o(): pass\n"
    )
    assert names_of(code, shell, source) == ["C", "C.j", "k"]


def test_text_that_looks_like_definitions_is_none(code: Any, shell: Any) -> None:
    source = (
        "x = '''\ndef a():\n    pass\nclass B:\n    pass\n'''\n"
        "# def c(): pass\n"
        "class C:\n"
        '    """Text.\n\ndef d(self):\n    class E: pass\n    """\n'
        "    y = (\n1,\n)\n"
        "    z = f(a=1,\nb=2)\n"
        "def f(\na=1,\nb=2\n): pass\n"
        "r'''\ng = 1\n'''\n"
        "h = 'async def i(): pass'\n"
    )
    assert names_of(code, shell, source) == "x C C.y C.z f h".split()


def test_all_decides(code: Any, shell: Any) -> None:
    source = (
        "__all__ = ['b', '_c', 'D', 'missing']\n"
        "def a(): pass\n"
        "def _c(): pass\n"
        "class D:\n    __all__ = ['_e']\n    _e = 1\n    f = 1\n"
        "b = 1\n"
    )
    assert names_of(code, shell, source) == "_c D D.f b".split()
    in_tuple = source.replace("['b', '_c', 'D', 'missing']", "('D', 'a')")
    assert names_of(code, shell, in_tuple) == "a D D.f".split()
    annotated = source.replace("__all__ = ['b'", "__all__: list[str] = ['a', 'b'")
    assert names_of(code, shell, annotated) == "a _c D D.f b".split()
    nothing = source.replace("['b', '_c', 'D', 'missing']", "[]")
    assert names_of(code, shell, nothing) == []


def test_members_follow_their_class(code: Any, shell: Any) -> None:
    source = (
        "class A:\n"
        "    x = 1\n"
        "    class B(A):\n"
        "        def f(self): pass\n"
        "        def __init__(self): pass\n"
        "        class C: y: int\n"
        "        def _g(self): pass\n"
        "    def __init__(self): pass\n"
        "    def __len__(self): pass\n"
        "    _z = 1\n"
        "    async def h(self): pass\n"
        "    class _D:\n"
        "        i = 1\n"
        "def __init__(): pass\n"
        "def k(): pass\n"
    )
    names = "A A.x A.B A.B.f A.B.__init__ A.B.C A.B.C.y A.__init__ A.h k"
    assert names_of(code, shell, source) == names.split()


def test_each_name_is_documented_once(code: Any, shell: Any) -> None:
    source = (
        "def f(): pass\n"
        "class C:\n"
        "    @property\n    def p(self): pass\n"
        "    def q(self): pass\n"
        "    @p.setter\n    def p(self, value): pass\n"
        "    @p.deleter\n    def p(self): pass\n"
        "def f(x): pass\n"
        "g = 1\n"
        "def g(): pass\n"
    )
    assert names_of(code, shell, source) == "f C C.p C.q g".split()


def test_names_of_other_scripts_are_names(code: Any, shell: Any) -> None:
    source = "class Größe:\n    'Wie `Größe.ß`.'\n    ß = 'ß'\nπ: float = 3.1\n"
    assert names_of(code, shell, source) == ["Größe", "Größe.ß", "π"]


# -- re-exports --------------------------------------------------------------------

PACKAGE = {
    "shop/__init__.py": (
        '"""Has a `Cart`, an `item`, a `size`, a `hidden` and a `far`."""\n'
        "import sample\n"
        "from os.path import join\n"
        "from shop.cart import Cart\n"
        "from .cart import item as size, item\n"
        "from . import cart\n"
        "from ._rounding import hidden, passed_on as far\n"
        "from .cart import own, unasked\n"
        "own = 1\n"
        "__all__ = ['size', 'own', 'join', 'Cart', 'hidden', 'item', 'far']\n"
    ),
    "shop/cart.py": (
        "class Cart: pass\ndef item(): pass\ndef own(): pass\nunasked = 1\n"
    ),
    "shop/_rounding.py": (
        "from .export.report import renamed as passed_on\ndef hidden(): pass\n"
    ),
    "shop/export/__init__.py": (
        "from ..cart import Cart as Basket\n"
        "from .report import renamed\n"
        "from .. import own\n"
        "__all__ = ['Basket', 'renamed', 'own']\n"
    ),
    "shop/export/report.py": (
        "from sample import first as renamed, second\n__all__ = ['second']\n"
    ),
    "sample.py": "def first(): pass\ndef _second(): pass\nsecond = third = 1\n",
}

LISTS = {
    "shop": [
        "- [`size`](api/shop.cart.md#item)",
        "- `join`",
        "- [`Cart`](api/shop.cart.md#Cart)",
        "- `hidden`",
        "- [`item`](api/shop.cart.md#item)",
        "- [`far`](api/sample.md#first)",
    ],
    "shop.export": [
        "- [`Basket`](api/shop.cart.md#Cart)",
        "- [`renamed`](api/sample.md#first)",
        "- [`own`](api/shop.md#own)",
    ],
    "shop.export.report": ["- `second`"],
}


def test_re_exports_lead_to_the_definition(code: Any, shell: Any) -> None:
    pages = m.made(code, shell, PACKAGE)
    for module, lines in LISTS.items():
        page = f"api/{module}.md"
        sections = m.one_list(m.read_page(page, pages[page]))
        lists = [pieces for heading, _, pieces in sections if heading == RE_EXPORTED]
        assert lists == [[("text", tuple(lines))]], module
    for module in ("shop.cart", "sample"):
        assert RE_EXPORTED.encode() not in pages[f"api/{module}.md"]
    m.check(pages, {path: text.encode() for path, text in PACKAGE.items()})


def test_re_exported_names_have_no_second_section(code: Any, shell: Any) -> None:
    pages = m.made(code, shell, PACKAGE)
    assert m.names_on(pages, PAGE) == ["own"]
    index = m.read_page("index.md", pages["index.md"])
    names = [line for _, lines in index[-1][2] for line in lines]
    assert [name for name in names if "Cart" in name] == [
        "- [`shop.cart.Cart`](api/shop.cart.md#Cart)"
    ]


RE_EXPORTED = "## Re-exported"
