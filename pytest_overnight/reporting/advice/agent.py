"""What the night says of the agent, in descriptions: none of these claims a cause."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

from pytest_overnight.records.record import RunRecord
from pytest_overnight.reporting.advice.evidence import ASSUMED
from pytest_overnight.reporting.advice.evidence import LEAST_RUNS
from pytest_overnight.reporting.advice.evidence import Evidence
from pytest_overnight.reporting.advice.evidence import bounded
from pytest_overnight.reporting.advice.evidence import ids
from pytest_overnight.reporting.advice.evidence import named
from pytest_overnight.reporting.advice.items import Advice
from pytest_overnight.reporting.advice.items import Area
from pytest_overnight.reporting.failures import AlwaysMissed
from pytest_overnight.reporting.ledgers import tool_rates
from pytest_overnight.reporting.markdown import Markdown
from pytest_overnight.reporting.markdown import code
from pytest_overnight.reporting.markdown import percent
from pytest_overnight.reporting.markdown import plural
from pytest_overnight.reporting.markdown import points
from pytest_overnight.rules.outcome import Outcome

LEAST_CALLS = 20
"""Calls of a tool, below which its rate says little, …"""
LEAST_USERS = 5
"""… and runs that made them: calls of one run are all alike."""
GOOD_CALLS = 0.7
"""Share of a tool's calls that succeed, below which it is in the agent's way."""
MOST_TESTS = 4
"""Hidden tests named in a sentence."""
WORSE = "worse_than_before"
"""Name of the rule whose advice comes first."""
_UNCHECKED = {"unverified", "never_ran_tests"}
MOST_PARTINGS = 2
"""Places at which missed runs part: the clearest."""


def unchecked(evidence: Evidence) -> Iterator[Advice]:
    """Wrong answers that were handed in unchecked, more often than right ones were."""
    if _UNCHECKED & evidence.given:
        return
    able = {one.test_id for one in evidence.patterns.mixed}
    runs = [run for run in evidence.counted if run.test_id in able]
    wrong = [run for run in runs if run.outcome == Outcome.WRONG_ANSWER]
    right = [run for run in runs if run.success]
    blind = [run for run in wrong if _UNCHECKED & set(run.tags)]
    as_blind = sum(bool(_UNCHECKED & set(run.tags)) for run in right)
    if len(blind) < LEAST_RUNS or len(blind) * len(right) <= as_blind * len(wrong):
        return
    yield Advice(
        rule="finished_unchecked",
        area=Area.AGENT,
        title=Markdown("Have the agent check its work before it finishes"),
        because=Markdown(
            f"In challenges that were solved at other times, {len(blind)} of "
            f"{plural(len(wrong), 'wrong answer')} were handed in without a test, or "
            f"without trying the last change; of {plural(len(right), 'right answer')} "
            f"{as_blind}. That may be chance, and what it cost is not known."
        ),
        steps=(
            Markdown(
                "Ask for it in the system prompt (`pytest_overnight/agents/prompts.py`)"
                ": run the tests, write some where there are none, finish then."
            ),
            Markdown("Or have `finish` answered once with that request."),
        ),
        check=Markdown(
            "Play these challenges again: the tags `unverified` and `never_ran_tests` "
            "should be gone, and more runs solved."
        ),
        gain=None,
        effort="hours",
        run_ids=ids(blind),
        causal=False,
    )


def lacking_ability(evidence: Evidence) -> Iterator[Advice]:
    """Challenges that no run solved, and the hidden tests that show what is lacking."""
    never = [one for one in evidence.patterns.always_missed if one.shared]
    if not never:
        return
    yield Advice(
        rule="lacking_ability",
        area=Area.AGENT,
        title=Markdown(
            f"Learn what is lacking for {named([one.test_id for one in never])}"
        ),
        because=Markdown(
            f"No run solved {plural(len(never), 'challenge')}: "
            + "; ".join(_lacking(one) for one in never)
            + ". What it would gain cannot be told: there is no solved run."
        ),
        steps=(
            Markdown(
                "Read the instruction with these tests in mind "
                "(`pytest-overnight show`), then what the runs did: "
                "`logs/…-ledger.log`."
            ),
            Markdown(
                "Give the agent what is lacking: a hint in the system prompt, a tool, "
                "or a stronger model."
            ),
        ),
        check=Markdown("Play them again: do any of these tests pass?"),
        gain=None,
        effort="days",
        run_ids=tuple(run_id for one in never for run_id in one.run_ids),
        causal=False,
    )


def _lacking(one: AlwaysMissed) -> str:
    tests = [code(check.name, 60) for check in one.shared[:MOST_TESTS]]
    left = len(one.shared) - len(tests)
    more = f" and {left} more" if left else ""
    return f"{named([one.test_id])} ({one.rate.n} runs) never passed " + (
        ", ".join(tests) + more + f" ({one.shared[0].rate.n} asked)"
    )


def failing_tools(evidence: Evidence) -> Iterator[Advice]:
    """Tools whose calls fail often."""
    if any(
        rule.startswith(("tool_error", "failing_actions")) for rule in evidence.given
    ):
        return
    for one in tool_rates(evidence.ledgers):
        share = one.rate.estimate
        few = one.rate.n < LEAST_CALLS or len(one.runs) < LEAST_USERS
        if few or share is None or share >= GOOD_CALLS:
            continue
        most = f"; most often {code(one.errors[0][0])}" if one.errors else ""
        yield Advice(
            rule=f"tool {one.tool}",
            area=Area.AGENT,
            title=Markdown(f"Make {code(one.tool, 40)} succeed more often"),
            because=Markdown(
                f"Only {percent(share)} of its {one.rate.n} calls in {len(one.runs)} "
                f"runs were answered without an error{most}. Solved and missed runs "
                "alike: what it cost is not known."
            ),
            steps=(
                Markdown(
                    "Say in the tool's description what it wants "
                    "(`pytest_overnight/agents/tools.py`), or have its answer say what "
                    "to do instead."
                ),
            ),
            check=Markdown("The report's table of tools shows its rate next time."),
            gain=None,
            effort="hours",
            run_ids=one.runs,
            causal=False,
        )


def parting(evidence: Evidence) -> Iterator[Advice]:
    """Places at which missed runs of a challenge leave the way of solved ones."""
    clear = [one for one in evidence.patterns.divergences if one.clear]
    by_id = {run.run_id: run for run in evidence.runs}
    for one in clear[:MOST_PARTINGS]:
        if len(one.missed) < LEAST_RUNS or not one.ways:
            continue
        runs: list[RunRecord] = [by_id[i] for i in one.missed if i in by_id]
        after = code(one.after, 60) if one.after else "the start"
        solved = code(one.solved_ways[0].move, 60) if one.solved_ways else None
        yield Advice(
            rule=f"parting {one.test_id}",
            area=Area.AGENT,
            title=Markdown(f"Look at where missed runs of {named([one.test_id])} part"),
            because=Markdown(
                f"After {after}, {len(one.missed)} of {one.missed_in_all} missed runs "
                f"went a way that no solved run went, most often "
                f"{code(one.ways[0].move, 60)}"
                + (f", where solved ones went on with {solved}" if solved else "")
                + f". By lot that happens in {percent(one.chance)} of cases, not "
                f"corrected for the many places looked at. {ASSUMED}"
            ),
            steps=(
                Markdown(
                    "Read `logs/…-ledger.log` of one of these runs and of a solved one "
                    "side by side up to that place."
                ),
                Markdown(
                    "Tell the agent in the system prompt which way to go, in general "
                    "words: the suite is not to be learnt by heart."
                ),
            ),
            check=Markdown("Play the challenge again: do runs still part there?"),
            gain=bounded(evidence, runs),
            effort="hours",
            run_ids=one.missed,
            causal=False,
        )


def worse_than_before(evidence: Evidence) -> Iterator[Advice]:
    """What got worse since the last comparable night."""
    found = evidence.comparison
    if found is None or (found.verdict != "worse" and not found.broken):
        return
    paired = {pair.test_id for pair in found.pairs}
    wanted = set(found.broken) or paired
    runs = [run for run in evidence.missed if run.test_id in wanted]
    broken = f"; surely in {named(found.broken)}" if found.broken else ""
    differs = "; ".join(code(said) for said in found.changed[:MOST_TESTS])
    counts = Counter(run.outcome for run in runs).most_common(2)
    lost = ", ".join(f"{number} `{outcome}`" for outcome, number in counts)
    yield Advice(
        rule=WORSE,
        area=Area.AGENT,
        title=Markdown("Take back what made it worse than the night before"),
        because=Markdown(
            f"On the {plural(len(found.pairs), 'challenge')} of both nights the pass "
            f"rate changed by {points(found.difference)} points since "
            f"{code(found.session_before)}{broken} ({lost}). "
            + (
                f"What else differs: {differs}."
                if differs
                else "Nothing else is known to differ."
            )
        ),
        steps=(
            Markdown("Play the challenges named with the former model and settings."),
            Markdown("Change back one thing at a time where several differ."),
        ),
        check=Markdown("The next report compares again."),
        gain=None,
        effort="hours",
        run_ids=ids(runs),
        causal=False,
    )
