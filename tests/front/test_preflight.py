"""What is looked at before a night, and how it says that something is missing."""

from __future__ import annotations

from pathlib import Path

import pytest

from pytest_overnight.preflight import PreflightError
from pytest_overnight.preflight import resolve_agent
from pytest_overnight.settings import Settings
from tests.support.ollama_server import OllamaServer

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
