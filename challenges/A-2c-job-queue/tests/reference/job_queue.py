"""Another right job queue: the last line of each job counts; sorted rows."""

import bisect
import copy
import json
import threading


class JobQueue:
    def __init__(
        self, store, clock, *, lease=30, max_attempts=3, base=1, cap=60, aging=60
    ):
        for setting in (lease, max_attempts, base, cap, aging):
            if setting < 1:
                raise ValueError(f"a setting of {setting}")
        self.store = store
        self.clock = clock
        self.lease = lease
        self.max_attempts = max_attempts
        self.base = base
        self.cap = cap
        self.aging = aging
        self._lock = threading.RLock()
        self._jobs = {}  # id -> dict
        self._ready = []  # (rank, id), sorted
        self._due = []  # (time, id), sorted
        self._last_id = 0
        self._read()

    def put(self, payload, priority=0):
        with self._lock:
            now = self._catch_up()
            job = {
                "id": self._last_id + 1,
                "payload": copy.deepcopy(payload),
                "priority": priority,
                "attempt": 0,
                "errors": [],
                "state": "ready",
                "time": now,
            }
            self._write(job)
            self._last_id = job["id"]
            self._show(job)
            return job["id"]

    def take(self):
        with self._lock:
            now = self._catch_up()
            if not self._ready:
                return None
            old = self._jobs[self._ready[0][1]]
            job = old | {
                "attempt": old["attempt"] + 1,
                "state": "running",
                "time": now + self.lease,
            }
            self._write(job)
            self._hide(old)
            self._show(job)
            keys = ("id", "payload", "priority", "attempt")
            return copy.deepcopy({key: job[key] for key in keys})

    def done(self, id, attempt):
        with self._lock:
            self._catch_up()
            job = self._running(id, attempt)
            if job is None:
                return False
            self._write({"id": id, "state": "gone"}, goes=1)
            self._hide(job)
            return True

    def fail(self, id, attempt, error):
        with self._lock:
            now = self._catch_up()
            old = self._running(id, attempt)
            if old is None:
                return False
            job = self._after_failure(old, now, error)
            self._write(job)
            self._hide(old)
            self._show(job)
            return True

    def counts(self):
        with self._lock:
            self._catch_up()
            states = [job["state"] for job in self._jobs.values()]
            names = ("ready", "delayed", "running", "dead")
            return {name: states.count(name) for name in names}

    def dead(self):
        with self._lock:
            self._catch_up()
            keys = ("id", "payload", "priority", "errors")
            found = [
                {key: job[key] for key in keys}
                for _, job in sorted(self._jobs.items())
                if job["state"] == "dead"
            ]
            return copy.deepcopy(found)

    def _running(self, id, attempt):
        job = self._jobs.get(id)
        if job and job["state"] == "running" and job["attempt"] == attempt:
            return job
        return None

    def _after_failure(self, job, time, error):
        errors = [*job["errors"], error]
        if job["attempt"] >= self.max_attempts:
            return job | {"errors": errors, "state": "dead", "time": time}
        delay = self.base << (job["attempt"] - 1)
        delay = min(delay, self.cap)
        return job | {"errors": errors, "state": "delayed", "time": time + delay}

    def _catch_up(self):
        now = self.clock()
        while self._due and self._due[0][0] <= now:
            time, id = self._due[0]
            old = self._jobs[id]
            if old["state"] == "running":
                job = self._after_failure(old, time, "lease expired")
            else:
                job = old | {"state": "ready"}
            self._hide(old)
            self._show(job)
        return now

    def _row(self, job):
        if job["state"] == "ready":
            rank = job["time"] - job["priority"] * self.aging
            return self._ready, (rank, job["id"])
        if job["state"] == "dead":
            return None, None
        return self._due, (job["time"], job["id"])

    def _show(self, job):
        self._jobs[job["id"]] = job
        rows, row = self._row(job)
        if rows is not None:
            bisect.insort(rows, row)

    def _hide(self, job):
        del self._jobs[job["id"]]
        rows, row = self._row(job)
        if rows is not None:
            del rows[bisect.bisect_left(rows, row)]

    def _write(self, job, goes=0):
        line = json.dumps(job) + "\n"
        data = line.encode()
        if self._held + len(data) > 15_000 + 3_000 * (len(self._jobs) - goes):
            jobs = {**self._jobs, job["id"]: job}
            last = max(self._last_id, job["id"])
            everything = [{"id": last, "state": "gone"}]
            everything += [one for one in jobs.values() if one["state"] != "gone"]
            data = "".join(json.dumps(one) + "\n" for one in everything).encode()
            self.store.replace(data)
            self._held = len(data)
        else:
            self.store.append(data)
            self._held += len(data)

    def _read(self):
        data = self.store.read()
        latest = {}
        for line in data.split(b"\n"):
            try:
                job = json.loads(line)
                latest[job["id"]] = job
            except (ValueError, TypeError, KeyError):
                continue  # torn by a crash
        self._last_id = max(latest, default=0)
        if data and not data.endswith(b"\n"):
            self.store.append(b"\n")
            data += b"\n"
        self._held = len(data)
        for job in latest.values():
            if job["state"] != "gone":
                self._show(job)
