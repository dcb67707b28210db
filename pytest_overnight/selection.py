"""Which command lines ask for challenge runs. Nothing else ever starts a night.

A night is asked for by ``-m`` with ``overnight`` or a level, by ``-k`` with a word that
holds a challenge's id or family, by ``--challenge`` or by a node id. A word under
``not`` asks for nothing, and neither do ``--lf``, a path or a plain ``pytest``.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from collections.abc import Iterable
from collections.abc import Iterator

from pytest_overnight.catalog.challenge import LEVELS

_TOKEN = re.compile(r"(?:and|or|not)(?=[\s()]|$)|[()]|[^\s()]+(?:\([^()]*=[^()]*\))?")

MARKERS = ("overnight", *LEVELS)


def asks_for_night(
    *,
    markexpr: str,
    keyword: str,
    challenges: Iterable[str],
    arguments: Iterable[str],
    catalogued: Callable[[], Iterable[str]],
) -> bool:
    """Whether a command line asks for runs; ``catalogued`` gives the known ids."""
    if any(challenges):
        return True
    if any("::test_challenge" in argument for argument in arguments):
        return True
    if any(_marker_name(word) in MARKERS for word in wanted_words(markexpr)):
        return True
    words = list(wanted_words(keyword))
    if not words:
        return False
    names = {name.lower() for id in catalogued() for name in (id, family(id))}
    return any(_holds(word.lower(), name) for word in words for name in names)


def family(challenge_id: str) -> str:
    """``L6`` of ``L6-3``, ``A-1`` of ``A-1b``."""
    if challenge_id.startswith("L"):
        return challenge_id.partition("-")[0]
    return challenge_id.rstrip("abcdefghijklmnopqrstuvwxyz")


def wanted_words(expression: str) -> Iterator[str]:
    """The words of a ``-k`` or ``-m`` expression that do not stand under a ``not``."""
    negated = [False]  # one entry per open parenthesis
    pending = False  # an odd number of ``not`` directly before the next word or group
    for token in _TOKEN.findall(expression):
        if token == "not":
            pending = not pending
        elif token == "(":
            negated.append(negated[-1] ^ pending)
            pending = False
        elif token == ")":
            if len(negated) > 1:
                negated.pop()
        elif token in ("and", "or"):
            pending = False
        else:
            if not negated[-1] ^ pending:
                yield token
            pending = False


def _marker_name(word: str) -> str:
    return word.partition("(")[0]


def _holds(word: str, name: str) -> bool:
    """``name`` stands in ``word`` as a whole: ``html3`` and ``test_l3_cache``, words
    of other people's tests, do not hold ``l3``."""
    return re.search(rf"(?<![a-z0-9_]){re.escape(name)}(?![a-z0-9_])", word) is not None
