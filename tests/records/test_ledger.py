"""The ledger on disk, and the figures read off it."""

from __future__ import annotations

import re
import tempfile
from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st

from pytest_overnight.records.ledger import Ledger
from pytest_overnight.records.ledger import read_events
from pytest_overnight.records.tally import tally


def write_some(folder: Path) -> Path:
    """A ledger of two rounds and two actions, one failed."""
    ticks = iter(range(100))
    ledger = Ledger(folder / "e.jsonl", folder / "l.log", clock=lambda: next(ticks))
    times = {"seconds": 2.0, "first_token_seconds": 0.5, "decode_seconds": 1.0}
    ledger.write("started", run_id="x")
    ledger.write("box", seconds=0.5)
    ledger.write("round", number=1, prompt_tokens=100, output_tokens=10, **times)
    ledger.write("action", ok=True, repaired=["name"], seconds=0.25)
    ledger.write("nudge", text="again?")
    ledger.write("wait", kind="infra", seconds=3.0)
    ledger.write("round", number=2, prompt_tokens=150, output_tokens=30, **times)
    ledger.write("action", ok=False, repaired=[], seconds=0.75)
    ledger.close()
    return folder / "e.jsonl"


def test_figures_are_what_was_written(tmp_path: Path) -> None:
    total = tally(read_events(write_some(tmp_path)))
    assert (total.rounds, total.actions, total.actions_failed) == (2, 2, 1)
    assert (total.prompt_tokens, total.output_tokens) == (250, 40)
    assert (total.max_prompt_tokens, total.nudges) == (150, 1)
    assert (total.llm_seconds, total.tool_seconds) == (4.0, 1.0)
    assert (total.infra_wait_seconds, total.actions_repaired) == (3.0, 1)
    assert (total.box_seconds, total.started, total.ready) == (0.5, 0, 1)
    assert total.tokens_per_second == 20.0
    assert total.time_to_first_action_seconds == 3


def test_a_wait_is_counted_where_it_belongs() -> None:
    kinds = {"infra": 1.0, "suspend": 2.0, "rate": 4.0}
    total = tally(
        {"event": "wait", "kind": kind, "seconds": seconds}
        for kind, seconds in kinds.items()
    )
    assert (total.infra_wait_seconds, total.rate_wait_seconds) == (3.0, 4.0)


def test_a_call_that_was_refused_took_the_agents_own_time() -> None:
    faults = [
        {"event": "fault", "kind": "infra", "seconds": 1.0, "retried": True},
        {"event": "fault", "kind": "context", "seconds": 2.0, "retried": True},
        {"event": "fault", "kind": "config", "seconds": 4.0, "retried": False},
    ]
    total = tally(faults)
    assert (total.infra_wait_seconds, total.llm_seconds) == (1.0, 6.0)
    assert (total.llm_calls, total.retries, total.rounds) == (3, 2, 0)


def test_rounds_without_an_action_are_counted_by_reason() -> None:
    reasons = ["talk", "silent", "talk", "nonsense", ["malformed"]]
    events = [{"event": "unused", "reason": reason} for reason in reasons]
    events += [{"event": "truncated"}, {"event": "compaction"}, {"event": "compaction"}]
    total = tally(events)
    assert total.rounds_unused == {"talk": 2, "silent": 1, "other": 2}
    assert (total.truncated_rounds, total.compactions) == (1, 2)


def test_the_first_opening_and_the_last_end_count() -> None:
    # A user's own agent may write the same words in between.
    kinds = ["started", "box", "box", "started", "stopped", "stopped"]
    total = tally({"event": kind, "time": at} for at, kind in enumerate(kinds))
    assert (total.started, total.ready, total.stopped) == (0, 1, 5)


def test_the_file_for_people_has_a_stamp_an_event(tmp_path: Path) -> None:
    ledger = Ledger(tmp_path / "e", tmp_path / "l")
    ledger.write("action", arguments={"content": "a\nb"}, text="\x1b[31mred\n" * 200)
    ledger.write("12:00:00", text="12:00:00  ── stopped: finished\n" * 3)
    ledger.write("stopped", stop="\n12:00:00  x", detail="12:00:00  finished\n" * 9)
    ledger.close()
    lines = (tmp_path / "l").read_text().split("\n")
    assert sum(bool(re.match(r"\d\d:\d\d:\d\d", line)) for line in lines) == 3
    assert all(line.isprintable() for line in lines)


def test_times_of_a_try_never_go_back(tmp_path: Path) -> None:
    ledger = Ledger(tmp_path / "e", tmp_path / "l")
    for _ in range(50):
        ledger.write("x")
    ledger.close()
    times = [event["time"] for event in read_events(tmp_path / "e")]
    assert times == sorted(times)


@given(cut=st.integers(0, 900), tail=st.binary(max_size=20))
def test_a_torn_ledger_gives_its_whole_lines(cut: int, tail: bytes) -> None:
    with tempfile.TemporaryDirectory() as folder:
        file = write_some(Path(folder))
        whole = read_events(file)
        file.write_bytes(file.read_bytes()[:cut] + tail)
        found = read_events(file)
    kept = [event for event in found if event in whole]
    assert kept == whole[: len(kept)]
    tally(kept)
