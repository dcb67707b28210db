"""Compiled code on its way into a box.

The helper's modules and the trusted programs travel as marshalled code objects: the
box then starts without parsing source, and no file of ours lies in it. Harness and box
run the same interpreter. File names in the code are shortened, because agent code can
read them from its frames.
"""

from __future__ import annotations

import importlib.util
import marshal
from functools import lru_cache
from importlib.machinery import SourceFileLoader
from pathlib import Path
from types import CodeType
from typing import Any

BOOT = """\
import _socket, marshal, sys
control = _socket.socket(fileno=0)
size = int.from_bytes(control.recv(4, _socket.MSG_WAITALL), "little")
modules, config = marshal.loads(control.recv(size, _socket.MSG_WAITALL))
for name, code in modules:
    module = sys.modules[name] = type(sys)(name)
    exec(code, module.__dict__)
module.main(control, config)
"""

PYTHON_FLAGS = ("-s", "-S", "-P", "-c", BOOT)
"""Not ``-I``: it would ignore PYTHONHASHSEED, and the environment is built by us."""

_INSIDE = "pytest_overnight.sandbox.inside"


def helper_modules() -> list[tuple[str, CodeType]]:
    """Name and code of the helper's modules, in the order of their imports."""
    order = "kernel tree walls folder watch reply command tools ground helper".split()
    return [_module(name) for name in order]


@lru_cache
def _module(name: str) -> tuple[str, CodeType]:
    full = f"{_INSIDE}.{name}"
    spec = importlib.util.find_spec(full)
    assert spec is not None
    assert spec.origin is not None
    return full, _load(full, Path(spec.origin))


def program_code(name: str, source: Path) -> CodeType:
    """The code of one trusted program; compiled once per process and file version."""
    return _program(name, source, source.stat().st_mtime_ns)


@lru_cache
def _program(name: str, source: Path, _version: int) -> CodeType:
    return _load(name, source)


def _load(name: str, source: Path) -> CodeType:
    # The import system's own loader keeps and checks a cached .pyc beside the source.
    code = SourceFileLoader(name, str(source)).get_code(name)
    assert code is not None
    return _renamed(code, f"<{source.stem}>")


def _renamed(code: CodeType, name: str) -> CodeType:
    """The same code and everything nested in it, under another file name."""
    constants = tuple(
        _renamed(one, name) if isinstance(one, CodeType) else one
        for one in code.co_consts
    )
    return code.replace(co_filename=name, co_consts=constants)


def parcel(message: Any) -> bytes:
    """A length-prefixed message as the box reads it."""
    data = marshal.dumps(message)
    return len(data).to_bytes(4, "little") + data
