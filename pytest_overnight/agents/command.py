"""``command:ARGV…``: any command-line agent, run inside the box.

The words are split as a shell would, but no shell sees them. Placeholders:
``{task} {task_file} {workspace} {model} {host} {seconds}``. At the bubblewrap level
the box has no network: an agent that must reach a model server needs
``--overnight-sandbox process``, and its runs are marked unprotected.
"""

from __future__ import annotations

import re
import shlex
import time
from contextlib import suppress

from pytest_overnight.agents.task import LoopResult
from pytest_overnight.agents.task import Task
from pytest_overnight.rules.outcome import Stop
from pytest_overnight.sandbox.box import BoxGone
from pytest_overnight.settings import Settings

TASK_FILE = "TASK.md"


def command_agent(task: Task, template: str, settings: Settings) -> LoopResult:
    """Run the command once, until it ends or the limit is reached."""
    seconds = task.limits.working_seconds
    known = {
        "task": task.instruction,
        "task_file": TASK_FILE,
        "workspace": task.box.workspace,
        "model": settings.model,
        "host": settings.host,
        "seconds": f"{seconds:.0f}",
    }
    argv = [_fill(word, known) for word in shlex.split(template)]
    if "{task_file}" in template:
        task.box.call("write", path=TASK_FILE, data=task.instruction.encode())
    started = time.monotonic()
    try:
        done = task.box.run(argv, timeout=seconds, merge=True)
    except BoxGone as problem:
        return LoopResult(stop=Stop.CRASH, detail=f"the box was ended: {problem}")
    if "{task_file}" in template:
        with suppress(OSError):  # the agent may have removed it
            task.box.call("remove", path=TASK_FILE)
    output = done.out.decode("utf-8", "replace")
    task.ledger.write("command", argv=argv, status=done.status, output=output)
    result = LoopResult(working_seconds=time.monotonic() - started)
    if done.timed_out:
        result.stop, result.detail = Stop.DEADLINE, f"still running after {seconds:g} s"
    elif done.status:
        result.stop, result.detail = Stop.CRASH, f"exit status {done.status}"
    else:
        result.stop, result.detail = Stop.FINISHED, "exit status 0"
    return result


def _fill(word: str, known: dict[str, str]) -> str:
    return re.sub(r"\{(\w+)\}", lambda m: known.get(m[1], m[0]), word)
