"""The processor and its two modules; nothing here sleeps."""

import json
from pathlib import Path
from zlib import crc32

import pytest
from error_handler import CorruptData
from error_handler import ErrorLog
from error_handler import RetryPolicy
from error_handler import kind_of
from processor import Processor
from processor import parse
from state_manager import StateError
from state_manager import StateManager


def file_of(*rows):
    lines = [f"counts {len(rows)}", *(f"{key} {value}" for key, value in rows)]
    body = "".join(line + "\n" for line in lines).encode()
    return body + b"crc %08x\n" % crc32(body)


GOOD = file_of(("apples", 2), ("pears", -1), ("apples", 1))
BAD = GOOD.replace(b"2", b"3", 1)


class Network:
    """Gives one outcome after the other; the last one is there for good."""

    def __init__(self, **script):
        self.script = {name: list(outcomes) for name, outcomes in script.items()}
        self.fetched, self.slept = [], []

    def fetch(self, name):
        self.fetched.append(name)
        assert len(self.fetched) < 100
        outcomes = self.script[name]
        outcome = outcomes.pop(0) if len(outcomes) > 1 else outcomes[0]
        if isinstance(outcome, bytes):
            return outcome
        raise outcome

    def run(self, folder, names=None, **options):
        processor = Processor(
            folder, self.fetch, sleep=self.slept.append, clock=lambda: 5.0, **options
        )
        return processor.run(names or list(self.script))


def log_of(folder):
    return ErrorLog(Path(folder, "errors.jsonl"), lambda: 0.0).entries()


def test_good_files_are_summed():
    assert parse(GOOD) == {"apples": 3, "pears": -1}
    assert parse(file_of()) == {}


@pytest.mark.parametrize("data", [b"", BAD, GOOD[:-1], GOOD + b"\n", GOOD[1:]])
def test_damaged_files_are_corrupt(data):
    with pytest.raises(CorruptData):
        parse(data)


def test_kinds():
    assert kind_of(TimeoutError()) == "timeout"
    assert kind_of(ConnectionResetError()) == "connection"
    assert kind_of(CorruptData()) == "corrupt"
    assert kind_of(OSError()) == "fatal"


def test_delays():
    policy = RetryPolicy(9, 1, 5)
    assert [policy.delay(n) for n in range(1, 6)] == [1, 2, 4, 5, 5]
    with pytest.raises(ValueError):
        RetryPolicy(attempts=0)


def test_a_passing_error_is_retried(tmp_path):
    network = Network(a=[TimeoutError("x"), ConnectionError("y"), GOOD])
    found = network.run(tmp_path)
    assert found["done"] == ["a"]
    assert network.slept == [0.5, 1.0]
    assert [entry["attempt"] for entry in log_of(tmp_path)] == [1, 2]


def test_attempts_have_an_end_and_all_are_logged(tmp_path):
    network = Network(a=[TimeoutError("x")], b=[GOOD])
    found = network.run(tmp_path, policy=RetryPolicy(3, 1, 8))
    assert (found["failed"], found["done"]) == (["a"], ["b"])
    assert network.fetched == ["a", "a", "a", "b"]
    assert [entry["attempt"] for entry in log_of(tmp_path)] == [1, 2, 3]


def test_other_errors_are_not_retried(tmp_path):
    network = Network(a=[PermissionError("x"), GOOD], b=[GOOD])
    found = network.run(tmp_path)
    assert (found["failed"], found["done"]) == (["a"], ["b"])
    assert [entry["kind"] for entry in log_of(tmp_path)] == ["fatal"]


def test_corrupt_files_are_set_aside(tmp_path):
    found = Network(a=[BAD]).run(tmp_path)
    assert found["corrupt"] == ["a"]
    assert (tmp_path / "quarantine" / "a").read_bytes() == BAD
    assert [entry["kind"] for entry in log_of(tmp_path)] == ["corrupt"]


def test_what_is_done_is_not_done_again(tmp_path):
    network = Network(a=[GOOD])
    assert network.run(tmp_path) == network.run(tmp_path)
    assert network.fetched == ["a"]


def test_attempts_survive_an_interrupt(tmp_path):
    network = Network(a=[TimeoutError("x"), KeyboardInterrupt(), TimeoutError("y")])
    with pytest.raises(KeyboardInterrupt):
        network.run(tmp_path, policy=RetryPolicy(2, 1, 8))
    assert network.run(tmp_path, policy=RetryPolicy(2, 1, 8))["failed"] == ["a"]
    assert len(network.fetched) == 3


def test_a_torn_line_stays_alone(tmp_path):
    path = tmp_path / "log"
    path.write_bytes(b'{"na')
    log = ErrorLog(path, lambda: 1.0)
    log.record("a", 1, ValueError("x"))
    assert [entry["name"] for entry in log.entries()] == ["a"]


def test_a_bad_state_is_refused(tmp_path):
    path = tmp_path / "state.json"
    path.write_text("{")
    with pytest.raises(StateError):
        StateManager(path)
    path.write_text(json.dumps({"items": {}, "totals": {"x": 1}}))
    assert StateManager(path).totals() == {"x": 1}
