"""The four lists to tick off: each a page of its own, and honest when empty."""

from __future__ import annotations

import re
from collections.abc import Sequence

import pytest

from pytest_overnight.records.record import AgentInfo
from pytest_overnight.records.record import RunRecord
from pytest_overnight.reporting.advice import Advice
from pytest_overnight.reporting.advice import Advices
from pytest_overnight.reporting.advice import Area
from pytest_overnight.reporting.advice import Gain
from pytest_overnight.reporting.advice import advise
from pytest_overnight.reporting.advice.items import gain_in_words
from pytest_overnight.reporting.artifacts import artifact_pages
from pytest_overnight.reporting.failures import failure_patterns
from pytest_overnight.reporting.night import Night
from pytest_overnight.reporting.summary import summarise_night
from tests.reporting.nights import a_run
from tests.reporting.planted import planted_night

NAMES = [
    "quick_wins.md",
    "phase2_tasks.md",
    "test_improvements.md",
    "hrm_next_steps.md",
]


def an_advice(**changes: object) -> Advice:
    plain = {
        "rule": "reload",
        "area": Area.PHASE2,
        "title": "Do <b>this</b>",
        "because": "It was # seen",
        "steps": ("First *that*", "Then this"),
        "check": "Look",
        "gain": Gain(7.6, 3.2, 11.0),
        "effort": "minutes",
        "run_ids": tuple(f"L3-1-run-{number:04d}" for number in range(1, 21)),
        "causal": True,
    }
    return Advice(**{**plain, **changes})  # type: ignore[arg-type]


def pages(runs: Sequence[RunRecord], advices: Advices | None = None) -> dict[str, str]:
    night = Night(None, tuple(runs), ())
    if advices is None:
        patterns = failure_patterns(runs, {})
        advices = advise(night, summarise_night(night), patterns, {})
    return artifact_pages(night, advices, None)


def test_are_four_in_the_plans_order() -> None:
    assert list(pages([])) == NAMES


@pytest.mark.parametrize("name", NAMES)
def test_empty_ones_say_why(name: str) -> None:
    for runs in ([], [a_run()], [a_run(outcome="infra")]):
        page = pages(runs, Advices((), "There is no advice: x."))[name]
        assert "- [ ]" not in page
        assert re.search(r"^There is (none|no advice): .+\.", page, re.M | re.S)


@pytest.mark.parametrize("name", NAMES)
def test_say_at_once_what_night_and_agent_they_are_about(name: str) -> None:
    head = pages(planted_night(3))[name][:400]
    assert head.startswith("# ")
    assert "2025-01-21" in head
    assert "gpt-oss:20b" in head
    assert "180 runs counted" in head


@pytest.mark.parametrize("name", NAMES)
def test_of_a_rehearsal_say_that_no_model_was_measured(name: str) -> None:
    agent = AgentInfo(spec="rehearsal", scripted=True)
    assert "no model was measured" in pages([a_run(agent=agent)])[name]


def test_an_item_has_all_that_is_needed_to_act() -> None:
    page = pages([a_run()], Advices((an_advice(),)))["phase2_tasks.md"]
    for wanted in (
        "- [ ] **Do &lt;b&gt;this&lt;/b&gt;**",
        "Gain: about 8 runs (3–11). Effort: minutes.",
        r"  - First \*that\*",
        "**Did it help?** Look",
        "[L3-1-run-0001]",
        "and 8 more",
        "[L3-1-run-0001]: runs/L3-1-run-0001.json",
    ):
        assert wanted in page
    assert "[L3-1-run-0013]" not in page


def test_each_link_has_its_target_and_each_target_its_link() -> None:
    for page in pages(planted_night(3)).values():
        targets = set(re.findall(r"^(\[[^\]]+\]): ", page, re.M))
        links = set(re.findall(r"\[[\w-]+-run-\d{4}\](?!:)", page))
        assert links == targets


def test_quick_wins_hold_what_takes_minutes_of_any_area() -> None:
    items = (
        an_advice(area=Area.AGENT, title="One"),
        an_advice(area=Area.SUITE, title="Two", effort="hours"),
        an_advice(area=Area.INFRASTRUCTURE, title="Three"),
    )
    written = pages([a_run()], Advices(items))
    assert re.findall(r"- \[ \] \*\*(\w+)", written["quick_wins.md"]) == [
        "One",
        "Three",
    ]
    assert re.findall(r"- \[ \] \*\*(\w+)", written["test_improvements.md"]) == ["Two"]


def test_a_night_of_real_advice_fits_a_phone() -> None:
    for page in pages(planted_night(3)).values():
        assert len(page) < 12_000
        assert "None" not in page
        assert "&lt;" not in page


@pytest.mark.parametrize(
    ("item", "shown"),
    [
        (an_advice(gain=None), "not known"),
        (an_advice(), "about 8 runs (3–11)"),
        (an_advice(causal=False), "at most 11 runs, perhaps 8"),
        (an_advice(gain=Gain(0.9, 0.0, 1.0)), "about 1 run (0–1)"),
    ],
)
def test_a_gain_says_how_sure_it_is(item: Advice, shown: str) -> None:
    assert gain_in_words(item) == shown
