"""The process level: the same helper with nothing around it.

It keeps honest agents apart (own session, own HOME and TMPDIR, built environment) and
protects nothing: files, network and processes of the user stay open to agent code.
"""

from __future__ import annotations

from pathlib import Path

from pytest_overnight.sandbox.runtime import Runtime


def environment(runtime: Runtime, scratch: Path) -> dict[str, str]:
    """The whole environment of the helper and all it starts."""
    return {
        "PATH": f"{runtime.root}/bin:/usr/bin:/bin",
        "HOME": f"{scratch}/tmp/home",
        "TMPDIR": f"{scratch}/tmp",
        "LANG": "C.UTF-8",
        "TZ": "UTC",
        "PYTHONHASHSEED": "0",
        "PYTHONDONTWRITEBYTECODE": "1",
    }


def folders(scratch: Path) -> tuple[Path, Path]:
    """Make and return the temporary folder and the copy's folder."""
    made = scratch / "tmp", scratch / "ws"
    for folder in (*made, made[0] / "home"):
        folder.mkdir()
    return made
