"""Seeded kills without end, and what they came to."""

from __future__ import annotations

import random
import shutil
import tempfile
from collections.abc import Callable
from collections.abc import Sequence
from pathlib import Path

from tests.chaos import instants
from tests.chaos.engine import MOVES
from tests.chaos.engine import Nights
from tests.chaos.engine import Tally
from tests.chaos.kills import ALL
from tests.chaos.kills import CONTROLLER
from tests.chaos.kills import JUDGE_SERVER
from tests.chaos.kills import RANDOM
from tests.chaos.kills import TRY
from tests.chaos.kills import TRY_SERVER
from tests.chaos.kills import VERIFICATION
from tests.chaos.kills import WORKER
from tests.chaos.kills import Kill
from tests.chaos.process import adopting

SEEDS = (1, 0, 6, 9, 29, 13, 16, 20, 3)
"""Of sessions: together they deal every misbehaviour that a rehearsal has."""
WORKERS = (2, 2, 0, 2, 1)
OTHERS = (WORKER, WORKER, TRY, TRY_SERVER, JUDGE_SERVER, VERIFICATION)
"""Victims that a session survives. Not a box: an agent can end its own, and then it is
booked as the agent's doing."""

NEVER = ("line cleaned:", "lost record:")
"""Instants that these nights do not meet, or next to never."""
FIRST = (
    *("lock:", "create:", "put away:", "finish putting away:", "look:", "open:"),
    *("reachable:", "clean:", "line session:", *MOVES),
)
"""Instants of a controller before the first run."""
SECOND = ("complete records:",)
"""The same of one that takes a night up again."""
AFTERWARDS = ("line regraded:", "restore:", "record lost:", "link former:")
"""Instants of a worker that meets a try which was cut off."""


def _of(victim: str, *wanted: str, without: Sequence[str] = ()) -> list[str]:
    names = [name for name in instants.of(victim) if not name.startswith(NEVER)]
    names = [name for name in names if not wanted or name.startswith(wanted)]
    return [name for name in names if not name.startswith(tuple(without))]


CHOICES: dict[str, list[str]] = {
    "opening": _of(CONTROLLER, *FIRST),
    "going on": _of(CONTROLLER, *SECOND),
    "later": _of(CONTROLLER, without=(*FIRST, *SECOND)),
    "afterwards": _of(WORKER, *AFTERWARDS),
    "worker": _of(WORKER, without=AFTERWARDS),
    "inside": [
        name
        for victim in (TRY, TRY_SERVER, JUDGE_SERVER, VERIFICATION)
        for name in _of(victim)
    ],
}


class Draw:
    """What the next process of a session is to suffer."""

    def __init__(self, seed: str) -> None:
        self._random = random.Random(seed)

    def start(self, *, cut_off: bool) -> tuple[list[Kill], bool]:
        """Its kills, and whether the next one is in haste.

        ``cut_off``: the last one was killed over a try.
        """
        draw = self._random
        if draw.random() < 0.12:
            return [self._chosen("opening")], draw.random() < 0.3
        if draw.random() < 0.05:
            return [self._chosen("going on")], False
        kills = [self._survived() for _ in range(draw.choice((0, 1, 1, 2, 3)))]
        if cut_off and draw.random() < 0.6:
            kills.append(self._chosen("afterwards"))
        if not kills or draw.random() < 0.6:
            kills.append(self._deadly())
        kills.sort(key=lambda kill: kill.after)
        return kills, draw.random() < 0.3

    def _survived(self) -> Kill:
        kind = self._random.choice(("random", "random", "worker", "worker", "inside"))
        after = self._random.randrange(6)
        if kind != RANDOM:
            return self._chosen(kind, after)
        return self._at_random(self._random.choice(OTHERS), after, 0.4)

    def _deadly(self) -> Kill:
        if self._random.random() < 0.4:
            return self._chosen("later", self._random.randrange(3))
        victim = self._random.choice((CONTROLLER, CONTROLLER, ALL))
        if self._random.random() < 0.25:
            return self._at_random(victim, 0, 8.0)
        return self._at_random(victim, self._random.randrange(1, 10), 1.0)

    def _chosen(self, kind: str, after: int = 0) -> Kill:
        instant = self._random.choice(CHOICES[kind])
        victim = instants.INSTANTS[instant][0]
        call, delay = 1, 0.0
        if instant.startswith(("move:", "status:")):
            call = self._random.randrange(1, 10)
        elif instant.startswith(("line round", "line action", "tidy", "master log")):
            call = self._random.randrange(1, 4)
        if instant.endswith("during"):
            delay = self._random.uniform(0, 0.3)
        return Kill(victim, instant, after, call, round(delay, 3))

    def _at_random(self, victim: str, after: int, most: float) -> Kill:
        delay, pick = self._random.uniform(0, most), self._random.random()
        return Kill(victim, RANDOM, after, delay=round(delay, 3), pick=pick)


def play(
    wanted: int, seed: str, number: int, tell: Callable[[str], None], place: str = ""
) -> Tally:
    """``wanted`` kills in one results folder, which is removed where all is well."""
    folder = Path(tempfile.mkdtemp(prefix="overnight-chaos-", dir=place or None))
    session_seed = SEEDS[number % len(SEEDS)]
    workers = WORKERS[number % len(WORKERS)]
    nights = Nights(folder, seed=session_seed, workers=workers)
    draw = Draw(f"{seed}:{number}")
    tally = nights.tally
    with adopting():
        nights.play_undisturbed()
        told, cut_off, idle = 0, False, 0
        while tally.kills.total() < wanted and idle < 10:
            kills, hasty = draw.start(cut_off=cut_off)
            fired = nights.disturb(kills, hasty=hasty)
            cut_off = any(kill.victim not in (CONTROLLER, ALL) for kill in fired)
            idle = 0 if fired else idle + 1
            for kill in fired:
                told += 1
                tell(f"{number}: {told}/{wanted}  {kill}{'  (hasty)' * hasty}")
            if tally.findings:
                break
        nights.complete()
        nights.resume_once_more()
        nights.look_at_history()
    tally.left_in_tmp = nights.left_in_tmp()
    if tally.findings:
        tell(f"{number}: seed {session_seed}, {workers} workers, {folder}:")
        tell(str(tally.findings))
    else:
        shutil.rmtree(folder, ignore_errors=True)
    return tally
