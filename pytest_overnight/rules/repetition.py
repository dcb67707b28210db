"""L8: text in which a model has got stuck, saying the same for ever."""

from __future__ import annotations

from itertools import groupby

SAME_LINES = 15
"""Equal lines in a row that are too many; blank lines between them do not count."""
LONGEST_UNIT = 200
"""Characters of the longest piece looked for."""
FILLED = 2000
"""Characters at the end that such a piece must fill."""
TAIL = 8000
"""Characters at the end that are looked at for equal lines: what comes before has been
looked at when it was the end."""


def is_degenerate(text: str) -> bool:
    """Whether one line, or the end of ``text``, repeats without bringing anything.

    Cheap enough to be asked after every piece of a stream: only the last ``TAIL``
    characters are read. Blank text, however long, is not degenerate.
    """
    return _same_lines(text) or _same_ending(text)


def _same_lines(text: str) -> bool:
    tail = text[-TAIL:]
    lines = tail.split("\n")
    if len(tail) < len(text):
        del lines[0]  # its beginning is cut off: it may not be what it seems
    # Indentation counts: the closing brackets of nested data are not the same line.
    spoken = [line.rstrip() for line in lines if line.strip()]
    return any(len(list(same)) >= SAME_LINES for _, same in groupby(spoken))


def _same_ending(text: str) -> bool:
    end = text[-FILLED:]
    if len(end) < FILLED or not end.strip():
        return False
    periods = range(1, LONGEST_UNIT + 1)
    return any(end.startswith(end[period:]) for period in periods)
