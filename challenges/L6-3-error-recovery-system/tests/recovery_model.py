"""What the processor must do, kept in memory, and a network that follows a script."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass
from dataclasses import field
from random import Random
from typing import Any
from zlib import crc32

FOLDER = "work"
STATE = f"{FOLDER}/state.json"
LOG = f"{FOLDER}/errors.jsonl"
MODULES = ("error_handler", "processor", "state_manager")

TIMEOUTS = (TimeoutError,)
LOST = (ConnectionError, ConnectionResetError, BrokenPipeError, ConnectionRefusedError)
FATAL = (OSError, FileNotFoundError, PermissionError, ValueError, KeyError, EOFError)
RAISED = (*TIMEOUTS, *LOST, *FATAL)

Rows = list[tuple[str, int]]
Outcome = bytes | BaseException
"""What one fetch gives."""
Entry = dict[str, Any]


def file_of(rows: Rows, number: int | None = None) -> bytes:
    """A good file, or one whose first line has another number."""
    first = f"counts {len(rows) if number is None else number}\n"
    return sealed((first + "".join(f"{key} {n}\n" for key, n in rows)).encode())


def sealed(body: bytes) -> bytes:
    """The bytes with the line that ends a file."""
    return body + b"crc %08x\n" % crc32(body)


def sums(rows: Rows) -> dict[str, int]:
    found: dict[str, int] = {}
    for key, value in rows:
        found[key] = found.get(key, 0) + value
    return found


def random_rows(rng: Random) -> Rows:
    keys = ["a", "pears", "z" * 30, "q", "apples"]
    sizes = [1, 2, 9, 10, 10**6, 10**18]
    return [
        (rng.choice(keys), rng.choice((1, -1)) * rng.randrange(rng.choice(sizes)))
        for _ in range(rng.randrange(9))
    ]


def parsed(data: bytes) -> dict[str, int] | None:
    """The counts of a file that :func:`file_of` made; None if it was changed since."""
    *lines, _ = data.decode("latin-1").splitlines(keepends=True) or [""]
    body = "".join(lines).encode("latin-1")
    if sealed(body) != data:
        return None
    return sums([(k, int(v)) for k, v in (line.split() for line in lines[1:])])


def kind_of(error: BaseException) -> str:
    if isinstance(error, TimeoutError):
        return "timeout"
    return "connection" if isinstance(error, ConnectionError) else "fatal"


@dataclass
class Network:
    """``fetch`` and ``sleep`` by a script; ``seen`` holds what was asked, in order."""

    script: dict[str, list[Outcome]]
    """Name → outcomes, one a fetch; the last one is there for good."""
    seen: list[tuple[str, Any]] = field(default_factory=list)
    now: float = 1000.0

    def fetch(self, name: str) -> bytes:
        assert type(name) is str, name
        self.seen.append(("fetch", name))
        assert len(self.seen) < 500, "it does not stop asking"
        outcomes = self.script[name]
        outcome = outcomes.pop(0) if len(outcomes) > 1 else outcomes[0]
        self.now += 1
        if isinstance(outcome, bytes):
            return outcome
        raise outcome

    def sleep(self, seconds: float) -> None:
        assert type(seconds) in (int, float), seconds
        self.seen.append(("sleep", seconds))
        self.now += seconds

    def clock(self) -> float:
        return self.now

    def copy(self) -> Network:
        script = {name: list(outcomes) for name, outcomes in self.script.items()}
        return Network(script, [], self.now)

    def fetched(self) -> list[str]:
        return [what for verb, what in self.seen if verb == "fetch"]

    def slept(self) -> list[float]:
        return [what for verb, what in self.seen if verb == "sleep"]


@dataclass
class Model:
    """The processor, in memory."""

    attempts: int = 4
    base: float = 0.5
    cap: float = 8.0
    items: dict[str, Entry] = field(default_factory=dict)
    totals: dict[str, int] = field(default_factory=dict)
    log: list[Entry] = field(default_factory=list)
    aside: dict[str, bytes] = field(default_factory=dict)

    def run(self, names: Iterable[str], network: Network) -> dict[str, Any]:
        found: dict[str, Any] = {"done": [], "corrupt": [], "failed": []}
        for name in dict.fromkeys(names):
            item = self.items.setdefault(name, {"status": "pending", "attempts": 0})
            if item["status"] == "failed":
                item.update(status="pending", attempts=0)
            if item["status"] == "pending":
                item["status"] = self._status(name, item, network)
            found[item["status"]].append(name)
        return {**found, "totals": dict(self.totals)}

    def _status(self, name: str, item: Entry, network: Network) -> str:
        while item["attempts"] < self.attempts:
            if item["attempts"]:
                factor = 2 ** (item["attempts"] - 1)
                network.sleep(min(self.cap, self.base * factor))
            try:
                data = network.fetch(name)
            except Exception as error:
                entry = {"kind": kind_of(error), "type": type(error).__name__}
                self._record(network, name, item, entry | {"message": str(error)})
                if entry["kind"] == "fatal":
                    return "failed"
                item["attempts"] += 1
                continue
            counts = parsed(data)
            if counts is None:
                self.aside[name] = data
                entry = {"kind": "corrupt", "type": "CorruptData"}
                self._record(network, name, item, entry)
                return "corrupt"
            for key, value in counts.items():
                self.totals[key] = self.totals.get(key, 0) + value
            return "done"
        return "failed"

    def _record(self, network: Network, name: str, item: Entry, more: Entry) -> None:
        first = {"at": network.now, "name": name, "attempt": item["attempts"] + 1}
        self.log.append(first | more)

    @property
    def state(self) -> dict[str, Any]:
        return {"items": self.items, "totals": self.totals}


def random_error(rng: Random, kinds: tuple[type[Exception], ...]) -> Exception:
    text = "".join(rng.choices('ab\u00e9\u4e2d\n\r\t"\\\u2028\x85', k=5))
    return rng.choice(kinds)(text)


def random_script(rng: Random, size: int) -> dict[str, list[Outcome]]:
    """Files of all fates, in random order."""
    script: dict[str, list[Outcome]] = {}
    for number in range(size):
        passing = [random_error(rng, TIMEOUTS + LOST) for _ in range(rng.randrange(4))]
        good = file_of(random_rows(rng))
        end: Outcome = good
        if number % 5 == 1:
            end = good.replace(b"counts ", b"counts 1", 1)
        elif number % 5 == 2:
            end = random_error(rng, FATAL)
        elif number % 5 == 3:
            end = random_error(rng, TIMEOUTS + LOST)
        name = f"{rng.choice('aZ0')}{number}{rng.choice(['', '.', '-x_y.txt'])}"
        script[name] = [*passing, end]
    names = rng.sample(sorted(script), len(script))
    return {name: script[name] for name in names}


def make(
    code: Any, network: Network, *, folder: Any = FOLDER, policy: Any = None
) -> Any:
    """A processor on the folder, in that child."""
    more = {} if policy is None else {"policy": policy}
    return code.new(
        "processor:Processor",
        folder,
        code.callback(network.fetch, raises=RAISED),
        sleep=code.callback(network.sleep),
        clock=code.callback(network.clock),
        **more,
    )


def policy_of(code: Any, model: Model) -> Any:
    fields = {"attempts": model.attempts, "base": model.base, "cap": model.cap}
    return code.new("error_handler:RetryPolicy", **fields)


def state_of(data: bytes) -> dict[str, Any]:
    """A state file's content; ``AssertionError`` if it is not as the page says."""
    try:
        state = json.loads(data.decode("utf-8"))
    except ValueError as error:
        raise AssertionError(f"no JSON in UTF-8: {data[:200]!r}") from error
    assert type(state) is dict, data[:200]
    assert set(state) == {"items", "totals"}, data[:200]
    assert type(state["items"]) is type(state["totals"]) is dict, data[:200]
    for item in state["items"].values():
        assert type(item) is dict, item
        assert set(item) == {"status", "attempts"}, item
        assert (type(item["status"]), type(item["attempts"])) == (str, int), item
    return state


def is_state(state: dict[str, Any], model: dict[str, Any]) -> bool:
    """Equal, but that a pending file without attempts may be left out."""
    plain = {"status": "pending", "attempts": 0}

    def known(items: dict[str, Entry]) -> dict[str, Entry]:
        return {name: item for name, item in items.items() if item != plain}

    totals = state["totals"]
    return (
        known(state["items"]) == known(model["items"])
        and totals == model["totals"]
        and all(type(value) is int for value in totals.values())
    )


def entries_of(data: bytes, torn: int = 0) -> list[Entry]:
    """The lines of a log, of which so many at most may be torn by a kill."""
    lines = data.split(b"\n")
    assert len(lines) < 10_000
    entries = []
    bad = 0
    for line in lines[:-1] if not torn else filter(None, lines):
        try:
            entries.append(json.loads(line.decode("utf-8")))
        except ValueError:
            bad += 1
    assert bad <= torn, f"{bad} lines of the log are not whole"
    assert torn or not lines[-1], "the last line of the log is not whole"
    return entries


def log_of(data: bytes, torn: int = 0) -> list[Entry]:
    """The same, without the messages of ``CorruptData``: they are the answer's own."""
    entries = entries_of(data, torn)
    for entry in entries:
        if entry["kind"] == "corrupt":
            assert type(entry.pop("message")) is str
    return entries
