"""Counts the operations on keys and times that each policy takes, at two sizes."""

import json
from pathlib import Path

from cache import Cache
from workload import SIZES
from workload import TTL
from workload import Count
from workload import Key
from workload import Moment
from workload import requests

POLICIES = ("lru", "lfu")


def measure(policy, n):
    count = Count()
    time = 0
    loads = 0

    def load(key):
        nonlocal loads
        loads += 1
        return loads

    cache = Cache(n, TTL, lambda: Moment(time, count), policy)
    for time, number in requests(n):  # the clock tells the time
        cache.get_or_load(Key(number, count), load)
    return {"loads": loads, "operations": count.operations}


def main():
    results = {name: {str(n): measure(name, n) for n in SIZES} for name in POLICIES}
    text = json.dumps(results) + "\n"
    Path("benchmark_results.json").write_text(text, encoding="utf-8")
    print(text, end="")


if __name__ == "__main__":
    main()
