"""What a section holds: the code, and the text of the docstring."""

from __future__ import annotations

import ast
from pathlib import Path
from runpy import run_path
from textwrap import indent
from types import SimpleNamespace
from typing import Any

from pytest_overnight.grading import same

HERE = Path(__file__).resolve().parent
m = SimpleNamespace(**run_path(str(HERE / "docs_model.py")))

PAGE = "api/shop.md"


def pieces_of(code: Any, shell: Any, source: str | bytes, name: str) -> Any:
    """The section of a name of a module with this source."""
    return m.section(m.made(code, shell, {"shop.py": source}), PAGE, name)


def text_of(code: Any, shell: Any, docstring: str) -> list[str]:
    """The paragraphs of a function with this docstring, source text and all."""
    source = f"def f():\n    {docstring}\n"
    code_piece, *pieces = pieces_of(code, shell, source, "f")
    assert code_piece[0] == "code"
    assert all(kind == "text" for kind, _ in pieces)
    return ["\n".join(lines) for _, lines in pieces]


HEADS = (
    "def f{}():",
    "def f{}(a, b=1, /, c: int = 2, *d: str, e, g=(1, 2), **h: 'x') -> None:",
    "def f{}(*, a, b: list[int] = []):",
    "def f{}(a, /):",
    "def f{}(a, *, b=lambda x, *y, z=1: (x, y)) -> Callable[[int], str]:",
    "async def f{}(a) -> AsyncIterator[int]:",
    "async  def  f{} ( a ,b = '):' ) :",
    "def f{}(\n    a,  # one (\n    b={{'c': [1, 2]}},\n) -> dict[\n    str, int\n]:",
    "def f{}(a='''x\n  y''', b=\"it's\", c='\\n', d=b'\\xff', e=f'{{a!r:>{{b}}}}'):",
    "def f{}(*a: *Ts, **k: Unpack[T]):",
    "@cache\ndef f{}():",
    "@a.b(c, d=1)[0].e\n@f\n# between\n@(\n    lambda g: g\n)\nasync def f{}():",
    "class f{}:",
    "class f{}():",
    "class f{}(A, b.C[int], metaclass=M, d=(1,), **e):",
    "@dataclass(\n    frozen=True,\n)\nclass f{}(*bases):",
)

VARIABLES = (
    "f{} = 1",
    "f{}: int",
    "f{}: 'list[int]' = [\n    1,  # one\n    2,\n]",
    "f{} = {{'a': 1, **b}}  # type: ignore",
    "f{} = '''x\n\ny'''",
    "f{} = a if b else {{*c, d}}",
    "f{} = lambda: 0",
    "f{} = not a < b <= c and (d := 1)",
)


def test_code_has_the_syntax_tree_of_the_source(code: Any, shell: Any) -> None:
    heads = [head.format(n) for n, head in enumerate(HEADS)]
    bodies = [f"{head}\n    g(1)\n" for head in heads]
    plain = [text.format(n) for n, text in enumerate(VARIABLES, len(HEADS))]
    source = "\n".join([*bodies, *plain]) + "\n"
    pages = m.made(code, shell, {"shop.py": source})
    for n, text in enumerate([f"{head} ..." for head in heads] + plain):
        (kind, got), *rest = m.section(pages, PAGE, f"f{n}")
        assert kind == "code", text
        assert same(list(got), [ast.dump(ast.parse(text).body[0])]), text
        assert rest == [], text


def test_methods_keep_their_decorators(code: Any, shell: Any) -> None:
    shown = "@classmethod\n@cache\nasync def m(cls, *, x: int = 1) -> None: ...\n"
    source = "class C:\n" + indent(shown, "    ")
    pieces = pieces_of(code, shell, source, "C.m")
    assert same(pieces, [("code", m.dumps(ast.parse(shown).body))])


def test_overloads_are_shown_without_their_implementation(
    code: Any, shell: Any
) -> None:
    shown = (
        "@overload\ndef f(a: int) -> int: ...\n"
        "@typing.overload\n@staticmethod\ndef f(a: str, *, b=1) -> str: ...\n"
        "@cache\n@overload\nasync def f(a): ...\n"
    )
    rest = "@not_an.overload_\n@overload.no\n@an_overload\ndef f(a):\n    'Text.'\n"
    pieces = pieces_of(code, shell, shown + rest, "f")
    assert same(pieces[:1], [("code", m.dumps(ast.parse(shown).body))])
    assert pieces[1:] == [("text", ("Text.",))]


def test_all_definitions_of_a_name_are_shown(code: Any, shell: Any) -> None:
    shown = (
        "@property\ndef p(self) -> int: ...\n",
        "@p.setter\ndef p(self, value: int): ...\n",
        "@p.deleter\ndef p(self): ...\n",
    )
    source = "class C:\n" + indent("def q(self): ...\n".join(shown), "    ")
    pieces = pieces_of(code, shell, source, "C.p")
    assert same(pieces, [("code", m.dumps(ast.parse("".join(shown)).body))])


def test_the_first_docstring_counts(code: Any, shell: Any) -> None:
    source = (
        "f = 1\n'no docstring'\n"
        "def f(): return 'none'\n"
        "def f(a):\n    '''This one.'''\n"
        "def f(b):\n    '''Not this one.'''\n"
        "def g():\n    'First' + '.'\n"
        "class C:\n    'Of the class.'\n    x = 1\n    'no docstring'\n"
    )
    pages = m.made(code, shell, {"shop.py": source})
    for name, text in (("f", "This one."), ("C", "Of the class.")):
        assert m.section(pages, PAGE, name)[1:] == [("text", (text,))], name
    for name in ("g", "C.x"):
        assert m.section(pages, PAGE, name)[1:] == [], name


def test_paragraphs_keep_their_lines(code: Any, shell: Any) -> None:
    docstring = (
        '"""One\n    two,\n      three.\n\n\n'
        '      - four\n        five\n\n    six\n    """'
    )
    paragraphs = ["One\ntwo,\n  three.", "  - four\n    five", "six"]
    assert text_of(code, shell, docstring) == paragraphs
    below = '"""\n    One.\n\t\n    \\"Two\\" \\\\ tab:\tend\n    """'
    assert text_of(code, shell, below) == ["One.", '"Two" \\ tab:        end']


def test_empty_docstrings_say_nothing(code: Any, shell: Any) -> None:
    for docstring in ('""', '"  "', '"""\n\n    """'):
        assert text_of(code, shell, docstring) == []


def test_the_summary_is_the_first_paragraph_on_one_line(code: Any, shell: Any) -> None:
    source = '"""\n>>> 1\n1\n\nOne\ntwo.\n\nThree.\n"""\n'
    pages = m.made(code, shell, {"shop.py": source, "sample.py": "x = 1\n"})
    title = m.read_page(PAGE, pages[PAGE])[0]
    assert title == (
        "# `shop`",
        "",
        [
            ("text", ("One two.",)),
            ("text", ("[Guide](guide.md#shop)",)),
            ("text", ("[Examples](examples.md#shop)",)),
        ],
    )
    modules = m.one_list(m.read_page("index.md", pages["index.md"]))[1]
    lines = ("- [`sample`](api/sample.md)", "- [`shop`](api/shop.md): One two.")
    assert modules == ("## Modules", "", [("text", lines)])


def test_the_guide_has_the_text_of_modules(code: Any, shell: Any) -> None:
    files = {
        "shop/cart.py": '"""One\ntwo.\n\n    >>> 1\n    1\n\n  Three.\n"""\n',
        "shop/prices.py": '"""\n>>> 1\n1\n"""\n',
        "shop/export.py": "x = 1\n'''No docstring.'''\n",
        "sample.py": "# coding: utf-8\n'Four.'\n",
    }
    pages = m.made(code, shell, files)
    guide = m.read_page("guide.md", pages["guide.md"])
    assert guide == [
        ("# Guide", "", []),
        ("## [`sample`](api/sample.md)", "sample", [("text", ("Four.",))]),
        (
            "## [`shop.cart`](api/shop.cart.md)",
            "shop.cart",
            [
                ("text", ("One", "two.")),
                ("text", ("  Three.",)),
                ("text", ("[Examples](examples.md#shop.cart)",)),
            ],
        ),
    ]
    m.check(pages, {path: text.encode() for path, text in files.items()})


def test_files_are_decoded_as_python_does_it(code: Any, shell: Any) -> None:
    text = 'def größe(a="é", b="""x\ny"""):\n    """Ü\n\n    ö ß\n    """\n'
    files = {
        "shop.py": text.encode(),
        "shop/cart.py": b"\xef\xbb\xbf" + text.encode(),
        "shop/prices.py": b"# -*- coding: latin-1 -*-\n" + text.encode("latin-1"),
        "sample.py": b"#!python\n# vim: set fileencoding=cp1252 :\n"
        + text.encode("cp1252"),
        "shop/export.py": text.replace("\n", "\r\n").encode(),
        "shop/report.py": text.replace("\n", "\r").encode(),
    }
    pages = m.made(code, shell, files)
    want = ast.dump(ast.parse('def größe(a="é", b="x\\ny"): ...').body[0])
    pieces = [("code", (want,)), ("text", ("Ü",)), ("text", ("ö ß",))]
    for page in [page for page in pages if page.startswith("api/")]:
        assert same(m.section(pages, page, "größe"), pieces), page
