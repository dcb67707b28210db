"""Which runs a larger model would get: what to build for escalation in phase 2."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

from pytest_overnight.reporting.advice.evidence import ASSUMED
from pytest_overnight.reporting.advice.evidence import LEAST_RUNS
from pytest_overnight.reporting.advice.evidence import Evidence
from pytest_overnight.reporting.advice.evidence import bounded
from pytest_overnight.reporting.advice.evidence import challenges
from pytest_overnight.reporting.advice.evidence import ids
from pytest_overnight.reporting.advice.evidence import named
from pytest_overnight.reporting.advice.items import Advice
from pytest_overnight.reporting.advice.items import Area
from pytest_overnight.reporting.markdown import Markdown
from pytest_overnight.reporting.markdown import percent
from pytest_overnight.reporting.markdown import plural
from pytest_overnight.rules.outcome import Outcome

STUCK = (Outcome.LOOP, Outcome.MALFORMED, Outcome.CONTEXT)
"""Ends that the harness sees coming while the run goes on: it can hand over there,
without knowing a hidden test's answer."""


def never_solved(evidence: Evidence) -> Iterator[Advice]:
    """Challenges that the model never solves: there is nothing to lose."""
    never = [one.test_id for one in evidence.patterns.always_missed]
    runs = [run for run in evidence.counted if run.test_id in never]
    if runs:
        share = percent(len(runs) / len(evidence.counted))
        yield Advice(
            rule="escalate_never_solved",
            area=Area.PHASE2,
            title=Markdown(f"Send {named(never)} to a larger model from the start"),
            because=Markdown(
                f"None of {plural(len(runs), 'run')} of "
                f"{plural(len(never), 'challenge')} was solved. To send all of them "
                f"would hand over {share} of the runs. What a larger model makes of "
                "them nobody has measured."
            ),
            steps=(
                Markdown(
                    "Measure it first: play these challenges with a larger model "
                    "(`--model`, `--challenge`)."
                ),
                Markdown(
                    "Then route by kind of task before the first round; the "
                    "challenge's id must not decide, for outside the suite there is "
                    "none."
                ),
            ),
            check=Markdown(
                "Solved runs per hour of the larger model, against giving it as many "
                "runs drawn by lot."
            ),
            gain=None,
            effort="days",
            run_ids=ids(runs),
            causal=False,
        )


def stuck(evidence: Evidence) -> Iterator[Advice]:
    """Runs of solvable challenges that ended stuck: hand over where they do."""
    never = {one.test_id for one in evidence.patterns.always_missed}
    runs = [run for run in evidence.ended(*STUCK) if run.test_id not in never]
    if len(runs) < LEAST_RUNS:
        return
    counts = Counter(run.outcome for run in runs).most_common()
    how = ", ".join(f"{number} `{outcome}`" for outcome, number in counts)
    share = percent(len(runs) / len(evidence.counted))
    yield Advice(
        rule="escalate_stuck",
        area=Area.PHASE2,
        title=Markdown("Hand over to a larger model when a run is stuck"),
        because=Markdown(
            f"{plural(len(runs), 'missed run')} of {named(challenges(runs))} ended "
            f"stuck ({how}), {share} of all that count: so many would be handed over. "
            f"{ASSUMED} A larger model may do better than that, or worse."
        ),
        steps=(
            Markdown(
                "Where the loop now stops (`pytest_overnight/agents/guard.py`: loop, "
                "malformed, context), go on with the larger model in its place."
            ),
            Markdown(
                "Give it the task and the files as they are, not the conversation that "
                "went wrong."
            ),
            Markdown(
                "Note the hand-over in the ledger, so that rates of both can be told "
                "apart."
            ),
        ),
        check=Markdown(
            "Play a night with it: the share handed over, the share of these solved, "
            "and the same against as many runs handed over by lot."
        ),
        gain=bounded(evidence, runs),
        effort="days",
        run_ids=ids(runs),
        causal=False,
    )
