"""Makes Markdown pages from the docstrings and definitions in a folder of Python sources, without running them.

    python doc_generator.py SOURCE OUTPUT
"""

import ast
import copy
import inspect
import io
import os
import posixpath
import re
import sys
import textwrap
import tokenize
import warnings
from dataclasses import dataclass, field

INDEX, GUIDE, EXAMPLES = "index.md", "guide.md", "examples.md"
FUNCTIONS = (ast.FunctionDef, ast.AsyncFunctionDef)
DEPTH = 20_000  # of calls, for expressions with thousands of operators


@dataclass
class Doc:
    """What a docstring says: paragraphs of lines, and examples, all in one text."""

    paragraphs: list[str] = field(default_factory=list)
    examples: str = ""

    @property
    def summary(self):
        return " ".join(line.strip() for line in self.paragraphs[0].split("\n")) if self.paragraphs else ""


@dataclass
class Section:
    name: str
    code: str
    doc: Doc


@dataclass
class Module:
    name: str
    is_package: bool
    tree: ast.Module
    text: str
    documented: bool
    doc: Doc = field(default_factory=Doc)
    definitions: dict = field(default_factory=dict)  # name -> its nodes
    imports: dict = field(default_factory=dict)  # name -> (module, name there)
    exports: list | None = None
    sections: dict = field(default_factory=dict)  # name -> Section
    reexports: dict = field(default_factory=dict)  # name -> (page, id) or None

    @property
    def page(self):
        return f"api/{self.name}.md"


# Reading


def generate(source, output):
    """Documents the folder `source` in the folder `output`; returns the paths of all files that are not valid."""
    source, output = os.fspath(source), os.fspath(output)
    if not os.path.isdir(source):
        raise NotADirectoryError(f"no such folder: {source}")
    modules, invalid = read_all(source)
    limit, figures = sys.getrecursionlimit(), sys.get_int_max_str_digits()
    sys.setrecursionlimit(max(limit, DEPTH))
    sys.set_int_max_str_digits(0)
    try:
        for module in modules.values():
            analyse(module)
        for module in modules.values():
            find_reexports(module, modules)
        pages = Writer(modules).pages()
    finally:
        sys.setrecursionlimit(limit)
        sys.set_int_max_str_digits(figures)
    write_all(output, pages)
    return sorted(invalid)


def read_all(source):
    modules, invalid = {}, []
    for folder, folders, files in os.walk(source):
        folders.sort()
        for file in sorted(files):
            path = os.path.join(folder, file)
            if not file.endswith(".py") or not os.path.isfile(path):
                continue
            relative = os.path.relpath(path, source).replace(os.sep, "/")
            with open(path, "rb") as opened:
                data = opened.read()
            try:
                text, tree = parse(data)
            except (SyntaxError, ValueError, LookupError, RecursionError, MemoryError, OverflowError):
                invalid.append(relative)
                continue
            parts = relative.removesuffix(".py").split("/")
            is_package = parts[-1] == "__init__"
            if is_package:
                parts.pop()
            if not parts or not all(part.isidentifier() for part in parts):
                continue
            name = ".".join(parts)
            if name in modules and not is_package:
                continue  # Python, too, takes the package
            documented = not any(part.startswith("_") for part in parts)
            modules[name] = Module(name, is_package, tree, text, documented)
    return dict(sorted(modules.items())), invalid


def parse(data):
    encoding, _ = tokenize.detect_encoding(io.BytesIO(data).readline)
    text = data.decode(encoding)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        compile(text, "<source>", "exec", dont_inherit=True)  # finds errors that the parser alone does not
        return text, ast.parse(text)


def analyse(module):
    module.doc = read_doc(ast.get_docstring(module.tree, clean=False))
    module.definitions = definitions(module.tree.body)
    for node in module.tree.body:
        if isinstance(node, ast.ImportFrom):
            origin = absolute(module, node)
            for alias in node.names:
                module.imports[alias.asname or alias.name] = (origin, alias.name)
    for node in module.definitions.get("__all__", []):
        names = string_list(getattr(node, "value", None))
        if names is not None:
            module.exports = list(dict.fromkeys(names))
    if not module.documented:
        return
    for name, nodes in module.definitions.items():
        if name in module.exports if module.exports is not None else not name.startswith("_"):
            add_sections(module, name, nodes)


def absolute(module, node):
    """The full name of the module from which is imported, or None."""
    if not node.level:
        return node.module
    package = module.name.split(".")
    if not module.is_package:
        package.pop()
    package = package[: max(0, len(package) - node.level + 1)]
    if not package:
        return None
    return ".".join(package + ([node.module] if node.module else []))


def definitions(body):
    """The nodes that define each name, in the order of the source."""
    found = {}
    for node in body:
        match node:
            case ast.FunctionDef(name=name) | ast.AsyncFunctionDef(name=name) | ast.ClassDef(name=name):
                found.setdefault(name, []).append(node)
            case ast.Assign(targets=[ast.Name(id=name)]) | ast.AnnAssign(target=ast.Name(id=name)):
                found.setdefault(name, []).append(node)
    return found


def string_list(node):
    if not isinstance(node, (ast.List, ast.Tuple)):
        return None
    names = [getattr(item, "value", None) for item in node.elts if isinstance(item, ast.Constant)]
    if len(names) != len(node.elts) or not all(isinstance(name, str) for name in names):
        return None
    return names


def add_sections(module, name, nodes):
    docstrings = [
        ast.get_docstring(node, clean=False) for node in nodes if isinstance(node, (*FUNCTIONS, ast.ClassDef))
    ]
    doc = read_doc(next((each for each in docstrings if each is not None), None))
    shown = [node for node in nodes if is_overload(node)] or nodes
    module.sections[name] = Section(name, "\n".join(code_of(node, module.text) for node in shown), doc)
    body = [each for node in nodes if isinstance(node, ast.ClassDef) for each in node.body]
    for member, its_nodes in definitions(body).items():
        if not member.startswith("_") or member == "__init__":
            add_sections(module, f"{name}.{member}", its_nodes)


def is_overload(node):
    for decorator in getattr(node, "decorator_list", []):
        match decorator:
            case ast.Name(id="overload") | ast.Attribute(value=ast.Name(id="typing"), attr="overload"):
                return True
    return False


def find_reexports(module, modules):
    for name in module.exports or []:
        if name not in module.definitions and name in module.imports:
            module.reexports[name] = resolve(*module.imports[name], modules)


def resolve(module_name, name, modules):
    """Page and id of the section of an imported name; None if it has none."""
    module = modules.get(module_name)
    return (module.page, name) if module and name in module.sections else None


def read_doc(docstring):
    if docstring is None:
        return Doc()
    paragraphs, blocks, current, in_block = [], [], None, False
    for line in inspect.cleandoc(docstring).split("\n"):
        if not line.strip():
            current, in_block = None, False
            continue
        if not in_block and line.lstrip(" ").startswith(">>> "):
            current, in_block = [], True
            blocks.append(current)
        elif current is None:
            current = []
            paragraphs.append(current)
        current.append(line)
    return Doc(
        ["\n".join(lines) for lines in paragraphs],
        "\n\n".join(textwrap.dedent("\n".join(lines)) for lines in blocks),
    )


# Code


def code_of(node, text):
    """Python whose syntax tree is that of the definition, with `...` for a body."""
    node = copy.copy(node)
    if isinstance(node, (*FUNCTIONS, ast.ClassDef)):
        node.body = [ast.Expr(ast.Constant(...))]
    for kinds in ((), (ast.JoinedStr,), (ast.JoinedStr, ast.Constant)):
        try:
            code = unparse(node, text, kinds)
            if ast.dump(ast.parse(code)) == ast.dump(ast.Module([node], [])):
                return code
        except (ValueError, SyntaxError):
            pass
    return ast.get_source_segment(text, node)


def unparse(node, text, kinds):
    """`ast.unparse`, but what is of these kinds, which it cannot always do, as it is in the source."""
    taken = {}

    class Take(ast.NodeTransformer):
        def visit(self, part):
            if not isinstance(part, kinds) or not hasattr(part, "lineno"):
                return self.generic_visit(part)
            name = f"_part_{len(taken)}_of_source_"
            taken[name] = ast.get_source_segment(text, part)
            return ast.copy_location(ast.Name(name, ast.Load()), part)

    code = ast.unparse(Take().visit(copy.deepcopy(node)) if kinds else node)
    for name, segment in taken.items():
        code = code.replace(name, f"({segment})")
    return re.sub(r":\n    \.\.\.\Z", ": ...", code)


# Pages


class Writer:
    def __init__(self, modules):
        self.modules = {name: module for name, module in modules.items() if module.documented}
        self.full_names = {}
        for module in self.modules.values():
            for name in module.sections:
                self.full_names.setdefault(f"{module.name}.{name}", (module.page, name))

    def pages(self):
        pages = {INDEX: self.index(), GUIDE: self.guide(), EXAMPLES: self.examples()}
        for module in self.modules.values():
            pages[module.page] = self.api(module)
        return {path: "\n\n".join(piece for piece in pieces if piece) + "\n" for path, pieces in pages.items()}

    def index(self):
        modules, names = [], []
        for module in self.modules.values():
            line = f"- [`{module.name}`]({link(INDEX, module.page)})"
            if module.doc.summary:
                line += ": " + self.linked(module.doc.summary, module, INDEX)
            modules.append(line)
            for name in module.sections:
                full_name = f"{module.name}.{name}"
                names.append((full_name, f"- [`{full_name}`]({link(INDEX, module.page, name)})"))
        yield "# Index"
        yield f"- [Guide]({GUIDE})\n- [Examples]({EXAMPLES})"
        yield "## Modules"
        yield "\n".join(modules)
        yield "## Names"
        yield "\n".join(line for _, line in sorted(names))

    def guide(self):
        yield "# Guide"
        for module in self.modules.values():
            if module.doc.paragraphs:
                yield self.heading(GUIDE, module.name, module.page)
                yield from self.text(module.doc, module, GUIDE)
                if module.doc.examples:
                    yield f"[Examples]({link(GUIDE, EXAMPLES, module.name)})"

    def examples(self):
        yield "# Examples"
        for module in self.modules.values():
            places = [(module.name, None, module.doc)]
            places += [(f"{module.name}.{name}", name, section.doc) for name, section in module.sections.items()]
            for full_name, anchor, doc in places:
                if doc.examples:
                    yield self.heading(EXAMPLES, full_name, module.page, anchor)
                    # a blank line before the fence, or it would belong to the expected output
                    yield fenced(f">>> from {module.name} import *\n{doc.examples}\n")

    def api(self, module):
        page = module.page
        yield f"# `{module.name}`"
        yield self.linked(module.doc.summary, module, page)
        if module.doc.paragraphs:
            yield f"[Guide]({link(page, GUIDE, module.name)})"
        if module.doc.examples:
            yield f"[Examples]({link(page, EXAMPLES, module.name)})"
        if module.reexports:
            yield "## Re-exported"
            yield "\n".join(
                f"- [`{name}`]({link(page, *target)})" if target else f"- `{name}`"
                for name, target in module.reexports.items()
            )
        for name, section in module.sections.items():
            yield f'<a id="{name}"></a>\n##{"#" * name.count(".")} `{name}`'
            yield fenced(section.code)
            yield from self.text(section.doc, module, page)
            if section.doc.examples:
                yield f"[Examples]({link(page, EXAMPLES, f'{module.name}.{name}')})"

    def heading(self, page, full_name, target, anchor=None):
        return f'<a id="{full_name}"></a>\n## [`{full_name}`]({link(page, target, anchor)})'

    def text(self, doc, module, page):
        for paragraph in doc.paragraphs:
            yield self.linked(paragraph, module, page)

    def linked(self, text, module, page):
        """The text with links for names between single backquotes."""

        def replace(match):
            whole, fence, name = match.group(0, 1, 2)
            target = self.target(name, module) if fence == "`" else None
            return f"[{whole}]({link(page, *target)})" if target else whole

        # a run of backquotes, up to the next run of as many; single ones are on one line; or a run without partner
        return re.sub(r"(?<!`)(?:(`)(?!`)([^`\n]+)`(?!`)|(``+)(?!`)(?s:.+?)(?<!`)\3(?!`)|`+)", replace, text)

    def target(self, name, module):
        if name in module.sections:
            return module.page, name
        if module.reexports.get(name):
            return module.reexports[name]
        if name in self.full_names:
            return self.full_names[name]
        if name in self.modules:
            return self.modules[name].page, None
        return None


def link(page, target, anchor=None):
    """Leads from a page to another one, or to an anchor there."""
    if anchor is None:
        return posixpath.relpath(target, posixpath.dirname(page))
    return f"#{anchor}" if page == target else f"{link(page, target)}#{anchor}"


def fenced(code):
    return f"```python\n{code}\n```"


def write_all(output, pages):
    api = os.path.join(output, "api")
    os.makedirs(api, exist_ok=True)
    for entry in list(os.scandir(api)):
        if entry.name.endswith(".md") and f"api/{entry.name}" not in pages and not entry.is_dir(follow_symlinks=False):
            os.unlink(entry.path)
    for path, text in pages.items():
        with open(os.path.join(output, path), "w", encoding="utf-8", errors="backslashreplace", newline="\n") as file:
            file.write(text)


def main(arguments):
    if len(arguments) != 2:
        print("usage: python doc_generator.py SOURCE OUTPUT", file=sys.stderr)
        return 2
    try:
        invalid = generate(*arguments)
    except NotADirectoryError as error:
        print(error, file=sys.stderr)
        return 2
    for path in invalid:
        print(path, file=sys.stderr)
    return 1 if invalid else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
