"""``python -m tests.chaos --kills 300 --seed 1``: a long campaign.

A line a kill, then what was found, then one line of JSON. Exit status 1 where anything
was lost, twice, unreadable, left alive, or not as in the undisturbed nights.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections import Counter
from concurrent.futures import ProcessPoolExecutor
from functools import partial
from multiprocessing import get_context
from typing import Any

from tests.chaos.campaign import play
from tests.chaos.engine import Tally

SHARE = 25
"""Kills in one results folder."""


def main() -> int:
    """Play; see above."""
    parser = argparse.ArgumentParser(description=__doc__, prog="python -m tests.chaos")
    parser.add_argument("--kills", type=int, default=300, help="how many, at least")
    parser.add_argument("--seed", default="1", help="another seed: other kills")
    parser.add_argument("--jobs", type=int, default=2, help="folders at a time")
    options = parser.parse_args()
    shares = [SHARE] * (options.kills // SHARE)
    if rest := options.kills % SHARE:
        shares.append(rest)
    tally = Tally()
    with ProcessPoolExecutor(options.jobs, get_context("spawn")) as pool:
        tell = partial(print, flush=True)
        jobs = [
            pool.submit(play, share, options.seed, number, tell)
            for number, share in enumerate(shares)
        ]
        for job in jobs:
            tally.add(job.result())
    print(tally.findings or "nothing was found", flush=True)
    print(json.dumps(summary(tally)), flush=True)
    return 1 if tally.findings else 0


def summary(tally: Tally) -> dict[str, Any]:
    """Figures, as plain JSON types."""
    by_victim: Counter[str] = Counter()
    for (victim, _), count in tally.kills.items():
        by_victim[victim] += count
    return {
        "kills": tally.kills.total(),
        "nights": tally.nights,
        "processes": tally.starts,
        **{name: len(lines) for name, lines in tally.findings},
        "by_victim": dict(by_victim.most_common()),
        "by_instant": _flat(tally.kills),
        "never_came": _flat(tally.missed),
        "mended_by_doctor": dict(tally.mended.most_common()),
        "temporary_folders_left": tally.left_in_tmp,
        "longest_death_seconds": round(tally.longest_death, 3),
    }


def _flat(counts: Counter[tuple[str, str]]) -> dict[str, int]:
    return {f"{who}, {when}": n for (who, when), n in sorted(counts.items())}


if __name__ == "__main__":
    sys.exit(main())
