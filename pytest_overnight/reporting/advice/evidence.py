"""All that advice is drawn from: a night, and what was found out about it."""

from __future__ import annotations

from collections.abc import Collection
from collections.abc import Iterable
from collections.abc import Mapping
from dataclasses import dataclass
from dataclasses import field
from typing import Any

from pytest_overnight.records.drift import Drift
from pytest_overnight.records.drift import drift_of
from pytest_overnight.records.record import RunRecord
from pytest_overnight.reporting.advice.items import Gain
from pytest_overnight.reporting.comparison import Comparison
from pytest_overnight.reporting.failures import FailurePatterns
from pytest_overnight.reporting.hrm import HrmProgress
from pytest_overnight.reporting.ledgers import LedgerFacts
from pytest_overnight.reporting.markdown import Markdown
from pytest_overnight.reporting.markdown import text
from pytest_overnight.reporting.night import Night
from pytest_overnight.reporting.statistics import Rate
from pytest_overnight.reporting.summary import NightSummary
from pytest_overnight.reporting.summary import in_order
from pytest_overnight.settings import Settings

LEAST_RUNS = 3
"""Runs of one kind that a description stands on: fewer are an accident."""
MOST_NAMED = 6
"""Challenges named in a sentence."""


@dataclass(frozen=True, slots=True)
class Evidence:
    """What every rule is given. Rules only read it."""

    night: Night
    summary: NightSummary
    patterns: FailurePatterns
    ledgers: Mapping[str, LedgerFacts]
    comparison: Comparison | None
    hrm: HrmProgress | None
    runs: tuple[RunRecord, ...]
    """All of the night, by level, challenge and repetition."""
    counted: tuple[RunRecord, ...]
    """Those of them that count."""
    rates: Mapping[str, Rate]
    """Challenge → solved of counted."""
    drift: Drift
    """How speed and GPU memory went through the night."""
    given: frozenset[str] = field(default=frozenset())
    """Names of the causal rules that gave advice: descriptions do not repeat them."""

    @property
    def missed(self) -> tuple[RunRecord, ...]:
        """Counted runs that were not solved."""
        return tuple(run for run in self.counted if not run.success)

    def ended(self, *outcomes: str) -> list[RunRecord]:
        """Runs, void ones too, with one of these outcomes."""
        return [run for run in self.runs if run.outcome in outcomes]

    def setting(self, name: str) -> Any:
        """As the night had it; of a night without a master log, its default."""
        settings = self.night.master.settings if self.night.master else {}
        return settings.get(name, _DEFAULTS.get(name))

    def filled(self, step: str) -> Markdown:
        """Our own words with the night's settings for ``{num_ctx}``, ``{more_ctx}`` ….

        Only numbers are put in: a master log can be edited.
        """
        for name in _DEFAULTS:
            value = self.setting(name)
            number = value if isinstance(value, int) else 0
            step = step.replace(f"{{{name}}}", str(number or "N"))
            more = name.replace("num", "more")
            step = step.replace(f"{{{more}}}", str(2 * number or "N"))
        return Markdown(step)


_DEFAULTS: dict[str, Any] = {
    name: Settings.__dataclass_fields__[name].default
    for name in (
        "num_ctx",
        "num_predict",
        "think",
        "max_rounds",
        "max_actions",
        "slots",
    )
}


def evidence_of(
    night: Night,
    summary: NightSummary,
    patterns: FailurePatterns,
    ledgers: Mapping[str, LedgerFacts],
    comparison: Comparison | None,
    hrm: HrmProgress | None,
) -> Evidence:
    """Put it together."""
    runs = tuple(in_order(night.runs))
    return Evidence(
        night=night,
        summary=summary,
        patterns=patterns,
        ledgers=ledgers,
        comparison=comparison,
        hrm=hrm,
        runs=runs,
        counted=tuple(run for run in runs if run.counted),
        rates={one.test_id: one.rate for one in summary.challenges},
        drift=drift_of(runs),
    )


def bounded(evidence: Evidence, runs: Collection[RunRecord]) -> Gain | None:
    """What could be had of ``runs``, all of them missed or void, were they played anew.

    Expected is that each is solved as often as its challenge was, over all counted
    runs: those that were not missed so are solved more often just because these were
    taken away. Whether the advice brings that about nobody has tested: so the low end
    is 0, and the high end all of them. Null without runs.
    """
    if not runs:
        return None
    expected = sum(evidence.rates[run.test_id].estimate or 0.0 for run in runs)
    return Gain(expected, 0.0, float(len(runs)))


ASSUMED = Markdown(
    "The gain supposes that they would be solved as often as their challenges were; at "
    "most all of them."
)
"""Beside every gain of :func:`bounded`."""


def ids(runs: Iterable[RunRecord]) -> tuple[str, ...]:
    """Run ids, in the order given."""
    return tuple(run.run_id for run in runs)


def challenges(runs: Iterable[RunRecord]) -> list[str]:
    """Their challenges, each once, in the order given."""
    return list(dict.fromkeys(run.test_id for run in runs))


def named(names: Collection[str], most: int = MOST_NAMED) -> Markdown:
    """``L3-1, L4-2 and 3 more``."""
    shown = [text(name) for name in list(names)[:most]]
    left = len(names) - len(shown)
    return Markdown(", ".join(shown) + (f" and {left} more" if left > 0 else ""))
