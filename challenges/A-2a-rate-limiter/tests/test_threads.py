"""Calls that meet: each stops on its way while another one runs."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from pathlib import Path
from runpy import run_path
from types import SimpleNamespace
from typing import Any

import pytest

model = SimpleNamespace(**run_path(str(Path(__file__).with_name("limiter_model.py"))))

STEP = 6
"""Opcodes between two stops: what lies between a look and its use is longer."""


def meetings(code: Any, make: Any, first: Any, second: Any) -> Iterator[list[Any]]:
    """What two calls gave, the first stopped at every sixth of its opcodes."""
    for at in range(1, 2000, STEP):
        limiter = make()
        gate, moved = code.gate(), threading.Event()

        def hold(gate: Any = gate, moved: Any = moved) -> None:
            moved.set()
            gate.wait()

        with code.crew() as crew:
            stop = code.callback(hold, name="hold")
            one = crew.start(code.traced, limiter, first, model.SOURCE, at, stop)
            while not moved.is_set() and not one.done:
                moved.wait(0.005)
            if one.done:
                one.result()
                assert at > STEP, "the call was not seen to run"
                return
            name, *arguments = second
            other = crew.start(getattr(limiter, name), *arguments)
            if not other.ended_within(0.01):
                crew.settle()  # it waits for the first one
            gate.open()
            yield [one.result(), other.result()]


@pytest.mark.parametrize("strategy", model.STRATEGIES)
def test_the_last_place_is_given_once(code: Any, strategy: str) -> None:
    def make() -> Any:
        limiter = model.open_limiter(code, strategy, 5, 60, code.clock())
        limiter.allow("k", 2)
        return limiter

    request = ("allow", "k", 3)
    for found in meetings(code, make, request, request):
        assert sorted(found) == [False, True], found


def test_a_new_key_is_made_once(code: Any) -> None:
    def make() -> Any:
        return model.open_limiter(code, "token_bucket", 1, 60, code.clock())

    request = ("allow", "k")
    for found in meetings(code, make, request, request):
        assert sorted(found) == [False, True], found
