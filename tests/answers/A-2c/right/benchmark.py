"""Write ``benchmark_results.json``: what a queue writes to its store, for each size."""

import json

from job_queue import JobQueue
from store import MemoryStore
from workload import SIZES, Clock, play


def measure(n):
    store = MemoryStore()
    clock = Clock()
    taken = play(JobQueue(store, clock), clock, n)
    return {"taken": taken, "writes": store.writes, "bytes": store.bytes}


def main():
    results = {str(n): measure(n) for n in SIZES}
    with open("benchmark_results.json", "w", encoding="utf-8") as file:
        json.dump(results, file, indent=4)
        file.write("\n")


if __name__ == "__main__":
    main()
