"""Read a plain-text work log and report on it."""

from worklog.cli import main
from worklog.entries import Entry
from worklog.entries import LogError
from worklog.entries import parse_log
from worklog.formats import format_minutes
from worklog.formats import format_time
from worklog.report import select
from worklog.report import totals

__version__ = "0.4.2"

__all__ = [
    "Entry",
    "LogError",
    "format_minutes",
    "format_time",
    "main",
    "parse_log",
    "select",
    "totals",
]
