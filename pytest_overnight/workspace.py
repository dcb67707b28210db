"""The folder an agent works in: fresh before the run, kept safe after it.

Everything below the workspace belongs to agent code: the walk follows no link, opens
regular files only, and stops at caps. What it keeps is described by a manifest of
SHA-256 digests made from the very bytes that went into the archive. Whatever it meets,
it names what it leaves out and goes on: no content of a workspace is a harness fault.
"""

from __future__ import annotations

import gzip
import hashlib
import io
import os
import stat
import tarfile
from collections.abc import Iterator
from dataclasses import dataclass
from dataclasses import field
from itertools import islice
from pathlib import Path
from pathlib import PurePosixPath

from pytest_overnight.catalog.challenge import Challenge
from pytest_overnight.catalog.harbor import tree_files
from pytest_overnight.records.store import write_whole
from pytest_overnight.sandbox.removal import opened
from pytest_overnight.sandbox.removal import remove_tree

MAX_FILES = 2000
MAX_FILE_BYTES = 10 * 2**20
MAX_TOTAL_BYTES = 50 * 2**20
MAX_DEPTH = 32
MAX_PATH_BYTES = 1024
"""Of a name below the workspace: with a folder of ours before it, it is a path, too."""
MAX_ENTRIES = 50_000
"""Looked at, kept or not; more than a box lets agent code make."""
DROPPED = ("__pycache__", ".git", ".pytest_cache", ".mypy_cache", ".hypothesis")
"""Never kept: caches, and ``.git``, folder or not: its hooks run for whoever looks."""
SHOWN = 200
"""Characters of a name that is left out."""


class WorkspaceError(Exception):
    """A workspace could not be laid: a harness fault."""


@dataclass(slots=True)
class Snapshot:
    """What was kept of a workspace."""

    manifest: dict[str, str] = field(default_factory=dict)
    """Relative POSIX path → SHA-256 of the content."""
    left_out: list[str] = field(default_factory=list)
    """Entries not kept, each with the reason."""
    bytes: int = 0
    archive_sha256: str = ""

    @property
    def digest(self) -> str:
        """One digest over names and contents."""
        return manifest_digest(self.manifest)


def manifest_digest(manifest: dict[str, str]) -> str:
    """SHA-256 over the sorted lines ``path NUL digest``."""
    lines = "".join(f"{path}\0{digest}\n" for path, digest in sorted(manifest.items()))
    return hashlib.sha256(lines.encode("utf-8", "surrogateescape")).hexdigest()


def lay(challenge: Challenge, folder: Path) -> str:
    """Copy the starting workspace to ``folder``; return the digest of what lies there.

    Raises :class:`WorkspaceError` when the copy differs from the challenge.
    """
    remove_tree(folder)
    folder.mkdir(parents=True)
    manifest = {}
    for name, source in tree_files(challenge.environment):
        data = source.read_bytes()
        _put(folder, name, data, os.access(source, os.X_OK))
        manifest[name] = hashlib.sha256(data).hexdigest()
    kept = _Walk([]).files_of(folder)
    found = {name: hashlib.sha256(data).hexdigest() for name, data, _ in kept}
    if found != manifest:
        raise WorkspaceError(
            f"{folder}: the fresh workspace differs from {challenge.environment}. "
            "Something else writes there; give the night a folder of its own."
        )
    return manifest_digest(manifest)


def take_snapshot(folder: Path, archive: Path, tree: Path) -> Snapshot:
    """Keep a dead workspace: ``archive`` (tar.gz) and ``tree`` (plain files, new).

    Each file is read once: archive, tree, manifest and caps see the same bytes.
    """
    snapshot = Snapshot()
    remove_tree(tree)
    tree.mkdir(parents=True)
    buffer = io.BytesIO()
    # Level 1 takes a third of level 9's time for a fifth more bytes.
    with (
        gzip.GzipFile(fileobj=buffer, mode="wb", compresslevel=1, mtime=0) as packed,
        tarfile.open(fileobj=packed, mode="w", format=tarfile.PAX_FORMAT) as tar,
    ):
        for name, data, executable in _Walk(snapshot.left_out).files_of(folder):
            entry = tarfile.TarInfo(name)
            entry.size, entry.mode = len(data), 0o755 if executable else 0o644
            tar.addfile(entry, io.BytesIO(data))
            _put(tree, name, data, executable)
            snapshot.manifest[name] = hashlib.sha256(data).hexdigest()
            snapshot.bytes += len(data)
    packed_bytes = buffer.getvalue()
    snapshot.archive_sha256 = hashlib.sha256(packed_bytes).hexdigest()
    write_whole(archive, packed_bytes)
    return snapshot


def is_whole(archive: Path, sha256: str) -> bool:
    """Whether an archive is there, and the one that was written."""
    try:
        return hashlib.sha256(archive.read_bytes()).hexdigest() == sha256
    except OSError:
        return False


def restore(archive: Path, sha256: str, tree: Path) -> Snapshot:
    """Unpack a snapshot into ``tree`` and describe it as it was when it was taken.

    Raises :class:`WorkspaceError` where the archive is gone or not the one meant.
    """
    try:
        packed = archive.read_bytes()
    except OSError as problem:
        raise WorkspaceError(f"{archive}: {problem.strerror}") from None
    if hashlib.sha256(packed).hexdigest() != sha256:
        raise WorkspaceError(f"{archive}: not the archive that was written")
    snapshot = Snapshot(archive_sha256=sha256)
    remove_tree(tree)
    tree.mkdir(parents=True)
    with tarfile.open(fileobj=io.BytesIO(packed), mode="r:gz") as tar:
        for entry in tar:
            content = tar.extractfile(entry)
            parts = PurePosixPath(entry.name).parts
            if content is None or ".." in parts or entry.name.startswith("/"):
                raise WorkspaceError(f"{archive}: {entry.name} is no file of ours")
            data = content.read()
            _put(tree, entry.name, data, bool(entry.mode & 0o100))
            snapshot.manifest[entry.name] = hashlib.sha256(data).hexdigest()
            snapshot.bytes += len(data)
    return snapshot


def _put(root: Path, name: str, data: bytes, executable: bool) -> None:
    """A new file below a new folder of our own; parents are made."""
    path = f"{root}/{name}"  # text: a Path of each would cost as much as the file
    if "/" in name:
        os.makedirs(os.path.dirname(path), exist_ok=True)  # noqa: PTH103, PTH120
    with open(path, "xb") as file:  # noqa: PTH123
        file.write(data)
        os.fchmod(file.fileno(), 0o755 if executable else 0o644)


class _LeftOut(Exception):
    """Why one entry is not kept."""


class _Full(Exception):
    """A cap of the whole walk is reached."""


class _Walk:
    """One walk over a dead workspace."""

    def __init__(self, left_out: list[str]) -> None:
        """``left_out`` is filled as the walk goes on."""
        self._left_out = left_out
        self._entries = self._files = self._bytes = 0
        self._owner = 0

    def files_of(self, folder: Path) -> Iterator[tuple[str, bytes, bool]]:
        """Name, content, executable of each file to keep."""
        try:
            with opened(str(folder)) as root:
                self._owner = os.fstat(root).st_uid
                yield from self._below(root, "")
        except _Full as where:
            self._left_out.append(f"{where}: and all after it: over the cap")
        except OSError as problem:
            self._left_out.append(f"./: {problem.strerror}")

    def _below(self, folder: int, prefix: str) -> Iterator[tuple[str, bytes, bool]]:
        """Files first: what is laid into folders must not crowd out the answer."""
        with os.scandir(folder) as found:
            entries = sorted(islice(found, MAX_ENTRIES + 1), key=lambda e: e.name)
        inner = []
        for entry in entries:
            name = prefix + entry.name
            is_folder = entry.is_dir(follow_symlinks=False)
            try:
                self._look_at(entry, name, is_folder)
                if is_folder:
                    inner.append(entry.name)
                    continue
                data, executable = self._read(folder, entry.name)
            except (OSError, _LeftOut) as why:
                self._leave(f"{name}/" if is_folder else name, why)
                continue
            self._files, self._bytes = self._files + 1, self._bytes + len(data)
            if self._files > MAX_FILES or self._bytes > MAX_TOTAL_BYTES:
                raise _Full(_shown(name))
            yield name, data, executable
        for folder_name in inner:
            name = f"{prefix}{folder_name}/"
            try:
                with opened(folder_name, folder) as descriptor:
                    yield from self._below(descriptor, name)
            except OSError as problem:
                self._leave(name, problem)

    def _look_at(self, entry: os.DirEntry[str], name: str, is_folder: bool) -> None:
        """Raises :class:`_LeftOut` for what is not even to be opened."""
        self._entries += 1
        if self._entries > MAX_ENTRIES:
            raise _Full(_shown(name))
        try:
            size = len(name.encode())
        except UnicodeEncodeError:
            raise _LeftOut("not a UTF-8 name") from None
        if entry.name.lower() in DROPPED:
            raise _LeftOut("cache or repository")
        if size > MAX_PATH_BYTES:
            raise _LeftOut(f"its path is longer than {MAX_PATH_BYTES} bytes")
        if is_folder:
            if name.count("/") + 1 >= MAX_DEPTH:
                raise _LeftOut(f"deeper than {MAX_DEPTH} folders")
        elif entry.is_symlink():
            raise _LeftOut("link")
        elif not entry.is_file(follow_symlinks=False):
            raise _LeftOut("not a regular file")
        elif entry.name.endswith((".pyc", ".pth")):
            raise _LeftOut("would run by itself")

    def _read(self, folder: int, name: str) -> tuple[bytes, bool]:
        """Content, executable; what is no regular file by now is not read."""
        flags = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_NOCTTY
        descriptor = os.open(name, flags, dir_fd=folder)
        try:
            state = os.fstat(descriptor)
            self._check(state)
            data = _content(descriptor)
        finally:
            os.close(descriptor)
        return data, bool(state.st_mode & 0o100)

    def _check(self, state: os.stat_result) -> None:
        if not stat.S_ISREG(state.st_mode):
            raise _LeftOut("changed while it was read")
        if state.st_uid != self._owner and not state.st_mode & stat.S_IROTH:
            # As root we could read it; whoever linked it here could not.
            raise _LeftOut("another user's file")
        if not state.st_mode & stat.S_IRUSR:
            raise _LeftOut("closed to its owner")
        if state.st_size > MAX_FILE_BYTES:
            raise _LeftOut(_TOO_LARGE)

    def _leave(self, name: str, why: OSError | _LeftOut) -> None:
        reason = why.strerror if isinstance(why, OSError) else why
        self._left_out.append(f"{_shown(name)}: {reason}")


_TOO_LARGE = f"larger than {MAX_FILE_BYTES >> 20} MiB"


def _content(descriptor: int) -> bytes:
    """All of a file, which may grow while it is read."""
    data = bytearray()
    while chunk := os.read(descriptor, 1 << 20):
        data += chunk
        if len(data) > MAX_FILE_BYTES:
            raise _LeftOut(_TOO_LARGE)
    return bytes(data)


def _shown(name: str) -> str:
    """Also of names that are long, or no text."""
    whole = name.encode("utf-8", "backslashreplace").decode()
    return whole if len(whole) <= SHOWN else f"{whole[:SHOWN]}…"
