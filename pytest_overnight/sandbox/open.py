"""Opening a box at one level."""

from __future__ import annotations

import socket
import subprocess
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from pytest_overnight import settings
from pytest_overnight.sandbox import bubblewrap
from pytest_overnight.sandbox import process
from pytest_overnight.sandbox.box import Box
from pytest_overnight.sandbox.box import BoxError
from pytest_overnight.sandbox.box import BoxPlan
from pytest_overnight.sandbox.box import Limits
from pytest_overnight.sandbox.client import OpenBox
from pytest_overnight.sandbox.runtime import Runtime
from pytest_overnight.sandbox.shipping import PYTHON_FLAGS


def open_box(plan: BoxPlan, runtime: Runtime, hidden: Sequence[Path] = ()) -> Box:
    """Open a box; :class:`BoxError` when it does not start.

    ``hidden``: folders that must not show even if they lie beneath one that the box
    sees, beside the harness and its own suite, which never show. Call it from a thread
    that lives as long as the box: the kernel ends the box together with the thread.
    """
    if (plan.workspace is None) == (plan.submission is None):
        raise ValueError("a box plan has either a workspace or a submission")
    if plan.level == "bubblewrap":
        return _open_bubblewrap(plan, runtime, [*_own_folders(), *hidden])
    if plan.level == "process":
        return _open_process(plan, runtime)
    raise ValueError(f"unknown sandbox level {plan.level!r}")


def _own_folders() -> list[Path]:
    """The package, the checkout it lies in, and the suite."""
    suite = settings.default_suite()
    checkout = settings.PACKAGE.parent
    return [settings.PACKAGE, suite, *([checkout] if suite.parent == checkout else [])]


def _open_bubblewrap(plan: BoxPlan, runtime: Runtime, hidden: list[Path]) -> Box:
    copy = [bubblewrap.WORKSPACE] if plan.submission else []
    config = {
        **_config(plan.limits, alone=True),
        "workspace": bubblewrap.WORKSPACE,
        "submission": bubblewrap.SUBMISSION if plan.submission else "",
        "home": bubblewrap.HOME,
        "scratch": [*bubblewrap.SCRATCH, *copy],
        "roots": [],
    }
    words = bubblewrap.command(plan, runtime, hidden)
    return _start(plan, config, [*words, runtime.base_python], {}, None)


def _open_process(plan: BoxPlan, runtime: Runtime) -> Box:
    scratch = Path(tempfile.mkdtemp(prefix="overnight-box-")).resolve()
    temporary, copy = process.folders(scratch)
    workspace = copy if plan.workspace is None else plan.workspace.resolve()
    config = {
        **_config(plan.limits, alone=False),
        "workspace": str(workspace),
        "submission": str(plan.submission.resolve()) if plan.submission else "",
        "home": f"{temporary}/home",
        "scratch": [str(temporary), str(copy)],
        "roots": [str(workspace), str(temporary)],
    }
    environment = process.environment(runtime, scratch)
    return _start(plan, config, [runtime.base_python], environment, scratch)


def _config(limits: Limits, alone: bool) -> dict[str, Any]:
    """What the helper must know of the limits, in the kernel's units.

    The number of processes counts per user and user namespace: without a namespace
    of its own a box would count, and starve, the user's whole desktop.
    """
    numbers = {
        "CPU": limits.cpu_seconds,
        "AS": limits.memory_mb << 20,
        "FSIZE": limits.file_mb << 20,
        "NOFILE": limits.open_files,
        "CORE": 0,
        "MSGQUEUE": 0,
    }
    if alone:
        numbers["NPROC"] = limits.processes
    return {
        "init": alone,
        "limits": numbers,
        "output_bytes": limits.output_kb << 10,
        "file_bytes": limits.file_mb << 20,
    }


def _start(
    plan: BoxPlan,
    config: dict[str, Any],
    program: list[str],
    environment: dict[str, str],
    scratch: Path | None,
) -> Box:
    """Start the helper and wait until it can be asked."""
    control, theirs = socket.socketpair()
    with theirs:
        try:
            running = subprocess.Popen(
                [*program, *PYTHON_FLAGS],
                stdin=theirs.fileno(),
                stdout=subprocess.DEVNULL,
                stderr=subprocess.PIPE,
                cwd="/",
                env=environment,
                start_new_session=True,
            )
        except OSError as error:
            control.close()
            raise BoxError(f"cannot start {program[0]}: {error.strerror}") from error
    box = OpenBox(plan, config["workspace"], running, control, scratch)
    try:
        box.start(plan, config)
    except BaseException:
        box.close()
        raise
    return box
