"""Challenges and records of runs that nobody played, see ``made_night.py``."""

from __future__ import annotations

import random
from dataclasses import dataclass
from datetime import datetime
from datetime import timedelta

from benchmarks.made_ledger import WORDS
from benchmarks.made_ledger import Event
from benchmarks.made_ledger import Record
from benchmarks.made_ledger import make_events
from benchmarks.made_ledger import sha
from pytest_overnight.rules.fingerprint import fingerprints_of

LEVELS = ("L3", "L4", "L5", "L6", "A")
AGENT = {
    "spec": "ollama",
    "model": "gpt-oss:20b",
    "details": {
        "digest": sha("weights"),
        "server_version": "0.13.1",
        "quantization_level": "MXFP4",
        "context_length": 16384,
    },
}
SANDBOX = {
    "level": "bubblewrap",
    "protected": True,
    "proved": (
        "read names write modes system tcp udp unix abstract families signal trace "
        "environ processes userns io_uring hidden workspace pytest"
    ).split(),
    "open": [],
    "runtime": {
        "python": "3.11.7",
        "hypothesis": "6.170.15",
        "iniconfig": "2.3.1",
        "librt": "0.16.0",
        "mypy": "2.4.1",
        "mypy-extensions": "1.2.0",
        "packaging": "26.3",
        "pathspec": "1.1.1",
        "pluggy": "1.7.0",
        "pygments": "2.21.0",
        "pytest": "9.2.0",
        "sortedcontainers": "2.4.0",
        "typing-extensions": "4.16.0",
        "digest": "e7581984c66c54ea",
    },
}
# Outcome → why the agent stopped, the tests' verdict, and how often among the missed.
MISSED = {
    "wrong_answer": ("finished", "fail", 60),
    "timeout": ("deadline", "fail", 12),
    "loop": ("loop", "fail", 10),
    "budget": ("round_limit", "fail", 6),
    "no_change": ("finished", "fail", 5),
    "malformed": ("malformed", "fail", 4),
    "context": ("context", "fail", 3),
}
VOID = {"infra": ("llm_unavailable", "fail"), "harness": ("finished", "error")}


@dataclass
class Challenge:
    """One challenge, and what becomes of who tries it."""

    id: str
    level: str
    solved: float
    """Share of counted runs."""
    checks: list[str]
    weak: list[str]
    """Those of its hidden tests that missed runs may fail."""


def make_challenges(number: int, rng: random.Random) -> list[Challenge]:
    """Some always solved, some never, most in between."""
    made = []
    for index in range(number):
        level = LEVELS[index * len(LEVELS) // number]
        names = rng.sample(WORDS, 6)
        checks = sorted(
            {
                f"test_{rng.choice(names)}_{rng.choice(WORDS)}[{case}]"
                for case in range(rng.randint(20, 40))
            }
        )
        solved = min(1.0, max(0.0, rng.uniform(-0.15, 1.15)))
        weak = rng.sample(checks, min(len(checks), rng.randint(2, 8)))
        made.append(Challenge(f"{level}-{index + 1}", level, solved, checks, weak))
    return made


def make_run(
    challenge: Challenge,
    repetition: int,
    start: datetime,
    rng: random.Random,
    ledgers: bool = True,
) -> tuple[Record, list[Event]]:
    """One run that began at ``start``: its record, and its ledger if wanted."""
    run_id = f"{challenge.id}-run-{repetition:04d}"
    outcome, stop, verdict = _ending(challenge, rng)
    record = _plain_record(challenge, run_id, repetition, outcome, stop, verdict)
    seconds = round(rng.lognormvariate(2.7, 0.6) + 1, 3)
    record["checks"] = _checks(challenge, outcome, rng)
    record["duration"] = seconds
    record["timestamp_start"] = stamp(start)
    record["timestamp_end"] = stamp(start + timedelta(seconds=seconds))
    record["rounds"] = record["actions"] = rng.randint(8, 27)
    record["seed"] = rng.getrandbits(62)
    record["tries"][0] |= {"started": stamp(start), "duration": seconds - 1}
    events = list(make_events(record, start.timestamp(), rng)) if ledgers else []
    record["fingerprints"] = fingerprints_of(events)
    record["performance"] = _performance(record, rng)
    return record, events


def _ending(challenge: Challenge, rng: random.Random) -> tuple[str, str, str]:
    if rng.random() < 0.02:
        outcome = rng.choice(list(VOID))
        return outcome, *VOID[outcome]
    if rng.random() < challenge.solved:
        return "passed", "finished", "pass"
    weights = [share for _, _, share in MISSED.values()]
    outcome = rng.choices(list(MISSED), weights)[0]
    return outcome, *MISSED[outcome][:2]


def _plain_record(
    challenge: Challenge,
    run_id: str,
    repetition: int,
    outcome: str,
    stop: str,
    verdict: str,
) -> Record:
    counted, ledger = outcome not in VOID, f"logs/{run_id}-ledger.log"
    detail = "" if outcome == "passed" else f"{stop}; some hidden tests failed"
    return {
        "run_id": run_id,
        "test_id": challenge.id,
        "attempt": repetition,
        "success": outcome == "passed" if counted else None,
        "failure_mode": None if outcome == "passed" else outcome,
        "workspace": f".agent_workspace/{run_id}",
        "output_log": f"logs/{run_id}.txt",
        "agent_ledger": ledger,
        "schema_version": 1,
        "session_id": "",
        "level": challenge.level,
        "nodeid": f"challenges/test_challenges.py::test_challenge[{run_id}]",
        "counted": counted,
        "outcome": outcome,
        "stop": stop,
        "verdict": verdict,
        "detail": detail,
        "loop_rule": "L1" if outcome == "loop" else None,
        "tags": ["never_ran_tests"] if outcome == "no_change" else [],
        "fingerprints": {},
        "tries": [
            {"number": 1, "stop": stop, "outcome": outcome, "agent_ledger": ledger}
        ],
        "agent": AGENT,
        "sandbox": SANDBOX,
        "snapshot": {
            "path": f"snapshots/{run_id}.tar.gz",
            "sha256": sha("archive", run_id),
            "files": 12,
            "bytes": 30000,
            "manifest": {f"{word}.py": sha(word, run_id) for word in WORDS[:12]},
        },
        "digests": {
            "challenge": sha("challenge", challenge.id),
            "settings": sha("settings"),
            "workspace_start": sha("start", challenge.id),
            "workspace_end": sha("end", run_id),
        },
        "machine": {
            "free_disk_bytes": 78710661120,
            "available_memory_bytes": 24475705344,
            "load": 1.73,
            "gpu_share": 1.0,
        },
    }


def _checks(challenge: Challenge, outcome: str, rng: random.Random) -> list[Record]:
    broken: set[str] = set()
    if outcome == "no_change":
        broken = set(challenge.checks)
    elif outcome not in ("passed", "harness"):
        broken = set(rng.sample(challenge.weak, rng.randint(1, len(challenge.weak))))
    return [
        {
            "name": name,
            "passed": name not in broken,
            "message": _message(name, rng) if name in broken else "",
        }
        for name in challenge.checks
    ]


def _message(name: str, rng: random.Random) -> str:
    wanted, got = rng.randint(0, 99), rng.randint(100, 199)
    return (
        f"AssertionError: {name} of {rng.choice(WORDS)}: at [{wanted}]\n"
        f"assert '{'x' * rng.randint(20, 160)} {got}' == '{'y' * 60} {wanted}'\n"
        f"(test_{rng.choice(WORDS)}.py:{wanted})"
    )


def _performance(record: Record, rng: random.Random) -> Record:
    rounds, seconds = record["rounds"], record["duration"] - 1
    llm = round(seconds * rng.uniform(0.7, 0.9), 3)
    return {
        "working_seconds": round(seconds, 3),
        "setup_seconds": 0.05,
        "llm_seconds": llm,
        "tool_seconds": round(seconds - llm, 3),
        "check_seconds": 0.9,
        "cpu_seconds": 1.3,
        "peak_rss_mb": 84.5,
        "prompt_tokens": 4000 * rounds,
        "output_tokens": 300 * rounds,
        "max_prompt_tokens": 9000,
        "tokens_per_second": round(rng.gauss(90, 4), 2),
        "time_to_first_token_seconds": 0.31,
        "time_to_first_action_seconds": 1.2,
        "llm_calls": rounds,
        "actions_failed": sum(record["fingerprints"].values()),
    }


def stamp(time: datetime) -> str:
    return time.isoformat(timespec="milliseconds").replace("+00:00", "Z")
