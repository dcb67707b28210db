"""Counts the operations on keys and times for each policy; writes benchmark_results.json."""

import json

from cache import Cache
from workload import SIZES, TTL, Count, Key, Moment, requests


def measure(policy, n):
    count = Count()
    loads = 0
    time = None

    def clock():
        return Moment(time, count)

    def load(key):
        nonlocal loads
        loads += 1
        return loads

    cache = Cache(n, TTL, clock, policy)
    for time, number in requests(n):
        cache.get_or_load(Key(number, count), load)
    return {"loads": loads, "operations": count.operations}


def main():
    results = {
        policy: {str(n): measure(policy, n) for n in SIZES} for policy in ("lru", "lfu")
    }
    with open("benchmark_results.json", "w", encoding="utf-8") as file:
        json.dump(results, file, indent=2)
        file.write("\n")
    for policy, sizes in results.items():
        for n, result in sizes.items():
            print(f"{policy} n = {n:>6}: {result['loads']:>6} loads, "
                  f"{result['operations']:>8} operations")


if __name__ == "__main__":
    main()
