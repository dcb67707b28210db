"""What the functions of slow_functions.py are measured on.

``WORKLOADS`` has a ``make_input(n, seed)`` for each function. It returns the list of
arguments: new lists at each call, equal ones for an equal ``n`` and ``seed``.
"""

import random


def two_lists(n, seed):
    rng = random.Random(f"two lists {n} {seed}")
    return [
        [rng.randrange(2 * n) for _ in range(n)],
        [rng.randrange(2 * n) for _ in range(n)],
    ]


def one_list(n, seed):
    rng = random.Random(f"one list {n} {seed}")
    return [[rng.randrange(2 * n) for _ in range(n)]]


def words(n, seed):
    rng = random.Random(f"words {n} {seed}")
    return [[f"word {rng.randrange(n)}" for _ in range(n)]]


WORKLOADS = {
    "shared": two_lists,
    "unique": words,
    "singles": one_list,
    "paired": two_lists,
    "largest": one_list,
}
