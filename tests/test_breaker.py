"""When a session ends because its model server is dead."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from pytest_overnight.breaker import ENDED
from pytest_overnight.breaker import HEALTHY
from pytest_overnight.breaker import Breaker
from pytest_overnight.breaker import awaited_because
from pytest_overnight.breaker import decide
from pytest_overnight.breaker import ended_because
from pytest_overnight.records.store import RunStore
from pytest_overnight.settings import Settings

GRACE = 900.0


def run(name: str, outcome: str = "infra", stop: str = "llm_unavailable") -> list[Any]:
    """A run from its start to its end."""
    end = {"event": "finished", "run_id": name, "outcome": outcome, "stop": stop}
    return [{"event": "started", "run_id": name}, end]


def runs(*names: str) -> list[Any]:
    """Runs that the server failed, one after the other."""
    return [event for name in names for event in run(name)]


SOLVED = run("ok", "passed", "finished")
LOOKS_HEALTHY = [{"event": HEALTHY}]


@pytest.mark.parametrize(
    ("journal", "act"),
    [
        ([], "go"),
        (runs("a", "b"), "go"),
        (runs("a", "b", "c"), "wait"),
        (run("a", "harness", "llm_config") + runs("b", "c"), "wait"),
        (run("a", "infra", "deadline") + runs("b", "c"), "wait"),
        (run("a", "harness", "setup") + runs("b", "c"), "go"),
        (runs("a", "b", "c") + SOLVED, "go"),
        (runs("a", "b") + SOLVED + runs("c", "d"), "go"),
        # Begun before the server was seen to be well: they say nothing new.
        (runs("a", "b", "c", "d", "e", "f"), "wait"),
        (runs("a", "b", "c") + LOOKS_HEALTHY + runs("d"), "wait"),
        (runs("a", "b", "c") + LOOKS_HEALTHY + runs("d", "e"), "end"),
        (
            runs("a", "b", "c") + LOOKS_HEALTHY + SOLVED + runs("d", "e", "f"),
            "wait",
        ),
        ([{"event": ENDED, "reason": "so"}, *SOLVED], "end"),
    ],
)
def test_what_is_done_after_these_runs(journal: list[Any], act: str) -> None:
    assert decide(journal).act == act


class Server:
    """A model server that is well after so many looks, and time that only it moves."""

    def __init__(self, sick_for: float) -> None:
        self.sick_for = sick_for
        self.time = 0.0
        self.told: list[str] = []
        """What the session was waiting for, each time that it was told of a wait."""

    def check(self) -> str | None:
        """What is wrong with it."""
        return "Nobody answers." if self.time < self.sick_for else None

    def sleep(self, seconds: float) -> None:
        """Stand in for ``time.sleep``."""
        assert seconds > 0
        self.time += seconds

    def breaker(self, store: RunStore) -> Breaker:
        """A worker's."""
        settings = Settings(
            results=store.results, suite=Path(), session_id="s", infra_grace=GRACE
        )

        def tell() -> None:
            self.told.append(awaited_because(store))

        return Breaker(store, settings, self.check, tell, lambda: self.time, self.sleep)


@pytest.fixture
def store(tmp_path: Path) -> RunStore:
    """A session in which the server has failed three runs."""
    store = RunStore(tmp_path)
    for event in runs("a", "b", "c"):
        store.note(**event)
    return store


def test_the_night_waits_for_a_server_and_goes_on(store: RunStore) -> None:
    server = Server(sick_for=600)
    assert server.breaker(store).why_not() == ""
    assert 600 <= server.time <= 610
    notes = [event["event"] for event in store.read_journal()[-2:]]
    assert notes == ["server_awaited", "server_healthy"]
    assert server.told == ["at most 900 s: Nobody answers.", ""]
    assert ended_because(store) == ""


def test_the_night_ends_when_the_server_stays_away_and_all_hear_of_it(
    store: RunStore,
) -> None:
    server = Server(sick_for=1e9)
    reason = server.breaker(store).why_not()
    assert server.time == GRACE
    assert (len(server.told), awaited_because(store)) == (1, "")
    assert "not healthy again within 900 s: Nobody answers." in reason
    assert Server(sick_for=0).breaker(store).why_not() == reason
    assert ended_because(store) == reason


def test_a_server_that_only_looks_well_ends_the_night(store: RunStore) -> None:
    server = Server(sick_for=0)
    for name in ("d", "e"):
        assert server.breaker(store).why_not() == ""
        for event in run(name):
            store.note(**event)
    assert (
        "failed 5 runs in a row, yet it looks healthy"
        in server.breaker(store).why_not()
    )


def test_nothing_is_awaited_once_a_run_has_shown_that_the_server_is_well(
    store: RunStore,
) -> None:
    """One that was under way when the others were failed."""
    store.note("server_awaited", reason="Nobody answers.", seconds=GRACE)
    assert awaited_because(store) == "at most 900 s: Nobody answers."
    store.note(**SOLVED[-1])
    assert awaited_because(store) == ""


def test_a_torn_line_of_the_journal_is_left_out(store: RunStore) -> None:
    with store.journal.open("ab") as file:
        file.write(b'{"event": "fini\n')
    assert Server(sick_for=1e9).breaker(store).why_not() != ""
