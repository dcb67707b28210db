"""Before the first run: is everything there that the night needs?"""

from __future__ import annotations

import dataclasses
import importlib.util
import shlex

from pytest_overnight.options import FAULTS_NEED_A_REHEARSAL
from pytest_overnight.settings import Settings


class PreflightError(Exception):
    """The night cannot start; the text is one paragraph for the user."""


def resolve_agent(
    settings: Settings, rehearsal_scale: float, *, joined: bool = False
) -> tuple[Settings, str]:
    """Settings with ``auto`` decided, and a remark to show (empty: none).

    Who joins a night (``joined``) waits for a server that is away before its first
    run, as any other does in its midst.

    Raises :class:`PreflightError` when ``ollama`` is asked for and not there.
    """
    remark = ""
    _check_own_agent(settings.agent)
    if settings.agent in ("ollama", "auto"):
        missing = None if joined else _missing(settings)
        if missing and settings.agent == "ollama":
            raise PreflightError(_two_ways_on(missing, settings))
        agent = "rehearsal" if missing else "ollama"
        if settings.agent == "auto" and missing:
            remark = f"{missing} So this is a REHEARSAL: scripts act, no model."
        settings = dataclasses.replace(settings, agent=agent)
        remark = remark or _about_the_model(settings)
    if settings.fault_rate and settings.agent != "rehearsal":
        raise PreflightError(FAULTS_NEED_A_REHEARSAL.format(agent=settings.agent))
    if settings.agent == "rehearsal":
        settings = dataclasses.replace(settings, time_scale=rehearsal_scale)
    if not settings.scripted:
        _check_slots(settings.host)
    return settings, remark


def _about_the_model(settings: Settings) -> str:
    """What the user should know of a model that is there, before it costs a night."""
    from pytest_overnight.models.ollama_server import server_facts

    facts = server_facts(settings.host, settings.model)
    said = []
    trained = facts.get("trained_context_length")
    if isinstance(trained, int) and 0 < trained < settings.num_ctx:
        said.append(
            f"{settings.model} was trained for a context of {trained} tokens, less "
            f"than the {settings.num_ctx} of --overnight-num-ctx."
        )
    if "tools" not in facts.get("capabilities", ["tools"]):
        said.append(f"{settings.model} knows no tools: it will work by text.")
    return " ".join(said)


def _check_slots(host: str) -> None:
    from pytest_overnight.models.pace import host_folder

    try:
        host_folder(host)
    except OSError as problem:
        raise PreflightError(
            f"No place to share the model's slots: {problem}"
        ) from None


def _check_own_agent(spec: str) -> None:
    """A misspelt agent of the user's must not cost them the night."""
    head, colon, tail = spec.partition(":")
    if not colon:
        return
    if head == "command":
        try:
            shlex.split(tail)
        except ValueError as problem:
            raise PreflightError(f"--agent {spec!r}: {problem}.") from None
        return
    try:
        # Only the parent packages are imported; the module itself waits for the try.
        found = importlib.util.find_spec(head)
    except (ImportError, ValueError):
        found = None
    if found is None:
        raise PreflightError(
            f"--agent {spec!r}: no module {head!r} is found from here. Start pytest "
            "in the folder it lies in, or put that folder on PYTHONPATH."
        )


def _missing(settings: Settings) -> str | None:
    from pytest_overnight.models.ollama_server import check_server

    return check_server(settings.host, settings.model)


def _two_ways_on(missing: str, settings: Settings) -> str:
    return (
        f"{missing} Two ways on: (1) start the server and fetch the model: "
        f"`ollama serve`, `ollama pull {settings.model}` (another server: "
        "--overnight-host URL, another model: --model NAME); or (2) try the harness "
        "without a model: `pytest -m overnight --agent rehearsal`."
    )
