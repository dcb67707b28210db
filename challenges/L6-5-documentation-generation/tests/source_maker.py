"""Random sources: everything that the instruction speaks of, in any mixture."""

from __future__ import annotations

from random import Random
from textwrap import indent

MODULES = {
    "shop": "shop/__init__.py",
    "shop.cart": "shop/cart.py",
    "shop.prices": "shop/prices.py",
    "shop.export": "shop/export/__init__.py",
    "shop.export.report": "shop/export/report.py",
    "sample": "sample.py",
    "sample_docs": "sample_docs.py",
}
HIDDEN = {"shop._rounding": "shop/_rounding.py"}
FUNCTIONS = "add ask bring f find größe item make _none open_ send x1".split()
CLASSES = "Box Cart Line Näme Order Part _Secret Total".split()
VARIABLES = "COUNT LIMIT NAMES _OWN RATE table".split()

ANNOTATIONS = (
    "int",
    "list[str] | None",
    "'Box'",
    "dict[str, tuple[int, ...]]",
    "Callable[[int], str]",
    "Annotated[int, 'at:least', {1: 2}]",
)
VALUES = (
    "0",
    "-1.5",
    "None",
    "'):'",
    '"it\'s"',
    "(1,)",
    "{'a': [1, 2], **other}",
    "lambda x, *y: (x, y)",
    "[i for i in range(3) if i]",
    "b'\\x00'",
    "f(1)[2:3]",
    "x if x else not y",
    "...",
    "'# no comment'",
)
DECORATORS = (
    "staticmethod",
    "cache",
    "wraps(f)",
    "route('/a)', methods=['GET'],\n       strict=True)",
    "app.command",
    "names[0](lambda: None)",
)
WORDS = "about cart day each gives here it line more of price so the und über".split()


class Maker:
    """Draws the files of one source folder."""

    def __init__(self, rng: Random) -> None:
        self.rng = rng
        known = rng.sample(sorted(MODULES), rng.randint(4, 6))
        self.modules = sorted({*known, "shop"})
        self.names = {m: self._draw_names() for m in [*HIDDEN, *self.modules]}
        self.aliases: dict[str, list[str]] = {}
        """Module → what it imports from others."""

    def _draw_names(self) -> list[str]:
        pool = FUNCTIONS + CLASSES + VARIABLES
        return self.rng.sample(pool, self.rng.randint(3, 7))

    def files(self) -> dict[str, bytes]:
        paths = MODULES | HIDDEN
        return {paths[m]: self.module(m).encode() for m in self.names}

    def module(self, name: str) -> str:
        rng = self.rng
        own = self.names[name]
        parts = [self.docstring(name, 0.8)]
        imports, imported = self.imports(name)
        parts += imports
        if imported or rng.random() < 0.3:
            chosen = rng.sample(own, rng.randint(0, len(own))) + imported
            rng.shuffle(chosen)
            text = repr(rng.choice([list, tuple])(chosen))
            comma = rng.choice([", ", ",\n    "])
            parts.append("__all__ = " + text.replace(", ", comma))
        for other in own:
            parts.append(self.definition(name, other))
            if rng.random() < 0.3:
                parts.append(rng.choice(OTHERS))
        return "\n".join(filter(None, parts)) + "\n"

    def imports(self, name: str) -> tuple[list[str], list[str]]:
        """Statements, and the names that are re-exported."""
        rng = self.rng
        lines, names = ["from typing import overload"], []
        # Only from those before it: no import leads back.
        for module in rng.sample([*self.aliases], min(len(self.aliases), 2)):
            target = rng.choice(self.names[module] + self.aliases[module])
            alias = rng.choice([target, f"other_{module.replace('.', '_')}"])
            if alias in self.names[name] or alias in names:
                continue
            start = f"from {module} import {target}"
            lines.append(start if alias == target else f"{start} as {alias}")
            names.append(alias)
        self.aliases[name] = names
        return lines, names

    def definition(self, module: str, name: str, depth: int = 0) -> str:
        rng = self.rng
        if name.lstrip("_")[0].isupper() and not name.isupper():
            return self.class_(module, name, depth)
        if name in VARIABLES:
            return self.variable(name)
        draw = rng.random()
        if draw < 0.12:
            decorators = ["overload", "typing.overload", ""]
        elif draw < 0.24 and depth:
            decorators = ["property", f"{name}.setter"]
        else:
            decorators = rng.sample(DECORATORS, rng.choice([0, 0, 0, 1, 2]))
            return self.function(module, name, decorators)
        return "\n".join(self.function(module, name, [d]) for d in decorators)

    def variable(self, name: str) -> str:
        rng = self.rng
        value, note = rng.choice(VALUES), rng.choice(ANNOTATIONS)
        forms = [f"{name} = {value}", f"{name}: {note} = {value}", f"{name}: {note}"]
        return rng.choice(forms)

    def function(self, module: str, name: str, decorators: list[str]) -> str:
        rng = self.rng
        lines = [f"@{text}" for text in decorators if text]
        word = "async def" if rng.random() < 0.3 else "def"
        end = f" -> {rng.choice(ANNOTATIONS)}:" if rng.random() < 0.5 else ":"
        parameters = self.parameters()
        if rng.random() < 0.5:
            lines.append(f"{word} {name}({', '.join(parameters)}){end}")
        else:
            lines.append(f"{word} {name}(")
            lines += [f"    {text},  # not ): {text[:1]}" for text in parameters]
            if parameters and parameters[-1].startswith("**"):
                lines[-1] = f"    {parameters[-1]}  # def no(): pass"
            lines.append(f"){end}")
        body = [self.docstring(module, 0.6), rng.choice(BODIES)]
        return "\n".join([*lines, indent("\n".join(filter(None, body)), "    ")])

    def parameters(self) -> list[str]:
        rng = self.rng
        names = iter("abcdefgh")
        found, defaults = [], False
        for number, after in ((rng.randint(0, 2), "/"), (rng.randint(0, 2), "")):
            for _ in range(number):
                defaults = defaults or rng.random() < 0.3
                found.append(self.parameter(next(names), defaults))
            if after and number:
                found.append(after)
        keywords = rng.randint(0, 2)
        if rng.random() < 0.3:
            found.append("*rest: int")
        elif keywords:
            found.append("*")
        for _ in range(keywords):
            found.append(self.parameter(next(names), rng.random() < 0.5))
        if rng.random() < 0.2:
            found.append("**more")
        return found

    def parameter(self, name: str, default: bool) -> str:
        rng = self.rng
        note = f": {rng.choice(ANNOTATIONS)}" if rng.random() < 0.5 else ""
        return f"{name}{note}" + (f" = {rng.choice(VALUES)}" if default else "")

    def class_(self, module: str, name: str, depth: int) -> str:
        rng = self.rng
        bases = rng.choice(["", "(Base)", "(a.B[int], metaclass=M)", "(\n    Base,\n)"])
        head = f"class {name}{bases}:"
        if rng.random() < 0.3:
            head = "@dataclass(frozen=True)\n" + head
        pool = FUNCTIONS + VARIABLES + ["__init__", "__len__"]
        pool += CLASSES if depth < 2 else []
        members = rng.sample(pool, rng.randint(0, 4))
        body = [self.docstring(module, 0.6)]
        body += [self.definition(module, member, depth + 1) for member in members]
        text = "\n".join(filter(None, body)) or "pass"
        return head + "\n" + indent(text, "    ")

    def docstring(self, module: str, likely: float) -> str:
        rng = self.rng
        if rng.random() > likely:
            return ""
        pieces = []
        for _ in range(rng.randint(1, 4)):
            if rng.random() < 0.65:
                words = [self.word(module) for _ in range(rng.randint(2, 9))]
                if len(words) > 4:
                    words[3] += rng.choice(["\n", "\n    "]) + "and"
                text = " ".join(words)
                glued = rng.random() < 0.2
                pieces.append(text + "\n" + self.examples() if glued else text)
            else:
                pieces.append(indent(self.examples(), rng.choice(["", "    "])))
        text = "\n\n".join(pieces)
        # An indented first line would lose what the others keep.
        start = rng.choice(["", "\n"]) if text[0] != " " else "\n"
        return f'"""{start}{text}\n"""'

    def word(self, module: str) -> str:
        rng = self.rng
        if rng.random() < 0.65:
            return rng.choice(WORDS)
        other = rng.choice(list(self.names))
        name = rng.choice(self.names[other])
        own = rng.choice(self.names[module])
        full = rng.choice([f"{other}.{name}", other, own, name, "no.such", f"{name}()"])
        return rng.choice([f"`{full}`", f"`{full}`", f"``{full}``", f"(`{full}`)."])

    def examples(self) -> str:
        rng = self.rng
        lines = []
        for _ in range(rng.randint(1, 3)):
            a = rng.randrange(100)
            lines += rng.choice(
                [
                    [f">>> {a} + 1", str(a + 1)],
                    [f">>> for i in [{a}]:", "...     print(i)", str(a)],
                    [f">>> x = {a}  # `Cart`"],
                    [f">>> print('def no{a}():')", f"def no{a}():"],
                ]
            )
        return "\n".join(lines)


BODIES = (
    "...",
    "def inner(x):\n    def more(): pass\n    return more",
    "class Inner:\n    value: int = 1\n    def no(self): pass",
    "text = '''\ndef no(self):\n    pass\n'''\nreturn text",
    "return (\n    1\n)",
)

OTHERS = (
    "if RATE:\n    def perhaps(): pass\nelse:\n    maybe = 1",
    "try:\n    import no_such_package\nexcept ImportError:\n    no_such_package = None",
    "first, second = 1, 2",
    "third = fourth = 3",
    "import os.path as where",
    "# def commented_out():",
    "x.y = 1",
    "table_of['a'] = 1",
    "NUMBER_ += 1",
    "TEXT_ == '''\ndef in_a_text():\n    pass\n'''",
    "with open('a') as file:\n    lines_ = file.read()",
)
