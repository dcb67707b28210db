"""The view of a night drawn for a terminal, with rich.

What agents, suites and servers say is never markup, and shows its escapes. Colours are
the terminal's own eight, and nothing is said by a colour alone: they must do on dark
and on light, and where there are none.
"""

from __future__ import annotations

from collections.abc import Callable
from collections.abc import Iterable
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from datetime import timedelta

from rich.console import Console
from rich.console import ConsoleOptions
from rich.console import Group
from rich.console import RenderableType
from rich.console import RenderResult
from rich.measure import Measurement
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from pytest_overnight.records.banner import banner
from pytest_overnight.records.plain import one_line
from pytest_overnight.records.plain import shortened
from pytest_overnight.reporting.statistics import Rate
from pytest_overnight.reporting.under_way import UnderWay
from pytest_overnight.reporting.watching import MOST_FAILURES
from pytest_overnight.reporting.watching import Count
from pytest_overnight.reporting.watching import Failure
from pytest_overnight.reporting.watching import View

COLOURS = {"solved": "green", "missed": "yellow", "void": "red", "to go": "dim"}
GLYPHS = {"solved": "█", "missed": "▒", "void": "×", "to go": "·"}
ASCII_GLYPHS = {"solved": "#", "missed": "-", "void": "x", "to go": "."}

AWAITED = {"server": "the model server", "memory": "free memory"}

MOST_UNDER_WAY = 8
"""Runs, where there is room."""
WIDEST = 100
"""Columns of the bars."""
WITH_TIME, ONE_LINE = 100, 70
"""Columns from which on a failure shows its time, and takes a single line."""
DETAIL = 500
"""Characters looked at of what an agent or a server said; its line is cut anyway."""


def draw(
    view: View, console: Console, now: datetime, height: int | None = None
) -> RenderableType:
    """The whole view; in at most ``height`` lines, where that is asked for."""
    width, head = console.width, _head(view, now)
    runs = () if view.state == "closed" else view.under_way
    most_runs, most_failures = MOST_UNDER_WAY, MOST_FAILURES
    if height is not None:
        room = height - len(console.render_lines(Group(*head), pad=False))
        room -= 3 + len(view.levels)  # a blank line, the legend, the bar of all
        most_runs = max(1, min(MOST_UNDER_WAY, room // 2 - 3))
        room -= 2 + len(runs[:most_runs]) + (len(runs) > most_runs) if runs else 0
        most_failures = (room - 2) // (1 if width >= ONE_LINE else 2)
    parts = [*head, Text(), _bars(view, width, _glyphs(console))]
    if runs:
        title = "was at work on" if view.state == "cut off" else "now"
        parts += [Text(), Text(title, "bold"), _under_way(view, runs, most_runs)]
    if view.failures and most_failures > 0:
        failures = view.failures[:most_failures]
        parts += [Text(), Text("last missed and void runs", "bold")]
        parts.append(_failures(failures, width))
    return Group(*parts)


def _head(view: View, now: datetime) -> list[RenderableType]:
    agent = view.facts.agent
    spec, model = str(agent.get("spec")), agent.get("model")
    who = f"agent {spec}" + (f", model {model}" if model else "")
    lines: list[RenderableType] = []
    if view.scripted:
        lines.append(Text(one_line(banner(spec)), "bold red"))
    lines.append(
        Text.assemble((one_line(view.facts.id), "bold"), one_line(f" · {who}"))
    )
    lines.append(Text(" · ".join(_pace(view, now))))
    lines += [Text(one_line(line), "bold reverse") for line in _alarms(view)]
    return lines


def _pace(view: View, now: datetime) -> Iterable[str]:
    if view.state == "at work":
        yield f"at work for {duration(view.seconds)}"
    else:
        how = "ended" if view.state == "closed" else "cut off"
        yield f"{how} after {duration(view.seconds)} at work"
    if view.per_hour is not None:
        yield f"{view.per_hour:,.0f} runs an hour"
    if view.total.done == view.total.planned:
        yield "all runs are done"
    elif view.state == "at work" and not view.facts.ended:
        yield _to_go(view.eta, now)


def _to_go(eta: float | None, now: datetime) -> str:
    if eta is None:
        return "how long is not known yet"
    end = (now + timedelta(seconds=eta)).astimezone()
    return f"about {duration(eta)} to go, until {end:%H:%M}"


def _alarms(view: View) -> Iterable[str]:
    if view.facts.ended:
        when = "ends" if view.state == "at work" else "was ended"
        yield f"The night {when} early: {view.facts.ended}"
    elif view.wait:
        what = AWAITED.get(view.wait.kind, view.wait.kind)
        since, most = duration(view.wait.seconds), duration(view.wait.most)
        yield f"Waiting for {what}, {since} of at most {most}: {view.wait.reason}"


@dataclass(frozen=True, slots=True)
class Bar:
    """As wide as there is room; full only when all is done."""

    count: Count
    glyphs: dict[str, str]

    def __rich_console__(
        self, console: Console, options: ConsoleOptions
    ) -> RenderResult:
        """rich's protocol of things that can be drawn."""
        count = self.count
        parts = [count.solved, count.missed, count.void]
        widths = shares(parts, count.planned, options.max_width)
        yield Text.assemble(
            *(
                (glyph * width, COLOURS[word])
                for (word, glyph), width in zip(
                    self.glyphs.items(), widths, strict=True
                )
            )
        )

    def __rich_measure__(
        self, console: Console, options: ConsoleOptions
    ) -> Measurement:
        """Of at least four cells."""
        return Measurement(4, options.max_width)


def shares(parts: list[int], whole: int, width: int) -> list[int]:
    """Cells of a bar for each part of ``whole``, and for what is left of it.

    They fill ``width``, and the last is 0 only where nothing is left.
    """
    ends, sum_ = [0], 0
    for part in parts:
        sum_ += part
        ends.append(width * sum_ // max(whole, 1))
    return [b - a for a, b in zip(ends, [*ends[1:], width], strict=True)]


def _glyphs(console: Console) -> dict[str, str]:
    return ASCII_GLYPHS if console.options.ascii_only else GLYPHS


def _bars(view: View, width: int, glyphs: dict[str, str]) -> RenderableType:
    table = Table.grid(padding=(0, 2, 0, 0), expand=True)
    table.width = min(width, WIDEST)
    table.add_column(no_wrap=True)
    table.add_column(ratio=1, no_wrap=True)
    wanted: dict[str, Callable[[Count], str]] = {
        "done": lambda count: f"{count.done}/{count.planned}",
        "solved": lambda count: f"{count.solved}/{count.rate.n}",
        "": lambda count: percent(count.rate),
        "95 %": lambda count: interval(count.rate),
        "void": lambda count: str(count.void),
    }
    if width < 64:
        del wanted["95 %"]
    if width < 44:
        del wanted["void"], wanted["solved"]
    for _ in wanted:
        table.add_column(justify="right", no_wrap=True)
    legend = Text(" ").join(
        Text.assemble((glyph, COLOURS[word]), f" {word}")
        for word, glyph in list(glyphs.items())[: 3 if width >= 56 else 0]
    )
    table.add_row("", legend, *(Text(name, "dim") for name in wanted))
    for count in (view.total, *view.levels):
        style = "bold" if count is view.total else ""
        cells = (Text(cell(count), style) for cell in wanted.values())
        table.add_row(Text(one_line(count.name), style), Bar(count, glyphs), *cells)
    return table


def percent(rate: Rate) -> str:
    """``73 %``; a dash for nothing."""
    return "–" if rate.estimate is None else f"{100 * rate.estimate:.0f} %"


def interval(rate: Rate) -> str:
    """``62–81``: both ends in percent; a dash for nothing."""
    if rate.estimate is None:
        return "–"
    return f"{100 * rate.interval.low:.0f}–{100 * rate.interval.high:.0f}"


def _under_way(view: View, runs: Sequence[UnderWay], most: int) -> RenderableType:
    table = Table.grid(padding=(0, 2, 0, 0), expand=True)
    table.add_column(no_wrap=True)
    table.add_column(no_wrap=True, justify="right")
    table.add_column(no_wrap=True, overflow="ellipsis", ratio=1)
    for run in runs[:most]:
        time = "" if view.state == "cut off" else _time(run)
        again = f"try {run.number}: " if run.number > 1 else ""
        title = Text(f"{again}{shortened(run.title, DETAIL)}")
        table.add_row(Text(one_line(run.run_id)), time, title)
    if len(runs) > most:
        table.add_row(f"and {len(runs) - most} more")
    return table


def _time(run: UnderWay) -> str:
    if not run.number:
        return "waits"
    return f"{duration(run.seconds)} of {duration(run.limit)}"


def _failures(failures: Iterable[Failure], width: int) -> RenderableType:
    table = Table.grid(padding=(0, 2, 0, 0), expand=True)
    for _ in range(2 + (width >= WITH_TIME)):
        table.add_column(no_wrap=True)
    table.add_column(no_wrap=True, overflow="ellipsis", ratio=1)
    lines: list[RenderableType] = []
    for failure in failures:
        void = failure.category == "void"
        time = f"{failure.time.astimezone():%H:%M}" if failure.time else ""
        run = Text(one_line(failure.run_id))
        word = Text(one_line(("void " if void else "") + failure.outcome))
        word.stylize("red" if void else "")
        meant = "as intended: " if failure.intended else ""
        why = Text(shortened(f"{meant}{failure.detail}", DETAIL))
        if width >= WITH_TIME:
            table.add_row(time, run, word, why)
        elif width >= ONE_LINE:
            table.add_row(run, word, why)
        else:
            why.no_wrap, why.overflow = True, "ellipsis"
            lines += [Text.assemble(run, "  ", word), Padding(why, (0, 0, 0, 4))]
    return Group(*lines) if lines else table


def duration(seconds: float) -> str:
    """``7h05m``, ``4m12s``, ``9s``."""
    minutes, rest = divmod(int(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    if hours:
        return f"{hours}h{minutes:02d}m"
    return f"{minutes}m{rest:02d}s" if minutes else f"{rest}s"
