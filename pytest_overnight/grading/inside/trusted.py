"""Whose code a frame runs: told by the code itself, never by the file it names.

Agent code may be compiled under any file name. Code of the library is what its file
gives when it is compiled again; ours is what we were started with.
"""

from __future__ import annotations

import _imp
import sys
from posix import O_RDONLY
from posix import close as posix_close
from posix import open as posix_open
from posix import read as posix_read
from typing import Any

_FROZEN = "<frozen "
_LIBRARY_FOLDER = sys.modules["os"].__file__.rpartition("/")[0] + "/"  # type: ignore[union-attr]


class Trusted:
    """Knows the code of the library, and what it was given."""

    def __init__(self) -> None:
        self._given: set[Any] = set()
        self._files: dict[str, set[Any]] = {}

    def add(self, code: Any) -> None:
        """From now on this code, and all within it, is the judge's own."""
        self._given |= codes_of(code)

    def own(self, code: Any) -> bool:
        """Whether it is the judge's."""
        return code in self._given

    def library(self, code: Any) -> bool:
        """Whether it really comes from the file of the library that it names."""
        name = code.co_filename
        if name not in self._files:
            self._files[name] = _codes_in(name)
        return code in self._files[name]


def codes_of(code: Any) -> set[Any]:
    """A code object and all that are nested in it."""
    found = {code}
    for one in code.co_consts:
        if type(one) is type(code):
            found |= codes_of(one)
    return found


def _codes_in(name: str) -> set[Any]:
    try:
        if name.startswith(_FROZEN):
            return codes_of(_imp.get_frozen_object(name[len(_FROZEN) : -1]))
        if name.startswith(_LIBRARY_FOLDER) and "/../" not in name:
            text = _whole_file(name)
            return codes_of(compile(text, name, "exec", dont_inherit=True))
    except (OSError, ImportError, SyntaxError, ValueError):
        pass
    return set()


def _whole_file(path: str) -> bytes:
    fd = posix_open(path, O_RDONLY)
    found = bytearray()
    try:
        while data := posix_read(fd, 1 << 20):
            found += data
    finally:
        posix_close(fd)
    return bytes(found)


trusted = Trusted()
# At module level: in the child, this frame's code is that of the whole program.
trusted.add(sys._getframe().f_code)
