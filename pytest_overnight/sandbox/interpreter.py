"""The Python that runs in the box: the harness's own, or a copy that others may read.

Root's Python often lies in root's home, which a box's own user may not enter.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import sys
import tempfile
from pathlib import Path

from pytest_overnight.sandbox.user import closed_to_others

_NEVER_COPIED = shutil.ignore_patterns(
    "site-packages", "test", "tests", "idlelib", "config-*", "*.opt-?.pyc"
)


def base_python() -> tuple[Path, Path]:
    """The interpreter itself, outside any environment, and the folder it lies in."""
    python = getattr(sys, "_base_executable", None) or sys.executable
    return Path(python).resolve(), Path(sys.base_prefix).resolve()


def copied_to(cache: Path) -> Path:
    """Where a copy lies or will lie; one for each installation and build of Python."""
    python, prefix = base_python()
    text = f"{prefix} {python.stat().st_mtime_ns} {sys.version}"
    return cache / f"python-{hashlib.sha256(text.encode()).hexdigest()[:12]}"


def must_copy() -> bool:
    """Whether the interpreter lies where a box of root's could not read it."""
    return os.geteuid() == 0 and bool(closed_to_others(base_python()[0]))


def copy_python(place: Path) -> None:
    """Copy interpreter and standard library, beside its final place, then rename."""
    python, prefix = base_python()
    library = f"python{sys.version_info.major}.{sys.version_info.minor}"
    building = Path(tempfile.mkdtemp(prefix=".building-", dir=place.parent))
    try:
        shutil.copytree(
            prefix / "lib" / library,
            building / "lib" / library,
            symlinks=True,
            ignore=_NEVER_COPIED,
        )
        for shared in (prefix / "lib").glob("libpython*.so*"):
            shutil.copy2(shared, building / "lib", follow_symlinks=False)
        (building / "bin").mkdir()
        binary = building / "bin" / python.name
        shutil.copy2(python, binary)
        _find_libraries_beside(binary, prefix / "lib")
        open_up(building)
        building.rename(place)
    except BaseException:
        shutil.rmtree(building, ignore_errors=True)
        raise


def open_up(root: Path) -> None:
    """Let everybody read, whatever the umask."""
    for folder, _, files in os.walk(root):
        for path in (Path(folder), *(Path(folder, name) for name in files)):
            if not path.is_symlink():
                path.chmod(path.stat().st_mode | (0o555 if path.is_dir() else 0o444))


def _find_libraries_beside(binary: Path, folder: Path) -> None:
    """Let the copy look for its shared library where it lies itself.

    The path in the file (DT_RUNPATH) is replaced by a shorter one; see ld.so(8).
    """
    old, new = os.fsencode(folder) + b"\0", b"$ORIGIN/../lib"
    if len(new) < len(old):
        data = binary.read_bytes()
        binary.write_bytes(data.replace(old, new.ljust(len(old), b"\0")))
