"""Counts the operations on times that each strategy takes, at two sizes."""

import json
from pathlib import Path

from rate_limiter import RateLimiter
from workload import SIZES
from workload import WINDOW
from workload import Count
from workload import Moment
from workload import requests

STRATEGIES = ("fixed_window", "sliding_log", "sliding_counter", "token_bucket")


def measure(strategy, n):
    count = Count()
    time = 0
    limiter = RateLimiter(strategy, n, WINDOW, lambda: Moment(time, count))
    allowed = 0
    for time, key in requests(n):  # noqa: B007 (the clock tells it)
        allowed += limiter.allow(key)
    return {"allowed": allowed, "operations": count.operations}


def main():
    results = {name: {str(n): measure(name, n) for n in SIZES} for name in STRATEGIES}
    text = json.dumps(results, indent=2) + "\n"
    Path("benchmark_results.json").write_text(text, encoding="utf-8")
    print(text, end="")


if __name__ == "__main__":
    main()
