"""The runtime: a small Python environment of its own that agent code sees.

Pytest, hypothesis, mypy and what they need, copied file by file from the environment
of the harness into the user's cache folder: works offline, and nothing of the harness,
of hidden tests or of the developer's other packages is in it.
"""

from __future__ import annotations

import compileall
import dataclasses
import fcntl
import hashlib
import importlib.metadata
import json
import os
import py_compile
import shutil
import stat
import sys
import tempfile
from collections.abc import Iterable
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from dataclasses import field
from importlib.metadata import Distribution
from pathlib import Path

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from pytest_overnight.sandbox.box import BoxError
from pytest_overnight.sandbox.interpreter import base_python
from pytest_overnight.sandbox.interpreter import copied_to
from pytest_overnight.sandbox.interpreter import copy_python
from pytest_overnight.sandbox.interpreter import must_copy
from pytest_overnight.sandbox.interpreter import open_up

PACKAGES = ("pytest", "hypothesis", "mypy")
FORMAT = 4
"""Counts up when the layout of the folder changes."""


@dataclass(frozen=True, slots=True)
class Runtime:
    """A finished runtime folder."""

    root: Path
    base_python: str
    """The interpreter itself, outside any environment, or its copy; absolute."""
    base_prefix: str
    """The folder that interpreter and standard library lie in."""
    digest: str
    """Over the interpreter's and all packages' versions; never over paths."""
    versions: dict[str, str] = field(hash=False)
    """``python`` and each package, by name."""

    @property
    def python(self) -> Path:
        """The environment's interpreter, as seen on the host."""
        return self.root / "bin" / "python"


def prepare_runtime() -> Runtime:
    """The runtime that matches the harness's environment; made when missing.

    Raises :class:`BoxError` when a package is not installed or the cache folder
    cannot be written.
    """
    cache = _cache_folder()
    stamp = cache / f"runtime-for-{_environment_key()}.json"
    found = _read_stamp(stamp)
    if found is not None:
        return found
    distributions = _closure(PACKAGES)
    versions = {"python": _python_version()}
    versions |= {name: found.version for name, found in sorted(distributions.items())}
    runtime = _runtime(cache, versions)
    try:
        with _alone(cache / "runtime.lock"):
            if must_copy() and not copied_to(cache).is_dir():
                copy_python(copied_to(cache))
            if not runtime.root.is_dir():
                _build(runtime, distributions)
            _write_stamp(stamp, runtime)
    except OSError as error:
        raise _unwritable(cache, error) from error
    return runtime


# -- which runtime ----------------------------------------------------------------


def _cache_folder() -> Path:
    named = os.environ.get("XDG_CACHE_HOME")
    # Root's boxes run as other users, who may not enter root's home.
    usual = "/var/cache" if os.geteuid() == 0 else "~/.cache"
    cache = Path(named or usual) / "pytest-overnight"
    try:
        cache = cache.expanduser().absolute()
        cache.mkdir(parents=True, exist_ok=True)
        if os.geteuid() == 0:
            cache.chmod(0o755)
    except (OSError, RuntimeError) as error:  # RuntimeError: the user has no home
        if named and isinstance(error, OSError):
            raise _unwritable(cache, error) from error
        return _private_folder()
    return cache


def _private_folder() -> Path:
    """For users without a home of their own: a folder under the temporary one.

    Its name is no secret, so it counts only while nobody else may write there.
    """
    folder = Path(tempfile.gettempdir()) / f"pytest-overnight-{os.getuid()}"
    folder.mkdir(mode=0o700, exist_ok=True)
    facts = folder.lstat()
    if not stat.S_ISDIR(facts.st_mode) or facts.st_uid != os.getuid():
        raise BoxError(
            f"{folder} belongs to somebody else, and there is no home folder to keep "
            "the sandbox's Python runtime in; set XDG_CACHE_HOME to a folder you own"
        )
    folder.chmod(0o700)
    return folder


def _unwritable(cache: Path, error: OSError) -> BoxError:
    return BoxError(
        f"cannot keep the sandbox's Python runtime in {cache}: {error.strerror}; "
        "set XDG_CACHE_HOME to a folder you may write"
    )


def _environment_key() -> str:
    """Changes when anything is installed into or removed from the environment.

    Looking at folders' times takes microseconds, reading the packages' metadata 30 ms.
    """
    parts = [sys.version, sys.prefix, str(base_python()[0]), str(FORMAT)]
    for folder in sys.path:
        if folder.endswith(("site-packages", "dist-packages")):
            try:
                parts.append(f"{folder} {Path(folder).stat().st_mtime_ns}")
            except OSError:
                continue
    return hashlib.sha256("\n".join(parts).encode()).hexdigest()[:16]


def _python_version() -> str:
    return ".".join(map(str, sys.version_info[:3]))


def _runtime(cache: Path, versions: dict[str, str]) -> Runtime:
    text = json.dumps([FORMAT, sys.platform, os.uname().machine, versions])
    digest = hashlib.sha256(text.encode()).hexdigest()[:16]
    python, prefix = base_python()
    if must_copy():
        python = copied_to(cache) / "bin" / python.name
        prefix = copied_to(cache)
    place = hashlib.sha256(os.fsencode(python)).hexdigest()[:6]
    root = cache / f"runtime-{digest}-{place}"
    return Runtime(root, str(python), str(prefix), digest, versions)


def _read_stamp(stamp: Path) -> Runtime | None:
    try:
        plain = json.loads(stamp.read_bytes())
        runtime = Runtime(**{**plain, "root": Path(plain["root"])})
    except (OSError, ValueError, TypeError, KeyError):
        return None
    there = runtime.root.is_dir() and Path(runtime.base_python).exists()
    return runtime if there else None


def _write_stamp(stamp: Path, runtime: Runtime) -> None:
    plain = {**dataclasses.asdict(runtime), "root": str(runtime.root)}
    with tempfile.NamedTemporaryFile("w", dir=stamp.parent, delete=False) as file:
        json.dump(plain, file)
    Path(file.name).replace(stamp)


@contextmanager
def _alone(lock: Path) -> Iterator[None]:
    """Hold a lock file: two sessions may start in the same second."""
    with lock.open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


# -- what is in it ----------------------------------------------------------------


def _closure(names: Iterable[str]) -> dict[str, Distribution]:
    """The named distributions and all they require here, by normalised name."""
    found: dict[str, Distribution] = {}
    pending = list(names)
    while pending:
        name = canonicalize_name(pending.pop())
        if name in found:
            continue
        try:
            found[name] = importlib.metadata.distribution(name)
        except importlib.metadata.PackageNotFoundError:
            raise BoxError(
                f"the sandbox's runtime needs {name}, which is not installed for "
                f"{sys.executable}; run: python -m pip install {name}"
            ) from None
        pending += _requirements(found[name])
    return found


def _requirements(distribution: Distribution) -> list[str]:
    wanted = map(Requirement, distribution.requires or ())
    environment = {"extra": ""}
    return [r.name for r in wanted if not r.marker or r.marker.evaluate(environment)]


def _build(runtime: Runtime, distributions: dict[str, Distribution]) -> None:
    """Make the folder beside its final place, then rename it."""
    building = Path(tempfile.mkdtemp(prefix=".building-", dir=runtime.root.parent))
    try:
        _skeleton(building, runtime)
        packages = building / "lib" / _python_name() / "site-packages"
        for name, distribution in distributions.items():
            _copy(name, distribution, packages)
            if name in PACKAGES:
                _write_scripts(distribution, building / "bin")
        _compile(building)
        open_up(building)
        building.rename(runtime.root)
    except BaseException:
        shutil.rmtree(building, ignore_errors=True)
        raise


def _python_name() -> str:
    return f"python{sys.version_info.major}.{sys.version_info.minor}"


def _skeleton(root: Path, runtime: Runtime) -> None:
    """What makes a folder a Python environment, and a few files of ``/etc``."""
    home = Path(runtime.base_python).parent
    version = runtime.versions["python"]
    (root / "pyvenv.cfg").write_text(
        f"home = {home}\ninclude-system-site-packages = false\nversion = {version}\n"
    )
    (root / "bin").mkdir()
    for name in ("python", "python3", _python_name()):
        (root / "bin" / name).symlink_to(runtime.base_python)
    (root / "etc").mkdir()
    for name, text in _ETC.items():
        (root / "etc" / name).write_text(text)


_SCRIPT = """\
#!/usr/bin/env python
import sys
from {module} import {function} as main

sys.exit(main())
"""
_ETC = {
    "passwd": "agent:x:1000:1000::/tmp/home:/bin/sh\n",
    "group": "agent:x:1000:\n",
    "hosts": "127.0.0.1 localhost\n",
}


def _write_scripts(distribution: Distribution, folder: Path) -> None:
    """The package's commands; no path in them, so that the folder may be moved."""
    for entry in distribution.entry_points.select(group="console_scripts"):
        script = folder / entry.name
        script.write_text(_SCRIPT.format(module=entry.module, function=entry.attr))
        script.chmod(0o755)


def _copy(name: str, distribution: Distribution, packages: Path) -> None:
    """Copy a distribution's modules and data, not its scripts."""
    if distribution.files is None:
        raise BoxError(
            f"{name} was installed without a list of its files (by the system's "
            "package manager?); install the harness into a virtual environment"
        )
    for file in distribution.files:
        if ".." in file.parts or file.is_absolute() or file.suffix == ".pyc":
            continue
        # Hypothesis would load as a pytest plugin, its modules rewritten anew in every
        # pytest of every box: 1.1 s of CPU for each. @given works without the plugin.
        if file.name == "entry_points.txt":
            continue
        source = Path(str(distribution.locate_file(file)))
        target = packages / file
        if source.is_file():
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(source, target)


def _compile(root: Path) -> None:
    """Byte-compile once; the box cannot. The host's paths stay out of the result."""
    for folder, _, files in os.walk(root / "lib"):
        compiled = {file.split(".")[0] for file in files if file.endswith(".so")}
        for file in files:
            # A module that also exists as machine code is never read as source.
            if file.endswith(".py") and file[:-3] not in compiled:
                compileall.compile_file(
                    Path(folder, file),
                    quiet=2,
                    stripdir=str(root),
                    prependdir="/runtime",
                    invalidation_mode=py_compile.PycInvalidationMode.UNCHECKED_HASH,
                )
