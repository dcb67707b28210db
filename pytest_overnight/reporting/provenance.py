"""How a night was measured: who did the work, and behind which walls."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable

from pytest_overnight.records.record import AgentInfo
from pytest_overnight.records.record import RunRecord
from pytest_overnight.records.record import SandboxInfo
from pytest_overnight.reporting.markdown import Markdown
from pytest_overnight.reporting.markdown import code
from pytest_overnight.reporting.markdown import text
from pytest_overnight.reporting.night import Night

SHOWN_INSIDE = ("python", "pytest", "hypothesis", "mypy", "digest")
"""What the report says of the box's runtime; the records have every package."""


def banner(night: Night) -> Markdown:
    """What must stand wherever rates are shown when a script did the work."""
    infos = night.agents
    scripted = [info for info in infos if info.scripted]
    if not scripted:
        return Markdown("")
    names = ", ".join(sorted({code(info.spec) for info in scripted}))
    if len(scripted) < len(infos):
        return Markdown(
            f"**{len(scripted)} of {len(infos)} runs are the work of the scripted "
            f"agent {names}: in them no model was measured, and no rate here is a "
            "model's.**"
        )
    rehearsal = all(info.spec == "rehearsal" for info in scripted)
    kind = "a rehearsal, " if rehearsal else "the "
    return Markdown(
        f"**This was {kind}scripted agent {names}: no model was measured.**"
    )


def agent_lines(night: Night) -> list[Markdown]:
    """One line for each agent with each model, and what is known of it."""
    by_name: dict[Markdown, list[AgentInfo]] = {}
    for info in night.agents:
        model = f"model {code(info.model)}" if info.model else "no model was asked"
        by_name.setdefault(Markdown(f"{code(info.spec)}, {model}"), []).append(info)
    return [
        Markdown(
            ", ".join([name, *_details(infos)])
            + (f" ({len(infos)} runs)" if len(by_name) > 1 else "")
        )
        for name, infos in by_name.items()
    ]


def _details(infos: Iterable[AgentInfo]) -> list[Markdown]:
    """Each known fact once; where runs differ, all that was seen."""
    seen: dict[str, set[str]] = {}
    for info in infos:
        for name, value in info.details.items():
            seen.setdefault(name, set()).add(str(value))
    return [
        Markdown(f"{text(name)} {code(' or '.join(sorted(values)), 80)}")
        for name, values in sorted(seen.items())
    ]


def sandbox_lines(night: Night) -> list[Markdown]:
    """One line a kind of walls: whether they kept hidden tests from agent code."""
    infos = [run.sandbox for run in night.runs]
    if night.master and night.master.sandbox and not infos:
        infos = [night.master.sandbox]
    counts = Counter(_sandbox_line(info) for info in infos).most_common()
    if len(counts) < 2:
        return [line for line, _ in counts]
    return [Markdown(f"{line} ({number} runs)") for line, number in counts]


def ended_early(night: Night) -> Markdown | None:
    """Why it ended before its last run; ``None`` where it did not."""
    reason = night.master.ended_early if night.master else ""
    return Markdown(f"The night ended early: {text(reason)}") if reason else None


def unprotected(night: Night) -> list[str]:
    """Ids of the runs whose agent code could have read the hidden tests."""
    return [run.run_id for run in night.runs if not run.sandbox.protected]


def watched(night: Night) -> Markdown:
    """What the loop guard would have done where it only watched; else empty."""
    settings = night.master.settings if night.master else {}
    counted = [run for run in night.runs if run.counted]
    stopped = [run for run in counted if run.shadow_stops]
    if not stopped and settings.get("loop_guard") != "shadow":
        return Markdown("")
    if not stopped:
        return Markdown("The loop guard only watched: it would have stopped no run.")
    rules = ", ".join(sorted({rule for run in stopped for rule in run.shadow_stops}))
    passed = sum(run.success is True for run in stopped)
    runs = "1 run" if len(stopped) == 1 else f"{len(stopped)} runs"
    return Markdown(
        f"{runs} would have been stopped by the loop guard (rules {text(rules)}), "
        f"{passed} of them passed in the end."
    )


def unintended(runs: Iterable[RunRecord]) -> list[RunRecord]:
    """Scripted runs that ended otherwise than their script intends."""
    return [
        run for run in runs if run.agent.intended_outcome not in (None, run.outcome)
    ]


def _sandbox_line(info: SandboxInfo) -> Markdown:
    walls = (
        "protected: hidden tests were out of reach of the agent's code"
        if info.protected
        else "**unprotected**: the agent's code could have read the hidden tests"
    )
    if info.protected and info.open:
        walls += f"; not kept: {text('; '.join(info.open))}"
    known = [name for name in SHOWN_INSIDE if name in info.runtime]
    inside = ", ".join(f"{name} {info.runtime[name]}" for name in known)
    versions = f"; inside: {code(inside)}" if inside else ""
    return Markdown(f"{code(info.level)}, {walls}{versions}")
