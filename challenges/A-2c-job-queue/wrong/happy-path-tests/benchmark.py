"""Counts what the queue writes, at two sizes."""

import json
from pathlib import Path

from job_queue import JobQueue
from store import MemoryStore
from workload import SIZES
from workload import Clock
from workload import play


def measure(n):
    store, clock = MemoryStore(), Clock()
    taken = play(JobQueue(store, clock), clock, n)
    return {"taken": taken, "writes": store.writes, "bytes": store.bytes}


def main():
    text = json.dumps({str(n): measure(n) for n in SIZES}) + "\n"
    Path("benchmark_results.json").write_text(text, encoding="utf-8")
    print(text, end="")


if __name__ == "__main__":
    main()
