"""The folder an agent works in: fresh before the run, kept safe after it.

Everything below the workspace belongs to agent code: the walk follows no link, opens
regular files only, and stops at caps. What it keeps is described by a manifest of
SHA-256 digests made from the very bytes that went into the archive.
"""

from __future__ import annotations

import gzip
import hashlib
import io
import os
import shutil
import stat
import tarfile
from collections.abc import Iterator
from dataclasses import dataclass
from dataclasses import field
from pathlib import Path

from pytest_overnight.catalog.challenge import Challenge
from pytest_overnight.catalog.harbor import tree_files
from pytest_overnight.records.store import write_whole

MAX_FILES = 2000
MAX_FILE_BYTES = 10 * 2**20
MAX_TOTAL_BYTES = 50 * 2**20
MAX_DEPTH = 32
DROPPED = ("__pycache__", ".git", ".pytest_cache", ".mypy_cache", ".hypothesis")
"""Folders never kept: caches, and ``.git``, whose hooks run for whoever looks."""


class WorkspaceError(Exception):
    """A workspace could not be laid, kept or removed: a harness fault."""


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
    found = {n: hashlib.sha256(b).hexdigest() for n, b, _ in _kept(folder, Snapshot())}
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
        for name, data, executable in _kept(folder, snapshot):
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


def _put(root: Path, name: str, data: bytes, executable: bool) -> None:
    """A new file below a new folder of our own; parents are made."""
    path = f"{root}/{name}"  # text: a Path of each would cost as much as the file
    if "/" in name:
        os.makedirs(os.path.dirname(path), exist_ok=True)  # noqa: PTH103, PTH120
    with open(path, "xb") as file:  # noqa: PTH123
        file.write(data)
        os.fchmod(file.fileno(), 0o755 if executable else 0o644)


def remove_tree(folder: Path) -> None:
    """Remove a folder whatever agent code did to its modes; follows no link."""
    if folder.is_symlink() or folder.is_file():
        folder.unlink()
        return
    if not folder.exists():
        return
    shutil.rmtree(folder, ignore_errors=True)
    if folder.exists():
        _open_up(folder)
        shutil.rmtree(folder, ignore_errors=True)
    if folder.exists():
        raise WorkspaceError(f"{folder}: cannot be removed. Remove it by hand.")


def _open_up(folder: Path) -> None:
    """Give the owner back every folder below; agent code may have closed them."""
    pending = [folder]
    while pending:
        opened = pending.pop()
        opened.chmod(0o700)
        with os.scandir(opened) as entries:
            inner = [e.path for e in entries if e.is_dir(follow_symlinks=False)]
        pending += map(Path, inner)


def _kept(folder: Path, snapshot: Snapshot) -> Iterator[tuple[str, bytes, bool]]:
    """Name, content, executable of each file to keep; the rest goes to ``left_out``."""
    root = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW)
    total = files = 0
    pending: list[tuple[int, str]] = [(root, "")]
    while pending:
        descriptor, prefix = pending.pop()
        try:
            for entry in sorted(os.scandir(descriptor), key=lambda e: e.name):
                name = prefix + entry.name
                found = _open_entry(descriptor, entry, name, pending, snapshot)
                if found is None:
                    continue
                data, executable = found
                files, total = files + 1, total + len(data)
                if files > MAX_FILES or total > MAX_TOTAL_BYTES:
                    snapshot.left_out.append(f"{name}: and all after it: over the cap")
                    return
                yield name, data, executable
        finally:
            os.close(descriptor)
            if files > MAX_FILES or total > MAX_TOTAL_BYTES:
                for left, _ in pending:
                    os.close(left)


def _open_entry(
    folder: int,
    entry: os.DirEntry[str],
    name: str,
    pending: list[tuple[int, str]],
    snapshot: Snapshot,
) -> tuple[bytes, bool] | None:
    """A regular file's content; folders join ``pending``; all else is left out."""
    try:
        name.encode()
    except UnicodeEncodeError:
        snapshot.left_out.append(f"{name!r}: not a UTF-8 name")
        return None
    mode = entry.stat(follow_symlinks=False).st_mode
    if stat.S_ISDIR(mode):
        if entry.name in DROPPED:
            snapshot.left_out.append(f"{name}/: cache or repository")
        elif name.count("/") + 1 >= MAX_DEPTH:
            snapshot.left_out.append(f"{name}/: deeper than {MAX_DEPTH} folders")
        else:
            _open_folder(folder, entry.name, name, pending, snapshot)
        return None
    if not stat.S_ISREG(mode):
        kind = "link" if stat.S_ISLNK(mode) else "not a regular file"
        snapshot.left_out.append(f"{name}: {kind}")
        return None
    if entry.name.endswith((".pyc", ".pth")):
        snapshot.left_out.append(f"{name}: would run by itself")
        return None
    return _read_file(folder, entry.name, name, snapshot)


def _open_folder(
    folder: int,
    entry_name: str,
    name: str,
    pending: list[tuple[int, str]],
    snapshot: Snapshot,
) -> None:
    flags = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW
    try:
        try:
            opened = os.open(entry_name, flags, dir_fd=folder)
        except PermissionError:
            os.chmod(entry_name, 0o700, dir_fd=folder)
            opened = os.open(entry_name, flags, dir_fd=folder)
    except OSError as problem:
        snapshot.left_out.append(f"{name}/: {problem.strerror}")
        return
    pending.append((opened, name + "/"))


def _read_file(
    folder: int, entry_name: str, name: str, snapshot: Snapshot
) -> tuple[bytes, bool] | None:
    flags = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK
    try:
        descriptor = os.open(entry_name, flags, dir_fd=folder)
    except OSError as problem:
        snapshot.left_out.append(f"{name}: {problem.strerror}")
        return None
    with os.fdopen(descriptor, "rb") as file:
        mode = os.fstat(descriptor).st_mode
        if not stat.S_ISREG(mode):
            snapshot.left_out.append(f"{name}: changed while it was read")
            return None
        data = file.read(MAX_FILE_BYTES + 1)
    if len(data) > MAX_FILE_BYTES:
        snapshot.left_out.append(f"{name}: larger than {MAX_FILE_BYTES >> 20} MiB")
        return None
    return data, bool(mode & 0o100)
