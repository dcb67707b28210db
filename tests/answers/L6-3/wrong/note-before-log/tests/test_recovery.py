"""Tests of the file processor: errors, retries, and going on after a kill."""

import json
import sys
import zlib
from pathlib import Path

import pytest

sys.path.append(str(Path(__file__).resolve().parent.parent))

from error_handler import CorruptData, ErrorLog, RetryPolicy, kind_of
from processor import Processor, parse
from state_manager import StateError, StateManager


def good(*lines):
    data = "".join(line + "\n" for line in (f"counts {len(lines)}", *lines)).encode("ascii")
    return data + b"crc %08x\n" % zlib.crc32(data)


APPLES = good("apples 12", "pears -4", "apples 1")
DAMAGED = APPLES.replace(b"12", b"13")


class Net:
    """A network: a script of answers for each name; remembers what happens."""

    def __init__(self, **answers):
        self.answers = {name.replace("_", "."): list(script) for name, script in answers.items()}
        self.events = []
        self.time = 1000.0

    def fetch(self, name):
        self.events.append(name)
        answer = self.answers[name].pop(0)
        if isinstance(answer, BaseException):
            raise answer
        return answer

    def sleep(self, seconds):
        self.events.append(seconds)
        self.time += seconds

    def clock(self):
        return self.time

    def processor(self, folder, **options):
        return Processor(folder, self.fetch, sleep=self.sleep, clock=self.clock, **options)


def log_of(folder):
    entries = ErrorLog(folder / "errors.jsonl", lambda: 0).entries()
    return [(entry["name"], entry["attempt"], entry["kind"]) for entry in entries]


# --- parse --------------------------------------------------------------------------

def test_good_files():
    assert parse(b"counts 3\napples 12\npears -4\napples 1\ncrc 07e92b86\n") == {
        "apples": 13,
        "pears": -4,
    }
    assert parse(good()) == {}
    assert parse(good("a 0", "b 999999999999999999", "b -999999999999999999")) == {"a": 0, "b": 0}
    assert parse(good("crc 12345678", "counts 1")) == {"crc": 12345678, "counts": 1}


def test_checksum():
    with pytest.raises(CorruptData):
        parse(DAMAGED)


def sealed(data):
    return data + b"crc %08x\n" % zlib.crc32(data)


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"\n",
        APPLES[:-1],
        APPLES + b"\n",
        APPLES[:-3],
        APPLES.replace(b"\n", b"\r\n"),
        APPLES.replace(b"crc 07e92b86", b"crc 07E92B86"),
        sealed(b"counts 2\na 1\n"),
        sealed(b"counts 0\na 1\n"),
        sealed(b"counts 01\na 1\n"),
        sealed(b"counts " + b"1" * 5000 + b"\na 1\n"),
        sealed(b"counts\n"),
        sealed(b""),
        sealed(b"Counts 1\na 1\n"),
        sealed(b"counts 1\na  1\n"),
        sealed(b"counts 1\na 1 \n"),
        sealed(b"counts 1\nA 1\n"),
        sealed(b"counts 1\na +1\n"),
        sealed(b"counts 1\na 01\n"),
        sealed(b"counts 1\na -0\n"),
        sealed(b"counts 1\na 1000000000000000000\n"),
        sealed(b"counts 1\n\xc3\xa4 1\n"),
        sealed("counts 1\na \u0661\n".encode()),
        sealed(b"counts 1\na 1\n\n"),
    ],
)
def test_corrupt_files(data):
    with pytest.raises(CorruptData):
        parse(data)


# --- error_handler ------------------------------------------------------------------

def test_kinds():
    class Mine(ConnectionResetError):
        pass

    class Bad(CorruptData):
        pass

    assert kind_of(TimeoutError()) == "timeout"
    assert kind_of(Mine()) == "connection"
    assert kind_of(Bad()) == "corrupt"
    assert kind_of(OSError()) == kind_of(FileNotFoundError()) == kind_of(ValueError()) == "fatal"


def test_delay():
    policy = RetryPolicy()
    assert (policy.attempts, policy.base, policy.cap) == (4, 0.5, 8.0)
    assert [policy.delay(n) for n in range(1, 8)] == [0.5, 1, 2, 4, 8, 8, 8]
    assert policy.delay(5_000_000) == 8
    assert [RetryPolicy(9, 3, 10).delay(n) for n in (1, 2, 3, 4)] == [3, 6, 10, 10]
    assert RetryPolicy(1, 2, 2).delay(1) == 2


@pytest.mark.parametrize(
    "wrong", [{"attempts": 0}, {"base": 0}, {"base": -1.0}, {"base": 2.0, "cap": 1.0}]
)
def test_wrong_policies(wrong):
    with pytest.raises(ValueError):
        RetryPolicy(**wrong)


def test_log(tmp_path):
    log = ErrorLog(str(tmp_path / "log"), lambda: 12.5)
    assert log.entries() == []
    log.record("a.txt", 2, TimeoutError("a\n\u00e4\ud800\u2028"))
    expected = {
        "at": 12.5,
        "name": "a.txt",
        "attempt": 2,
        "kind": "timeout",
        "type": "TimeoutError",
        "message": "a\n\u00e4\ud800\u2028",
    }
    assert log.entries() == [expected]
    log.record("b", 1, KeyError("k"))
    assert log.entries()[0] == expected
    assert log.entries()[1]["message"] == "'k'"
    assert (tmp_path / "log").read_bytes().count(b"\n") == 2


@pytest.mark.parametrize("torn", [b'{"at": 1, "na', b"\xff\xfe", b'{"message": "\xc3'])
def test_torn_line(tmp_path, torn):
    path = tmp_path / "log"
    log = ErrorLog(path, lambda: 1)
    log.record("a", 1, TimeoutError())
    before = path.read_bytes() + torn
    path.write_bytes(before)
    assert [entry["name"] for entry in log.entries()] == ["a"]
    log.record("b", 1, TimeoutError())
    log.record("c", 1, TimeoutError())
    assert [entry["name"] for entry in log.entries()] == ["a", "b", "c"]
    data = path.read_bytes()
    assert data.startswith(before + b"\n")
    assert data.endswith(b"\n")


# --- state_manager ------------------------------------------------------------------

def test_state(tmp_path):
    path = tmp_path / "state"
    state = StateManager(path)
    assert (state.status("a"), state.attempts("a"), state.totals()) == ("pending", 0, {})
    state.note_failure("a")
    state.mark_done("a", {"x": 2, "y": -1})
    state.mark_done("b", {"x": -2})
    state.note_failure("c")
    state.note_failure("c")
    state.mark_failed("c")
    state.mark_corrupt("d")
    state.totals()["x"] = 9
    for state in state, StateManager(str(path)):
        assert [state.status(name) for name in "abcde"] == [
            "done", "done", "failed", "corrupt", "pending",
        ]
        assert [state.attempts(name) for name in "abcde"] == [1, 0, 2, 0, 0]
        assert state.totals() == {"x": 0, "y": -1}
    held = json.loads(path.read_text(encoding="utf-8"))
    assert set(held) == {"items", "totals"}
    assert held["totals"] == {"x": 0, "y": -1}
    assert held["items"]["c"] == {"status": "failed", "attempts": 2}
    state.restart("c")
    assert (state.status("c"), state.attempts("c")) == ("pending", 0)
    assert StateManager(path).status("c") == "pending"


@pytest.mark.parametrize(
    "data", [b"", b"{", b"[]", b"{}", b'{"items": {}}', b'{"items": [], "totals": {}}', b"\xff"]
)
def test_bad_state(tmp_path, data):
    path = tmp_path / "state.json"
    path.write_bytes(data)
    with pytest.raises(StateError):
        StateManager(path)
    with pytest.raises(StateError):
        Net().processor(tmp_path)
    assert path.read_bytes() == data


# --- processor ----------------------------------------------------------------------

def test_all_goes_well(tmp_path):
    net = Net(a=[APPLES], b=[good("figs 0", "pears 1")])
    folder = tmp_path / "x" / "y"
    result = net.processor(str(folder)).run(iter(["b", "a", "b"]))
    assert result == {
        "done": ["b", "a"],
        "corrupt": [],
        "failed": [],
        "totals": {"figs": 0, "pears": -3, "apples": 13},
    }
    assert net.events == ["b", "a"]
    assert log_of(folder) == []


def test_tries_again(tmp_path):
    net = Net(a=[TimeoutError("slow"), ConnectionResetError(), APPLES])
    result = net.processor(tmp_path).run(["a"])
    assert result["done"] == ["a"]
    assert net.events == ["a", 0.5, "a", 1.0, "a"]
    assert log_of(tmp_path) == [("a", 1, "timeout"), ("a", 2, "connection")]
    assert StateManager(tmp_path / "state.json").attempts("a") == 2


def test_gives_up(tmp_path):
    net = Net(a=[TimeoutError() for _ in range(9)], b=[APPLES])
    result = net.processor(tmp_path, policy=RetryPolicy(3, 1.0, 1.5)).run(["a", "b"])
    assert (result["failed"], result["done"]) == (["a"], ["b"])
    assert net.events == ["a", 1.0, "a", 1.5, "a", "b"]
    assert log_of(tmp_path) == [("a", n, "timeout") for n in (1, 2, 3)]
    state = StateManager(tmp_path / "state.json")
    assert (state.status("a"), state.attempts("a")) == ("failed", 3)


def test_one_attempt(tmp_path):
    net = Net(a=[TimeoutError(), APPLES])
    result = net.processor(tmp_path, policy=RetryPolicy(attempts=1)).run(["a"])
    assert result["failed"] == ["a"]
    assert net.events == ["a"]
    assert log_of(tmp_path) == [("a", 1, "timeout")]


@pytest.mark.parametrize("error", [OSError(5, "disk"), FileNotFoundError(), ValueError("x")])
def test_other_errors_are_final(tmp_path, error):
    net = Net(a=[TimeoutError(), error, APPLES], b=[APPLES])
    result = net.processor(tmp_path).run(["a", "b"])
    assert (result["failed"], result["done"]) == (["a"], ["b"])
    assert net.events == ["a", 0.5, "a", "b"]
    assert log_of(tmp_path) == [("a", 1, "timeout"), ("a", 2, "fatal")]
    assert StateManager(tmp_path / "state.json").attempts("a") == 1


def test_corrupt_file(tmp_path):
    net = Net(a=[TimeoutError(), DAMAGED], b_txt=[APPLES], c=[b"\x00"])
    (tmp_path / "quarantine").mkdir()
    (tmp_path / "quarantine" / "a").write_bytes(b"old")
    result = net.processor(tmp_path).run(["a", "b.txt", "c"])
    assert result["corrupt"] == ["a", "c"]
    assert result["done"] == ["b.txt"]
    assert result["totals"] == {"apples": 13, "pears": -4}
    assert (tmp_path / "quarantine" / "a").read_bytes() == DAMAGED
    assert (tmp_path / "quarantine" / "c").read_bytes() == b"\x00"
    assert not (tmp_path / "quarantine" / "b.txt").exists()
    assert log_of(tmp_path) == [("a", 1, "timeout"), ("a", 2, "corrupt"), ("c", 1, "corrupt")]
    assert StateManager(tmp_path / "state.json").attempts("a") == 1
    again = Net()
    assert again.processor(tmp_path).run(["c"])["corrupt"] == ["c"]
    assert again.events == []


def test_done_once(tmp_path):
    first = Net(a=[APPLES])
    processor = first.processor(tmp_path)
    expected = processor.run(["a"])
    assert processor.run(["a"]) == expected
    second = Net(a=[APPLES], b=[APPLES])
    assert second.processor(tmp_path).run(["a"]) == expected
    assert second.events == []
    result = second.processor(tmp_path).run(["b"])
    assert (result["done"], result["totals"]) == (["b"], {"apples": 26, "pears": -8})


def test_failed_file_is_restarted(tmp_path):
    policy = RetryPolicy(attempts=2)
    net = Net(a=[TimeoutError(), TimeoutError()])
    assert net.processor(tmp_path, policy=policy).run(["a"])["failed"] == ["a"]
    net = Net(a=[TimeoutError(), APPLES])
    assert net.processor(tmp_path, policy=policy).run(["a"])["done"] == ["a"]
    assert net.events == ["a", 0.5, "a"]


# --- kills --------------------------------------------------------------------------

def test_kill_in_fetch(tmp_path):
    net = Net(a=[APPLES], b=[TimeoutError(), TimeoutError(), KeyboardInterrupt()], c=[])
    with pytest.raises(KeyboardInterrupt):
        net.processor(tmp_path).run(["a", "b", "c"])
    assert log_of(tmp_path) == [("b", 1, "timeout"), ("b", 2, "timeout")]
    state = StateManager(tmp_path / "state.json")
    assert (state.status("b"), state.attempts("b")) == ("pending", 2)

    net = Net(b=[TimeoutError(), TimeoutError(), APPLES], c=[APPLES])
    result = net.processor(tmp_path).run(["a", "b", "c"])
    assert result == {
        "done": ["a", "c"],
        "corrupt": [],
        "failed": ["b"],
        "totals": {"apples": 26, "pears": -8},
    }
    assert net.events == [1.0, "b", 2.0, "b", "c"]
    assert log_of(tmp_path) == [("b", n, "timeout") for n in (1, 2, 3, 4)]


def test_kill_in_sleep(tmp_path):
    net = Net(a=[TimeoutError()])

    def killed(seconds):
        # The error has been recorded and noted before anything waits.
        assert log_of(tmp_path) == [("a", 1, "timeout")]
        assert StateManager(tmp_path / "state.json").attempts("a") == 1
        raise KeyboardInterrupt

    net.sleep = killed
    with pytest.raises(KeyboardInterrupt):
        net.processor(tmp_path).run(["a"])
    net = Net(a=[APPLES])
    assert net.processor(tmp_path).run(["a"])["done"] == ["a"]
    assert net.events == [0.5, "a"]


def test_kill_in_clock(tmp_path):
    net = Net(a=[DAMAGED])

    def killed():
        raise KeyboardInterrupt

    net.clock = killed
    with pytest.raises(KeyboardInterrupt):
        net.processor(tmp_path).run(["a"])
    net = Net(a=[DAMAGED])
    assert net.processor(tmp_path).run(["a"])["corrupt"] == ["a"]
    assert net.events == ["a"]
    assert log_of(tmp_path) == [("a", 1, "corrupt")]


def test_no_attempts_left_after_a_kill(tmp_path):
    state = StateManager(tmp_path / "state.json")
    log = ErrorLog(tmp_path / "errors.jsonl", lambda: 1)
    for attempt in 1, 2:
        log.record("a", attempt, TimeoutError())
        state.note_failure("a")
    net = Net(a=[APPLES])
    assert net.processor(tmp_path, policy=RetryPolicy(attempts=2)).run(["a"])["failed"] == ["a"]
    assert net.events == []


def test_torn_log_of_a_processor(tmp_path):
    (tmp_path / "errors.jsonl").write_bytes(b'{"at": 1')
    net = Net(a=[TimeoutError(), APPLES])
    net.processor(tmp_path).run(["a"])
    assert log_of(tmp_path) == [("a", 1, "timeout")]
