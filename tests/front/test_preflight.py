"""What is looked at before a night, and how it says that something is missing."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import pytest

from pytest_overnight.preflight import PreflightError
from pytest_overnight.preflight import resolve_agent
from pytest_overnight.settings import Settings
from tests.support.ollama_server import OllamaServer
from tests.support.ollama_wire import InstalledModel

NOWHERE = "http://127.0.0.1:9"
"""Port 9 (discard) is closed on any ordinary machine."""

pytestmark = pytest.mark.needs("ollama-client")


def asked(agent: str, host: str) -> Settings:
    """A night that is to have faults made on purpose."""
    return Settings(
        results=Path(),
        suite=Path(),
        session_id="s",
        agent=agent,
        host=host,
        fault_rate=0.1,
    )


def test_auto_without_a_server_may_have_faults_on_purpose() -> None:
    settings, remark = resolve_agent(asked("auto", NOWHERE), 30.0)
    assert (settings.agent, settings.fault_rate) == ("rehearsal", 0.1)
    assert "REHEARSAL" in remark


def test_auto_with_a_server_is_no_rehearsal() -> None:
    with (
        OllamaServer() as server,
        pytest.raises(PreflightError, match="rehearsals only; the agent is 'ollama'"),
    ):
        resolve_agent(asked("auto", server.url), 30.0)


@pytest.mark.parametrize(
    ("model", "said"),
    [
        (InstalledModel(), ""),
        (InstalledModel(trained_context=8192), "a context of 8192 tokens, less than"),
        (InstalledModel(capabilities=("completion",)), "knows no tools"),
    ],
    ids=["nothing to say", "a small window", "no tools"],
)
def test_what_a_model_lacks_is_said_before_the_night(
    model: InstalledModel, said: str
) -> None:
    with OllamaServer(models=[model]) as server:
        night = dataclasses.replace(asked("ollama", server.url), fault_rate=0.0)
        settings, remark = resolve_agent(night, 30.0)
    assert settings.agent == "ollama"
    assert said in remark
    assert bool(said) == bool(remark)
