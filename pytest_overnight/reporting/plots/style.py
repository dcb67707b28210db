"""What all pictures share: colours, the title that says the finding, marks, PNG.

Colours are Okabe and Ito's, told apart by colour-blind readers, and never the only
sign: marks differ in shape or place too, and in lightness, so that grey is enough.
"""

from __future__ import annotations

import io
import textwrap
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING
from typing import Any

from pytest_overnight.reporting.markdown import visible
from pytest_overnight.reporting.night import Night
from pytest_overnight.reporting.statistics import Interval

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

REHEARSAL = "REHEARSAL – no model was measured"

BLUE, ORANGE, VERMILION = "#0072B2", "#E69F00", "#D55E00"
SKY, GREY, PALE = "#56B4E9", "#7F7F7F", "#E0E0E0"
SOLVED: dict[str, Any] = {"marker": "o", "color": BLUE, "label": "solved"}
MISSED: dict[str, Any] = {"marker": "x", "color": VERMILION, "label": "missed"}

WIDTH = 9.0
"""Inches of every picture."""
DOTS = 120
"""Pixels an inch."""
TITLE_COLUMNS = 80
"""Characters that fit beside each other in a title."""
MOST_ROWS = 60
"""Rows of a picture; more cannot be read, and too many cannot be drawn at all."""
CAPTION = 9
"""Points of small print."""

_SETTINGS: dict[Any, Any] = {
    "font.size": 11,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.axisbelow": True,
    "hatch.linewidth": 0.6,
    "text.parse_math": False,
}


@contextmanager
def plain_style() -> Iterator[None]:
    """Draw the same picture whatever the user's own settings of matplotlib are."""
    import matplotlib  # takes a second: only who reports pays

    with matplotlib.rc_context(), warnings.catch_warnings():
        # A name in a script that the font lacks is shown as boxes, and no more.
        warnings.filterwarnings("ignore", message="Glyph .* missing from font")
        matplotlib.rcdefaults()
        matplotlib.rcParams.update(_SETTINGS)
        yield


def new_figure(
    night: Night, finding: str, height: float, banner: str = REHEARSAL
) -> Figure:
    """Make a figure of ``height`` inches below its title; ``finding`` is plain text.

    ``banner`` stands above the finding of a scripted night.
    """
    from matplotlib.figure import Figure  # no pyplot: no window, no global state

    lines = balanced(visible(finding), TITLE_COLUMNS)
    if night.scripted:
        lines.insert(0, banner)
    size = (WIDTH, height + 0.25 * len(lines))
    figure = Figure(figsize=size, dpi=DOTS, layout="constrained")
    color = VERMILION if night.scripted else "black"
    title = "\n".join(lines)
    figure.suptitle(title, x=0.012, ha="left", weight="bold", size=13, color=color)
    return figure


def balanced(text: str, columns: int) -> list[str]:
    """As few lines as ``columns`` allow, of about the same length."""
    fewest = textwrap.wrap(text, columns)
    longest = max(map(len, text.split()), default=0)  # no word is broken for balance
    widths = range(max(longest, columns // 2), columns)
    narrower = (textwrap.wrap(text, width) for width in widths)
    return next((lines for lines in narrower if len(lines) == len(fewest)), fewest)


def png(figure: Figure) -> bytes:
    """Turn into a picture whose file bears the title too, for those who cannot see."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg

    canvas = FigureCanvasAgg(figure)
    layout = figure.get_layout_engine()
    if layout is not None:
        # savefig would lay out and draw everything twice, to the same end.
        layout.execute(figure)
        figure.set_layout_engine("none")
    picture = io.BytesIO()
    title = {"Title": figure.get_suptitle()}
    canvas.print_png(picture, metadata=title)  # type: ignore[no-untyped-call]
    return picture.getvalue()


def name(value: str, columns: int = 40) -> str:
    """Somebody's name for something on one line; a long one loses its middle."""
    shown = visible(value)
    if len(shown) <= columns:
        return shown
    head = (columns - 1) // 2
    return f"{shown[:head]}…{shown[head + 1 - columns :]}"


def whiskers(estimate: float, ends: Interval) -> list[list[float]]:
    """Lengths below and above, as ``errorbar`` wants them; never negative."""
    return [[max(0.0, estimate - ends.low)], [max(0.0, ends.high - estimate)]]


def share_axis(axis: Any, label: str) -> None:
    """Percent along ``axis``."""
    from matplotlib.ticker import MaxNLocator
    from matplotlib.ticker import PercentFormatter

    whole: list[float] = [1, 2, 5, 10]  # no 2.5 %
    axis.set_major_locator(MaxNLocator(8, steps=whole))
    axis.set_major_formatter(PercentFormatter(xmax=1, decimals=0, symbol=" %"))
    caption(axis, label)


def caption(axis: Any, label: str) -> None:
    """Small print along ``axis``: what it is and what the marks mean."""
    axis.set_label_text(label, size=CAPTION)


def row_axis(axes: Axes, names: list[str]) -> None:
    """Name the rows 0, 1, … from the top down."""
    axes.set_yticks(range(len(names)), names)
    axes.set_ylim(len(names) - 0.4, -0.6)


def legend_above(axes: Axes, **options: Any) -> None:
    """A line of keys above the axes, each once."""
    handles, labels = axes.get_legend_handles_labels()
    keys = dict(zip(labels, handles, strict=True))
    plain: dict[str, Any] = {
        "loc": "lower right",
        "bbox_to_anchor": (1.0, 1.0),
        "ncols": len(keys),
        "frameon": False,
        "fontsize": CAPTION,
        "borderaxespad": 0.1,
    }
    axes.legend(keys.values(), keys.keys(), **{**plain, **options})
