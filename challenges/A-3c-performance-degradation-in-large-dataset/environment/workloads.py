"""What is measured. Leave this file as it is.

Each function of ``WORKLOADS`` is called with the module ``visits`` and one of the
``SIZES``, and returns nothing.
"""

import random

from counted import Log
from counted import stream

SIZES = {"small": 40, "large": 320}


def some_rows(rng, size):
    time = 0
    for _ in range(size):
        time += rng.randrange(4)
        yield time, rng.randrange(size // 5), rng.randrange(size // 5), rng.randrange(9)


def sessions(visits, size):
    rows = some_rows(random.Random("sessions"), size)
    for _ in visits.sessions(stream(rows), 12):
        pass


def leaders(visits, size):
    rows = some_rows(random.Random("leaders"), size)
    for _ in visits.leaders(stream(rows)):
        pass


def merged(visits, size):
    rng = random.Random("merged")
    logs = [stream(some_rows(rng, 10)) for _ in range(size // 10)]
    for _ in visits.merged(logs):
        pass


def between(visits, size):
    log = Log(some_rows(random.Random("between"), size))
    for _ in visits.between(log, size, size + 10):
        pass


def percentile(visits, size):
    visits.percentile(stream(some_rows(random.Random("percentile"), size)), 90)


WORKLOADS = {
    "sessions": sessions,
    "leaders": leaders,
    "merged": merged,
    "between": between,
    "percentile": percentile,
}
