"""How often the intervals of a report hold what they should: coverage and width.

    python benchmarks/coverage.py [--nights 20000] [--seed 1] [--out FILE]

Wilson's interval of one challenge is summed up exactly over a fine grid of true rates.
The two intervals of a mean over challenges are simulated: nights are drawn, and an
interval holds when the true mean lies in it, of these challenges or of all of their
kind. Beside the library's: mean ± 1.96 errors with (c+1)/(n+2) for each rate, MOVER
(Zou & Donner 2008) and a plain t interval. The library's formulas are written once more
for whole arrays, and held equal to the library's on some nights of each row. Status 1
when a target is missed.
"""

from __future__ import annotations

import argparse
import math
import sys
from collections.abc import Callable
from collections.abc import Iterable
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import numpy.typing as npt
from scipy.special import stdtrit
from scipy.stats import binom

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from pytest_overnight.reporting.statistics import PSEUDO_CHALLENGES  # noqa: E402
from pytest_overnight.reporting.statistics import PSEUDO_RUNS  # noqa: E402
from pytest_overnight.reporting.statistics import Interval  # noqa: E402
from pytest_overnight.reporting.statistics import MeanRate  # noqa: E402
from pytest_overnight.reporting.statistics import Rate  # noqa: E402
from pytest_overnight.reporting.statistics import mean_rate  # noqa: E402
from pytest_overnight.reporting.statistics import population_rate  # noqa: E402
from pytest_overnight.reporting.statistics import wilson  # noqa: E402

Array = npt.NDArray[np.float64]
Ends = tuple[Array, Array]
Method = Callable[[Array, Array], Ends]
Draw = Callable[[np.random.Generator, tuple[int, int]], Array]

MEAN_WILSON, LEAST = (0.94, 0.97), 0.93
CHALLENGES = (3, 9, 23)
Z = 1.959963984540054
CHECKED = 100
"""Nights of each row on which the library itself is asked."""

REPETITIONS: dict[str, tuple[int, ...]] = {
    "3": (3,),
    "5": (5,),
    "10": (10,),
    "20": (20,),
    "10, 5, 3 …": (10, 5, 3),
    "20, 20, 3 …": (20, 20, 3),
}
"""Of the challenges, in turn."""
FEW: dict[str, tuple[int, ...]] = {"1": (1,), "10, 1 …": (10, 1), **REPETITIONS}

THESE: dict[str, Draw] = {
    "uniform": lambda draw, shape: draw.random(shape),
    "Beta(½, ½)": lambda draw, shape: draw.beta(0.5, 0.5, shape),
    "all 0.5": lambda draw, shape: np.full(shape, 0.5),
    "all 0.9": lambda draw, shape: np.full(shape, 0.9),
    "all 1": lambda draw, shape: np.ones(shape),
}
"""True rates of the challenges of a night."""

HARDEST: dict[str, Draw] = {
    "all 0.5": THESE["all 0.5"],
    "all 0.97": lambda draw, shape: np.full(shape, 0.97),
    "third 0.5, others 1": lambda draw, shape: np.tile(
        np.where(np.arange(shape[1]) == 2, 0.5, 1.0), (shape[0], 1)
    ),
}
"""Made to break the interval: printed, with no target."""

KINDS: dict[str, tuple[float, Draw]] = {
    "uniform": (0.5, THESE["uniform"]),
    "Beta(½, ½)": (0.5, THESE["Beta(½, ½)"]),
    "Beta(8, 2)": (0.8, lambda draw, shape: draw.beta(8, 2, shape)),
    "half 0.2, half 0.9": (0.55, lambda d, s: np.where(d.random(s) < 0.5, 0.2, 0.9)),
    "half never, half always": (0.5, lambda d, s: (d.random(s) < 0.5) * 1.0),
    "1 in 10 never, others always": (0.9, lambda d, s: (d.random(s) < 0.9) * 1.0),
    "all 0.9": (0.9, THESE["all 0.9"]),
}
"""Kinds of challenges: true mean, and how their rates are drawn."""


def score(p: Array, n: Array | float, z: Array | float) -> Ends:
    """Wilson's interval, for shares of any number of runs."""
    half = z * np.sqrt(p * (1 - p) / n + (z / (2 * n)) ** 2)
    low, high = ((p + z * z / (2 * n) + e) / (1 + z * z / n) for e in (-half, half))
    return np.where(p > 0, np.maximum(0, low), 0), np.where(
        p < 1, np.minimum(1, high), 1
    )


def these(solved: Array, runs: Array) -> Ends:
    """``mean_rate``, a night a row."""
    p = solved / runs
    mean = p.mean(1)
    most = mean * (1 - mean)
    v = (runs * p * (1 - p) + PSEUDO_RUNS * most[:, None]) / (runs - 1 + PSEUDO_RUNS)
    parts = np.where(most[:, None] > 0, v, 1) / runs
    squares = (parts**2 / (runs - 1 + PSEUDO_RUNS)).sum(1)
    freedom = parts.sum(1) ** 2 / squares
    effective = np.where(most > 0, most, 1) * p.shape[1] ** 2 / parts.sum(1)
    return score(mean, effective, stdtrit(freedom, 0.975))


def smoothed_normal(solved: Array, runs: Array) -> Ends:
    """Mean ± 1.96 errors of (c+1)/(n+2)."""
    p = (solved + 1) / (runs + 2)
    variance = (p * (1 - p) / np.maximum(runs - 1, 1)).sum(1)
    return around((solved / runs).mean(1), Z * np.sqrt(variance) / p.shape[1])


def mover(solved: Array, runs: Array) -> Ends:
    """Wilson's distances of all challenges, added as errors are."""
    p = solved / runs
    low, high = score(p, runs, Z)
    below, above = (np.sqrt((d**2).sum(1)) / p.shape[1] for d in (p - low, high - p))
    return p.mean(1) - below, p.mean(1) + above


def like_these(solved: Array, runs: Array) -> Ends:
    """``population_rate``, a night a row."""
    p, number = solved / runs, runs.shape[1]
    mean, t = p.mean(1), float(stdtrit(number - 1, 0.975))
    most = mean * (1 - mean)
    squares = ((p - mean[:, None]) ** 2).sum(1) + PSEUDO_CHALLENGES * most
    with np.errstate(invalid="ignore"):
        n = number * most * (number - 1 + PSEUDO_CHALLENGES) / squares
    own = score(mean, np.where(most > 0, n, number), t)
    same, one = these(solved, runs), np.ones(1)
    least, greatest = score(one, number, t)[0], score(0 * one, number, t)[1]
    low = np.minimum(np.minimum(own[0], same[0]), least)
    return low, np.maximum(np.maximum(own[1], same[1]), greatest)


def plain_t(solved: Array, runs: Array) -> Ends:
    """Mean ± t errors of the challenges' rates."""
    p, number = solved / runs, runs.shape[1]
    error = p.std(1, ddof=1) / math.sqrt(number)
    return around(p.mean(1), float(stdtrit(number - 1, 0.975)) * error)


def around(mean: Array, half: Array) -> Ends:
    """As far as shares go."""
    return np.maximum(0, mean - half), np.minimum(1, mean + half)


def check(
    ends: Ends, solved: Array, runs: Array, ask: Callable[[Iterable[Rate]], MeanRate]
) -> None:
    """Hold the formulas above equal to the library's."""
    for night in range(min(CHECKED, len(solved))):
        rates = [
            Rate(int(c), int(n))
            for c, n in zip(solved[night], runs[night], strict=True)
        ]
        found = ask(rates).interval
        if not np.allclose((found.low, found.high), [end[night] for end in ends]):
            raise SystemExit(f"{ask.__name__} differs from this benchmark on {rates}")


def held(ends: Ends, truth: Array | float) -> tuple[float, float]:
    """Coverage, and mean width."""
    low, high = ends
    inside = (low <= truth + 1e-9) & (truth <= high + 1e-9)
    return float(inside.mean()), float((high - low).mean())


def exact(ends: Sequence[Interval]) -> tuple[float, str, str]:
    """Of 0, 1, … successes: mean coverage over all p, the least, and its p."""
    n, grid = len(ends) - 1, (np.arange(20_000) + 0.5) / 20_000
    inside = [(end.low <= grid) & (grid <= end.high) for end in ends]
    chances = [binom.pmf(c, n, grid) for c in range(n + 1)]
    cover = np.sum(np.multiply(inside, chances), axis=0)
    worst = cover.argmin()
    return float(cover.mean()), f"{cover[worst]:.1%}", f"{grid[worst]:.4f}"


class Simulation:
    """Draws nights, and keeps what was printed and missed."""

    def __init__(self, nights: int, seed: int) -> None:
        """``nights`` a row."""
        self.nights = nights
        self.draw = np.random.default_rng(seed)
        self.lines: list[str] = []
        self.missed: list[str] = []

    def say(self, *lines: str) -> None:
        """Print now, keep for a file."""
        print(*lines, sep="\n", flush=True)
        self.lines += lines

    def row(self, *cells: str) -> None:
        """Of a Markdown table."""
        self.say("| " + " | ".join(cells) + " |")

    def target(self, met: bool, what: str) -> str:
        """Remember what was missed, and mark it."""
        if not met:
            self.missed.append(what)
        return "" if met else " ✗"

    def night(self, rates: Array, repetitions: Sequence[int]) -> tuple[Array, Array]:
        """Solved and runs of each challenge, a night a row."""
        turns = np.resize(np.array(repetitions), rates.shape[1])
        solved = self.draw.binomial(turns, rates)
        return solved.astype(float), np.tile(turns.astype(float), (len(rates), 1))

    def wilson(self) -> None:
        """One challenge, exactly."""
        self.say("## One challenge: Wilson's interval, exact", "")
        self.say("| n | mean coverage | least | at p |", "| --: | --: | --: | --: |")
        for n in range(3, 21):
            mean, *least = exact([wilson(c, n) for c in range(n + 1)])
            met = MEAN_WILSON[0] <= mean <= MEAN_WILSON[1]
            mark = self.target(met, f"Wilson, n = {n}: {mean:.2%}")
            self.row(str(n), f"{mean:.2%}{mark}", *least)

    def never_or_always(self) -> None:
        """The farthest that challenges of a kind can lie apart, exactly."""
        self.say("| challenges | mean coverage | least | at a share of |")
        self.say("| --: | --: | --: | --: |")
        for number in CHALLENGES:
            nights = [
                [Rate(5, 5)] * c + [Rate(0, 5)] * (number - c)
                for c in range(number + 1)
            ]
            mean, *least = exact([population_rate(night).interval for night in nights])
            mark = self.target(mean >= LEAST, f"never or always, {number}: {mean:.2%}")
            self.row(str(number), f"{mean:.2%}{mark}", *least)

    def these(self, kinds: dict[str, Draw], *, wanted: bool) -> None:
        """A mean over these challenges; few runs only where it need not hold."""
        methods = {"ours": these, "smoothed normal": smoothed_normal, "MOVER": mover}
        self._head(list(methods))
        for kind, draw in kinds.items():
            for number in CHALLENGES:
                for label, repetitions in (REPETITIONS if wanted else FEW).items():
                    rates = draw(self.draw, (self.nights, number))
                    night = self.night(rates, repetitions)
                    check(these(*night), *night, mean_rate)
                    where = kind, str(number), label
                    self._cells(where, methods, night, rates.mean(1), wanted=wanted)

    def like_these(self) -> None:
        """A mean over challenges of which these were drawn."""
        methods = {"ours": like_these, "plain t": plain_t}
        self._head(list(methods))
        for kind, (mean, draw) in KINDS.items():
            for number in CHALLENGES:
                for label in ("5", "10"):
                    rates = draw(self.draw, (self.nights, number))
                    night = self.night(rates, REPETITIONS[label])
                    check(like_these(*night), *night, population_rate)
                    where = kind, str(number), label
                    self._cells(where, methods, night, mean, wanted=True)

    def _head(self, methods: list[str]) -> None:
        columns = [f"{name}: {what}" for name in methods for what in ("holds", "width")]
        self.row("true rates", "challenges", "runs of each", *columns)
        self.say("| --- | --: | --: |" + " --: |" * len(columns))

    def _cells(
        self,
        where: tuple[str, str, str],
        methods: dict[str, Method],
        night: tuple[Array, Array],
        truth: Array | float,
        *,
        wanted: bool,
    ) -> None:
        cells = []
        for name, method in methods.items():
            cover, width = held(method(*night), truth)
            what = f"{', '.join(where)}: {cover:.1%}"
            asked = wanted and name == "ours"
            mark = self.target(cover >= LEAST, what) if asked else ""
            cells += [f"{cover:.1%}{mark}", f"{width:.3f}"]
        self.row(*where, *cells)


def main() -> int:
    """Print all tables."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--nights", type=int, default=20_000, help="a row: %(default)s")
    parser.add_argument("--seed", type=int, default=1, help="default: %(default)s")
    parser.add_argument("--out", type=Path, help="write the same Markdown to this file")
    options = parser.parse_args()
    simulation = Simulation(options.nights, options.seed)
    simulation.wilson()
    simulation.say("", "## Mean over these challenges", "")
    simulation.these(THESE, wanted=True)
    simulation.say("", "## The same, made to be hard (no target)", "")
    simulation.these(HARDEST, wanted=False)
    simulation.say("", "## Mean over challenges like these", "")
    simulation.like_these()
    simulation.say("", "## The same, each challenge solved never or always, exact", "")
    simulation.never_or_always()
    missed = simulation.missed
    simulation.say("", f"{len(missed)} targets missed", *(f"- {one}" for one in missed))
    if options.out:
        options.out.write_text("\n".join(simulation.lines) + "\n", encoding="utf-8")
    return 1 if missed else 0


if __name__ == "__main__":
    raise SystemExit(main())
