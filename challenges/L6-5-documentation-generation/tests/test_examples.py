"""``examples.md``: the examples of all docstrings, and whether they run."""

from __future__ import annotations

from pathlib import Path
from runpy import run_path
from types import SimpleNamespace
from typing import Any

HERE = Path(__file__).resolve().parent
m = SimpleNamespace(**run_path(str(HERE / "docs_model.py")))

RUNNING = {
    "shop/__init__.py": (
        '"""Two names.\n\n>>> size(3)\n[0, 1, 2]\n>>> total = size\n"""\n'
        "from .cart import size, _hidden\n"
        "__all__ = ['size', '_own']\n"
        "def _own():\n"
        '    """\n    >>> _own(), size(0)\n    (1, [])\n    """\n    return 1\n'
    ),
    "shop/cart.py": (
        "import os\n\n\n"
        "def size(n):\n"
        '    """As a list:\n'
        "    >>> for i in size(2):\n    ...     print(i)\n    ...\n    0\n    1\n\n"
        "    Indented, and with output to the end:\n\n"
        "        >>> import sys  # sys.exit()\n"
        "        >>> sys.stdout.write('a\\\\n\\\\n')\n        a\n        <BLANKLINE>\n"
        "        3\n"
        '    """\n'
        "    return list(range(n))\n\n\n"
        "def total(numbers):\n"
        '    """\n    >>> total([1, 2])\n    3\n    >>> total(["x"])\n'
        "    Traceback (most recent call last):\n"
        "    TypeError: unsupported operand type(s) for +: 'int' and 'str'\n\n"
        "    >>> size = 1\n"
        "    >>> total(  # doctest: +ELLIPSIS\n    ...     range(100))\n    4...0\n"
        '    """\n'
        "    return sum(numbers)\n\n\n"
        "class Cart:\n"
        '    """\n    >>> Cart.Line().get(total=size)(2)\n    [0, 1]\n    """\n'
        "    class Line:\n"
        "        def get(self, total):\n"
        '            r"""\n            >>> Cart.Line().get(r"\\d")\n'
        "            '\\\\d'\n"
        '            """\n            return total\n'
        "def _hidden():\n"
        '    """\n    >>> 1 / 0\n    """\n'
    ),
    "shop/export/report.py": "def item():\n    'No >>> 1 / 0'\n",
}

SECTIONS = [
    "shop",
    "shop._own",
    "shop.cart.size",
    "shop.cart.total",
    "shop.cart.Cart",
    "shop.cart.Cart.Line.get",
]


def doctest_of(shell: Any) -> int:
    argv = ["python", "-m", "doctest", "out/examples.md"]
    return int(shell.run(argv, env={"PYTHONPATH": "src"}).status)


def test_examples_run(code: Any, shell: Any) -> None:
    m.made(code, shell, RUNNING)
    assert doctest_of(shell) == 0


def test_an_example_that_fails_fails_there(code: Any, shell: Any) -> None:
    files = RUNNING | {"sample.py": "'''\n>>> 1\n1\n\nText.\n\n>>> x\n2\n'''\nx = 1\n"}
    m.made(code, shell, files)
    assert doctest_of(shell) == 1


def test_each_docstring_with_examples_has_a_section(code: Any, shell: Any) -> None:
    pages = m.made(code, shell, RUNNING)
    sections = m.read_page("examples.md", pages["examples.md"])
    assert [anchor for _, anchor, _ in sections] == ["", *SECTIONS]
    m.check(pages, {path: text.encode() for path, text in RUNNING.items()})


def test_examples_are_as_in_the_source(code: Any, shell: Any) -> None:
    docstring = (
        '"""Text\n'
        "    goes up to here:\n"
        "    >>> x = [\n"
        "    ...     1,\n"
        "    ... ]\n"
        "    >>> x\n"
        "    [1]\n"
        "    Text directly below is output.\n"
        "    \n"
        "    >> no example\n"
        "    >>>no example\n"
        "    \n"
        "        >>> # only a comment\n"
        "        >>> y  # doctest: +SKIP\n"
        "      \n"
        "    text; >>> no example\n"
        "\n"
        "    >>> z\n"
        '    """'
    )
    pages = m.made(code, shell, {"shop.py": f"def f():\n    {docstring}\n"})
    examples = (
        ("from shop import *\n", ""),
        ("x = [\n    1,\n]\n", ""),
        ("x\n", "[1]\nText directly below is output.\n"),
        ("y  # doctest: +SKIP\n", ""),
        ("z\n", ""),
    )
    got = m.section(pages, "examples.md", "shop.f")
    assert [
        (kind, [e for e in row if e[0] != "# only a comment\n"]) for kind, row in got
    ] == [("examples", list(examples))]
    assert m.section(pages, "api/shop.md", "f")[1:] == [
        ("text", ("Text", "goes up to here:")),
        ("text", (">> no example", ">>>no example")),
        ("text", ("text; >>> no example",)),
        ("text", ("[Examples](examples.md#shop.f)",)),
    ]


def test_sections_lead_to_what_they_are_about(code: Any, shell: Any) -> None:
    pages = m.made(code, shell, RUNNING)
    headings = [h for h, _, _ in m.read_page("examples.md", pages["examples.md"])]
    assert headings == [
        "# Examples",
        "## [`shop`](api/shop.md)",
        "## [`shop._own`](api/shop.md#_own)",
        "## [`shop.cart.size`](api/shop.cart.md#size)",
        "## [`shop.cart.total`](api/shop.cart.md#total)",
        "## [`shop.cart.Cart`](api/shop.cart.md#Cart)",
        "## [`shop.cart.Cart.Line.get`](api/shop.cart.md#Cart.Line.get)",
    ]
