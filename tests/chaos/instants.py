"""Chosen instants: a process kills itself exactly there.

Files are told by their names and calls by theirs, so that the code under test runs as
it is, up to the instant. Nothing is imported or replaced in a process that has no kill
to wait for.
"""

from __future__ import annotations

import importlib
import json
import os
import re
import signal
import time
from collections.abc import Callable
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.chaos.kills import CONTROLLER
from tests.chaos.kills import JUDGE_SERVER
from tests.chaos.kills import TRY
from tests.chaos.kills import TRY_SERVER
from tests.chaos.kills import VERIFICATION
from tests.chaos.kills import WORKER

VARIABLE = "CHAOS_ARMED"
"""Environment: JSON, a list of the fields of :class:`Trigger`."""


ALONE = "CHAOS_ALONE"
"""Environment: set where one process is both, controller and worker."""


@dataclass(slots=True)
class Trigger:
    """One armed kill, as one process waits for it."""

    instant: str
    results: str
    claim: str
    """File that the first process to get there makes: only that one dies."""
    runs: int = 0
    """Lines ``finished`` that the journal must have."""
    call: int = 1
    delay: float = 0.0
    calls: int = 0

    def due(self) -> bool:
        """Count one call, and say whether this is the one to die in."""
        if self.runs and self._finished() < self.runs:
            return False
        self.calls += 1
        if self.calls != self.call:
            return False
        try:
            flags = os.O_CREAT | os.O_EXCL | os.O_WRONLY
            claim = os.open(self.claim, flags)
        except FileExistsError:
            return False
        os.close(claim)
        return True

    def here(self) -> None:
        """The instant: go on, or die."""
        if self.due():
            self.die()

    def die(self) -> None:
        """As of the OOM killer."""
        time.sleep(self.delay)
        os.kill(os.getpid(), signal.SIGKILL)

    def _finished(self) -> int:
        try:
            journal = Path(self.results, "journal.jsonl").read_bytes()
        except FileNotFoundError:
            return 0
        return journal.count(b'"event": "finished"')


Arm = Callable[[Trigger], None]
INSTANTS: dict[str, tuple[str, Arm]] = {}
"""Name → who dies, and how a process is made to."""


def armed() -> list[Trigger]:
    """What this process's environment asks for."""
    return [Trigger(**one) for one in json.loads(os.environ.get(VARIABLE, "[]"))]


def arm_as(*roles: str) -> None:
    """Make this process, which is one of these, die at what is meant for it."""
    for trigger in armed():
        victim, arm = INSTANTS[trigger.instant]
        if victim in roles:
            arm(trigger)


# -- files: half written, before and after the rename ---------------------------------

FILES = {
    "record": (WORKER, r"runs/[^/]+\.json"),
    "archive": (WORKER, r"snapshots/[^/]+\.tar\.gz"),
    "lost record": (CONTROLLER, r"runs/[^/]+\.json"),
    "master log": (CONTROLLER, r"master_log\.json"),
    "status": (CONTROLLER, r"status\.json"),
    "mark of the move": (CONTROLLER, r"\.moving_to_history"),
    "report": (CONTROLLER, r"overnight_report_[^/]+\.md"),
    "move": (CONTROLLER, r"history/[^/]+/[^/]+"),
}


def _is(path: Any, pattern: str, results: str) -> bool:
    text = os.fsdecode(path)
    name = text.removeprefix(f"{results}/")
    return name != text and re.fullmatch(pattern, name) is not None


def _final(temporary: str) -> str:
    """``runs/a.json`` of ``runs/.a.json.123.tmp``."""
    folder, _, name = temporary.rpartition("/")
    return f"{folder}/{_TEMPORARY.sub('', name[1:])}"


_TEMPORARY = re.compile(r"\.\d+\.tmp$")


def _path_of(descriptor: int) -> str:
    return str(Path(f"/proc/self/fd/{descriptor}").readlink())


def _half(pattern: str) -> Arm:
    def arm(trigger: Trigger) -> None:
        real = os.fsync

        def fsync(fd: Any) -> None:
            path = _path_of(fd)
            wanted = _is(_final(path), pattern, trigger.results)
            if wanted and path.endswith(".tmp") and trigger.due():
                os.ftruncate(fd, os.fstat(fd).st_size // 2)
                trigger.die()
            real(fd)

        os.fsync = fsync

    return arm


def _change(name: str, pattern: str, after: bool) -> Arm:
    """Around a call of ``os`` whose last path is of the kind."""

    def arm(trigger: Trigger) -> None:
        real = getattr(os, name)

        def change(*paths: Any, **more: Any) -> None:
            wanted = _is(paths[-1], pattern, trigger.results)
            if wanted and not after:
                trigger.here()
            real(*paths, **more)
            if wanted and after:
                trigger.here()

        setattr(os, name, change)

    return arm


for _name, (_victim, _pattern) in FILES.items():
    if _name != "move":
        INSTANTS[f"{_name}: half written"] = _victim, _half(_pattern)
    for _moment in ("before", "after"):
        _arm = _change("replace", _pattern, _moment == "after")
        INSTANTS[f"{_name}: {_moment} its rename"] = _victim, _arm
_MARK = FILES["mark of the move"][1]
for _moment in ("before", "after"):
    _arm = _change("unlink", _MARK, _moment == "after")
    INSTANTS[f"mark of the move: {_moment} its removal"] = CONTROLLER, _arm


# -- lines: before, in the middle of the write, and after ------------------------------

JOURNAL = "journal.jsonl"
LINES = {
    "session": (CONTROLLER, JOURNAL),
    "cleaned": (CONTROLLER, JOURNAL),
    "closed": (CONTROLLER, JOURNAL),
    "worker": (WORKER, JOURNAL),
    "started": (WORKER, JOURNAL),
    "finished": (WORKER, JOURNAL),
    "regraded": (WORKER, JOURNAL),
    "mark finished": (WORKER, "-events.jsonl"),
    "round": (TRY, "-events.jsonl"),
    "action": (TRY, "-events.jsonl"),
    "stopped": (TRY, "-events.jsonl"),
}
MOMENTS = ("before", "torn", "after")


def _line(event: str, file: str, moment: str) -> Arm:
    sign = f'"event": "{event.removeprefix("mark ")}"'.encode()

    def arm(trigger: Trigger) -> None:
        real = os.write

        def write(descriptor: int, data: Any) -> int:
            wanted = sign in bytes(data[:64]) and _path_of(descriptor).endswith(file)
            if wanted and moment == "before":
                trigger.here()
            if wanted and moment == "torn" and trigger.due():
                real(descriptor, data[: len(data) // 2])
                trigger.die()
            written = real(descriptor, data)
            if wanted and moment == "after":
                trigger.here()
            return written

        os.write = write

    return arm


for _name, (_victim, _file) in LINES.items():
    for _moment in MOMENTS:
        INSTANTS[f"line {_name}: {_moment}"] = _victim, _line(_name, _file, _moment)


# -- calls: before and after ----------------------------------------------------------

PACKAGE = "pytest_overnight"
CALLS = {
    # A worker, from plan to record.
    "servers": (WORKER, "arena:Arena.__init__"),
    "begin": (WORKER, "records.store:RunStore.begin_try"),
    "lay": (WORKER, "workspace:lay"),
    "try": (WORKER, "arena:Arena._try"),
    "snapshot": (WORKER, "workspace:take_snapshot"),
    "mark": (WORKER, "arena:Arena._mark_finished"),
    "verify": (WORKER, "grading.verifier:Verifier.verify"),
    "write record": (WORKER, "records.store:RunStore.write_run"),
    "link former": (WORKER, "os:link"),
    "output log": (WORKER, "arena:write_output_log"),
    "keep failed": (WORKER, "arena:Arena._keep_failed"),
    "tidy": (WORKER, "arena:remove_tree"),
    "record lost": (WORKER, "arena:record_lost"),
    "restore": (WORKER, "workspace:restore"),
    "close": (WORKER, "arena:Arena.close"),
    # A controller, from the lock to the report.
    "lock": (CONTROLLER, "records.store:SessionLock.__init__"),
    "create": (CONTROLLER, "records.store:RunStore.create"),
    "put away": (CONTROLLER, "records.store:RunStore.put_away_former"),
    "finish putting away": (
        CONTROLLER,
        "records.store:RunStore.finish_putting_away",
    ),
    "look": (CONTROLLER, "controller:look"),
    "complete records": (CONTROLLER, "session:complete_records"),
    "open": (CONTROLLER, "controller:open_session"),
    "reachable": (CONTROLLER, "controller:make_reachable"),
    "clean": (CONTROLLER, "controller:clean"),
    "lost runs": (CONTROLLER, "controller:record_lost_runs"),
    "remove workspaces": (CONTROLLER, "controller:remove_reachable"),
    "write report": (CONTROLLER, "reporting.pages:write_report"),
    "complete at the end": (CONTROLLER, "controller:complete_records"),
    "release": (CONTROLLER, "records.store:SessionLock.release"),
    # A warm server, around a task of its own.
    "try forked": (TRY_SERVER, "sandbox.server:Task.wait"),
    "try cleared up": (TRY_SERVER, "sandbox.server:tree.end_children"),
    "judge forked": (JUDGE_SERVER, "sandbox.server:Task.wait"),
    "judge cleared up": (JUDGE_SERVER, "sandbox.server:tree.end_children"),
    # A try, and a verification as soon as the answer has had its say.
    "box": (TRY, "agents.attempt:open_box"),
    "heard": (VERIFICATION, "grading.bench:Bench.hear"),
}


def find(path: str) -> tuple[Any, str]:
    """Owner and name of ``module:attribute.attribute``."""
    module, _, names = path.partition(":")
    owner: Any = importlib.import_module(
        module if module == "os" else f"{PACKAGE}.{module}"
    )
    *above, name = names.split(".")
    for one in above:
        owner = getattr(owner, one)
    return owner, name


def _call(path: str, after: bool) -> Arm:
    def arm(trigger: Trigger) -> None:
        owner, name = find(path)
        real = getattr(owner, name)

        def replaced(*arguments: Any, **more: Any) -> Any:
            if not after:
                trigger.here()
            result = real(*arguments, **more)
            if after:
                trigger.here()
            return result

        setattr(owner, name, replaced)

    return arm


for _name, (_victim, _path) in CALLS.items():
    INSTANTS[f"{_name}: before"] = _victim, _call(_path, False)
    INSTANTS[f"{_name}: after"] = _victim, _call(_path, True)


# -- a worker, while its server works --------------------------------------------------


def _during(target: str) -> Arm:
    def arm(trigger: Trigger) -> None:
        owner, name = find("sandbox.supervisor:WarmServer._receive")
        real = getattr(owner, name)

        def receive(self: Any, seconds: float) -> Any:
            if self._ready and target in self._target:
                trigger.here()
            return real(self, seconds)

        setattr(owner, name, receive)

    return arm


INSTANTS["try: during"] = WORKER, _during("try")
INSTANTS["verify: during"] = WORKER, _during("judge")


def of(victim: str) -> Iterator[str]:
    """All chosen instants of one victim."""
    return (name for name, (dies, _) in INSTANTS.items() if dies == victim)
