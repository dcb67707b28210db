"""Everything that can be wrong with what the user gives."""

from __future__ import annotations

from datetime import date

from meterbill.dates import show_day

__all__ = ["BillingError", "DayError", "LineError", "RateError", "ReadingError"]


class BillingError(ValueError):
    """Base of all errors of this package."""


class DayError(BillingError):
    """A text is no day."""


class RateError(BillingError):
    """A tariff, or what it is applied to, makes no sense."""


class LineError(BillingError):
    """A line of a house file cannot be read; ``number`` counts from 1."""

    def __init__(self, number: int, problem: str) -> None:
        super().__init__(f"line {number}: {problem}")
        self.number = number
        self.problem = problem


class ReadingError(BillingError):
    """A reading makes no sense."""

    def __init__(self, meter: str, day: date, problem: str) -> None:
        super().__init__(f"{meter}, {show_day(day)}: {problem}")
        self.meter = meter
        self.day = day
        self.problem = problem
