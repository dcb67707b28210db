"""Visits whose values are counted. Leave this file as it is.

``counts["operations"]`` says how often a value was hashed, compared or calculated with,
``counts["held"]`` how many values there were at most at one time, and
``counts["reads"]`` how many visits were read. ``lines`` has, for each line of
``visits.py``, the operations at it: those for which this was the line that was running
in the innermost call of that file.
"""

import sys
from collections import Counter

counts = {"operations": 0, "held": 0, "reads": 0}
lines = Counter()
_alive = 0


def _note():
    counts["operations"] += 1
    frame = sys._getframe(2)
    while frame is not None:
        if frame.f_globals.get("__name__") == "visits":
            lines[frame.f_lineno] += 1
            return
        frame = frame.f_back


def _bare(x):
    return x.number if type(x) is Value else x


class Value:
    """A time, a visitor, a page or a number of seconds."""

    __slots__ = ("number",)

    def __init__(self, number):
        global _alive
        self.number = number
        _alive += 1
        counts["held"] = max(counts["held"], _alive)

    def __del__(self):
        global _alive
        _alive -= 1

    def __hash__(self):
        _note()
        return hash(self.number)

    def __eq__(self, other):
        _note()
        return self.number == _bare(other)

    def __ne__(self, other):
        _note()
        return self.number != _bare(other)

    def __lt__(self, other):
        _note()
        return self.number < _bare(other)

    def __le__(self, other):
        _note()
        return self.number <= _bare(other)

    def __gt__(self, other):
        _note()
        return self.number > _bare(other)

    def __ge__(self, other):
        _note()
        return self.number >= _bare(other)

    def __add__(self, other):
        _note()
        return Value(self.number + _bare(other))

    __radd__ = __add__

    def __sub__(self, other):
        _note()
        return Value(self.number - _bare(other))

    def __rsub__(self, other):
        _note()
        return Value(_bare(other) - self.number)


def stream(rows):
    """The rows as visits, each made when it is read."""
    for row in rows:
        counts["reads"] += 1
        yield tuple(map(Value, row))


class Log:
    """The rows as a file of visits."""

    def __init__(self, rows):
        self._rows = list(rows)

    def __len__(self):
        return len(self._rows)

    def __getitem__(self, place):
        counts["reads"] += 1
        return tuple(map(Value, self._rows[place]))
