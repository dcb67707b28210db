"""A persistent job queue: a log of calls, replayed when it is opened."""

import heapq
import json
from threading import Lock


class Job:
    """``at``: since when it is ready, or until when it is delayed or running."""

    def __init__(self, id, payload, priority, attempt, state, at, errors):
        self.id, self.payload, self.priority = id, payload, priority
        self.attempt, self.state, self.at, self.errors = attempt, state, at, errors


class JobQueue:
    def __init__(
        self, store, clock, *, lease=30, max_attempts=3, base=1, cap=60, aging=60
    ):
        if min(lease, max_attempts, base, cap, aging) < 1:
            raise ValueError("a setting is less than 1")
        self._store, self._clock = store, clock
        self._lease, self._max_attempts = lease, max_attempts
        self._base, self._cap, self._aging = base, cap, aging
        self._lock = Lock()
        self._jobs, self._next_id = {}, 1
        self._ready, self._timers = [], []  # heaps; of a job only the last item counts
        self._open()

    def put(self, payload, priority=0):
        with self._lock:
            self._advance(self._clock())
            self._change("put", json.dumps(payload), priority)
            return self._next_id - 1

    def take(self):
        with self._lock:
            self._advance(self._clock())
            if not self._ready:
                return None
            job = self._jobs[-self._ready[0][1]]
            self._change("take")
            given = {"id": job.id, "payload": json.loads(job.payload)}
            return given | {"priority": job.priority, "attempt": job.attempt}

    def done(self, id, attempt):
        return self._end(id, attempt, "done")

    def fail(self, id, attempt, error):
        return self._end(id, attempt, "fail", error)

    def counts(self):
        with self._lock:
            self._advance(self._clock())
            found = dict.fromkeys(("ready", "delayed", "running", "dead"), 0)
            for job in self._jobs.values():
                found[job.state] += 1
            return found

    def dead(self):
        with self._lock:
            self._advance(self._clock())
            return [
                {
                    "id": job.id,
                    "payload": json.loads(job.payload),
                    "priority": job.priority,
                    "errors": [*job.errors],
                }
                for job in self._jobs.values()
                if job.state == "dead"
            ]

    def _end(self, id, attempt, verb, *error):
        with self._lock:
            self._advance(self._clock())
            job = self._jobs.get(id)
            if job is None or job.state != "running" or job.attempt != attempt:
                return False
            self._change(verb, id, *error)
            return True

    # -- what happens: the same in a call and when it is replayed ---------------------

    def _advance(self, now):
        """Let all happen that was due until now, in the order of time."""
        self._now = now
        while self._timers and self._timers[0][0] <= now:
            at, id = heapq.heappop(self._timers)
            job = self._jobs.get(id)
            if job is None or job.at != at:
                continue  # the timer of a lease that was not needed
            if job.state == "running":
                self._failed(job, "lease expired", at)
            elif job.state == "delayed":
                self._enter(job, "ready", at)

    def _put(self, payload, priority):
        id = self._next_id
        self._next_id += 1
        self._jobs[id] = job = Job(id, payload, priority, 0, "", 0, [])
        self._enter(job, "ready", self._now)

    def _take(self):
        job = self._jobs[-heapq.heappop(self._ready)[1]]
        job.attempt += 1
        self._enter(job, "running", self._now + self._lease)

    def _done(self, id):
        del self._jobs[id]

    def _fail(self, id, error):
        self._failed(self._jobs[id], error, self._now)

    def _failed(self, job, error, at):
        job.errors.append(error)
        if job.attempt == self._max_attempts:
            job.state = "dead"
        else:
            delay = min(self._base * 2 ** (job.attempt - 1), self._cap)
            self._enter(job, "delayed", at + delay)

    def _enter(self, job, state, at):
        job.state, job.at = state, at
        if state == "ready":
            heapq.heappush(self._ready, (at - job.priority * self._aging, -job.id))
        elif state != "dead":
            heapq.heappush(self._timers, (at, job.id))

    # -- the log ------------------------------------------------------------------------

    def _change(self, verb, *arguments):
        """Write it down, then do it."""
        line = as_line([verb, self._now, *arguments])
        most = 10_000 + 2_000 * len(self._jobs)
        if self._size + len(line) <= most:
            self._store.append(line)
            self._size += len(line)
        else:
            whole = self._snapshot() + line
            self._store.replace(whole)
            self._size = len(whole)
        getattr(self, f"_{verb}")(*arguments)

    def _snapshot(self):
        jobs = [[*vars(job).values()] for job in self._jobs.values()]
        return as_line(["restore", self._now, self._next_id, jobs])

    def _restore(self, next_id, jobs):
        self._next_id = next_id
        for values in jobs:
            job = Job(*values)
            self._jobs[job.id] = job
            self._enter(job, job.state, job.at)

    def _open(self):
        data = self._store.read()
        whole = data[: data.rfind(b"\n") + 1]
        if whole != data:  # a crash has torn the last line
            self._store.replace(whole)
        self._size = len(whole)
        for line in whole.splitlines():
            verb, now, *arguments = json.loads(line)
            self._advance(now)
            getattr(self, f"_{verb}")(*arguments)


def as_line(record):
    return json.dumps(record, separators=(",", ":")).encode() + b"\n"
