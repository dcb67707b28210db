"""Whatever is killed, and whenever: in the morning every run is there, once, and true.

Six nights of six kills each; ``python -m tests.chaos`` goes on for as long as wanted.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.chaos.engine import Facts
from tests.chaos.engine import Nights
from tests.chaos.instants import INSTANTS
from tests.chaos.kills import ALL
from tests.chaos.kills import BOX
from tests.chaos.kills import CONTROLLER
from tests.chaos.kills import TRY
from tests.chaos.kills import TRY_SERVER
from tests.chaos.kills import WORKER
from tests.chaos.kills import Kill
from tests.chaos.process import adopting

pytestmark = pytest.mark.slow


def at(instant: str, after: int = 0, *, call: int = 1, delay: float = 0.0) -> Kill:
    """A kill at a chosen instant."""
    return Kill(INSTANTS[instant][0], instant, after, call, delay)


NIGHTS: dict[str, list[list[Kill]]] = {
    "a record is written": [
        [
            at("record: half written", 1),
            at("record: before its rename", 3),
            Kill(CONTROLLER, after=5, delay=0.1),
        ],
        [
            at("record: after its rename"),
            at("line finished: torn", 2),
            at("status: half written", 3, call=2),
        ],
    ],
    "the work is kept": [
        [
            at("snapshot: before", 1),
            at("archive: half written", 2),
            at("archive: after its rename", 4),
            Kill(CONTROLLER, after=6, delay=0.2),
        ],
        [at("line mark finished: torn"), at("master log: before its rename", call=2)],
    ],
    "the work is judged": [
        [
            at("verify: during", 1, delay=0.05),
            at("line regraded: after", 1),
            at("judge forked: before", 3),
            at("heard: after", 4),
        ],
        [at("judge cleared up: before", 1), at("line closed: torn")],
    ],
    "an agent is at work": [
        [
            Kill(TRY, after=1),
            at("line action: torn", 2),
            at("try cleared up: after", 4),
            Kill(TRY_SERVER, after=5, delay=0.1),
        ],
        [at("link former: after"), at("try: during", 1, delay=0.02)],
    ],
    "a former night is moved away": [
        [at("mark of the move: half written")],
        [at("move: after its rename", call=4)],
        [at("move: before its rename", call=3)],
        [at("mark of the move: before its removal")],
        [at("line session: torn")],
        [at("report: half written")],
    ],
    "nobody expects it": [
        [Kill(WORKER, after=1, delay=0.15), Kill(CONTROLLER, after=3, delay=0.3)],
        [Kill(CONTROLLER, delay=1.2)],
        [Kill(WORKER, after=1, pick=0.9), Kill(TRY, after=2, delay=0.1)],
        [Kill(ALL, after=2)],
    ],
}
"""What is going on → the kills that each process of the session waits for."""


@pytest.fixture(scope="module")
def undisturbed() -> Facts:
    """Facts of a night that nobody disturbed; empty until one was played."""
    return {}


def nights(folder: Path, undisturbed: Facts) -> Nights:
    """A results folder in ``folder``, and a night to hold those in it against."""
    if not undisturbed:
        quiet = Nights(folder / "undisturbed")
        quiet.play_undisturbed()
        quiet.complete()
        assert not quiet.tally.findings, str(quiet.tally.findings)
        undisturbed |= quiet.reference
    return Nights(folder / "disturbed", reference=undisturbed)


@pytest.mark.parametrize("what", NIGHTS)
def test_what_is_killed_while(what: str, tmp_path: Path, undisturbed: Facts) -> None:
    with adopting():
        killed = nights(tmp_path, undisturbed)
        for kills in NIGHTS[what]:
            assert killed.disturb_until_all(kills) == []
        killed.complete()
        killed.look_at_history()
        killed.resume_once_more()
    assert killed.tally.kills.total() == 6
    assert not killed.tally.findings, str(killed.tally.findings)


def test_a_box_that_is_killed_costs_its_own_run_alone(
    tmp_path: Path, undisturbed: Facts
) -> None:
    """An agent can end its own box: whoever did it, that is the agent's outcome."""
    boxes = [Kill(BOX, after=number, pick=number / 5) for number in range(5)]
    with adopting():
        killed = nights(tmp_path, undisturbed)
        fired = killed.disturb(boxes)
        killed.complete()
        killed.resume_once_more()
    found = killed.tally.findings
    assert not any(lines for name, lines in found if name != "differences"), str(found)
    facts, wanted = killed.facts, killed.reference
    others = [name for name in wanted if facts[name] != wanted[name]]
    assert len(others) <= len(fired)
    assert {facts[name]["outcome"] for name in others} <= {"crash", "wrong_answer"}


def test_there_are_thirty_kills_and_more() -> None:
    assert sum(len(kills) for starts in NIGHTS.values() for kills in starts) == 36
