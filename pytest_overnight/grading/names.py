"""The names of the answer that hidden tests ask for, for an audit of instructions."""

from __future__ import annotations

import builtins
import shlex
import sys
from collections.abc import Iterable
from posixpath import normpath
from typing import Any

from pytest_overnight.grading.handle import Handle
from pytest_overnight.grading.handle import parts

TEXT_CAP = 200
NAMES_CAP = 10_000

_TARGETS = {"call", "new", "value", "ref", "load", "describe"}
_MEMBERS = {
    "method": "method",
    "traced": "method",
    "crash_states": "method",
    "attr": "attribute",
    "set_attr": "attribute",
}
_KEYWORDS = {"call": 2, "new": 2, "method": 3}
"""Operation → where its keyword arguments are among the arguments."""
_WITHIN = {"traced": 3, "crash_states": 4}


class Names:
    """``(kind, text)`` of all that the tests of one verification asked for.

    ``target`` ``"mod:name"``, ``method``, ``attribute`` (a path, ``"a.b"``),
    ``keyword``, ``exception`` (of ``code.raises``), ``path`` of a file that the test
    neither wrote nor named to the answer nor found in a list (of ``out.txt.bak`` only
    ``.bak``, where ``out.txt`` is such a name), ``word`` of a command. Left out are
    Python's own names (``__len__``, ``append`` of a list), members of what the test
    itself defined, and pytest's options.
    """

    def __init__(self) -> None:
        self._found: set[tuple[str, str]] = set()
        self._given: set[str] = set()

    def note(self, kind: str, *texts: str) -> None:
        """Remember names, each once; 10 000 at most, of 200 characters."""
        if len(self._found) < NAMES_CAP:
            self._found.update((kind, text[:TEXT_CAP]) for text in texts)

    def asked(self, operation: str, arguments: tuple[Any, ...]) -> None:
        """Remember the names in one operation of the child's protocol."""
        subject = arguments[0] if arguments else None
        if operation in _TARGETS and type(subject) is str:
            if subject.partition(":")[0] not in sys.stdlib_module_names:
                self.note("target", subject)
        elif operation in _MEMBERS and not _is_python(subject, arguments[1]):
            self.note(_MEMBERS[operation], arguments[1])
        if operation in _KEYWORDS:
            keywords = arguments[_KEYWORDS[operation]]
            if _kind(subject)[0] != "probe":
                self.note("keyword", *keywords)
            self.given(*arguments[_KEYWORDS[operation] - 1], *keywords.values())
        if operation in _WITHIN and arguments[_WITHIN[operation]]:
            self.note("path", arguments[_WITHIN[operation]])
        if operation == "throw" and ":" in arguments[1]:
            self.note("target", arguments[1])

    def command(self, command: Iterable[str] | str) -> None:
        """Remember the words of a command; text as a shell would split it."""
        words = _words(command) if isinstance(command, str) else [*command]
        if "pytest" not in words:
            self.note("word", *words)

    def given(self, *values: Any) -> None:
        """Texts among these values are names that the test has from elsewhere."""
        texts = (value for value in values if type(value) is str)
        if len(self._given) < NAMES_CAP:
            self._given.update(text for text in texts if len(text) <= TEXT_CAP)

    def path(self, path: str) -> None:
        """Remember a file that was looked at."""
        self.note("path", normpath(path))

    def sorted(self) -> list[tuple[str, str]]:
        """All of them, in order."""
        words = " ".join(text for kind, text in self._found if kind == "word")
        found = {(kind, self._rest(kind, text, words)) for kind, text in self._found}
        return sorted((kind, text) for kind, text in found if text)

    def _rest(self, kind: str, text: str, words: str) -> str:
        """What of a path or word the test has not chosen itself."""
        if kind == "word":
            return "" if text in self._given else text
        if kind != "path":
            return text
        if text in words:
            return ""
        own = [given for given in self._given if text.startswith(given)]
        return text[max(map(len, own), default=0) :]


def _words(text: str) -> list[str]:
    try:
        return shlex.split(text)
    except ValueError:  # a quotation that does not end
        return text.split()


def _kind(subject: Any) -> tuple[str, str]:
    """Module and name of a handle's class; both empty for what is no handle."""
    if type(subject) is not Handle:
        return "", ""
    module, _, name = parts(subject)[2].partition(":")
    return module, name


def _is_python(subject: Any, path: str) -> bool:
    """Whether a member is no name of the answer's."""
    if path.startswith("__") and path.endswith("__"):
        return True
    home, name = _kind(subject)
    if home == "builtins":
        return hasattr(getattr(builtins, name, None), path)
    return home == "probe" or home.partition(".")[0] in sys.stdlib_module_names
