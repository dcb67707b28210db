"""Counts the operations on times for each strategy; writes benchmark_results.json."""

import json

from rate_limiter import RateLimiter
from workload import SIZES, WINDOW, Count, Moment, requests

STRATEGIES = ("fixed_window", "sliding_log", "sliding_counter", "token_bucket")


def measure(strategy, n):
    count = Count()
    time = None
    limiter = RateLimiter(strategy, n, WINDOW, lambda: Moment(time, count))
    allowed = 0
    for time, key in requests(n):
        if limiter.allow(key):
            allowed += 1
    return {"allowed": allowed, "operations": count.operations}


def main():
    results = {
        strategy: {str(n): measure(strategy, n) for n in SIZES} for strategy in STRATEGIES
    }
    with open("benchmark_results.json", "w", encoding="utf-8") as file:
        json.dump(results, file, indent=2)
        file.write("\n")
    for strategy, sizes in results.items():
        for n, result in sizes.items():
            print(f"{strategy:16} n = {n:>6}: {result['allowed']:>6} allowed, "
                  f"{result['operations']:>8} operations")


if __name__ == "__main__":
    main()
