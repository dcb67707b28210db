"""Every second of a run is counted, and in one place."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from pytest_overnight.records.performance import Measured
from pytest_overnight.records.performance import performance_of
from pytest_overnight.records.record import SPANS
from pytest_overnight.records.record import Performance
from pytest_overnight.records.tally import tally

MEASURED = Measured(
    duration=100.0,
    laying=1.0,
    asked=1000.0,
    trying=80.0,
    keeping=3.0,
    checking=16.0,
    slot_wait=7.0,
    working=60.0,
    cpu_seconds=5.0,
    peak_rss_mb=100.0,
)
"""A run whose try is asked for at 1000 and answers at 1080."""
EVENTS: list[dict[str, Any]] = [
    {"event": "started", "time": 1001.0},
    {"event": "box", "time": 1002.0, "seconds": 0.5},
    {"event": "round", "seconds": 30.0},
    {"event": "action", "seconds": 20.0},
    {"event": "fault", "kind": "infra", "seconds": 2.0},
    {"event": "wait", "kind": "infra", "seconds": 3.0},
    {"event": "wait", "kind": "rate", "seconds": 10.0},
    {"event": "stopped", "time": 1078.0},
]


def shown(events: Iterable[dict[str, Any]], **changes: float) -> Performance:
    return performance_of(tally(events), dataclasses.replace(MEASURED, **changes))


def test_each_span_holds_what_its_name_says() -> None:
    performance = shown(EVENTS)
    assert performance.spans == {
        "setup": 3.0,
        "llm": 30.0,
        "tool": 20.0,
        "loop": 0.0,
        "agent": 0.0,
        "rate_wait": 10.0,
        "infra_wait": 5.0,
        "snapshot": 5.0,
        "check": 16.0,
    }
    assert performance.box_seconds == 0.5
    assert performance.other_seconds == 11.0


@given(st.lists(st.floats(0, 1e4), min_size=9, max_size=9))
def test_spans_and_rest_add_up_to_the_duration(parts: list[float]) -> None:
    lay, start, llm, tool, rate, rest, end, keep, check = parts
    ready = 1000.0 + start
    stopped = ready + llm + tool + rate + rest
    events = [
        {"event": "box", "time": ready},
        {"event": "round", "seconds": llm},
        {"event": "action", "seconds": tool},
        {"event": "wait", "kind": "rate", "seconds": rate},
        {"event": "stopped", "time": stopped},
    ]
    performance = shown(
        events,
        duration=sum(parts),
        laying=lay,
        trying=stopped + end - 1000.0,
        keeping=keep,
        checking=check,
    )
    whole = sum(performance.spans.values()) + performance.other_seconds
    assert abs(whole - sum(parts)) < 0.01
    assert abs(performance.other_seconds - rest) < 0.01


def test_what_another_agent_tells_of_its_time_is_not_counted_twice() -> None:
    told = [{"event": "agent", "seconds": 60.0}, *EVENTS]
    assert shown(told).spans == shown(EVENTS).spans | {"agent": 0.0}
    alone = [event for event in EVENTS if event["event"] in ("started", "box")]
    silent = shown([*alone, {"event": "agent", "seconds": 60.0}])
    assert silent.spans["agent"] == 60.0


def test_a_try_without_a_box_was_all_setup() -> None:
    events = [EVENTS[0], {"event": "stopped", "time": 1079.0}]
    assert shown(events).spans["setup"] == 80.0


def test_a_killed_try_is_explained_as_far_as_its_ledger_goes() -> None:
    performance = shown(EVENTS[:3])
    assert performance.spans["snapshot"] == 3.0
    assert performance.other_seconds == 48.0


@given(st.lists(st.tuples(st.sampled_from(["box", "stopped", "round"]), st.floats())))
def test_no_ledger_makes_a_time_negative(kinds: list[tuple[str, float]]) -> None:
    events = [{"event": kind, "time": x, "seconds": -x} for kind, x in kinds]
    performance = shown(events)
    assert all(seconds >= 0 for seconds in performance.spans.values())
    assert performance.other_seconds >= 0
    assert performance.spans["setup"] <= 81.0


def test_every_span_is_a_field() -> None:
    assert {f"{name}_seconds" for name in SPANS} < Performance.model_fields.keys()
