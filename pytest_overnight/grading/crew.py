"""Threads of the judge, each with its twin in the child."""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Callable
from types import TracebackType
from typing import TYPE_CHECKING
from typing import Any

from pytest_overnight.grading.errors import CodeTimeout
from pytest_overnight.grading.settle import settle

if TYPE_CHECKING:
    from pytest_overnight.grading.remote import Code


class Job:
    """One call on a thread of its own."""

    def __init__(self, code: Code, call: Callable[[], Any]) -> None:
        self._code, self._call = code, call
        self._value: Any = None
        self._error: BaseException | None = None
        self.looked_at = False
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()

    def _run(self) -> None:
        try:
            self._value = self._call()
        except BaseException as error:
            self._error = error

    @property
    def done(self) -> bool:
        """Whether the call has ended, well or not."""
        return not self._thread.is_alive()

    def ended_within(self, seconds: float) -> bool:
        """Wait so long at most; whether it has ended."""
        self._thread.join(seconds)
        return self.done

    def result(self) -> Any:
        """What the call gave or raised; waits until the test's time is up."""
        self.looked_at = True
        self.wait()
        if self._error is not None:
            raise self._error
        return self._value

    def wait(self) -> None:
        """Wait for the end; :class:`CodeTimeout` when the test's time is up."""
        left = self._code.ending.deadline + 1 - time.monotonic()
        self._thread.join(max(0.0, left))
        if self._thread.is_alive():
            raise CodeTimeout("a thread of the test did not end in time")


class Crew:
    """``with code.crew() as crew:`` start jobs, let them settle, look, open gates.

    Leaving the block opens every gate and waits for all jobs; what a job raised is
    raised again there unless its ``result`` was asked for.
    """

    def __init__(self, code: Code) -> None:
        self._code = code
        self._jobs: list[Job] = []

    def start(self, call: Callable[..., Any], *args: Any, **kwargs: Any) -> Job:
        """Begin ``call(*args, **kwargs)`` on a new thread."""
        job = Job(self._code, lambda: call(*args, **kwargs))
        self._jobs.append(job)
        return job

    def settle(self) -> bool:
        """Wait until all jobs are done, asleep in the child, or held by the judge."""
        link = self._code.link
        return settle([link.pid, os.getpid()])

    def held(self, name: str | None = None) -> int:
        """Threads now inside the callback of that name, or inside any."""
        inside = self._code.link.inside
        return inside[name] if name is not None else sum(inside.values())

    def __enter__(self) -> Crew:
        self._code.link.open_threads()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._code.open_gates()
        try:
            for job in self._jobs:
                job.wait()
        except CodeTimeout:
            if error is None:
                raise
        if error is None:
            for job in self._jobs:
                if not job.looked_at:
                    job.result()
