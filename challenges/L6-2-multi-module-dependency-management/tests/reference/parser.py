"""By precedence climbing; trees are tuples."""

from __future__ import annotations

import calc
from calc import CalcError

BINDING = {"or": 1, "and": 2, "+": 5, "-": 5, "*": 6, "/": 6, "%": 6, "^": 8}
BINDING |= dict.fromkeys(calc.COMPARISONS, 4)
NOT, NEGATION, POWER = 3, 7, 8
RIGHT = {POWER}
RESERVED = ("if", "then", "else", "and", "or", "not", "true", "false")
LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz_"
DIGITS = "0123456789"


class ParseError(CalcError):
    def __init__(self, line):
        super().__init__(line)
        self.line = line


class Stop(Exception):
    pass


def split(line):
    words, place = [], 0
    while place < len(line):
        first = line[place]
        end = place + 1
        if first == "#":
            break
        if first in LETTERS + DIGITS:
            while end < len(line) and line[end] in LETTERS + DIGITS:
                end += 1
            if first in DIGITS and any(c not in DIGITS for c in line[place:end]):
                raise Stop
        elif first in "=!<>" and line[end : end + 1] == "=":
            end += 1
        elif first not in " \t=<>+-*/%^(),":
            raise Stop
        if first not in " \t":
            words.append(line[place:end])
        place = end
    return words


class Reader:
    def __init__(self, words):
        self.words = [*words, "", ""]
        self.place = 0

    @property
    def next(self):
        return self.words[self.place]

    def take(self):
        self.place += 1
        return self.words[self.place - 1]

    def want(self, word):
        if self.take() != word:
            raise Stop

    def name(self):
        word = self.take()
        if word == "" or word in RESERVED or word[0] not in LETTERS:
            raise Stop
        return word

    def whole(self):
        if self.next != "if":
            return self.tree(0)
        self.take()
        condition = self.whole()
        self.want("then")
        chosen = self.whole()
        self.want("else")
        return "if", condition, chosen, self.whole()

    def tree(self, least):
        left = self.start(least)
        while BINDING.get(self.next, -1) >= least and self.next:
            sign = self.take()
            level = BINDING[sign]
            if level == POWER:
                right = self.tree(NEGATION) if level in RIGHT else self.start(NEGATION)
            else:
                right = self.tree(level + 1)
            left = "op", sign, left, right
            if sign in calc.COMPARISONS and self.next in calc.COMPARISONS:
                raise Stop
        return left

    def start(self, least):
        if self.next == "not" and least <= NOT:
            self.take()
            return "not", self.tree(NOT)
        if self.next == "-" and least <= NEGATION:
            self.take()
            return "-", self.tree(NEGATION)
        if self.next == "(":
            self.take()
            inner = self.whole()
            self.want(")")
            return inner
        if self.next in ("true", "false"):
            return "value", self.take() == "true"
        if self.next and self.next[0] in DIGITS:
            return "value", int(self.take())
        name = self.name()
        if self.next != "(":
            return "name", name
        self.take()
        given = []
        while self.next != ")":
            given.append(self.whole())
            if self.next != ")":
                self.want(",")
                if self.next == ")":
                    raise Stop
        self.take()
        return "call", name, given


def parse(text):
    program = []
    for number, line in enumerate(text.split("\n"), start=1):
        try:
            words = split(line)
            if words:
                reader = Reader(words)
                name = reader.name()
                reader.want("=")
                program.append((number, name, reader.whole()))
                reader.want("")
        except Stop:
            raise ParseError(number) from None
    return program


def normalize(text):
    return "\n".join(f"{name} = {shown(tree)}" for _, name, tree in parse(text))


def shown(tree):
    kind, *parts = tree
    if kind == "value":
        return str(parts[0]).lower()
    if kind == "name":
        return parts[0]
    if kind == "call":
        return parts[0] + "(" + ", ".join(shown(one) for one in parts[1]) + ")"
    if kind == "op":
        return f"({shown(parts[1])} {parts[0]} {shown(parts[2])})"
    if kind == "if":
        return "(if {} then {} else {})".format(*map(shown, parts))
    return f"({kind}{' ' if kind == 'not' else ''}{shown(parts[0])})"
