"""How a session stands, read off its journal: whole, or piece by piece."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pytest_overnight.records.journal import Journal
from pytest_overnight.records.session import CLOSED
from pytest_overnight.records.session import ENDED
from pytest_overnight.records.session import JOINED
from pytest_overnight.records.session import SESSION
from pytest_overnight.records.standing import HEALTHY
from pytest_overnight.records.standing import WAITING
from pytest_overnight.records.standing import Standing
from pytest_overnight.records.standing import kind_of


def run(name: str, outcome: str = "infra", stop: str = "llm_unavailable") -> list[Any]:
    """A run from its start to its end."""
    end = {"event": "finished", "run_id": name, "outcome": outcome, "stop": stop}
    return [{"event": "started", "run_id": name}, end]


def runs(*names: str) -> list[Any]:
    """Runs that the server failed, one after the other."""
    return [event for name in names for event in run(name)]


def seen(journal: list[Any]) -> str:
    """In one word."""
    standing = Standing().take(journal)
    if standing.ended:
        return "ended"
    if standing.only_looks_well:
        return "looks"
    return "doubt" if standing.in_doubt else "fine"


SOLVED = run("ok", "passed", "finished")
LOOKS_HEALTHY = [{"event": HEALTHY}]


@pytest.mark.parametrize(
    ("journal", "word"),
    [
        ([], "fine"),
        (runs("a", "b"), "fine"),
        (runs("a", "b", "c"), "doubt"),
        (run("a", "harness", "llm_config") + runs("b", "c"), "doubt"),
        (run("a", "infra", "deadline") + runs("b", "c"), "doubt"),
        (run("a", "harness", "setup") + runs("b", "c"), "fine"),
        (runs("a", "b", "c") + SOLVED, "fine"),
        (runs("a", "b") + SOLVED + runs("c", "d"), "fine"),
        # Begun before the server was seen to be well: they say nothing new.
        (runs("a", "b", "c", "d", "e", "f"), "doubt"),
        (runs("a", "b", "c")[:-1] + LOOKS_HEALTHY + runs("c")[1:], "doubt"),
        ([*runs("a", "b", "c"), {"event": HEALTHY, "kind": "memory"}], "doubt"),
        (runs("a", "b", "c") + LOOKS_HEALTHY + runs("d"), "fine"),
        (runs("a", "b", "c") + LOOKS_HEALTHY + runs("d", "e"), "looks"),
        (
            runs("a", "b", "c") + LOOKS_HEALTHY + SOLVED + runs("d", "e", "f"),
            "doubt",
        ),
        # Well after one failure is no proof yet: then no doubt was on record.
        (runs("a") + LOOKS_HEALTHY + runs("b", "c"), "doubt"),
        ([{"event": ENDED, "reason": "so"}, *SOLVED], "ended"),
        ([{"event": ENDED, "reason": "so"}, {"event": SESSION}], "fine"),
        ([{"event": ENDED, "reason": "so"}, {"event": JOINED}], "fine"),
        ([*runs("a", "b", "c"), {"event": SESSION}, *runs("d")], "fine"),
    ],
)
def test_what_these_events_come_to(journal: list[Any], word: str) -> None:
    assert seen(journal) == word


@pytest.mark.parametrize("over", [HEALTHY, ENDED, CLOSED, SESSION, JOINED])
def test_a_wait_is_on_until_something_ends_it(over: str) -> None:
    wait = {"event": WAITING, "kind": "memory"}
    assert kind_of(Standing().take([wait, *SOLVED]).wait) == "memory"
    assert kind_of(Standing().take([wait, {"event": over}]).wait) == ""


EVENTS = st.lists(
    st.sampled_from(
        [
            *(event for name in "abc" for event in run(name)),
            *SOLVED,
            *({"event": n} for n in (HEALTHY, WAITING, ENDED, SESSION, JOINED, CLOSED)),
            {"event": HEALTHY, "kind": "memory"},
            {"event": "worker"},
        ]
    )
)


@given(st.lists(EVENTS))
def test_event_by_event_comes_to_the_same_as_all_at_once(parts: list[Any]) -> None:
    bit_by_bit, whole = Standing(), [event for part in parts for event in part]
    for part in parts:
        bit_by_bit.take(part)
    at_once = Standing().take(whole)
    assert vars(bit_by_bit) == vars(at_once)


def test_a_second_look_takes_in_what_is_new_and_only_that(tmp_path: Path) -> None:
    journal, standing = Journal(tmp_path / "journal.jsonl"), Standing()
    for count, event in enumerate(runs("a", "b", "c")[1::2], 1):
        journal.note(event["event"], run_id=event["run_id"], outcome="infra")
        assert standing.read(journal).failed == count
        assert standing.read(journal).failed == count


def test_another_sessions_journal_in_the_same_place_begins_anew(tmp_path: Path) -> None:
    path, standing = tmp_path / "journal.jsonl", Standing()
    journal = Journal(path)
    journal.note(ENDED, reason="so")
    assert standing.read(journal).ended
    path.rename(tmp_path / "former.jsonl")
    assert standing.read(journal).ended is None
    journal.note(WAITING, kind="server")
    assert kind_of(standing.read(journal).wait) == "server"
