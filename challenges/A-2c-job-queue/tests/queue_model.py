"""What a queue has to do, the judge's store, and what one can see of a queue."""

from __future__ import annotations

import copy
from pathlib import Path
from random import Random
from typing import Any

SOURCE = "job_queue.py"
SETTINGS = {"lease": 5, "max_attempts": 3, "base": 2, "cap": 3, "aging": 4}
STATES = ("ready", "delayed", "running", "dead")
LOST = "lease expired"
PROBE = Path(__file__).with_name("steps_probe.py").read_text(encoding="utf-8")

STORE_CLASS = """
class Store:
    def __init__(self, read, append, replace):
        self.read, self.append, self.replace = read, append, replace
"""


class Model:
    """One queue: all jobs are looked at in each call."""

    def __init__(self, **settings: int) -> None:
        self.__dict__.update(SETTINGS | settings)
        self.jobs: dict[int, dict[str, Any]] = {}
        self.last_id = 0
        self.now = 0

    def hear(self, now: int) -> None:
        """Let happen what is due, second by second."""
        self.now = now
        for job in self.jobs.values():
            while job["state"] in ("running", "delayed") and job["at"] <= now:
                if job["state"] == "running":
                    self._failed(job, job["at"], LOST)
                else:
                    job["state"] = "ready"

    def _failed(self, job: dict[str, Any], time: int, error: str) -> None:
        job["errors"].append(error)
        job["state"], job["at"] = "dead", time
        if len(job["errors"]) < self.__dict__["max_attempts"]:
            delay = self.__dict__["base"] * 2 ** (job["attempt"] - 1)
            job["state"] = "delayed"
            job["at"] = time + min(self.__dict__["cap"], delay)

    def put(self, payload: Any, priority: int = 0) -> int:
        self.last_id += 1
        self.jobs[self.last_id] = {
            "id": self.last_id,
            "payload": copy.deepcopy(payload),
            "priority": priority,
            "attempt": 0,
            "errors": [],
            "state": "ready",
            "at": self.now,
        }
        return self.last_id

    def rank(self, job: dict[str, Any]) -> tuple[int, int]:
        return job["at"] - job["priority"] * self.__dict__["aging"], job["id"]

    def take(self) -> dict[str, Any] | None:
        ready = [job for job in self.jobs.values() if job["state"] == "ready"]
        if not ready:
            return None
        job = min(ready, key=self.rank)
        job["attempt"] += 1
        job["state"], job["at"] = "running", self.now + self.__dict__["lease"]
        return {key: job[key] for key in ("id", "payload", "priority", "attempt")}

    def running(self, id: int, attempt: int) -> bool:
        job = self.jobs.get(id)
        known = job is not None and job["state"] == "running"
        return known and self.jobs[id]["attempt"] == attempt

    def done(self, id: int, attempt: int) -> bool:
        if not self.running(id, attempt):
            return False
        del self.jobs[id]
        return True

    def fail(self, id: int, attempt: int, error: str) -> bool:
        if not self.running(id, attempt):
            return False
        self._failed(self.jobs[id], self.now, error)
        return True

    def counts(self) -> dict[str, int]:
        states = [job["state"] for job in self.jobs.values()]
        return {state: states.count(state) for state in STATES}

    def dead(self) -> list[dict[str, Any]]:
        keys = ("id", "payload", "priority", "errors")
        dead = [job for job in self.jobs.values() if job["state"] == "dead"]
        return [{key: copy.deepcopy(job[key]) for key in keys} for job in dead]

    def effect(self, name: str, *arguments: Any) -> bool:
        """Whether the call would change something."""
        then = copy.deepcopy(self)
        getattr(then, name)(*arguments)
        return vars(then) != vars(self)


class Store:
    """The judge's: it knows each content that a crash during a call may leave."""

    def __init__(self, code: Any, content: bytes = b"") -> None:
        self.content = content
        self.left = [content]
        self.writes = self.bytes = 0
        self.full = False
        self.lent = code.define(STORE_CLASS).Store(
            code.callback(lambda: self.content, name="read"),
            code.callback(self.append, raises=[OSError], name="append"),
            code.callback(self.replace, raises=[OSError], name="replace"),
        )

    def append(self, data: Any) -> None:
        self.count(data)
        cuts = {1, len(data) // 2, len(data) - 1, len(data)}
        self.left += [self.content + data[:cut] for cut in sorted(cuts)]
        self.content += data

    def replace(self, data: Any) -> None:
        self.count(data)
        self.left.append(data)
        self.content = data

    def count(self, data: Any) -> None:
        if self.full:
            raise OSError("no space left")
        assert type(data) is bytes
        self.writes += 1
        self.bytes += len(data)


class Pair:
    """The answer's queue beside the model's, on one clock and one store."""

    def __init__(self, code: Any, **settings: int) -> None:
        self.code, self.settings = code, SETTINGS | settings
        self.clock = code.clock(0)
        self.store = Store(code)
        self.model = Model(**settings)
        self.open()

    def open(self) -> None:
        """A new queue over what the store holds."""
        self.queue = open_queue(self.code, self.store, self.clock, self.settings)

    def at(self, now: int) -> Pair:
        self.clock.set(now)
        self.model.hear(now)
        return self

    def call(self, name: str, *arguments: Any) -> Any:
        found = getattr(self.queue, name)(*arguments)
        expected = getattr(self.model, name)(*arguments)
        said = f"{name}{arguments} at {self.clock.now}: {found!r}, not {expected!r}"
        assert alike(found, expected), said
        return expected

    def put(self, payload: Any = "x", priority: int = 0) -> int:
        return int(self.call("put", payload, priority))

    def take(self) -> Any:
        return self.call("take")

    def taken(self) -> list[int]:
        """Ids of all that are ready, in the order in which they are taken."""
        ids = []
        while job := self.take():
            ids.append(job["id"])
        return ids

    def check(self) -> None:
        self.call("counts")
        self.call("dead")


def open_queue(code: Any, store: Store, clock: Any, settings: dict[str, int]) -> Any:
    return code.new("job_queue:JobQueue", store.lent, clock, **settings)


def alike(one: Any, other: Any) -> bool:
    """Equal and of the same types, whatever the order of keys."""
    if type(one) is not type(other):
        return False
    if type(one) is dict:
        return list(map(str, sorted(one))) == list(map(str, sorted(other))) and all(
            alike(one[key], other[key]) for key in other
        )
    if type(one) is list:
        return len(one) == len(other) and all(map(alike, one, other))
    return bool(one == other)


def seen(queue: Any, clock: Any, model: Model) -> list[Any]:
    """All that can be seen of a queue, or of the model: it is used up by that."""
    start, found = clock.now, []
    modelled = queue is model
    for now in [*range(start, start + 12), *range(start + 12, start + 60, 7)]:
        clock.set(now)
        if modelled:
            model.hear(now)
        counts = queue.counts()
        found.append([now, [counts[state] for state in STATES]])
        while counts["ready"] and (job := queue.take()):
            found.append([job[key] for key in ("id", "attempt", "payload")])
            counts["ready"] -= 1
    found += [sorted(job.items()) for job in queue.dead()]
    found.append(queue.put("last"))
    clock.set(start)
    return found


def seen_of(model: Model, clock: Any) -> list[Any]:
    """The same for a copy of the model."""
    other = copy.deepcopy(model)
    return seen(other, clock, other)


PAYLOADS = ["x", None, 0, [1, {"a": [True]}], {"é": "\u2028\U0001f600\n"}, -2.5, ""]


def some_call(rng: Random, model: Model) -> tuple[Any, ...]:
    """Mostly one that has an effect."""
    running = [job for job in model.jobs.values() if job["state"] == "running"]
    known = [*running, *running, *model.jobs.values()]
    verbs = ["put", "put", "take", "take", "done", "fail", "fail"]
    verb = rng.choice(verbs if known else ["put", "take"])
    if verb == "put":
        return verb, rng.choice(PAYLOADS), rng.randint(-2, 2)
    if verb == "take":
        return (verb,)
    job = rng.choice(known)
    attempt = job["attempt"] if rng.random() < 0.9 else job["attempt"] - 1
    text = rng.choice(["no answer", "", 'a "b"\n\\ é'])
    return (verb, job["id"], attempt, *([text] if verb == "fail" else []))


def later(rng: Random, model: Model) -> int:
    """A time to be at next, often one at which something happens."""
    ats = [job["at"] for job in model.jobs.values() if job["at"] > model.now]
    edge = rng.choice(ats or [model.now])
    step = rng.choice([0, 0, 1, 2, rng.randrange(9)])
    return int(rng.choice([model.now + step, edge, edge - 1 if ats else edge]))
