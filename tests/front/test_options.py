"""Where a setting comes from, and how a bad one is said."""

from __future__ import annotations

from datetime import datetime

import pytest

from pytest_overnight.options import build_settings
from pytest_overnight.options import evening_session
from pytest_overnight.settings import Settings


def settings(pytester: pytest.Pytester, *arguments: str) -> Settings:
    """What a command line makes of it."""
    config = pytester.parseconfig("-p", "pytest_overnight.plugin", *arguments)
    return build_settings(config)


def test_defaults_are_those_of_the_readme(pytester: pytest.Pytester) -> None:
    found = settings(pytester)
    assert (found.agent, found.model) == ("ollama", "gpt-oss:20b")
    assert found.results == pytester.path / "overnight_results"
    assert found.count is None


def test_command_line_beats_environment_beats_ini(
    pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch
) -> None:
    pytester.makeini("[pytest]\novernight_model = ini:1b\novernight_count = 4\n")
    assert settings(pytester).model == "ini:1b"
    assert settings(pytester).count == 4
    monkeypatch.setenv("OVERNIGHT_MODEL", "env:2b")
    assert settings(pytester).model == "env:2b"
    assert settings(pytester, "--model", "line:3b").model == "line:3b"


@pytest.mark.parametrize(
    ("name", "value", "complaint"),
    [
        ("OVERNIGHT_SANDBOX", "moat", "environment variable OVERNIGHT_SANDBOX: 'moat'"),
        ("OVERNIGHT_SEED", "x", "environment variable OVERNIGHT_SEED: 'x' is no whole"),
        ("OVERNIGHT_AGENT", "x:", "--agent 'x:' is no agent"),
    ],
)
def test_a_bad_variable_is_named(
    pytester: pytest.Pytester,
    monkeypatch: pytest.MonkeyPatch,
    name: str,
    value: str,
    complaint: str,
) -> None:
    monkeypatch.setenv(name, value)
    with pytest.raises(pytest.UsageError, match=complaint):
        settings(pytester)


@pytest.mark.parametrize(
    "spec",
    ["oracle", "auto", "command:mine --task {task}", "package.module:agent"],
)
def test_agents_that_can_be_named(pytester: pytest.Pytester, spec: str) -> None:
    assert settings(pytester, "--agent", spec).agent == spec


@pytest.mark.parametrize("spec", ["", "command:", "a b:c", "module:", ":x", "gpt-oss"])
def test_agents_that_cannot(pytester: pytest.Pytester, spec: str) -> None:
    with pytest.raises(pytest.UsageError, match="is no agent"):
        settings(pytester, f"--agent={spec}")


def test_the_small_hours_belong_to_the_evening_before() -> None:
    evening = "overnight-2026-03-04"
    assert evening_session(datetime(2026, 3, 4, 22, 0)) == evening
    assert evening_session(datetime(2026, 3, 5, 2, 30)) == evening
    assert evening_session(datetime(2026, 3, 5, 6, 0)) == "overnight-2026-03-05"


def test_settings_cross_a_process_border_unchanged(pytester: pytest.Pytester) -> None:
    found = settings(pytester, "--challenge", "L3-1", "--overnight-temperature=0.5")
    assert Settings.from_json(found.to_json()) == found


def test_the_digest_knows_what_may_change_an_outcome(
    pytester: pytest.Pytester,
) -> None:
    base = settings(pytester)
    assert settings(pytester, "--count", "7").digest == base.digest
    assert settings(pytester, "--overnight-results", "x").digest == base.digest
    assert settings(pytester, "--model", "other").digest != base.digest
    assert settings(pytester, "--overnight-num-ctx", "8192").digest != base.digest
    assert settings(pytester, "--overnight-loop-guard=off").digest != base.digest
    assert settings(pytester, "--overnight-min-gap", "9").digest == base.digest
    slowly = settings(pytester, "--overnight-calls-per-minute", "2")
    assert slowly.digest == base.digest


def test_what_concerns_the_model_server_has_safe_defaults(
    pytester: pytest.Pytester,
) -> None:
    found = settings(pytester)
    assert (found.loop_guard, found.infra_grace, found.stall) == ("stop", 900.0, 600.0)
    assert (found.calls_per_minute, found.min_gap, found.fault_rate) == (None, 0.0, 0.0)


def test_what_concerns_the_model_server_can_be_set(pytester: pytest.Pytester) -> None:
    pytester.makeini(
        "[pytest]\n"
        "overnight_loop_guard = shadow\n"
        "overnight_calls_per_minute = 7.5\n"
        "overnight_min_gap = 2\n"
        "overnight_infra_grace = 60\n"
    )
    found = settings(pytester, "--overnight-stall=30", "--overnight-infra-grace=90")
    assert (found.loop_guard, found.calls_per_minute) == ("shadow", 7.5)
    assert (found.min_gap, found.infra_grace, found.stall) == (2.0, 90.0, 30.0)


def test_calls_wait_for_the_slower_of_rate_and_gap_for_each_slot(
    pytester: pytest.Pytester,
) -> None:
    assert settings(pytester).longest_call_wait == 0
    pace = ["--overnight-calls-per-minute=10", "--overnight-min-gap=2"]
    assert settings(pytester, *pace).longest_call_wait == 6
    assert settings(pytester, *pace, "--overnight-slots=3").longest_call_wait == 18
    assert settings(pytester, *pace, "--agent=rehearsal").longest_call_wait == 0


@pytest.mark.parametrize("agent", ["rehearsal", "auto"])
def test_faults_on_purpose_are_for_rehearsals(
    pytester: pytest.Pytester, agent: str
) -> None:
    found = settings(pytester, "--overnight-fault-rate=0.1", "--agent", agent)
    assert found.fault_rate == 0.1


@pytest.mark.parametrize("agent", ["ollama", "oracle", "command:mine"])
def test_faults_on_purpose_are_for_nobody_else(
    pytester: pytest.Pytester, agent: str
) -> None:
    with pytest.raises(pytest.UsageError, match="in rehearsals only; the agent is"):
        settings(pytester, "--overnight-fault-rate=0.1", "--agent", agent)
