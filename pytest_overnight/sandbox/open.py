"""Opening a box at one level."""

from __future__ import annotations

import os
import socket
import subprocess
import tempfile
from collections.abc import Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import Any

from pytest_overnight import settings
from pytest_overnight.sandbox import bubblewrap
from pytest_overnight.sandbox import landlock
from pytest_overnight.sandbox import process
from pytest_overnight.sandbox import seccomp
from pytest_overnight.sandbox.box import Box
from pytest_overnight.sandbox.box import BoxError
from pytest_overnight.sandbox.box import BoxPlan
from pytest_overnight.sandbox.box import Limits
from pytest_overnight.sandbox.client import OpenBox
from pytest_overnight.sandbox.inside import tools
from pytest_overnight.sandbox.removal import try_to_remove
from pytest_overnight.sandbox.runtime import Runtime
from pytest_overnight.sandbox.shipping import PYTHON_FLAGS
from pytest_overnight.sandbox.user import BoxUser
from pytest_overnight.sandbox.user import closed_to_others
from pytest_overnight.sandbox.user import why_root

SPARE_PROCESSES = 32
LEVELS = ("bubblewrap", "landlock", "process")
"""From the best to none."""


def open_box(plan: BoxPlan, runtime: Runtime, hidden: Sequence[Path] = ()) -> Box:
    """Open a box; :class:`BoxError` when it does not start.

    ``hidden``: folders that must not show even if they lie beneath one that the box
    sees, beside the harness and its own suite, which never show. As root, agent code
    gets a user id of its own, and with it the workspace, which must be freshly laid.
    Call it from a thread that lives as long as the box: the kernel ends the box
    together with the thread.
    """
    if (plan.workspace is None) == (plan.submission is None):
        raise ValueError("a box plan has either a workspace or a submission")
    if plan.level not in LEVELS:
        raise ValueError(f"unknown sandbox level {plan.level!r}")
    with ExitStack() as held:
        place = _Place(plan, runtime, held)
        away = [*_own_folders(), *_packages(runtime), *hidden]
        if plan.level == "bubblewrap":
            box = _open_bubblewrap(place, away)
        else:
            box = _open_on_the_host(place, away)
        box.held = held.pop_all()
        return box


def why_still_root(runtime: Runtime) -> str:
    """Why root's agent code keeps root's user id here; empty when it does not."""
    return why_root(runtime.root, Path(runtime.base_python))


class _Place:
    """What is made for one box, and goes with it."""

    def __init__(self, plan: BoxPlan, runtime: Runtime, held: ExitStack) -> None:
        self.plan, self.runtime, self.held = plan, runtime, held
        self.user: BoxUser | None = None
        self.workspace = plan.workspace and plan.workspace.resolve()
        self.submission = plan.submission and plan.submission.resolve()
        if os.geteuid() == 0 and not why_still_root(runtime):
            self.user = BoxUser()
            held.callback(self.user.close)
        if self.user and self.workspace:
            self.check_open(self.workspace)
            self.user.own(self.workspace)
        if self.user and self.submission:
            # It may lie where only root may look.
            copied = self.scratch() / "submission"
            copied.mkdir()
            tools.copy(str(self.submission), str(copied))
            self.user.lend(copied)
            self.submission = copied

    def scratch(self) -> Path:
        """A folder on the host for this box alone; a new one each time."""
        folder = Path(tempfile.mkdtemp(prefix="overnight-box-")).resolve()
        self.held.callback(try_to_remove, folder)
        if self.user:
            folder.chmod(0o711)
            self.check_open(folder)
        return folder

    @staticmethod
    def check_open(folder: Path) -> None:
        """The box's user must get there."""
        closed = closed_to_others(folder)
        if closed:
            raise BoxError(
                f"{folder} lies in {closed}, which only root may enter: agent code, "
                "which runs as another user, cannot work there"
            )


def _own_folders() -> list[Path]:
    """The package, the checkout it lies in, and the suite."""
    suite = settings.default_suite()
    checkout = settings.PACKAGE.parent
    return [settings.PACKAGE, suite, *([checkout] if suite.parent == checkout else [])]


def _packages(runtime: Runtime) -> list[Path]:
    """What is installed for the interpreter, whoever uses it."""
    return [
        found
        for root in {"/usr", "/usr/local", runtime.base_prefix}
        for kind in ("site-packages", "dist-packages")
        for found in Path(root).glob(f"lib*/python3*/{kind}")
    ]


def _open_bubblewrap(place: _Place, hidden: list[Path]) -> OpenBox:
    plan, runtime = place.plan, place.runtime
    _need(seccomp.why_not())
    copy = [bubblewrap.WORKSPACE] if plan.submission else []
    config = {
        **_config(plan.limits, plan.limits.processes),
        "init": True,
        "user": 0,  # bubblewrap is started as that user already
        "filter": seccomp.program(network=True),
        "landlock": landlock.apart(),
        "workspace": bubblewrap.WORKSPACE,
        "submission": bubblewrap.SUBMISSION if plan.submission else "",
        "home": bubblewrap.HOME,
        "scratch": [*bubblewrap.SCRATCH, *copy],
        "watched": [bubblewrap.WORKSPACE, *bubblewrap.SCRATCH],
        "roots": [],
    }
    folder = place.workspace or place.submission
    assert folder is not None
    words = bubblewrap.command(plan, runtime, folder, hidden)
    words.append(runtime.base_python)
    return _start(plan, config, words, {}, place.user)


def _open_on_the_host(place: _Place, hidden: list[Path]) -> OpenBox:
    """The levels without namespaces, with Landlock's walls or without."""
    plan, runtime, user = place.plan, place.runtime, place.user
    walls = plan.level == "landlock"
    if walls:
        _need(seccomp.why_not() or landlock.why_not())
        if os.geteuid() == 0 and user is None:
            raise BoxError(f"agent code would be root: {why_still_root(runtime)}")
    scratch = place.scratch()
    temporary, copy = process.folders(scratch)
    if user:
        user.own(temporary)
        user.own(copy)
    workspace = copy if place.workspace is None else place.workspace
    own = [workspace, temporary]
    readable = [place.submission] if place.submission else []
    most = plan.limits.processes if user else process.most_processes()
    config = {
        **_config(plan.limits, most),
        "init": False,
        "user": user.id if user else 0,
        "filter": seccomp.program(network=False) if walls else b"",
        "landlock": landlock.rules(runtime, own, readable, hidden) if walls else None,
        "workspace": str(workspace),
        "submission": str(place.submission) if place.submission else "",
        "home": f"{temporary}/home",
        "scratch": [str(temporary), str(copy)],
        "watched": [str(workspace), str(temporary)],
        "roots": [] if walls else [str(folder) for folder in own],
    }
    environment = process.environment(runtime, scratch)
    return _start(plan, config, [runtime.base_python], environment, None)


def _need(obstacle: str) -> None:
    if obstacle:
        raise BoxError(obstacle)


def _config(limits: Limits, most_processes: int) -> dict[str, Any]:
    """What the helper must know of the limits, in the kernel's units."""
    numbers = {
        "CPU": limits.cpu_seconds,
        "AS": limits.memory_mb << 20,
        "FSIZE": limits.file_mb << 20,
        "NOFILE": limits.open_files,
        "NPROC": most_processes,
        "CORE": 0,
        "MEMLOCK": 0,
        "MSGQUEUE": 0,
    }
    watch = {
        "memory": limits.memory_sum_mb << 20,
        # Where the kernel counts the box alone, its refusal comes first.
        "processes": limits.processes + SPARE_PROCESSES,
        "disk": limits.workspace_mb << 20,
        "files": limits.workspace_files,
    }
    return {
        "limits": numbers,
        "watch": watch,
        "output_bytes": limits.output_kb << 10,
        "file_bytes": limits.file_mb << 20,
    }


def _start(
    plan: BoxPlan,
    config: dict[str, Any],
    program: list[str],
    environment: dict[str, str],
    user: BoxUser | None,
) -> OpenBox:
    """Start the helper and wait until it can be asked."""
    control, theirs = socket.socketpair()
    identity: dict[str, Any] = {}
    if user:
        identity = {"user": user.id, "group": user.id, "extra_groups": []}
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
                **identity,
            )
        except OSError as error:
            control.close()
            raise BoxError(f"cannot start {program[0]}: {error.strerror}") from error
    box = OpenBox(plan, config["workspace"], running, control)
    try:
        box.start(plan, config)
    except BaseException:
        box.close()
        raise
    return box
