"""The preflight table, row by row."""

from __future__ import annotations

import dataclasses
from datetime import UTC
from datetime import datetime
from pathlib import Path

import pytest

from pytest_overnight.orchestration import machine_rows
from pytest_overnight.orchestration import plan_rows
from pytest_overnight.orchestration.budget import ENDLESS
from pytest_overnight.orchestration.model_rows import resolved_agent
from pytest_overnight.orchestration.phases import PHASES
from pytest_overnight.orchestration.planned import PlannedRun
from pytest_overnight.orchestration.planned import TonightsPlan
from pytest_overnight.orchestration.row import Row
from pytest_overnight.orchestration.table import print_table
from pytest_overnight.settings import Settings
from tests.support.ollama_server import OllamaServer
from tests.support.ollama_wire import InstalledModel

NOWHERE = "http://127.0.0.1:9"


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return Settings(
        results=tmp_path / "results", suite=tmp_path, session_id="overnight-2026-11-22"
    )


def plan_of(settings: Settings, **runs: int) -> TonightsPlan:
    """So many runs of one challenge of each level, each of at most six minutes."""
    planned = [
        PlannedRun(f"{level}-1-run-{n:04d}", f"{level}-1", level, 360.0)
        for level, number in runs.items()
        for n in range(1, number + 1)
    ]
    worst = len(planned) / 10
    return TonightsPlan(settings, tuple(planned), worst / 2, worst)


# -- the machine ---------------------------------------------------------------------


def test_disk_is_compared_with_what_the_night_needs(settings: Settings) -> None:
    free = dataclasses.replace(settings, min_free_disk=0.0)
    assert machine_rows.disk_row(free, 1).mark == "ok"
    row = machine_rows.disk_row(free, 10_000_000)
    assert row.mark == "warn"
    assert "at most 1000000 GB" in row.text
    full = dataclasses.replace(settings, min_free_disk=1e6)
    row = machine_rows.disk_row(full, 1)
    assert row.mark == "FAIL"
    assert "--overnight-min-free-disk" in row.advice


def test_memory_is_compared_with_what_a_run_must_find(settings: Settings) -> None:
    none = dataclasses.replace(settings, min_free_memory=0.0)
    assert machine_rows.memory_row(none).mark == "ok"
    much = dataclasses.replace(settings, min_free_memory=1e6)
    assert machine_rows.memory_row(much).mark in ("FAIL", "ok")  # ok: not known


def test_a_sandbox_that_is_not_to_be_had(settings: Settings) -> None:
    impossible = dataclasses.replace(
        settings, sandbox="process", required_sandbox="bubblewrap"
    )
    row = machine_rows.sandbox_row(impossible)
    assert row.mark == "FAIL"
    assert "bubblewrap is required" in row.text


def test_no_sandbox_is_a_warning(settings: Settings) -> None:
    row = machine_rows.sandbox_row(dataclasses.replace(settings, sandbox="process"))
    assert (row.mark == "ok") == ("UNPROTECTED" not in row.text)


def utc(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


@pytest.mark.usefixtures("central_europe")
@pytest.mark.parametrize(
    ("now", "hours", "mark", "said"),
    [
        ("2026-11-22T21:00", 9.5, "ok", "until Mon 07:30, 9 h 30 min"),
        ("2026-11-22T21:00", ENDLESS, "ok", "no end is set"),
        ("2026-10-24T20:00", 10.5, "warn", "until Sun 07:30, 10 h 30 min; the clocks"),
        ("2026-10-24T20:00", ENDLESS, "warn", "the clocks change in this night"),
        ("2026-10-24T20:00", 2, "ok", "until Sun 00:00, 2 h"),
        ("1970-01-01T00:10", 8, "warn", "Thu 01 Jan 1970 01:10 CET"),
    ],
)
def test_the_clock(
    settings: Settings, now: str, hours: float, mark: str, said: str
) -> None:
    row = machine_rows.clock_row(settings, hours * 3600, utc(now))
    assert row.mark == mark
    assert said in row.text
    assert "session overnight-2026-11-22" in row.text
    assert bool(row.advice) == (mark == "warn")


# -- the model -----------------------------------------------------------------------


@pytest.mark.needs("ollama-client")
def test_a_model_that_is_there(settings: Settings) -> None:
    with OllamaServer() as server:
        here = dataclasses.replace(settings, host=server.url)
        found, rows = resolved_agent(here)
    assert found.agent == "ollama"
    assert [(row.what, row.mark) for row in rows] == [("Ollama", "ok"), ("model", "ok")]
    assert server.version in rows[0].text
    assert rows[1].text.startswith("gpt-oss:20b: ")
    assert "tools" in rows[1].text


@pytest.mark.needs("ollama-client")
def test_a_model_that_lacks_something(settings: Settings) -> None:
    with OllamaServer(models=[InstalledModel(capabilities=("completion",))]) as server:
        here = dataclasses.replace(settings, host=server.url)
        _, rows = resolved_agent(here)
    assert rows[1].mark == "warn"
    assert "no tools" in rows[1].text


@pytest.mark.needs("ollama-client")
def test_no_server(settings: Settings) -> None:
    away = dataclasses.replace(settings, host=NOWHERE)
    _, (row,) = resolved_agent(away)
    assert (row.what, row.mark) == ("Ollama", "FAIL")
    assert "ollama serve" in row.text
    found, (row,) = resolved_agent(dataclasses.replace(away, agent="auto"))
    assert (found.agent, found.time_scale > 1) == ("rehearsal", True)
    assert row.mark == "warn"
    assert row.text.startswith("REHEARSAL")


def test_an_agent_that_is_not_found(settings: Settings) -> None:
    own = dataclasses.replace(settings, agent="no_such_module_anywhere:agent")
    _, (row,) = resolved_agent(own)
    assert (row.what, row.mark) == ("agent", "FAIL")


# -- the plan ------------------------------------------------------------------------


def test_a_plan_that_fits(settings: Settings) -> None:
    plan = plan_of(settings, L3=10, L6=5)
    row = plan_rows.plan_row(plan, PHASES, 8 * 3600)
    assert row.mark == "ok"
    assert row.text == (
        "15 runs (L3-L5 10, L6 5, A 0); expected 45 min, at worst 1 h 30 min"
    )
    assert plan_rows.plan_row(plan, PHASES, ENDLESS).mark == "ok"


def test_a_plan_that_is_too_long_says_what_would_be_cut(settings: Settings) -> None:
    l3, l6, _, series, report = PHASES
    phases = [l3, l6, series, report]
    plan = plan_of(settings, L3=10, L6=50, A=5)  # 6 min each at worst, 3 expected
    row = plan_rows.plan_row(plan, phases, 3 * 3600)
    assert row.mark == "warn"
    assert "probably cut short: L6" in row.text
    assert "probably cut short: L6," not in row.text
    row = plan_rows.plan_row(plan, phases, 6.3 * 3600)
    assert "at worst cut short: L6" in row.text
    assert "--count" in row.advice


def test_the_effect_of_a_nights_size(settings: Settings) -> None:
    row = plan_rows.effect_row(plan_of(settings, L3=5))
    assert "differ by 89 points" in row.text
    assert "too few runs" in plan_rows.effect_row(plan_of(settings, L3=1)).text
    scripted = dataclasses.replace(settings, agent="noop")
    assert "no model is measured" in plan_rows.effect_row(plan_of(scripted, L3=5)).text


def test_what_is_done_needs_no_more_time(settings: Settings) -> None:
    plan = plan_of(settings, L3=10, L6=10)
    rest = plan.only(lambda run_id: run_id.startswith("L6"))
    assert len(rest.runs) == 10
    assert (rest.expected_hours, rest.worst_hours) == (0.5, 1.0)
    assert plan.only(lambda run_id: False).worst_hours == 0


def test_a_command_that_is_not_found_is_said_in_the_evening() -> None:
    assert plan_rows.notify_row(["true"]).mark == "ok"
    assert plan_rows.notify_row(["no-such-program-anywhere"]).mark == "warn"


# -- on the terminal -----------------------------------------------------------------


def test_the_table_is_readable_at_eighty_columns(
    capsys: pytest.CaptureFixture[str],
) -> None:
    words = "so much is to be said of it that one line is not enough by far, nor two, "
    print_table(
        [Row("sandbox", "ok", words * 3), Row("disk", "FAIL", "full", "Do it.")]
    )
    lines = [line.rstrip() for line in capsys.readouterr().out.splitlines()]
    assert max(map(len, lines)) <= 80
    assert lines[0].startswith("ok    sandbox  so much")
    assert lines[-2:] == ["FAIL  disk     full", "               → Do it."]


def test_square_brackets_are_no_markup(capsys: pytest.CaptureFixture[str]) -> None:
    print_table([Row("plan", "warn", "[red]L3[/red] :smile:")])
    assert "[red]L3[/red] :smile:" in capsys.readouterr().out
