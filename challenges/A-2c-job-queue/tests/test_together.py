"""Calls that meet: each stops on its way while another one runs."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from pathlib import Path
from runpy import run_path
from types import SimpleNamespace
from typing import Any

model = SimpleNamespace(**run_path(str(Path(__file__).with_name("queue_model.py"))))

STEP = 11
"""Opcodes between two stops: what lies between a look and its use is longer."""


def meetings(code: Any, make: Any, first: Any, second: Any) -> Iterator[Any]:
    """A pair, and what two calls gave that met in its queue, at every eleventh opcode.

    The model has not heard of the two calls.
    """
    for at in range(1, 4000, STEP):
        pair = make()
        gate, moved = code.gate(), threading.Event()

        def hold(gate: Any = gate, moved: Any = moved) -> None:
            moved.set()
            gate.wait()

        with code.crew() as crew:
            stop = code.callback(hold, name="hold")
            one = crew.start(code.traced, pair.queue, first, model.SOURCE, at, stop)
            while not moved.is_set() and not one.done:
                moved.wait(0.005)
            if one.done:
                one.result()
                assert at > STEP, "the call was not seen to run"
                return
            name, *arguments = second
            other = crew.start(getattr(pair.queue, name), *arguments)
            if not other.ended_within(0.01):
                crew.settle()  # it waits for the first one
            gate.open()
            yield pair, [one.result(), other.result()]


def test_a_job_is_given_to_one_worker(code: Any) -> None:
    def make() -> Any:
        pair = model.Pair(code)
        pair.put("only")
        return pair

    for pair, found in meetings(code, make, ("take",), ("take",)):
        given = [job for job in found if job is not None]
        assert len(given) == 1, found
        pair.model.take()
        pair.check()
        pair.open()
        pair.check()


def test_two_who_put_at_once_get_two_ids(code: Any) -> None:
    def make() -> Any:
        return model.Pair(code)

    for pair, found in meetings(code, make, ("put", "a"), ("put", "b")):
        assert sorted(found) == [1, 2]
        for payload, _ in sorted(zip("ab", found, strict=True), key=lambda x: x[1]):
            pair.model.put(payload)
        pair.open()
        assert pair.taken() == [1, 2]
