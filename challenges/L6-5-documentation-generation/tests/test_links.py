"""Links: every one leads to a page or an anchor, and to the right one."""

from __future__ import annotations

from pathlib import Path
from posixpath import dirname
from posixpath import join
from posixpath import normpath
from random import Random
from runpy import run_path
from types import SimpleNamespace
from typing import Any
from urllib.parse import unquote

HERE = Path(__file__).resolve().parent
m = SimpleNamespace(**run_path(str(HERE / "docs_model.py")))
maker = SimpleNamespace(**run_path(str(HERE / "source_maker.py")))

REFERENCES = "`Cart` `Cart.total` `shop.cart.Cart` `shop.cart` `shop` `report` `far`"

FILES = {
    "shop/__init__.py": (
        f'"""One {REFERENCES}."""\n'
        "from .export.report import report\n"
        "from .export.report import missing as far\n"
        "from .cart import Cart as unasked\n"
        "__all__ = ['report', 'far']\n"
    ),
    "shop/cart.py": (
        f'"""Two {REFERENCES}."""\n'
        f"class Cart:\n    '''Three {REFERENCES}.'''\n"
        f"    def total(self):\n        '''Four `total` {REFERENCES}.'''\n"
        "def shop(): pass\n"
    ),
    "shop/export/report.py": f"def report():\n    '''Five {REFERENCES}.'''\n",
}

CART = "api/shop.cart.md#Cart"
LONG = f"[`shop.cart.Cart`]({CART})"
LEFT = (
    f"`Cart` `Cart.total` {LONG} [`shop.cart`](api/shop.cart.md) [`shop`](api/shop.md)"
)
OWN = (
    f"[`Cart`]({CART}) [`Cart.total`]({CART}.total) {LONG}"
    " [`shop.cart`](api/shop.cart.md) [`shop`](api/shop.cart.md#shop)"
)
REPORT = "[`report`](api/shop.export.report.md#report)"

LINKED = {
    "One": f"One {LEFT} {REPORT} `far`.",
    "Two": f"Two {OWN} `report` `far`.",
    "Three": f"Three {OWN} `report` `far`.",
    "Four": f"Four `total` {OWN} `report` `far`.",
    "Five": f"Five {LEFT} {REPORT} `far`.",
}


def lines_of(pages: dict[str, bytes], page: str) -> list[str]:
    sections = m.read_page(page, pages[page])
    pieces = [piece for _, _, pieces in sections for piece in pieces]
    return [line for kind, lines in pieces if kind == "text" for line in lines]


def test_names_in_text_become_links(code: Any, shell: Any) -> None:
    pages = m.made(code, shell, FILES)
    for page, words in (
        ("api/shop.md", ["One"]),
        ("api/shop.cart.md", ["Two", "Three", "Four"]),
        ("api/shop.export.report.md", ["Five"]),
        ("guide.md", ["One", "Two"]),
    ):
        lines = lines_of(pages, page)
        for word in words:
            assert LINKED[word] in lines, page
    index = lines_of(pages, "index.md")
    assert f"- [`shop`](api/shop.md): {LINKED['One']}" in index
    assert f"- [`shop.cart`](api/shop.cart.md): {LINKED['Two']}" in index


def test_what_is_no_name_stays_as_it_is(code: Any, shell: Any) -> None:
    text = (
        "A ``Cart``, a `cart`, a `Cart()`, a `shop.Cart`, a `Cart.`, a `.Cart`, a"
        " `Cart.add`, a `self.Cart`, a Cart, 'Cart', ```Cart```, `shop.cart._x`,"
        " `_x`, `Cart._y`, `shop.cart.Cart.total()`, `shop.cart#Cart`, `no`."
    )
    source = (
        f'class Cart:\n    """{text}\n\n    >>> "`Cart`"\n    \'`Cart`\'\n    """\n'
        "    _y = 1\n_x = 1\nif 1:\n    no = 1\n"
    )
    pages = m.made(code, shell, {"shop/cart.py": source})
    assert text in lines_of(pages, "api/shop.cart.md")
    examples = m.section(pages, "examples.md", "shop.cart.Cart")[0][1]
    assert examples[1] == ('"`Cart`"\n', "'`Cart`'\n")


def test_a_link_may_span_no_line(code: Any, shell: Any) -> None:
    source = (
        '"""\n`Cart` or `shop\n.cart` or\n`Cart`, `a` b `Cart`\n"""\nclass Cart: pass\n'
    )
    pages = m.made(code, shell, {"shop.py": source})
    link = "[`Cart`](api/shop.md#Cart)"
    pieces = m.section(pages, "guide.md", "shop")
    lines = (f"{link} or `shop", ".cart` or", f"{link}, `a` b {link}")
    assert pieces == [("text", lines)]


def test_every_link_resolves(code: Any, shell: Any, rng: Random) -> None:
    number = 0
    for folder in ("one", "two", "three"):
        m.write(shell, maker.Maker(rng).files(), f"{folder}/src")
        code.call("doc_generator:generate", f"{folder}/src", f"{folder}/out")
        pages = m.pages_in(shell, f"{folder}/out")
        anchors = {
            page: [a for _, a, _ in m.read_page(page, data)]
            for page, data in pages.items()
        }
        for page, data in pages.items():
            for _, target in m.LINK.findall(data.decode()):
                path, mark, anchor = unquote(target).partition("#")
                path = normpath(join(dirname(page), path)) if path else page
                assert path in pages, (page, target)
                assert not mark or anchors[path].count(anchor) == 1, (page, target)
                number += 1
    assert number > 50
