"""Read a plain-text work log and report on it."""

from worklog.cli import main
from worklog.entries import Entry
from worklog.entries import LogError
from worklog.entries import parse_log
from worklog.formats import format_minutes
from worklog.formats import format_time
from worklog.gaps import Gap
from worklog.gaps import find_gaps
from worklog.report import select
from worklog.report import totals

__version__ = "0.5.0"

__all__ = [
    "Entry",
    "Gap",
    "LogError",
    "find_gaps",
    "format_minutes",
    "format_time",
    "main",
    "parse_log",
    "select",
    "totals",
]
