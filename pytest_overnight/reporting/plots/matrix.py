"""Hidden test × run of the challenges worth looking at: which test failed where."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from pytest_overnight.reporting.markdown import plural
from pytest_overnight.reporting.night import Night
from pytest_overnight.reporting.plots import style
from pytest_overnight.reporting.plots.panels import Panel
from pytest_overnight.reporting.plots.panels import panels_of
from pytest_overnight.reporting.summary import NightSummary

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

MOST_TESTS = 40
"""Rows of a panel."""
MOST_ROWS = 72
"""Rows of the picture, shared out evenly; a panel's spare ones go to the others."""
MOST_MARKS = 50
"""Runs of a panel up to which marks stand in its cells, and numbers below it."""

# Light, dark and white: told apart in grey, and where cells are too small for marks.
PASSED, FAILED, UNASKED = "#BFDDF0", "#A63A00", "white"


def hidden_tests(night: Night, summary: NightSummary) -> Figure | None:
    """Draw a panel a challenge; None where no hidden test failed."""
    panels = panels_of(night, summary)
    if not panels:
        return None
    rows = shared_out([len(panel.tests) for panel in panels])
    height = 0.8 + sum(0.75 + 0.19 * number for number in rows)
    figure = style.new_figure(night, finding(panels), height)
    # A panel's own title and numbers take room, too, whatever its rows.
    grid = figure.subplots(len(panels), height_ratios=rows, squeeze=False)[:, 0]
    for axes, panel, number in zip(grid, panels, rows, strict=True):
        _draw_panel(axes, panel, number)
    _keys(figure)
    return figure


def shared_out(wanted: Sequence[int]) -> list[int]:
    """Rows for each panel that wants so many, the least demanding served first."""
    given = [0] * len(wanted)
    left = MOST_ROWS
    order = sorted(range(len(wanted)), key=lambda at: wanted[at])
    for done, at in enumerate(order):
        given[at] = min(wanted[at], MOST_TESTS, left // (len(wanted) - done))
        left -= given[at]
    return given


def finding(panels: Sequence[Panel]) -> str:
    """Which hidden test stands between missed runs and success; ``panels`` has some."""
    told = [panel for panel in panels if panel.shared and panel.asked > 1]
    if not told:
        return "No hidden test fails in every missed run of a challenge"
    first = max(told, key=lambda panel: panel.asked)
    said = f"{style.name(first.test_id)}: {_shared(first)}"
    if len(panels) == 1:
        return said
    others = len(told) - 1
    if not others:
        return f"{said}; no such test in the other challenges shown"
    have = "has" if others == 1 else "have"
    return f"{said}; {others} of the {len(panels) - 1} others {have} such a test"


def _shared(panel: Panel) -> str:
    tests = panel.shared
    if not tests:
        return "no test fails in every missed run"
    more = f" and {len(tests) - 1} more" if len(tests) > 1 else ""
    name = f"{style.name(tests[0], 60)}{more}"
    missed = panel.rate.n - panel.rate.successes
    tested = "" if panel.asked == missed else " that was tested"
    if panel.asked == 1:
        return f"the one missed run{tested} fails {name}"
    tested = tested.replace("was", "were")
    each = "both" if panel.asked == 2 else f"all {panel.asked}"
    return f"{each} missed runs{tested} fail {name}"


def _draw_panel(axes: Axes, panel: Panel, most: int) -> None:
    from matplotlib.colors import ListedColormap

    cells = panel.cells[:most]
    codes = [[2 if c is None else 0 if c else 1 for c in row] for row in cells]
    axes.imshow(
        codes,
        cmap=ListedColormap([PASSED, FAILED, UNASKED]),
        vmin=0,
        vmax=2,
        aspect="auto",
        interpolation="nearest",
    )
    runs = len(panel.attempts)
    few = runs <= MOST_MARKS
    if few:
        _mark(axes, cells)
    axes.axvline(panel.solved - 0.5, color="black", linewidth=2)
    names = [style.name(test, 46) for test in panel.tests[:most]]
    axes.set_yticks(range(len(names)), names, size=8)
    numbers = panel.attempts if few else ()
    axes.set_xticks(range(len(numbers)), [str(n) for n in numbers], size=8)
    axes.tick_params(length=0)
    axes.spines[:].set_visible(True)
    rate = f"{panel.rate.successes} of {panel.rate.n} solved"
    title = f"{style.name(panel.test_id)} ({rate}): {_shared(panel)}"
    lines = "\n".join(style.balanced(title, 82))
    axes.set_title(lines, loc="left", size=style.CAPTION, weight="bold")
    axes.set_xlabel(_left(panel, most), loc="left", size=8)


def _left(panel: Panel, most: int) -> str:
    """What has no row."""
    hidden = len(panel.tests) - most
    parts = [f"{plural(hidden, 'more test')} failed at times"] if hidden > 0 else []
    if panel.passing:
        parts.append(f"{plural(panel.passing, 'test')} always passed")
    return "; ".join(parts)


def _mark(axes: Axes, cells: Sequence[Sequence[bool | None]]) -> None:
    places = [(x, y, cell) for y, row in enumerate(cells) for x, cell in enumerate(row)]
    failed = [(x, y) for x, y, cell in places if cell is False]
    unasked = [(x, y) for x, y, cell in places if cell is None]
    for marker, color, found in (("x", "white", failed), (".", style.GREY, unasked)):
        xs, ys = [x for x, _ in found], [y for _, y in found]
        axes.plot(xs, ys, marker=marker, color=color, linestyle="", markersize=4)


def _keys(figure: Figure) -> None:
    from matplotlib.patches import Patch

    said = {"passed": PASSED, "failed ×": FAILED, "not asked ·": UNASKED}
    figure.legend(
        handles=[
            Patch(facecolor=color, edgecolor="black", linewidth=0.5, label=label)
            for label, color in said.items()
        ],
        loc="outside lower left",
        ncols=len(said),
        frameon=False,
        fontsize=style.CAPTION,
        title="a row a test, a column a repetition; left of the thick line: solved",
        title_fontsize=style.CAPTION,
        alignment="left",
    )
