"""A job queue with priorities, leases and retries, kept in a store.

The store holds a journal: records that are appended one for each change, and now and
then replaced by an image of all jobs. A record is a netstring of netstrings, so that a
torn end is seen: it is shorter than it says. Time is not journalled: what happens to a
job when a lease or a delay ends follows from when it was taken or failed.
"""

import json
import operator
import threading
from collections import OrderedDict
from heapq import heappop, heappush

SLACK = 10_000  # bytes that the store may hold beside twice the last image


class _Job:
    """``when``: ready since, delayed until, or leased until; by the state."""

    __slots__ = ("id", "priority", "payload", "attempt", "state", "when", "errors", "cost")

    def __init__(self, id, priority, payload, attempt, state, when, errors):
        self.id = id
        self.priority = priority
        self.payload = payload
        self.attempt = attempt
        self.state = state
        self.when = when
        self.errors = errors
        self.cost = 80 + len(payload) + len(_int(priority))
        self.cost += sum(len(error) + 8 for error in errors)

    def image(self):
        return _record(
            b"j",
            _int(self.id),
            _int(self.priority),
            self.payload,
            _int(self.attempt),
            self.state.encode(),
            _int(self.when),
            *self.errors,
        )

    def mark(self):
        return self.attempt, self.state, self.when, self.cost, len(self.errors)

    def reset(self, mark):
        self.attempt, self.state, self.when, self.cost, errors = mark
        del self.errors[errors:]


class JobQueue:
    def __init__(self, store, clock, *, lease=30, max_attempts=3, base=1, cap=60, aging=60):
        if min(lease, max_attempts, base, cap, aging) < 1:
            raise ValueError("a setting is less than 1")
        self._store = store
        self._clock = clock
        self._lease = lease
        self._max_attempts = max_attempts
        self._base = base
        self._cap = cap
        self._aging = aging
        self._lock = threading.Lock()
        self._jobs = {}
        self._next = 1
        content = store.read()
        self._size = self._image_size = self._replay(content)
        self._live = sum(job.cost for job in self._jobs.values())
        self._ready = []  # (rank, id)
        self._delayed = []  # (until, id)
        self._running = OrderedDict()  # ids; leases end in this order
        self._dead = []
        for job in sorted(self._jobs.values(), key=operator.attrgetter("when", "id")):
            self._enter(job)
        if self._size < len(content):
            image = self._image()
            store.replace(image)
            self._size = self._image_size = len(image)

    # What callers use.

    def put(self, payload, priority=0):
        payload = json.dumps(payload, separators=(",", ":")).encode("ascii")
        priority = operator.index(priority)
        with self._lock:
            now = self._look()
            job = _Job(self._next, priority, payload, 0, "ready", now, [])
            record = _record(b"p", _int(job.id), _int(priority), payload, _int(now))
            self._jobs[job.id] = job
            self._next += 1
            try:
                self._write(record, job.cost)
            except BaseException:
                del self._jobs[job.id]
                self._next -= 1
                raise
            self._enter(job)
            return job.id

    def take(self):
        with self._lock:
            now = self._look()
            if not self._ready:
                return None
            job = self._jobs[self._ready[0][1]]
            payload = json.loads(job.payload)
            mark = job.mark()
            self._start(job, now)
            try:
                self._write(_record(b"t", _int(job.id), _int(now)), 0)
            except BaseException:
                job.reset(mark)
                raise
            heappop(self._ready)
            self._enter(job)
            return {
                "id": job.id,
                "payload": payload,
                "priority": job.priority,
                "attempt": job.attempt,
            }

    def done(self, id, attempt):
        with self._lock:
            self._look()
            job = self._held(id, attempt)
            if job is None:
                return False
            del self._jobs[job.id]
            try:
                self._write(_record(b"d", _int(job.id)), -job.cost)
            except BaseException:
                self._jobs[job.id] = job
                raise
            del self._running[job.id]
            return True

    def fail(self, id, attempt, error):
        error = error.encode("utf-8", "surrogatepass")
        with self._lock:
            now = self._look()
            job = self._held(id, attempt)
            if job is None:
                return False
            mark = job.mark()
            cost = job.cost
            self._fail(job, now, error)
            try:
                self._write(_record(b"f", _int(job.id), _int(now), error), job.cost - cost)
            except BaseException:
                job.reset(mark)
                raise
            del self._running[job.id]
            self._enter(job)
            return True

    def counts(self):
        with self._lock:
            self._look()
            return {
                "ready": len(self._ready),
                "delayed": len(self._delayed),
                "running": len(self._running),
                "dead": len(self._dead),
            }

    def dead(self):
        with self._lock:
            self._look()
            self._dead.sort()
            return [
                {
                    "id": job.id,
                    "payload": json.loads(job.payload),
                    "priority": job.priority,
                    "errors": [error.decode("utf-8", "surrogatepass") for error in job.errors],
                }
                for job in map(self._jobs.__getitem__, self._dead)
            ]

    # What happens to one job.

    def _start(self, job, now):
        job.attempt += 1
        job.state = "running"
        job.when = now + self._lease

    def _fail(self, job, time, error):
        job.errors.append(error)
        job.cost += len(error) + 8
        if job.attempt >= self._max_attempts:
            job.state = "dead"
            return
        delay = self._cap
        if job.attempt <= self._cap.bit_length():  # else it is more than the cap
            delay = min(self._base << (job.attempt - 1), self._cap)
        job.state = "delayed"
        job.when = time + delay

    def _settle(self, job, now):
        """Let happen what has happened to it until now."""
        if job.state == "running" and job.when <= now:
            self._fail(job, job.when, b"lease expired")
        if job.state == "delayed" and job.when <= now:
            job.state = "ready"

    # The jobs by state.

    def _enter(self, job):
        if job.state == "ready":
            heappush(self._ready, (job.when - job.priority * self._aging, job.id))
        elif job.state == "delayed":
            heappush(self._delayed, (job.when, job.id))
        elif job.state == "running":
            self._running[job.id] = None
        else:
            self._dead.append(job.id)

    def _look(self):
        now = self._clock()
        while self._running:
            job = self._jobs[next(iter(self._running))]
            if job.when > now:
                break
            del self._running[job.id]
            cost = job.cost
            self._settle(job, now)
            self._live += job.cost - cost
            self._enter(job)
        while self._delayed and self._delayed[0][0] <= now:
            job = self._jobs[heappop(self._delayed)[1]]
            self._settle(job, now)
            self._enter(job)
        return now

    def _held(self, id, attempt):
        if id not in self._running:
            return None
        job = self._jobs[id]
        return job if job.attempt == attempt else None

    # The journal.

    def _write(self, record, more):
        """Write a change that the jobs have already; they need ``more`` room now."""
        live = self._live + more
        if self._size + len(record) <= SLACK + 2 * self._image_size:
            self._store.append(record)
            self._size += len(record)
        else:
            image = self._image()
            self._store.replace(image)
            self._size = self._image_size = len(image)
        self._live = live

    def _image(self):
        jobs = [job.image() for job in self._jobs.values()]
        return b"".join([_record(b"n", _int(self._next)), *jobs])

    def _replay(self, content):
        """Make the jobs; return how much of the content is whole."""
        place = 0
        while True:
            body, end = _field(content, place)
            if body is None:
                return place
            place = end
            kind, number, *fields = _fields(body)
            number = int(number, 16)
            if kind == b"n":
                self._next = number
            elif kind == b"j":
                priority, payload, attempt, state, when, *errors = fields
                self._jobs[number] = _Job(
                    number,
                    int(priority, 16),
                    payload,
                    int(attempt, 16),
                    state.decode(),
                    int(when, 16),
                    errors,
                )
            elif kind == b"p":
                priority, payload, time = fields
                self._jobs[number] = _Job(
                    number, int(priority, 16), payload, 0, "ready", int(time, 16), []
                )
                self._next = number + 1
            elif kind == b"d":
                del self._jobs[number]
            else:
                job = self._jobs[number]
                time = int(fields[0], 16)
                self._settle(job, time)
                if kind == b"t":
                    self._start(job, time)
                else:
                    self._fail(job, time, fields[1])


def _int(number):
    return b"%x" % number


def _netstring(data):
    return b"%x:%b" % (len(data), data)


def _record(*fields):
    return _netstring(b"".join(map(_netstring, fields)))


def _field(data, place):
    """The netstring that begins there and where it ends; None if it is not whole."""
    colon = data.find(b":", place, place + 20)
    if colon < 0:
        return None, place
    end = colon + 1 + int(data[place:colon], 16)
    if end > len(data):
        return None, place
    return data[colon + 1 : end], end


def _fields(body):
    place = 0
    while place < len(body):
        field, place = _field(body, place)
        if field is None:
            raise ValueError("the store does not hold a queue")
        yield field
