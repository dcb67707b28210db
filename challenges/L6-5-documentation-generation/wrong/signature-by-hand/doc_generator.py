"""Makes Markdown pages from Python sources, which are read and never run."""

from __future__ import annotations

import ast
import copy
import os
import posixpath
import re
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

DEFINITIONS = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)
REFERENCE = re.compile(r"(?<!`)`([^`]+)`(?!`)")

Place = tuple[str, str]
"""A module and a name in it; the name is empty for the module itself."""


# -- sources -----------------------------------------------------------------------


def defined_name(node: ast.stmt) -> str:
    """The one name that a statement defines; empty for other statements."""
    if isinstance(node, DEFINITIONS):
        return node.name
    targets: list[ast.expr] = []
    if isinstance(node, ast.AnnAssign):
        targets = [node.target]
    elif isinstance(node, ast.Assign):
        targets = node.targets
    if len(targets) == 1 and isinstance(targets[0], ast.Name):
        return targets[0].id
    return ""


def defined(body: list[ast.stmt]) -> dict[str, list[ast.stmt]]:
    """Name → its definitions, in order."""
    found: dict[str, list[ast.stmt]] = {}
    for node in body:
        if name := defined_name(node):
            found.setdefault(name, []).append(node)
    return found


def is_overload(node: ast.stmt) -> bool:
    """Whether one of its decorators is ``overload``."""
    names = [ast.unparse(d) for d in getattr(node, "decorator_list", [])]
    return any(name.rpartition(".")[2] == "overload" for name in names)


def code(node: ast.stmt) -> str:
    """A definition without its body; an assignment as it is."""
    if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)):
        lines = [f"@{ast.unparse(d)}" for d in node.decorator_list]
        word = "async def" if isinstance(node, ast.AsyncFunctionDef) else "def"
        end = f" -> {ast.unparse(node.returns)}" if node.returns else ""
        return "\n".join([*lines, f"{word} {node.name}({parameters(node)}){end}: ..."])
    if isinstance(node, DEFINITIONS):
        node = copy.copy(node)
        node.body = [ast.Expr(ast.Constant(...))]
    return ast.unparse(node)


def parameters(node: ast.FunctionDef | ast.AsyncFunctionDef) -> str:
    args = node.args
    found = []
    plain = args.posonlyargs + args.args
    defaults = [None] * (len(plain) - len(args.defaults)) + args.defaults
    for arg, default in zip(plain, defaults):
        found.append(parameter(arg, default))
    if args.vararg:
        found.append("*" + ast.unparse(args.vararg))
    for arg, default in zip(args.kwonlyargs, args.kw_defaults):
        found.append(parameter(arg, default))
    if args.kwarg:
        found.append("**" + ast.unparse(args.kwarg))
    return ", ".join(found)


def parameter(arg: ast.arg, default: ast.expr | None) -> str:
    return ast.unparse(arg) + (f" = {ast.unparse(default)}" if default else "")


@dataclass
class Doc:
    """The two parts of a docstring."""

    text: list[str]
    """Paragraphs."""
    examples: list[str]
    """Blocks of lines."""

    @property
    def summary(self) -> str:
        """The first paragraph on one line."""
        return " ".join(map(str.strip, self.text[0].split("\n"))) if self.text else ""


def parted(docstring: str) -> Doc:
    """Paragraphs and examples apart."""
    doc = Doc([], [])
    kind, piece = doc.text, []
    for line in [*docstring.split("\n"), ""]:
        example = line.lstrip().startswith(">>> ") and kind is doc.text
        if example or not line.strip():
            kind += ["\n".join(piece)] if piece else []
            kind, piece = doc.examples if example else doc.text, []
        if line.strip():
            piece.append(line)
    return doc


def docstring(nodes: list[ast.stmt]) -> str:
    """The first that there is."""
    found = (ast.get_docstring(n) for n in nodes if isinstance(n, DEFINITIONS))
    return next(filter(None, found), "")


@dataclass
class Section:
    """A documented name of a module, such as ``Cart.total``."""

    name: str
    code: str
    doc: Doc


def sections(
    body: list[ast.stmt], names: list[str], prefix: str = ""
) -> Iterator[Section]:
    """Those of the names that are defined there, each followed by its members."""
    for name, nodes in defined(body).items():
        if name not in names:
            continue
        shown = [node for node in nodes if is_overload(node)] or nodes
        text = "\n".join(map(code, shown))
        yield Section(prefix + name, text, parted(docstring(nodes)))
        for node in nodes:
            if isinstance(node, ast.ClassDef):
                members = [*public(node.body), "__init__"]
                yield from sections(node.body, members, f"{prefix}{name}.")


def public(body: list[ast.stmt]) -> list[str]:
    """Defined names that do not begin with an underscore."""
    return [name for name in defined(body) if not name.startswith("_")]


@dataclass
class Module:
    """One source file."""

    name: str
    is_package: bool
    tree: ast.Module

    @cached_property
    def names(self) -> list[str]:
        """What it makes public."""
        for node in defined(self.tree.body).get("__all__", []):
            return list(ast.literal_eval(node.value))  # type: ignore[attr-defined]
        return public(self.tree.body)

    @cached_property
    def doc(self) -> Doc:
        return parted(ast.get_docstring(self.tree) or "")

    @cached_property
    def sections(self) -> list[Section]:
        """Of its names and their members, in order."""
        return list(sections(self.tree.body, self.names))

    @cached_property
    def imports(self) -> dict[str, Place]:
        """Name → what it is imported from, by ``from M import N``."""
        found = {}
        parents = self.name.split(".")
        for node in self.tree.body:
            if isinstance(node, ast.ImportFrom):
                above = len(parents) + self.is_package - node.level
                base = parents[:above] if node.level else []
                module = ".".join(base + ([node.module] if node.module else []))
                for alias in node.names:
                    found[alias.asname or alias.name] = (module, alias.name)
        return found

    @property
    def re_exported(self) -> list[str]:
        """Public names that it only imports."""
        here = defined(self.tree.body)
        return [n for n in self.names if n in self.imports and n not in here]

    @property
    def is_public(self) -> bool:
        parts = self.name.split(".")
        return all(part.isidentifier() and part[0] != "_" for part in parts)


def read(source: Path) -> tuple[list[Module], list[str]]:
    """The modules of a folder, and the paths of files that are not valid."""
    modules, broken = [], []
    for path in source.rglob("*.py"):
        inner = path.relative_to(source)
        parts = inner.with_suffix("").parts
        is_package = parts[-1] == "__init__"
        name = ".".join(parts[:-1] if is_package else parts)
        try:
            # Bytes: the parser knows about byte order marks and coding lines.
            modules.append(Module(name, is_package, ast.parse(path.read_bytes())))
        except SyntaxError:
            broken.append(inner.as_posix())
    return sorted(modules, key=lambda module: module.name), sorted(broken)


# -- pages -------------------------------------------------------------------------


def fenced(text: str) -> str:
    return f"```python\n{text}\n```"


def anchored(name: str, heading: str) -> str:
    return f'<a id="{name}"></a>\n{heading}'


class Site:
    """All pages of some modules."""

    def __init__(self, modules: list[Module]) -> None:
        self.all = {module.name: module for module in modules}
        self.modules = [module for module in modules if module.is_public]
        self.places: set[Place] = {(module.name, "") for module in self.modules}
        """What can be linked to."""
        for module in self.modules:
            self.places |= {(module.name, section.name) for section in module.sections}
        self.full_names = {".".join(filter(None, place)): place for place in self.places}

    def pages(self) -> dict[str, str]:
        """Path → text."""
        found = {f"api/{module.name}.md": self.api(module) for module in self.modules}
        found["index.md"] = self.index()
        found["guide.md"] = self.guide()
        found["examples.md"] = self.examples()
        return {path: "\n\n".join(pieces) + "\n" for path, pieces in found.items()}

    def index(self) -> list[str]:
        pieces = ["# Index", "- [Guide](guide.md)\n- [Examples](examples.md)"]
        lines = []
        for module in self.modules:
            summary = self.linked(module.doc.summary, module, "index.md")
            line = "- " + self.link(module.name, (module.name, ""), "index.md")
            lines.append(f"{line}: {summary}" if summary else line)
        pieces += ["## Modules", "\n".join(lines)]
        lines = [
            "- " + self.link(name, place, "index.md")
            for name, place in sorted(self.full_names.items())
            if place[1]
        ]
        return [*pieces, "## Names", "\n".join(lines)]

    def guide(self) -> list[str]:
        pieces = ["# Guide"]
        for module in self.modules:
            if module.doc.text:
                link = self.link(module.name, (module.name, ""), "guide.md")
                pieces.append(anchored(module.name, f"## {link}"))
                text = "\n\n".join(module.doc.text)
                pieces.append(self.linked(text, module, "guide.md"))
                if module.doc.examples:
                    pieces.append(f"[Examples](examples.md#{module.name})")
        return pieces

    def examples(self) -> list[str]:
        pieces = ["# Examples"]
        for module in self.modules:
            docs = {"": module.doc} | {s.name: s.doc for s in module.sections}
            for name, doc in docs.items():
                if doc.examples:
                    full = ".".join(filter(None, (module.name, name)))
                    link = self.link(full, (module.name, name), "examples.md")
                    pieces.append(anchored(full, f"## {link}"))
                    first = f">>> from {module.name} import *"
                    text = first + "\n" + "\n\n".join(doc.examples)
                    # To doctest, the closing fence would be expected output.
                    pieces.append(fenced(text + "\n"))
        return pieces

    def api(self, module: Module) -> list[str]:
        page = f"api/{module.name}.md"
        pieces = [f"# `{module.name}`"]
        if module.doc.text:
            pieces.append(self.linked(module.doc.summary, module, page))
            pieces.append(f"[Guide](../guide.md#{module.name})")
        if module.doc.examples:
            pieces.append(f"[Examples](../examples.md#{module.name})")
        if names := module.re_exported:
            pieces.append("## Re-exported")
            lines = []
            for name in names:
                place = self.home(module, name)
                lines.append(self.link(name, place, page) if place else f"`{name}`")
            pieces.append("\n".join(f"- {line}" for line in lines))
        for section in module.sections:
            marks = "##" + "#" * section.name.count(".")
            pieces.append(anchored(section.name, f"{marks} `{section.name}`"))
            pieces.append(fenced(section.code))
            if section.doc.text:
                text = "\n\n".join(section.doc.text)
                pieces.append(self.linked(text, module, page))
            if section.doc.examples:
                full = f"{module.name}.{section.name}"
                pieces.append(f"[Examples](../examples.md#{full})")
        return pieces

    def home(self, module: Module, name: str) -> Place | None:
        """Where a module's name is documented, there or where it comes from."""
        place = (module.name, name)
        while place not in self.places:
            module_name, name = place
            if module_name not in self.all:
                return None
            imports = self.all[module_name].imports
            if name not in imports:
                return None
            place = imports[name]
        return place

    def linked(self, text: str, module: Module, page: str) -> str:
        """Text of a module's docstrings for a page."""

        def link(found: re.Match[str]) -> str:
            name = found[1]
            place: Place | None = (module.name, name)
            if name in module.re_exported:
                place = self.home(module, name)
            elif place not in self.places:
                place = self.full_names.get(name)
            return self.link(name, place, page) if place else found[0]

        return REFERENCE.sub(link, text)

    def link(self, name: str, place: Place, page: str) -> str:
        """To a place, from a page."""
        target = posixpath.relpath(f"api/{place[0]}.md", posixpath.dirname(page))
        return f"[`{name}`]({target}{'#' + place[1] if place[1] else ''})"


def generate(source: str | os.PathLike[str], output: str | os.PathLike[str]) -> list[str]:
    """Write the pages; return the paths of files that are not valid Python."""
    modules, broken = read(Path(source))
    pages = {Path(output, name): text for name, text in Site(modules).pages().items()}
    api = Path(output, "api")
    api.mkdir(parents=True, exist_ok=True)
    for path in api.glob("*.md"):
        if path not in pages:
            path.unlink()
    for path, text in pages.items():
        path.write_text(text, encoding="utf-8", newline="\n")
    return broken


def main() -> int:
    """The command; returns its exit status."""
    broken = generate(*sys.argv[1:])
    for path in broken:
        print(path, file=sys.stderr)
    return 1 if broken else 0


if __name__ == "__main__":
    sys.exit(main())
