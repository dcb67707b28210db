"""Modules: the agent's by exact file in the working folder, the library's otherwise."""

from __future__ import annotations

import sys
from posix import stat as posix_stat
from typing import Any

_import = __import__
_modules = sys.modules


class Workspace:
    """The working folder as the place where agent modules are found."""

    def __init__(self, folder: str | None) -> None:
        self.folder = folder
        if folder is not None:
            sys.path.insert(0, folder)
            library.hidden = folder

    def load(self, name: str) -> Any:
        """Import ``pkg.mod``; with a folder, only from that folder."""
        if self.folder is None:
            _import(name)
            return _modules[name]
        path = self._file(name)
        if path is None:
            raise ModuleNotFoundError(f"No module named {name!r} in the working folder")
        if name in _modules and not self.owns(_modules[name]):
            return self._load_beside(name, path)
        _import(name)
        return _modules[name]

    def owns(self, module: Any) -> bool:
        """Whether a loaded module came out of the working folder."""
        spec = getattr(module, "__spec__", None)
        place = getattr(spec, "origin", None) or getattr(module, "__file__", None)
        if place is None:  # a package without __init__.py
            place = next(iter(getattr(module, "__path__", ())), None)
        return type(place) is str and place.startswith(f"{self.folder}/")

    def imported(self) -> list[str]:
        """Names of the agent's modules, in the order in which they were ready."""
        return [n for n, m in list(_modules.items()) if self.owns(m)]

    def place(self, error: BaseException) -> str:
        """``file:line in function`` of the last two agent frames of a traceback."""
        found = []
        trace = error.__traceback__
        while trace is not None:
            code = trace.tb_frame.f_code
            if type(self.folder) is str and code.co_filename.startswith(self.folder):
                name = code.co_filename[len(self.folder) + 1 :]
                found.append(f"{name}:{trace.tb_lineno} in {code.co_name}")
            trace = trace.tb_next
        return ", ".join(found[-2:])[:400]

    def _file(self, name: str) -> str | None:
        stem = f"{self.folder}/{name.replace('.', '/')}"
        for path in (f"{stem}/__init__.py", f"{stem}.py", stem):
            try:
                posix_stat(path)
            except OSError:
                continue
            return path
        return None

    def _load_beside(self, name: str, path: str) -> Any:
        """A file named like a library module that is already loaded."""
        if name in _beside:
            return _beside[name]
        from importlib.util import module_from_spec
        from importlib.util import spec_from_file_location

        spec = spec_from_file_location(name, path)
        assert spec is not None
        assert spec.loader is not None
        module = _beside[name] = module_from_spec(spec)
        spec.loader.exec_module(module)
        return module


_beside: dict[str, Any] = {}


class _Library:
    """Import from the standard library although an agent's file has that name."""

    hidden: str | None = None

    def __call__(self, name: str) -> Any:
        if name not in _modules:
            whole = sys.path[:]
            sys.path[:] = [p for p in whole if p != self.hidden and p != ""]
            try:
                _import(name)
            finally:
                sys.path[:] = whole
        return _modules[name]


library = _Library()


def resolve(workspace: Workspace, target: Any) -> Any:
    """``pkg.mod:name.attr`` or an object, to the object."""
    if type(target) is not str:
        return target
    module, _, path = target.partition(":")
    return walk(workspace.load(module), path)


def walk(x: Any, path: str) -> Any:
    """``x.a.b`` for the path ``a.b``; ``x`` itself for the empty one."""
    for name in path.split(".") if path else ():
        x = getattr(x, name)
    return x
