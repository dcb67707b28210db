"""The executive summary's sentences: what a reader with one minute must know."""

from __future__ import annotations

from collections.abc import Iterator
from collections.abc import Sequence
from dataclasses import dataclass

from pytest_overnight.records.record import Criterion
from pytest_overnight.reporting import provenance
from pytest_overnight.reporting.machine import Machine
from pytest_overnight.reporting.markdown import Markdown
from pytest_overnight.reporting.markdown import plural
from pytest_overnight.reporting.markdown import text
from pytest_overnight.reporting.markdown import wrap
from pytest_overnight.reporting.night import Night


@dataclass(frozen=True, slots=True)
class Criteria:
    """The plan's success criteria, as the master log has them."""

    all: tuple[Criterion, ...]

    @property
    def minimum(self) -> tuple[Criterion, ...]:
        """Those of a night worth its name."""
        return tuple(one for one in self.all if not one.stretch)

    @property
    def stretch(self) -> tuple[Criterion, ...]:
        """Those beyond."""
        return tuple(one for one in self.all if one.stretch)

    @property
    def met(self) -> int:
        """How many of the minimum."""
        return sum(one.met is True for one in self.minimum)

    @staticmethod
    def word(one: Criterion) -> Markdown:
        """``met``, ``**MISSED**`` or ``not measured``."""
        if one.met is None:
            return Markdown("not measured")
        return Markdown("met" if one.met else "**MISSED**")


def cautions(night: Night, machine: Machine, agents: int) -> list[Markdown]:
    """What makes this night's numbers mean less than they say, worst first."""
    return list(_cautions(night, machine, agents))


def _cautions(night: Night, machine: Machine, agents: int) -> Iterator[Markdown]:
    if night.master and night.master.end_time is None:
        yield Markdown("The night had not ended when this was written.")
    if ended := provenance.ended_early(night):
        yield wrap(ended, 2)
    if unprotected := provenance.unprotected(night):
        yield wrap(
            f"In {len(unprotected)} of {plural(len(night.runs), 'run')} the agent's "
            "code could have read the hidden tests.",
            2,
        )
    if agents > 1:
        yield Markdown(
            f"{agents} different agents worked this night; every rate mixes them."
        )
    for warning in machine.warnings:
        yield wrap(warning, 2)
    if night.problems:
        count = plural(len(night.problems), "thing")
        yield _listed(f"{count} missing or left out:", night.problems)


def _listed(head: str, lines: Sequence[str], most: int = 10) -> Markdown:
    shown = [f"  - {wrap(line, 4)}" for line in lines[:most]]
    if more := len(lines) - most:
        shown += [f"  - and {more} more"] if more > 0 else []
    return Markdown("\n".join([text(head), *shown]))
