"""The preflight table on the terminal."""

from __future__ import annotations

import shutil
import sys
from collections.abc import Sequence

from pytest_overnight.orchestration.row import Row

MOST_COLUMNS = 100
STYLES = {"ok": "green", "warn": "yellow", "FAIL": "bold red"}


def print_table(rows: Sequence[Row]) -> None:
    """Print it, at most as wide as the terminal; 80 columns where there is none."""
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    columns = shutil.get_terminal_size().columns if sys.stdout.isatty() else 80
    console = Console(width=min(columns, MOST_COLUMNS), highlight=False, emoji=False)
    table = Table.grid(padding=(0, 2, 0, 0))
    table.add_column(no_wrap=True)
    table.add_column(no_wrap=True)
    table.add_column()
    for row in rows:
        text = Text(row.text)
        if row.advice:
            text.append(f"\n→ {row.advice}", style=STYLES[row.mark])
        table.add_row(Text(row.mark, style=STYLES[row.mark]), row.what, text)
    console.print(table)
