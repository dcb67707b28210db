"""Another right generator, made in another way: one pass over a table of entries."""

from __future__ import annotations

import ast
import inspect
import os
import re
import sys
import textwrap
from collections import defaultdict
from pathlib import Path
from posixpath import dirname
from posixpath import relpath
from typing import NamedTuple


class Entry(NamedTuple):
    """A module, or a name in it."""

    module: str
    path: tuple[str, ...]
    nodes: list[ast.AST]
    text: list[str]
    examples: list[str]

    @property
    def name(self) -> str:
        return ".".join(self.path)

    @property
    def full(self) -> str:
        return ".".join((self.module, *self.path))


class Found:
    """What is known of one source file."""

    def __init__(self, module: str, package: str, tree: ast.Module) -> None:
        self.module, self.tree = module, tree
        self.origin: dict[str, tuple[str, str]] = {}
        self.exported: list[str] | None = None
        bound = set()
        for node in tree.body:
            bound |= set(bound_by(node))
            if "__all__" in bound_by(node):
                self.exported = [item.value for item in node.value.elts]
            if isinstance(node, ast.ImportFrom):
                above = package.split(".") if package else []
                above = above[: len(above) - node.level + 1] if node.level else []
                whole = ".".join([*above, node.module or ""]).strip(".")
                for one in node.names:
                    self.origin[one.asname or one.name] = (whole, one.name)
        self.passed_on = [
            name
            for name in self.exported or []
            if name in self.origin and name not in bound
        ]

    def is_wanted(self, name: str, inside: bool) -> bool:
        if not inside and self.exported is not None:
            return name in self.exported
        return name[:1] != "_" or (inside and name == "__init__")

    def entries(self):
        yield Entry(self.module, (), [], *split(ast.get_docstring(self.tree, False)))
        yield from self.entries_of(self.tree.body, ())

    def entries_of(self, body: list[ast.stmt], above: tuple[str, ...]):
        groups = defaultdict(list)
        for node in body:
            for name in bound_by(node):
                groups[name].append(node)
        for name, nodes in groups.items():
            if not self.is_wanted(name, bool(above)):
                continue
            texts = [ast.get_docstring(n, False) for n in nodes if has_body(n)]
            first = next((text for text in texts if text), None)
            yield Entry(self.module, (*above, name), nodes, *split(first))
            inner = [x for n in nodes if isinstance(n, ast.ClassDef) for x in n.body]
            yield from self.entries_of(inner, (*above, name))


def has_body(node: ast.AST) -> bool:
    return hasattr(node, "body") and hasattr(node, "decorator_list")


def bound_by(node: ast.stmt) -> list[str]:
    if has_body(node):
        return [node.name]
    if isinstance(node, ast.AnnAssign):
        goals = [node.target]
    else:
        goals = node.targets if isinstance(node, ast.Assign) else []
    return [g.id for g in goals if isinstance(g, ast.Name) and len(goals) == 1]


def split(docstring: str | None) -> tuple[list[str], list[str]]:
    parts: tuple[list[str], list[str]] = ([], [])
    lines = inspect.cleandoc(docstring or "").split("\n")
    for _, block in groups_of_lines(lines):
        number = 0
        while number < len(block) and not block[number].lstrip().startswith(">>> "):
            number += 1
        if block[:number]:
            parts[0].append("\n".join(block[:number]))
        if block[number:]:
            parts[1].append("\n".join(block[number:]))
    return parts


def groups_of_lines(lines: list[str]):
    block: list[str] = []
    for number, line in enumerate([*lines, ""]):
        if line.strip():
            block.append(line)
        elif block:
            yield number, block
            block = []


def code_of(nodes: list[ast.AST]) -> list[str]:
    marked = [node for node in nodes if "overload" in last_words(node)]
    return [line for node in marked or nodes for line in header(node)]


def last_words(node: ast.AST) -> list[str]:
    found = []
    for decorator in getattr(node, "decorator_list", []):
        if isinstance(decorator, ast.Attribute):
            found.append(decorator.attr)
        elif isinstance(decorator, ast.Name):
            found.append(decorator.id)
    return found


def header(node: ast.AST) -> list[str]:
    if not has_body(node):
        return [ast.unparse(node)]
    lines = [f"@{ast.unparse(decorator)}" for decorator in node.decorator_list]
    if isinstance(node, ast.ClassDef):
        inside = [ast.unparse(x) for x in [*node.bases, *node.keywords]]
        between = "(" + ", ".join(inside) + ")" if inside else ""
        return [*lines, f"class {node.name}{between}: ..."]
    word = "def"
    if isinstance(node, ast.AsyncFunctionDef):
        word = "async def"
    end = f" -> {ast.unparse(node.returns)}" if node.returns else ""
    return [*lines, f"{word} {node.name}({ast.unparse(node.args)}){end}: ..."]


class Page:
    """Collects the pieces of one page."""

    def __init__(self, site: Site, path: str) -> None:
        self.site, self.path = site, path
        self.lines: list[str] = []

    def put(self, *lines: str) -> None:
        if lines:
            self.lines += [*lines, "", ""]

    def head(self, marks: str, title: str, anchor: str = "") -> None:
        above = [f'<a id="{anchor}"></a>'] if anchor else []
        self.put(*above, f"{marks} {title}")

    def fence(self, *lines: str) -> None:
        self.put("```python", *lines, "```")

    def url(self, path: str, anchor: str = "") -> str:
        if path == self.path and anchor:
            return f"#{anchor}"
        there = relpath(path, dirname(self.path))
        return f"{there}#{anchor}" if anchor else there

    def link(self, label: str, entry: Entry) -> str:
        return f"[`{label}`]({self.url(page_of(entry.module), entry.name)})"

    def linked(self, text: str, module: str) -> str:
        def replace(match: re.Match[str]) -> str:
            entry = self.site.meant(match[1], module)
            return self.link(match[1], entry) if entry else match[0]

        return re.sub(r"(?<!`)`([\w.]+)`(?!`)", replace, text)

    def prose(self, entry: Entry) -> None:
        for paragraph in entry.text:
            self.put(*self.linked(paragraph, entry.module).split("\n"))

    def examples_of(self, entry: Entry) -> None:
        if entry.examples:
            self.put(f"[Examples]({self.url('examples.md', entry.full)})")


def page_of(module: str) -> str:
    return f"api/{module}.md"


class Site:
    """All entries of all files."""

    def __init__(self, files: list[Found]) -> None:
        self.files = {file.module: file for file in files}
        public = [
            f for f in files if re.fullmatch(r"[^\W\d_]\w*(\.[^\W\d_]\w*)*", f.module)
        ]
        self.listed = sorted(public, key=lambda file: file.module)
        self.entries = {f.module: list(f.entries()) for f in self.listed}
        every = [entry for row in self.entries.values() for entry in row]
        self.by_place = {(entry.module, entry.name): entry for entry in every}
        self.by_full = {entry.full: entry for entry in every}

    def origin(self, module: str, name: str) -> Entry | None:
        if (module, name) in self.by_place:
            return self.by_place[module, name]
        file = self.files.get(module)
        if file is None or name not in file.origin:
            return None
        return self.origin(*file.origin[name])

    def meant(self, name: str, module: str) -> Entry | None:
        if name in self.files[module].passed_on:
            return self.origin(module, name)
        return self.by_place.get((module, name)) or self.by_full.get(name)

    def pages(self):
        yield self.index()
        yield self.guide()
        yield self.examples()
        for file in self.listed:
            yield self.api(file)

    def summary(self, page: Page, entry: Entry) -> str:
        first = entry.text[0] if entry.text else ""
        return page.linked(re.sub(r"\s*\n\s*", " ", first.strip()), entry.module)

    def index(self) -> Page:
        page = Page(self, "index.md")
        page.head("#", "Index")
        page.put("- [Guide](guide.md)", "- [Examples](examples.md)")
        page.head("##", "Modules")
        lines = []
        for file in self.listed:
            entry = self.by_full[file.module]
            summary = self.summary(page, entry)
            line = f"- {page.link(entry.module, entry)}"
            lines.append(f"{line}: {summary}" if summary else line)
        page.put(*lines)
        page.head("##", "Names")
        entries = sorted(self.by_full.items())
        page.put(*(f"- {page.link(full, e)}" for full, e in entries if e.path))
        return page

    def guide(self) -> Page:
        page = Page(self, "guide.md")
        page.head("#", "Guide")
        for file in self.listed:
            entry = self.by_full[file.module]
            if entry.text:
                page.head("##", page.link(entry.full, entry), entry.full)
                page.prose(entry)
                page.examples_of(entry)
        return page

    def examples(self) -> Page:
        page = Page(self, "examples.md")
        page.head("#", "Examples")
        for file in self.listed:
            for entry in self.entries[file.module]:
                if entry.examples:
                    page.head("##", page.link(entry.full, entry), entry.full)
                    lines = [f">>> from {entry.module} import *"]
                    for block in entry.examples:
                        lines += [*textwrap.dedent(block).split("\n"), ""]
                    page.fence(*lines)
        return page

    def api(self, file: Found) -> Page:
        first, *entries = self.entries[file.module]
        page = Page(self, page_of(file.module))
        page.head("#", f"`{file.module}`")
        if first.text:
            page.put(self.summary(page, first))
            page.put(f"[Guide]({page.url('guide.md', file.module)})")
        page.examples_of(first)
        if file.passed_on:
            page.head("##", "Re-exported")
            homes = {name: self.origin(file.module, name) for name in file.passed_on}
            page.put(
                *(
                    f"- {page.link(name, home)}" if home else f"- `{name}`"
                    for name, home in homes.items()
                )
            )
        for entry in entries:
            page.head("#" * (len(entry.path) + 1), f"`{entry.name}`", entry.name)
            page.fence(*code_of(entry.nodes))
            page.prose(entry)
            page.examples_of(entry)
        return page


def generate(source: str | os.PathLike[str], output: str | os.PathLike[str]):
    files, invalid = [], []
    for file in Path(source).glob("**/*.py"):
        *parents, last = file.relative_to(source).with_suffix("").parts
        own = parents if last == "__init__" else [*parents, last]
        try:
            tree = ast.parse(file.read_bytes())
        except SyntaxError:
            invalid.append("/".join([*parents, file.name]))
            continue
        files.append(Found(".".join(own), ".".join(parents), tree))
    pages = list(Site(files).pages())
    api = Path(output) / "api"
    api.mkdir(parents=True, exist_ok=True)
    kept = {page.path for page in pages}
    for old in list(api.iterdir()):
        if old.suffix == ".md" and f"api/{old.name}" not in kept:
            old.unlink()
    for page in pages:
        text = "\n".join(page.lines).rstrip("\n") + "\n"
        Path(output, page.path).write_bytes(text.encode("utf-8"))
    return sorted(invalid)


if __name__ == "__main__":
    INVALID = generate(sys.argv[1], sys.argv[2])
    for name in INVALID:
        sys.stderr.write(f"{name}\n")
    sys.exit(min(len(INVALID), 1))
