"""A good file, a corrupt one, a slow one."""

from zlib import crc32

from processor import Processor

BODY = b"counts 1\napples 2\n"
GOOD = BODY + b"crc %08x\n" % crc32(BODY)


def run(folder, *outcomes):
    left, slept = list(outcomes), []

    def fetch(name):
        outcome = left.pop(0)
        if isinstance(outcome, bytes):
            return outcome
        raise outcome

    processor = Processor(folder, fetch, sleep=slept.append, clock=lambda: 0.0)
    return processor.run(["a"]), slept


def test_good(tmp_path):
    found, slept = run(tmp_path, GOOD)
    assert found == {"done": ["a"], "corrupt": [], "failed": [], "totals": {"apples": 2}}
    assert slept == []


def test_corrupt(tmp_path):
    found, _ = run(tmp_path, GOOD[:-1])
    assert found["corrupt"] == ["a"]
    assert (tmp_path / "quarantine" / "a").read_bytes() == GOOD[:-1]


def test_retry(tmp_path):
    found, slept = run(tmp_path, TimeoutError("x"), GOOD)
    assert found["done"] == ["a"]
    assert slept == [0.5]
