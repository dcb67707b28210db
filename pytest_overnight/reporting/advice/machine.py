"""What the night says of machine, server and harness."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from collections.abc import Sequence

from pytest_overnight.records.drift import NOTABLE
from pytest_overnight.records.record import RunRecord
from pytest_overnight.reporting.advice.evidence import ASSUMED
from pytest_overnight.reporting.advice.evidence import Evidence
from pytest_overnight.reporting.advice.evidence import bounded
from pytest_overnight.reporting.advice.evidence import challenges
from pytest_overnight.reporting.advice.evidence import ids
from pytest_overnight.reporting.advice.evidence import named
from pytest_overnight.reporting.advice.items import Advice
from pytest_overnight.reporting.advice.items import Area
from pytest_overnight.reporting.advice.items import Effort
from pytest_overnight.reporting.advice.items import Gain
from pytest_overnight.reporting.failures import IsolationIssue
from pytest_overnight.reporting.markdown import Markdown
from pytest_overnight.reporting.markdown import code
from pytest_overnight.reporting.markdown import percent
from pytest_overnight.reporting.markdown import plural
from pytest_overnight.rules.outcome import Outcome

_CROSSED = {
    "isolation": "ended because the agent reached for what it must not touch",
    "escape_attempt": "tried to reach out of the workspace",
    "orphans": "left processes behind that had to be killed",
    "tampered": "tampered with what grades them",
}
"""What :class:`~.failures.IsolationIssue` calls what, but for ``unprotected``."""


def server_away(evidence: Evidence) -> Iterator[Advice]:
    """Runs lost to the model server or the machine."""
    runs = _unintended(evidence.ended(Outcome.INFRA))
    if runs:
        yield _fix(
            "server_away",
            "Keep the model server up all night",
            f"{plural(len(runs), 'run')} {_are(runs)} void: the model server or the "
            f"machine failed{_most_said(runs)}. {ASSUMED}",
            (
                "The server's own log says why (`journalctl` of the unit `ollama`). "
                "Let it be started again by itself: a systemd unit with "
                "`Restart=always`.",
                "Keep the machine from sleeping: `systemd-inhibit` before the command "
                "that plays the night.",
                "Play these runs now: `run-overnight` with `--resume`.",
            ),
            "No run should be void next time.",
            runs,
            bounded(evidence, runs),
        )


def harness_faults(evidence: Evidence) -> Iterator[Advice]:
    """Runs lost to the harness, or to a challenge that does not work."""
    runs = _unintended(evidence.ended(Outcome.HARNESS))
    if runs:
        yield _fix(
            "harness_faults",
            f"Mend what made runs of {named(challenges(runs), 3)} void",
            f"{plural(len(runs), 'run')} {_are(runs)} void: harness or challenge "
            f"failed{_most_said(runs)}. {ASSUMED}",
            (
                "`pytest-overnight audit` proves for each challenge that right answers "
                "pass and wrong ones do not.",
                "`pytest-overnight doctor` names what disagrees in the night's files.",
                "Play these runs again: `run-overnight` with `--resume`.",
            ),
            "No run should be void next time.",
            runs,
            bounded(evidence, runs),
            "hours",
        )


def _unintended(runs: Sequence[RunRecord]) -> list[RunRecord]:
    """Without those that a rehearsal's script meant to be so."""
    return [run for run in runs if run.agent.intended_outcome != run.outcome]


def _are(runs: Sequence[RunRecord]) -> str:
    return "is" if len(runs) == 1 else "are"


def _most_said(runs: Sequence[RunRecord]) -> str:
    (detail, number), *_ = Counter(run.detail for run in runs).most_common(1)
    return f" (most often, {number}×: {code(detail)})" if detail else ""


def not_reached(evidence: Evidence) -> Iterator[Advice]:
    """Planned runs for which the night was too short."""
    total = evidence.summary.total
    if not total.not_reached or not total.planned or not evidence.runs:
        return  # a night that played nothing was not too short
    counted = len(evidence.runs)
    reason = evidence.night.master.ended_early if evidence.night.master else ""
    why = f" The night ended early: {code(reason)}." if reason else ""
    yield _fix(
        "not_reached",
        "Plan no more than a night can hold",
        f"{total.not_reached} of {plural(total.planned, 'planned run')} "
        f"{'was' if total.not_reached == 1 else 'were'} not reached.{why} They are in "
        "no rate, and those that are missing need not be like the others.",
        (
            "Play the rest: `run-overnight` with `--resume`.",
            "Next time allow more hours (`--until`, `--budget`), or fewer repetitions "
            f"(`--count`): {counted} runs is what this night had room for.",
        ),
        "The next night's preflight says whether its plan fits the time.",
        (),
        None,
    )


def slowed_down(evidence: Evidence) -> Iterator[Advice]:
    """A model that grew slower through the night."""
    speed = evidence.drift.speed
    if speed is None or not speed.fell or "slow_decode" in evidence.given:
        return
    late = sorted(evidence.counted, key=lambda run: run.timestamp_start)
    late = late[-len(late) // 3 :]
    timeouts = [run for run in late if run.outcome == Outcome.TIMEOUT]
    yield _fix(
        "slowed_down",
        "Keep the model at its speed until morning",
        f"The model was {percent(-speed.change)} slower in the last third of the runs "
        f"({speed.last.median:.1f} tokens/s) than in the first "
        f"({speed.first.median:.1f}). "
        + (
            f"{plural(len(timeouts), 'run')} of that third ran out of time. {ASSUMED}"
            if timeouts
            else "No run of that third ran out of time."
        ),
        (
            "Look for heat: `nvidia-smi` shows temperature and clock. Pauses cool: "
            "`--overnight-min-gap 2`.",
            "Look for others that use GPU or processors from some hour on.",
        ),
        "The report's section on the machine compares the thirds again.",
        timeouts or late,
        bounded(evidence, timeouts),
        "hours",
    )


def gpu_spilled(evidence: Evidence) -> Iterator[Advice]:
    """A model that did not fit into GPU memory, be it in all runs."""
    share = evidence.drift.gpu
    if share is None or not share.spilled or "gpu_spill" in evidence.given:
        return
    runs = [
        run
        for run in evidence.counted
        if run.machine
        and run.machine.gpu_share is not None
        and run.machine.gpu_share < 1 - NOTABLE
    ]
    timeouts = [run for run in runs if run.outcome == Outcome.TIMEOUT]
    yield _fix(
        "gpu_spilled",
        "Fit the whole model into GPU memory",
        f"As {plural(len(runs), 'run')} began, only {percent(share.low)} to "
        f"{percent(share.high)} of the model lay in GPU memory; the processor did the "
        "rest, slowly. "
        + (
            f"{plural(len(timeouts), 'run')} of these ran out of time. {ASSUMED}"
            if timeouts
            else "None of these ran out of time."
        ),
        (
            "`ollama ps` must say `100% GPU`. Let nothing else use the GPU.",
            "Start the server with `OLLAMA_FLASH_ATTENTION=1` and "
            "`OLLAMA_KV_CACHE_TYPE=q8_0`; or take a smaller window "
            "(`--overnight-num-ctx`) or quantization (`--model`).",
        ),
        "The report's section on the machine says how much lay in GPU memory.",
        timeouts or runs,
        bounded(evidence, timeouts),
    )


def unprotected(evidence: Evidence) -> Iterator[Advice]:
    """Runs whose agent code could have read the hidden tests."""
    runs = [run for run in evidence.runs if not run.sandbox.protected]
    if runs:
        levels = sorted({run.sandbox.level for run in runs})
        yield _fix(
            "unprotected",
            "Put a sandbox around the agent's code",
            f"In {len(runs)} of {plural(len(evidence.runs), 'run')} the agent's code "
            "could have read the hidden tests (sandbox "
            f"{', '.join(code(level) for level in levels)}): their passes prove less.",
            (
                "Install bubblewrap (Debian, Ubuntu: the package `bubblewrap`); "
                "`run-overnight` says in its preflight what the self-test proves.",
                "Refuse to start without: `--overnight-require-sandbox bubblewrap`.",
            ),
            "The report's first lines say which sandbox held.",
            runs,
            None,
        )


def reached_out(evidence: Evidence) -> Iterator[Advice]:
    """Runs that did something about the walls around them."""
    for issue in evidence.patterns.isolation:
        if issue.what in _CROSSED:
            yield _crossed(evidence, issue)


def _crossed(evidence: Evidence, issue: IsolationIssue) -> Advice:
    said = f" (first: {code(issue.detail)})" if issue.detail else ""
    by_id = {run.run_id: run for run in evidence.runs}
    runs = [by_id[run_id] for run_id in issue.run_ids if run_id in by_id]
    return _fix(
        f"reached_out_{issue.what}",
        "Look at what runs did to the walls around them",
        f"{plural(len(runs), 'run')} {_CROSSED[issue.what]}{said}.",
        (
            "Read `logs/…-ledger.log` of these runs: was it an accident, such as a "
            "wrong path, or a search for the tests?",
            "What the walls are: `docs/security.md`.",
        ),
        "The report lists such runs under *Workspace isolation*.",
        runs,
        None,
    )


def _fix(
    rule: str,
    title: str,
    because: str,
    steps: Sequence[str],
    check: str,
    runs: Sequence[RunRecord],
    gain: Gain | None,
    effort: Effort = "minutes",
) -> Advice:
    """All texts are Markdown, with what is quoted in them quoted already."""
    return Advice(
        rule=rule,
        area=Area.INFRASTRUCTURE,
        title=Markdown(title),
        because=Markdown(because),
        steps=tuple(Markdown(step) for step in steps),
        check=Markdown(check),
        gain=gain,
        effort=effort,
        run_ids=ids(runs),
        causal=False,
    )
