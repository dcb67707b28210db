"""What must be said wherever results show that no model has earned."""

from __future__ import annotations


def banner(agent: str) -> str:
    """Shown wherever results of a scripted agent show."""
    name = "REHEARSAL" if agent == "rehearsal" else f"SCRIPTED AGENT {agent!r}"
    return f"*** {name}: scripts act here, no model is measured ***"
