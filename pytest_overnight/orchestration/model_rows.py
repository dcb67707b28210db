"""Is there who does the work: the agent, its server, its model."""

from __future__ import annotations

from typing import Any

from pytest_overnight.orchestration.row import Row
from pytest_overnight.settings import Settings


def resolved_agent(settings: Settings) -> tuple[Settings, list[Row]]:
    """Settings with ``auto`` decided, and what there is to say of agent and model."""
    from pytest_overnight.options import REHEARSAL_TIME_SCALE
    from pytest_overnight.preflight import PreflightError
    from pytest_overnight.preflight import resolve_agent

    try:
        settings, remark = resolve_agent(settings, REHEARSAL_TIME_SCALE)
    except PreflightError as problem:
        what = "Ollama" if settings.agent in ("ollama", "auto") else "agent"
        return settings, [Row(what, "FAIL", str(problem))]
    if settings.agent == "ollama":
        return settings, _model_rows(settings, remark)
    if settings.scripted:
        return settings, [_scripted_row(settings.agent, remark)]
    return settings, [Row("agent", "ok", f"{settings.agent}, an agent of your own")]


def _scripted_row(agent: str, remark: str) -> Row:
    from pytest_overnight.records.banner import banner

    if not remark:
        return Row("agent", "ok", banner(agent).strip("* "))
    return Row("agent", "warn", f"{banner(agent).strip('* ')}. {remark}")


def _model_rows(settings: Settings, remark: str) -> list[Row]:
    from pytest_overnight.models.ollama_server import server_facts

    facts = server_facts(settings.host, settings.model)
    version = facts.get("server_version", "of unknown version")
    server = Row("Ollama", "ok", f"{version} at {facts.get('host', settings.host)}")
    text = f"{settings.model}: {_details(facts)}"
    if remark:
        advice = "It can be measured so; or choose another with --model."
        return [server, Row("model", "warn", f"{text}. {remark}", advice)]
    return [server, Row("model", "ok", text)]


def _details(facts: dict[str, Any]) -> str:
    known = [
        facts.get("parameter_size"),
        facts.get("quantization_level"),
        f"digest {facts['digest'][:12]}" if facts.get("digest") else None,
        f"context {facts['trained_context_length']} tokens"
        if facts.get("trained_context_length")
        else None,
        "tools" if "tools" in facts.get("capabilities", ()) else "no tools",
    ]
    return ", ".join(filter(None, known))
