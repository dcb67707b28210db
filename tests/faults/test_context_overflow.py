"""A window that fills up: Ollama cuts the prompt in silence, so it must not come to it.

The server cuts as the real one does, and each turn sees what is left of the prompt.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from pytest_overnight.records.ledger import Ledger
from pytest_overnight.rules.outcome import Stop
from pytest_overnight.sandbox.box import Box
from tests.faults.row import BIG_FILE
from tests.faults.row import GOOD
from tests.faults.row import TASK
from tests.faults.row import Row
from tests.faults.row import Work
from tests.faults.row import call
from tests.faults.row import play
from tests.faults.row import read_big
from tests.faults.row import turn
from tests.support.ollama_prompt import Request

pytestmark = pytest.mark.needs("ollama-client")

Play = Callable[..., Work]


@pytest.fixture
def work(box: Box, ledger: Ledger, events: Path, workspace: Path) -> Play:
    """Play these turns, with a long file at hand, in a window of so many tokens."""

    def work(says: list[Any], window: int, **more: Any) -> Work:
        row = Row(
            "a full window",
            says=says,
            files={"big.txt": BIG_FILE},
            model={"num_ctx": window, "num_predict": window // 8},
            limits={"max_rounds": len(says)},
            **more,
        )
        return play(row, box, ledger, events, workspace)

    return work


def read(first: int, lines: int) -> dict[str, Any]:
    return read_big(first, first + lines - 1) | {"thinking": f"Line {first} next."}


def write(number: int) -> dict[str, Any]:
    text = f"# step {number}\n" * 40
    return turn(call("write_file", path=f"part_{number}.py", content=text))


def run(number: int) -> dict[str, Any]:
    text = f"python3 -c \"print('{number} ' * 400)\""
    return turn(call("run_command", command=text))


def long_work(steps: int, lines: int) -> list[Any]:
    """Reads, writes and commands in turns, no two of them alike."""
    makes = [lambda n: read(1 + 7 * n, lines), write, run]
    return [makes[number % 3](number) for number in range(steps)]


def the_newest_answer_is_seen(work: Work) -> None:
    for request, prompt in zip(work.requests, work.server.seen, strict=True):
        assert prompt.messages[-1] == request["messages"][-1]


def test_without_compaction_this_would_not_fit(work: Play) -> None:
    """The script below is long enough: it would fill either window."""
    done = work([*long_work(36, 40), *GOOD], 65536)
    sizes = [prompt.tokens for prompt in done.server.seen]
    assert done.of("compaction") == []
    assert max(sizes) > 8192


@pytest.mark.parametrize("window", [4096, 8192])
def test_a_long_conversation_never_loses_its_task(work: Play, window: int) -> None:
    seen: list[Request] = []

    def noticed(turn: Any) -> Callable[[Request], Any]:
        def answer(request: Request) -> Any:
            seen.append(request)
            return turn

        return answer

    script = [*long_work(36, 40 if window > 4096 else 20), *GOOD]
    done = work([noticed(turn) for turn in script], window)
    assert (done.result.stop, done.result.rounds) == (Stop.FINISHED, len(script))
    assert len(seen) == len(script)
    for request in seen:
        assert TASK in request["messages"][0]["content"]
    assert done.of("compaction")
    assert all(prompt.whole for prompt in done.server.seen)
    assert done.of("truncated") == []
    the_newest_answer_is_seen(done)


@pytest.mark.parametrize("window", [4096, 8192])
def test_one_huge_answer_never_loses_the_task(work: Play, window: int) -> None:
    """Each observation is as long as there may be one at all."""
    done = work([*(read(1 + 90 * n, 400) for n in range(4)), *GOOD], window)
    for prompt in done.server.seen:
        assert prompt.whole
        assert TASK in prompt.text
    assert done.of("truncated") == []


def test_what_was_compacted_goes_on_where_it_was(work: Play) -> None:
    """A prompt that was the same up to its end is quick to read for a server."""
    done = work([*long_work(24, 40), *GOOD], 8192)
    pairs = zip(done.requests, done.requests[1:], strict=False)
    broken = [
        number
        for number, (one, two) in enumerate(pairs, 1)
        if two["messages"][: len(one["messages"])] != one["messages"]
    ]
    assert len(broken) == len(done.of("compaction")) <= 24 / 4


# -- nobody told -------------------------------------------------------------------


@pytest.mark.parametrize(
    ("asked", "real"), [(8192, 3000), (16384, 8192), (16384, 4096), (32768, 4096)]
)
def test_an_alarm_rings_when_the_window_is_smaller_than_it_was_said_to_be(
    work: Play, asked: int, real: int
) -> None:
    script = [read(1 + 7 * number, 100) for number in range(30)]
    wire = {"window": real, "window_shown": asked}
    done = work([*script, *GOOD], asked, server=wire)
    seen = done.server.seen
    cut = [number for number, prompt in enumerate(seen, 1) if not prompt.whole]
    rung = [event["round"] for event in done.of("truncated")]
    assert set(rung) <= set(cut)
    # What was appended since the last count is nearly all missing in the next one.
    assert len([number for number in cut if number < rung[0]]) <= 2
    # Either it has learnt how much fits, or it is stopped for good reason.
    assert done.result.stop is Stop.CONTEXT or len(cut) <= 6


def test_a_window_far_too_small_is_a_stop(work: Play) -> None:
    wire = {"window": 2048, "window_shown": 8192}
    script = [read(1 + 7 * number, 100) for number in range(30)]
    done = work(script, 8192, server=wire)
    assert done.result.stop is Stop.CONTEXT
    assert done.result.detail.startswith("L9")
    assert done.of("truncated")


def test_a_small_window_is_no_reason_to_stop_a_healthy_agent(work: Play) -> None:
    """Each round a page is read; most of what was read before has to go."""
    script = [read(1 + 90 * number, 90) for number in range(20)]
    done = work([*script, *GOOD], 8192)
    assert done.result.stop is Stop.FINISHED
    assert len(done.of("compaction")) >= 3
