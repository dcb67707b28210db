"""A night that goes on, read off its journal: what runs, what is done, what is left."""

from __future__ import annotations

from datetime import UTC
from datetime import datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pytest_overnight.records.clock import stamp
from pytest_overnight.records.record import AgentInfo
from pytest_overnight.records.record import RunRecord
from pytest_overnight.reporting.watching import View
from pytest_overnight.reporting.watching import is_about_to_begin
from pytest_overnight.reporting.watching import view_of
from pytest_overnight.rules.outcome import Outcome
from tests.reporting.nights import a_run

EVENING = datetime(2026, 11, 22, 21, 0, tzinfo=UTC).timestamp()
BOOT = 5000.0
"""Of the boot clock, in the same moment."""
TITLES = {"L3-1": "Invoices", "L3-2": "Slugs", "L6-1": "Recovery", "A-1a": "Names"}
PLAN = tuple(f"{name}-run-{number:04d}" for number in (1, 2, 3) for name in TITLES)
FIRST, SECOND, THIRD = PLAN[:3]


def session_fields(
    plan: tuple[str, ...] = PLAN, spec: str = "ollama", **changes: Any
) -> dict[str, Any]:
    """What the event ``session`` says."""
    scripted = spec == "rehearsal"
    model = None if scripted else "gpt-oss:20b"
    challenges = {
        name: {
            "title": title,
            "level": name.partition("-")[0],
            "digest": "d" * 64,
            "parts": {},
            "timeout_seconds": 180.0,
        }
        for name, title in TITLES.items()
    }
    return {
        "session_id": "overnight-2026-11-22",
        "pid": 77,
        "settings": {"time_scale": 30.0 if scripted else 1.0},
        "agent": {"spec": spec, "model": model, "scripted": scripted},
        "plan": list(plan),
        "challenges": challenges,
        **changes,
    }


class Story:
    """A journal told by hand; moments are seconds since the evening."""

    def __init__(self) -> None:
        self.events: list[dict[str, Any]] = []
        self.records: dict[str, RunRecord] = {}

    def say(self, second: float, event: str, **fields: Any) -> Story:
        when = {"time": stamp(EVENING + second), "clock": BOOT + second}
        self.events.append({"event": event, **when, **fields})
        return self

    def session(self, second: float = 0, **changes: Any) -> Story:
        return self.say(second, "session", **session_fields(**changes))

    def started(self, second: float, run_id: str, number: int = 1) -> Story:
        return self.say(second, "started", run_id=run_id, **{"try": number})

    def finished(self, second: float, run_id: str, outcome: str = "passed") -> Story:
        return self.say(second, "finished", run_id=run_id, outcome=outcome, stop="x")

    def view(
        self, second: float, *, held: bool = True, status: dict[str, Any] | None = None
    ) -> View:
        view = view_of(
            self.events,
            status or {},
            lambda event: self.records.get(event["run_id"]),
            held=held,
            clock=BOOT + second,
            now=datetime.fromtimestamp(EVENING + second, UTC),
        )
        assert view is not None
        return view


def status(second: float, *running: str, **more: Any) -> dict[str, Any]:
    """What the controller wrote; its runs began to run, or to wait, a second before."""
    since = stamp(EVENING + second - 1)
    return {
        "updated": stamp(EVENING + second),
        "planned": len(PLAN),
        "done": 0,
        "running": [{"run_id": run_id, "started": since} for run_id in running],
        **more,
    }


def shown(view: View) -> list[tuple[str, int, float]]:
    return [(run.run_id, run.number, run.seconds) for run in view.under_way]


def test_a_journal_without_a_session_tells_of_no_night() -> None:
    now = datetime.fromtimestamp(EVENING, UTC)
    for events in ([], [{"event": "started", "run_id": FIRST}]):
        read = {}.get
        assert view_of(events, {}, read, held=True, clock=BOOT, now=now) is None  # type: ignore[arg-type]


def test_runs_are_counted_by_level_in_the_plans_order() -> None:
    story = Story().session()
    story.started(1, "L3-1-run-0001").finished(60, "L3-1-run-0001")
    story.started(61, "L3-2-run-0001").finished(90, "L3-2-run-0001", "loop")
    story.started(91, "L6-1-run-0001").finished(99, "L6-1-run-0001", "infra")
    view = story.view(100)
    counts = [(c.name, c.planned, c.solved, c.missed, c.void) for c in view.levels]
    assert counts == [("L3", 6, 1, 1, 0), ("L6", 3, 0, 0, 1), ("A", 3, 0, 0, 0)]
    total = view.total
    assert (total.planned, total.done, total.rate.successes, total.rate.n) == (
        12,
        3,
        1,
        2,
    )


def test_what_runs_now_shows_its_time_and_its_limit() -> None:
    story = Story().session().started(10, FIRST).started(20, SECOND, number=2)
    view = story.view(50)
    assert shown(view) == [(FIRST, 1, 40), (SECOND, 2, 30)]
    assert (view.under_way[0].title, view.under_way[0].limit) == ("Invoices", 180)


def test_the_limit_of_a_rehearsal_is_the_scaled_one() -> None:
    story = Story().session(spec="rehearsal").started(10, FIRST)
    assert story.view(11).under_way[0].limit == 6


def test_a_void_run_that_is_played_again_is_no_longer_void() -> None:
    story = Story().session().started(1, FIRST).finished(5, FIRST, "infra")
    assert story.view(6).total.void == 1
    story.started(10, FIRST, number=2)
    again = story.view(12)
    assert (again.total.void, shown(again)) == (0, [(FIRST, 2, 2)])
    story.finished(20, FIRST)
    assert (story.view(21).total.solved, story.view(21).failures) == (1, ())


def test_what_a_killed_process_was_at_does_not_run_in_its_successor() -> None:
    story = Story().session().started(1, FIRST).session(100)
    assert story.view(101).under_way == ()


def test_a_run_whose_worker_died_does_not_run() -> None:
    story = Story().session().started(1, FIRST).started(2, SECOND)
    view = story.view(30, status=status(20, SECOND))
    assert shown(view) == [(SECOND, 1, 28)]


def test_what_began_after_the_last_status_runs_all_the_same() -> None:
    story = Story().session().started(21, FIRST)
    assert shown(story.view(30, status=status(20))) == [(FIRST, 1, 9)]


def test_a_run_that_has_no_slot_yet_is_shown_to_wait() -> None:
    story = Story().session().started(10, FIRST)
    view = story.view(30, status=status(20, FIRST, SECOND))
    assert shown(view) == [(FIRST, 1, 20), (SECOND, 0, 0)]


def test_a_run_that_has_just_ended_is_not_taken_for_a_waiting_one() -> None:
    story = Story().session().started(19, FIRST).finished(25, FIRST)
    assert story.view(26, status=status(20, FIRST)).under_way == ()


def test_time_at_work_goes_on_with_the_clock_and_leaves_out_the_time_between() -> None:
    story = Story().session().started(1, FIRST).finished(100, FIRST)
    story.session(1000).started(1001, SECOND)
    assert story.view(1050).seconds == 150
    assert story.view(1050).per_hour == 24
    assert story.view(5000, held=False).seconds == 101


def test_nobody_knows_how_long_before_the_first_run_is_done() -> None:
    story = Story().session().started(1, FIRST)
    view = story.view(60, status=status(2, FIRST, eta_seconds=None))
    assert (view.eta, view.per_hour) == (None, None)


def test_the_controllers_estimate_grows_no_older_than_it_is() -> None:
    story = Story().session().started(1, FIRST).finished(100, FIRST)
    said = status(100, done=1, eta_seconds=600)
    assert story.view(130, status=said).eta == 570
    assert story.view(1000, status=said).eta == 0


@pytest.mark.parametrize(
    "said",
    [
        {},
        status(-5, done=1, eta_seconds=7),
        status(100, planned=4, done=1, eta_seconds=7),
        {**status(100, done=1, eta_seconds=7), "updated": "yesterday"},
    ],
    ids=["none", "of a former process", "of a part of the night", "not to be read"],
)
def test_without_an_estimate_of_the_whole_night_its_pace_decides(
    said: dict[str, Any],
) -> None:
    story = Story().session().started(1, FIRST).finished(100, FIRST)
    assert story.view(100, status=said).eta == 11 * 100


def test_a_wait_lasts_until_something_says_that_it_is_over() -> None:
    story = Story().session()
    story.say(10, "server_awaited", kind="memory", reason="Full.", seconds=900.0)
    wait = story.view(40).wait
    assert wait is not None
    assert (wait.kind, wait.reason, wait.seconds, wait.most) == (
        "memory",
        "Full.",
        30,
        900,
    )
    story.started(41, FIRST)
    assert story.view(42).wait is not None
    story.say(43, "server_healthy", kind="memory")
    assert story.view(44).wait is None


def test_why_a_night_ended_early_is_kept() -> None:
    story = Story().session().say(9, "session_ended", kind="disk", reason="Full.")
    assert story.view(10).facts.ended == "Full."


def test_a_night_is_at_work_while_its_lock_is_held() -> None:
    story = Story().session().started(1, FIRST)
    assert story.view(10).state == "at work"
    cut = story.view(10, held=False)
    assert (cut.state, cut.eta, shown(cut)) == ("cut off", None, [(FIRST, 1, 0)])
    story.finished(11, FIRST).say(12, "closed")
    assert story.view(13).state == "at work"  # its report is being written
    assert story.view(13, held=False).state == "closed"


def test_failures_come_with_their_records_sentence_the_last_one_first() -> None:
    story = Story().session()
    for second, (run_id, outcome) in enumerate(
        [(FIRST, "timeout"), (SECOND, "passed"), (THIRD, "harness")]
    ):
        story.started(second, run_id).finished(second + 0.5, run_id, outcome)
    story.records[FIRST] = a_run("L3-1", 1, "timeout", detail="Too slow.")
    failures = story.view(10).failures
    assert [(f.run_id, f.category, f.detail) for f in failures] == [
        (THIRD, "void", ""),
        (FIRST, "missed", "Too slow."),
    ]
    assert failures[1].time == datetime.fromtimestamp(EVENING + 0.5, UTC)


def test_a_script_that_failed_as_it_was_to_is_told_from_one_that_did_not() -> None:
    story = Story().session(spec="rehearsal")
    for run_id, intended in ((FIRST, "loop"), (SECOND, "passed")):
        agent = AgentInfo(spec="rehearsal", scripted=True, intended_outcome=intended)
        story.started(1, run_id).finished(2, run_id, "loop")
        story.records[run_id] = a_run("L3-1", 1, "loop", agent=agent)
    assert [f.intended for f in story.view(3).failures] == [False, True]


def test_what_is_left_is_what_a_resumed_night_would_play() -> None:
    story = Story().session(plan=PLAN[:4], spec="rehearsal")
    for run_id, intended in ((FIRST, "cancelled"), (SECOND, "passed")):
        agent = AgentInfo(spec="rehearsal", scripted=True, intended_outcome=intended)
        story.started(1, run_id).finished(2, run_id, "cancelled")
        story.records[run_id] = a_run("L3-1", 1, "cancelled", agent=agent)
    story.started(3, THIRD).finished(4, THIRD, "loop")
    assert story.view(5, held=False).left == 2


def test_who_holds_the_lock_but_said_nothing_yet_is_about_to_begin() -> None:
    former = Story().session(pid=76).events
    late = {"pid": 77, "started": stamp(EVENING + 60)}
    assert is_about_to_begin(late, [])
    assert is_about_to_begin({}, former)
    assert is_about_to_begin(late, former)
    assert not is_about_to_begin(late, Story().session(61).events)
    # The clock was set back meanwhile: the process is the same.
    assert not is_about_to_begin(late, Story().session(pid=77).events)


outcomes = st.sampled_from([*(str(outcome) for outcome in Outcome), "", "new_one"])
steps = st.lists(st.tuples(st.sampled_from([*PLAN, "other"]), outcomes | st.none()))


@given(steps, st.booleans())
def test_every_planned_run_is_in_one_state_at_most(
    told: list[tuple[str, str | None]], held: bool
) -> None:
    story = Story().session()
    for second, (run_id, outcome) in enumerate(told, 1):
        if outcome is None:
            story.started(second, run_id)
        else:
            story.finished(second, run_id, outcome)
    view = story.view(len(told) + 1, held=held)
    assert view.total.planned == len(PLAN)
    assert view.total.done + len(view.under_way) == len(
        {r for r, _ in told} - {"other"}
    )
    for word in ("planned", "solved", "missed", "void", "done"):
        whole = getattr(view.total, word)
        assert whole == sum(getattr(count, word) for count in view.levels)
    assert all(count.done <= count.planned for count in view.levels)


anything = st.recursive(
    st.none() | st.booleans() | st.floats() | st.text(max_size=3),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(["run_id", "started", "x"]), inner, max_size=3
        )
    ),
    max_leaves=6,
)
fields = "event run_id try time clock outcome reason seconds kind".split()
names = "started finished server_awaited session_ended closed joined".split()
garbled = st.dictionaries(st.sampled_from(fields), anything).map(
    lambda event: {"event": "started", **event}
)
named = st.builds(lambda e, n: {**e, "event": n}, garbled, st.sampled_from(names))
statuses = st.dictionaries(
    st.sampled_from("updated planned done running eta_seconds".split()), anything
)


@given(st.lists(named, max_size=6), statuses, st.booleans())
def test_lines_that_somebody_garbled_are_passed_over(
    lines: list[dict[str, Any]], said: dict[str, Any], held: bool
) -> None:
    story = Story().session()
    story.events += lines
    view = story.view(1, held=held, status={**status(1), **said})
    assert view.total.planned == len(PLAN)
