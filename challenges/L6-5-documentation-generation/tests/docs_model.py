"""What pages must hold, and how to read them whatever their blank lines are.

A page is a list of sections ``(heading, anchor, pieces)``. A piece is a paragraph or a
list, ``("text", lines)``, or a code block: ``("code", …)`` with the dumps of its syntax
trees, or with what ``doctest`` finds in it. Links are written out: each target is the
path below the output folder, so that equal pieces have equal links.
"""

from __future__ import annotations

import ast
import doctest
import inspect
import re
from collections.abc import Iterator
from pathlib import PurePosixPath
from posixpath import dirname
from posixpath import join
from posixpath import normpath
from typing import Any
from urllib.parse import unquote

from pytest_overnight.grading import same

Piece = tuple[str, tuple[Any, ...]]
Section = tuple[str, str, list[Piece]]

PAGE_CAP = 1 << 20
HEADING = re.compile(r"#{1,6} ")
ANCHOR = re.compile(r'<a id="([^"]*)"></a>')
LINK = re.compile(r"\[([^\]]*)\]\(([^()\s]*)\)")
QUOTED = re.compile(r"(?<!`)`([^`]+)`(?!`)")
FUNCTIONS = (ast.FunctionDef, ast.AsyncFunctionDef)


# -- reading pages -----------------------------------------------------------------


def with_whole_targets(text: str, page: str) -> str:
    """Each link's target as a path below the output folder."""

    def whole(found: re.Match[str]) -> str:
        path, mark, anchor = unquote(found[2]).partition("#")
        path = normpath(join(dirname(page), path)) if path else page
        return f"[{found[1]}]({path}{mark}{anchor})"

    return LINK.sub(whole, text)


def dumps(nodes: list[ast.stmt]) -> tuple[str, ...]:
    return tuple(ast.dump(node) for node in nodes)


def code_piece(lines: list[str]) -> Piece:
    """A block by what it says, not by how it is laid out."""
    text = "\n".join(lines)
    try:
        if text.lstrip().startswith(">>> "):
            examples = doctest.DocTestParser().get_examples(text)
            return "examples", tuple((e.source, e.want) for e in examples)
        return "code", dumps(ast.parse(text).body)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return "broken code", tuple(lines)


def read_page(page: str, data: bytes) -> list[Section]:
    assert len(data) < PAGE_CAP, page
    assert b"\r" not in data, page
    sections: list[Section] = [("", "", [])]
    block: list[str] | None = None
    piece: list[str] = []

    def end_piece() -> None:
        if piece:
            text = with_whole_targets("\n".join(piece), page)
            sections[-1][2].append(("text", tuple(text.split("\n"))))
            piece.clear()

    for line in map(str.rstrip, data.decode("utf-8").split("\n")):
        if block is not None:
            if line == "```":
                sections[-1][2].append(code_piece(block))
                block = None
            else:
                block.append(line)
        elif line == "```python":
            end_piece()
            block = []
        elif HEADING.match(line):
            anchor = ANCHOR.fullmatch(piece.pop()) if piece else None
            end_piece()
            name = anchor[1] if anchor else ""
            sections.append((with_whole_targets(line, page), name, []))
        elif line:
            piece.append(line)
        else:
            end_piece()
    assert block is None, f"{page}: a code block does not end"
    end_piece()
    assert not sections.pop(0)[2], f"{page} begins with something else than its title"
    return sections


def one_list(sections: list[Section]) -> list[Section]:
    """Lists that follow one another are one, on any page."""
    for _, _, pieces in sections:
        for i in range(len(pieces) - 1, 0, -1):
            (kind, lines), (next_kind, more) = pieces[i - 1 : i + 1]
            texts = kind == next_kind == "text"
            if texts and all(line.startswith("- ") for line in lines + more):
                pieces[i - 1 : i + 1] = [("text", lines + more)]
    return sections


def pages_in(shell: Any, folder: str) -> dict[str, bytes]:
    paths = shell.list(folder)
    return {path.removeprefix(f"{folder}/"): shell.read(path) for path in paths}


def write(shell: Any, files: dict[str, Any], folder: str = "src") -> None:
    for path, text in files.items():
        shell.write(f"{folder}/{path}", text)


def made(code: Any, shell: Any, files: dict[str, Any]) -> dict[str, bytes]:
    """The pages of these files, all of them valid; made in the working folder."""
    write(shell, files)
    assert same(code.call("doc_generator:generate", "src", "out"), [])
    return pages_in(shell, "out")


def check(pages: dict[str, bytes], files: dict[str, bytes]) -> None:
    """These are the pages of those files, and no others are there."""
    expected = Expected(files).pages()
    assert same(sorted(pages), sorted(expected))
    for page, data in pages.items():
        got, want = one_list(read_page(page, data)), one_list(expected[page])
        heads = [(heading, anchor) for heading, anchor, _ in want]
        assert same([(heading, anchor) for heading, anchor, _ in got], heads), page
        for (heading, _, pieces), (_, _, wanted) in zip(got, want, strict=True):
            assert same(pieces, wanted), (page, heading)


def section(pages: dict[str, bytes], page: str, anchor: str) -> list[Piece]:
    """The pieces of the one section with this anchor."""
    found = [pieces for _, a, pieces in read_page(page, pages[page]) if a == anchor]
    assert len(found) == 1, f"{len(found)} sections {anchor} on {page}"
    return found[0]


def names_on(pages: dict[str, bytes], page: str) -> list[str]:
    """Names in headings below the title, re-exports left out."""
    headings = [heading for heading, _, _ in read_page(page, pages[page])[1:]]
    return [h.partition(" ")[2].strip("`") for h in headings if "Re-exported" not in h]


# -- what they must hold -----------------------------------------------------------


def defined(node: ast.stmt) -> str:
    match node:
        case ast.FunctionDef() | ast.AsyncFunctionDef() | ast.ClassDef():
            return node.name
        case ast.Assign(targets=[ast.Name(id=name)]):
            return name
        case ast.AnnAssign(target=ast.Name(id=name)):
            return name
    return ""


def without_body(node: ast.stmt) -> ast.stmt:
    """A fresh tree, with ``...`` for the body."""
    node = ast.parse(ast.unparse(node)).body[0]
    if isinstance(node, (*FUNCTIONS, ast.ClassDef)):
        node.body = ast.parse("...").body
    return node


def is_overload(node: ast.stmt) -> bool:
    for decorator in getattr(node, "decorator_list", []):
        match decorator:
            case ast.Name(id="overload") | ast.Attribute(attr="overload"):
                return True
    return False


class Docstring:
    """Its paragraphs, and its examples as doctest reads them."""

    def __init__(self, raw: str) -> None:
        self.paragraphs: list[tuple[str, ...]] = []
        blocks: list[str] = []
        for block in re.split(r"\n(?:[ \t]*\n)+", inspect.cleandoc(raw).rstrip()):
            lines = block.split("\n")
            begins = [i for i, line in enumerate(lines) if re.match(" *>>> ", line)]
            cut = begins[0] if begins else len(lines)
            if lines[:cut] and lines != [""]:
                self.paragraphs.append(tuple(map(str.rstrip, lines[:cut])))
            if begins:
                blocks.append("\n".join(lines[cut:]))
        examples = doctest.DocTestParser().get_examples("\n\n".join(blocks))
        self.examples = tuple((e.source, e.want) for e in examples)

    @property
    def summary(self) -> str:
        return " ".join(map(str.strip, self.paragraphs[0] if self.paragraphs else ()))


class Module:
    def __init__(self, path: str, tree: ast.Module) -> None:
        parts = PurePosixPath(path).with_suffix("").parts
        self.is_package = parts[-1] == "__init__"
        self.parts = parts[:-1] if self.is_package else parts
        self.name = ".".join(self.parts)
        self.page = f"api/{self.name}.md"
        self.public = all(
            p.isidentifier() and not p.startswith("_") for p in self.parts
        )
        self.tree = tree
        self.doc = Docstring(ast.get_docstring(tree, clean=False) or "")
        self.all: list[str] | None = None
        self.imports: dict[str, tuple[str, str]] = {}
        for node in tree.body:
            if defined(node) == "__all__":
                self.all = list(ast.literal_eval(node.value))  # type: ignore[attr-defined]
            elif isinstance(node, ast.ImportFrom):
                for alias in node.names:
                    name = alias.asname or alias.name
                    self.imports[name] = (self._source_of(node), alias.name)
        self.names = list(self._names(tree.body, "", self.all))
        here = {defined(node) for node in tree.body}
        self.re_exports = [
            n for n in self.all or () if n in self.imports and n not in here
        ]

    def _source_of(self, node: ast.ImportFrom) -> str:
        """The module that is meant, in full."""
        if not node.level:
            return node.module or ""
        up = node.level - self.is_package
        base = self.parts[: len(self.parts) - up]
        return ".".join([*base, *([node.module] if node.module else [])])

    def _names(
        self, body: list[ast.stmt], prefix: str, allowed: list[str] | None
    ) -> Iterator[tuple[str, list[ast.stmt], Docstring]]:
        """Name, what its code shows, its docstring; members after their class."""
        for name in dict.fromkeys(map(defined, body)):
            private = name.startswith("_") and not (prefix and name == "__init__")
            if not name or (private if allowed is None else name not in allowed):
                continue
            nodes = [node for node in body if defined(node) == name]
            raw = [
                ast.get_docstring(node, clean=False)
                for node in nodes
                if isinstance(node, (*FUNCTIONS, ast.ClassDef))
            ]
            shown = [node for node in nodes if is_overload(node)] or nodes
            doc = Docstring(next((text for text in raw if text), ""))
            yield prefix + name, list(map(without_body, shown)), doc
            for node in nodes:
                if isinstance(node, ast.ClassDef):
                    yield from self._names(node.body, f"{prefix}{name}.", None)


class Expected:
    """The pages of some files: path below the source folder → bytes."""

    def __init__(self, files: dict[str, bytes]) -> None:
        self.invalid = []
        found = []
        for path, data in files.items():
            if path.endswith(".py"):
                try:
                    found.append(Module(path, ast.parse(data)))
                except SyntaxError:
                    self.invalid.append(path)
        self.invalid.sort()
        self.known = {module.name: module for module in found}
        self.modules = [m for _, m in sorted(self.known.items()) if m.public]
        self.targets = {(m.name, name): f"{m.page}#{name}" for m, name in self._names()}
        self.full = {f"{m.name}.{name}": (m.name, name) for m, name in self._names()}

    def _names(self) -> Iterator[tuple[Module, str]]:
        for module in self.modules:
            for name, _, _ in module.names:
                yield module, name

    def target(self, module: Module, name: str) -> str:
        """Where a re-exported name is documented; empty for nowhere."""
        while name in module.imports and (module.name, name) not in self.targets:
            source, name = module.imports[name]
            if source not in self.known:
                return ""
            module = self.known[source]
        return self.targets.get((module.name, name), "")

    def linked(self, text: str, module: Module) -> str:
        def link(found: re.Match[str]) -> str:
            name = found[1]
            pages = {m.name: m.page for m in self.modules}
            if name in module.re_exports:
                target = self.target(module, name)
            elif (module.name, name) in self.targets:
                target = self.targets[module.name, name]
            elif name in self.full:
                target = self.targets[self.full[name]]
            else:
                target = pages.get(name, "")
            return f"[`{name}`]({target})" if target else found[0]

        return QUOTED.sub(link, text)

    def text(self, doc: Docstring, module: Module) -> list[Piece]:
        whole = self.linked("\n\n".join(map("\n".join, doc.paragraphs)), module)
        return [("text", tuple(p.split("\n"))) for p in whole.split("\n\n") if p]

    def pages(self) -> dict[str, list[Section]]:
        found = {m.page: list(self._api(m)) for m in self.modules}
        found["guide.md"] = [("# Guide", "", []), *self._guide()]
        found["examples.md"] = [("# Examples", "", []), *self._examples()]
        found["index.md"] = self._index()
        return found

    def _index(self) -> list[Section]:
        lines = []
        for module in self.modules:
            summary = self.linked(module.doc.summary, module)
            line = f"- [`{module.name}`]({module.page})"
            lines.append(f"{line}: {summary}" if summary else line)
        names = [f"- [`{n}`]({self.targets[p]})" for n, p in sorted(self.full.items())]
        links = ("- [Guide](guide.md)", "- [Examples](examples.md)")
        return [
            ("# Index", "", [("text", links)]),
            ("## Modules", "", [("text", tuple(lines))] if lines else []),
            ("## Names", "", [("text", tuple(names))] if names else []),
        ]

    def _guide(self) -> Iterator[Section]:
        for module in self.modules:
            if module.doc.paragraphs:
                heading = f"## [`{module.name}`]({module.page})"
                pieces = self.text(module.doc, module)
                more = _link_to_examples(module.doc, module.name)
                yield heading, module.name, pieces + more

    def _examples(self) -> Iterator[Section]:
        for module in self.modules:
            start = (f"from {module.name} import *\n", "")
            own = [(module.name, module.page, module.doc)]
            for name, _, doc in module.names:
                own.append((f"{module.name}.{name}", f"{module.page}#{name}", doc))
            for full, target, doc in own:
                if doc.examples:
                    block: Piece = ("examples", (start, *doc.examples))
                    yield f"## [`{full}`]({target})", full, [block]

    def _api(self, module: Module) -> Iterator[Section]:
        pieces: list[Piece] = []
        if module.doc.paragraphs:
            pieces.append(("text", (self.linked(module.doc.summary, module),)))
            pieces.append(("text", (f"[Guide](guide.md#{module.name})",)))
        pieces += _link_to_examples(module.doc, module.name)
        yield f"# `{module.name}`", "", pieces
        if module.re_exports:
            lines = []
            for name in module.re_exports:
                target = self.target(module, name)
                lines.append(f"- [`{name}`]({target})" if target else f"- `{name}`")
            yield "## Re-exported", "", [("text", tuple(lines))]
        for name, nodes, doc in module.names:
            heading = f"##{'#' * name.count('.')} `{name}`"
            code: Piece = ("code", dumps(nodes))
            text = self.text(doc, module)
            more = _link_to_examples(doc, f"{module.name}.{name}")
            yield heading, name, [code, *text, *more]


def _link_to_examples(doc: Docstring, full: str) -> list[Piece]:
    return [("text", (f"[Examples](examples.md#{full})",))] if doc.examples else []
