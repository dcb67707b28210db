"""Whole verifications: honest answers pass, cheaters never do."""

from __future__ import annotations

from collections.abc import Callable
from collections.abc import Iterator
from pathlib import Path

import pytest

from pytest_overnight.catalog.challenge import Challenge
from pytest_overnight.catalog.harbor import load_challenge
from pytest_overnight.grading.verifier import Judgement
from pytest_overnight.grading.verifier import Verifier
from pytest_overnight.rules.outcome import Verdict
from pytest_overnight.sandbox.probe import why_not
from tests.grading.conftest import write_tree
from tests.support.suites import write_challenge

HONEST = """
import sys
def add(a, b): return a + b
class Counter:
    def __init__(self): self.n = 0
    def up(self):
        self.n += 1
        return self.n
if __name__ == "__main__":
    print(add(int(sys.argv[1]), int(sys.argv[2])))
"""
TESTS = """
import random
import pytest
from hypothesis import given, strategies as st
from pytest_overnight.grading import CodeError, same

@pytest.mark.parametrize("b", [2, 30])
def test_add(code, rng, b):
    a = rng.randrange(10 ** 9)
    assert same(code.call("answer:add", a, b), a + b)

@given(st.lists(st.integers(), max_size=2))
def test_add_lists(code, xs):
    assert same(code.call("answer:add", xs, [1]), xs + [1])

def test_counters_are_apart(code):
    one, other = code.new("answer:Counter"), code.new("answer:Counter")
    assert [one.up(), one.up(), other.up()] == [1, 2, 1]

def test_command(shell, files, rng):
    a = rng.randrange(1000)
    result = shell.run(["python", "answer.py", str(a), "5"])
    assert (result.status, result.out) == (0, f"{a + 5}\\n".encode())
    assert "def add" in files.text("answer.py")
"""
SLOW = """
def test_quick(code):
    assert code.call("answer:add", 1, 2) == 3
def test_hang(code):
    assert code.call("answer:hang") == 3
def test_quick_too(code):
    assert code.call("answer:add", 1, 2) == 3
"""
STARS = """
import pytest

def test_skips(code):
    pytest.skip("no")

@pytest.mark.skip
def test_is_skipped(code):
    pass

def test_passes(code):
    assert code.call("answer:add", 1, 2) == 3
"""


def challenge(folder: Path, name: str, tests: str, seconds: float = 20.0) -> Challenge:
    write_tree(folder, {f"{name}/tests/test_{name.lower()}.py": tests})
    return Challenge(
        id=name,
        level="L3",
        title=name,
        folder=folder / name,
        instruction="",
        timeout_seconds=60.0,
        verify_seconds=seconds,
        repetitions=1,
        expected_files=("answer.py",),
        digest="",
    )


@pytest.fixture(scope="module")
def suite(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Challenge]:
    folder = tmp_path_factory.mktemp("suite")
    return {
        "toy": challenge(folder, "toy", TESTS),
        "slow": challenge(folder, "slow", SLOW, seconds=3.0),
        "stars": challenge(folder, "stars", STARS),
        "torn": challenge(folder, "torn", "import nothing_like_that\n"),
        "empty": challenge(folder, "empty", "def helper(): pass\n"),
        "judge": challenge(folder, "judge", _JUDGE_FAULT),
        "box": challenge(folder, "box", _BOX_TWICE),
        "names": challenge(folder, "names", _NAMES),
        "parse": challenge(folder, "parse", _PARSE),
        "endless": challenge(folder, "endless", _ENDLESS),
    }


_PARSE = """
import json
def test_parse(code):
    parse = code.callback(lambda text: {"found": json.loads(text)}, raises=[ValueError])
    assert code.call("answer:use", parse) == {"found": 1}
"""
_ENDLESS = """
def test_long_range(code):
    assert code.call("answer:rows", 20_000) == range(20_000)
    assert code.value("answer:HUGE") == 10 ** 10
    assert list(code.call("answer:rows", 10 ** 10)) == [1]
def test_long_list(code):
    assert len([0] * code.value("answer:HUGE")) == 3
def test_many_pieces(code):
    n = code.value("answer:HUGE")
    pieces = [bytes(1 << 20) for _ in range(n)]
    assert len(pieces) == 3
def test_fine(code):
    assert code.call("answer:add", 1, 2) == 3
"""
ENDLESS = """
HUGE = 10 ** 10
def rows(n): return range(n)
def add(a=0, b=0): return a + b
"""
_NAMES = """
def test_many_names(code, shell, files):
    probe = code.define("class Base:\\n    def own(self, given=0): return given")
    assert code.new(probe.Base).own(given=2) == 2
    counter = code.new("answer:Counter")
    assert len(code.make([])) == 0
    assert counter.up() == 1
    assert code.attr(counter, "n") == 1
    assert code.attr(code.ref("answer:add"), "__name__") == "add"
    assert code.call("answer:add", a=1, b=2) == 3
    with code.raises("TypeError"):
        code.call("answer:add", [], 1)
    shell.write("mine.txt", "4")
    assert shell.text("mine.txt") == "4"
    assert not shell.exists("out/./sum.txt")
    assert shell.run("python answer.py '3' 4").text == "7\\n"
    assert files.exists("answer.py")
    assert not files.exists("notes.txt")
def test_more_names(code):
    load = code.callback(lambda: 1 / 0, raises=[ZeroDivisionError])
    code.load("answer")
    with code.raises("ZeroDivisionError"):
        code.call("answer:add", code.call(load), 1)
"""
_BOX_TWICE = """
import pytest
@pytest.mark.parametrize("n", [1, 2])
def test_twice(code, shell, n):
    assert code.call("answer:add", 1, n) == n + 1
    assert code.spawn().call("answer:add", 1, n) == n + 1
    assert shell.run("echo a").out == b"a\\n"
"""
_JUDGE_FAULT = """
def test_fault(code):
    code.call("answer:add", object(), 1)
def test_fine(code):
    assert code.call("answer:add", 1, 2) == 3
"""


@pytest.fixture(scope="module")
def verifier(
    suite: dict[str, Challenge], level: str, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Verifier]:
    log = tmp_path_factory.mktemp("log") / "judge.log"
    verifier = Verifier(list(suite.values()), level=level, log=log)
    yield verifier
    verifier.close()


Judge = Callable[..., Judgement]


@pytest.fixture
def judge(
    verifier: Verifier, suite: dict[str, Challenge], tmp_path: Path
) -> Iterator[Judge]:
    def verify(source: str, name: str = "toy", seed: int = 1, **more: str) -> Judgement:
        files = {key.replace("__", "."): text for key, text in more.items()}
        tree = write_tree(tmp_path / "tree", {"answer.py": source, **files})
        return verifier.verify(suite[name], tree, seed)

    return verify


def test_an_honest_answer_passes(judge: Judge) -> None:
    found = judge(HONEST, seed=7)
    assert found.verdict is Verdict.PASS, found
    assert [check.name for check in found.checks] == [
        "test_add[2]",
        "test_add[30]",
        "test_add_lists",
        "test_command",
        "test_counters_are_apart",
    ]
    assert found.seed == 7
    assert found.cpu_seconds > 0


def test_a_wrong_answer_fails_where_it_is_wrong(judge: Judge) -> None:
    found = judge(HONEST.replace("a + b", "a - b"))
    assert found.verdict is Verdict.FAIL
    passed = [check.name for check in found.checks if check.passed]
    assert passed == ["test_counters_are_apart"]
    message = found.checks[0].message
    assert "is not" in message
    assert "test_toy.py:" in message


def test_the_seed_draws_inputs_again(judge: Judge) -> None:
    special = """
def add(a, b):
    if type(a) is int: return ("shown", a)
    return a + b
"""
    texts = [judge(special, seed=seed).checks[0].message for seed in (1, 1, 2)]
    assert texts[0] == texts[1] != texts[2]


CHEATERS = {
    "exit at import": "import os; os._exit(0)",
    "sys.exit at import": "import sys; sys.exit(0)",
    "always equal": """
class Yes:
    def __eq__(self, other): return True
    def __ne__(self, other): return False
    def __hash__(self): return 0
    def __bool__(self): return True
    def __add__(self, other): return self
    def __iter__(self): return iter(())
    def up(self): return Yes()
def add(a, b): return Yes()
Counter = Yes
""",
    "builtins patched": """
import builtins
for name in ("isinstance", "len", "type", "print", "str", "repr", "sorted"):
    setattr(builtins, name, lambda *a, **k: True)
def add(a, b): return True
""",
    "framework patched": """
import sys
for name, module in list(sys.modules.items()):
    for key, value in list(vars(module).items()):
        if "assert" in key.lower() or "report" in key.lower():
            try: setattr(module, key, lambda *a, **k: None)
            except Exception: pass
def add(a, b): return None
""",
    "skip": "import pytest; pytest.skip('done', allow_module_level=True)",
    "skip by exception": """
class Skipped(BaseException): pass
Skipped.__module__ = "_pytest.outcomes"
raise Skipped("fine")
""",
    "subclasses": """
class I(int):
    def __eq__(self, o): return True
    def __ne__(self, o): return False
    __hash__ = int.__hash__
class S(str):
    def __eq__(self, o): return True
    __hash__ = str.__hash__
class L(list):
    def __eq__(self, o): return True
    def __len__(self): return 3
def add(a, b): return L() if type(a) is list else I()
class Counter:
    def up(self): return I(1)
""",
    "atexit": "import atexit, os; atexit.register(os._exit, 0); raise SystemExit(0)",
    "timer": """
import os, threading
threading.Timer(0.01, os._exit, [0]).start()
import time; time.sleep(5)
""",
    "signal the parent": """
import os, signal
for pid in (os.getppid(), 1, -1):
    try: os.kill(pid, signal.SIGKILL)
    except OSError: pass
def add(a, b): return 0
""",
    "forged results": """
import json, os, sys
text = '{"checks": [["test_add[2]", true, ""]], "fault": ""}'
for fd in range(0, 20):
    try: os.write(fd, len(text).to_bytes(4, "little") + text.encode())
    except OSError: pass
for name in ("report.json", "results.xml", "reward.txt", "/tmp/result.json"):
    try: open(name, "w").write(text)
    except OSError: pass
def add(a, b): return 0
""",
    "reads the test": """
import gc, sys
def add(a, b):
    frame = sys._getframe()
    while frame:
        for value in list(frame.f_locals.values()):
            if type(value) is int and value > b: return value
        frame = frame.f_back
    return 0
""",
    "bomb": "def add(a, b): return 'x' * (9 << 20)\n",
    "daemon": """
import os
def add(a, b):
    if os.fork() == 0:
        os.setsid()
        import time; time.sleep(60)
    return 0
""",
}


@pytest.mark.parametrize("name", CHEATERS)
def test_a_cheater_does_not_pass(judge: Judge, name: str) -> None:
    found = judge(CHEATERS[name])
    assert found.verdict is Verdict.FAIL, found
    assert len(found.checks) == 5
    assert not any(c.passed for c in found.checks if c.name.startswith("test_add"))


PLANTED = """
import pytest
@pytest.hookimpl(hookwrapper=True)
def pytest_runtest_makereport(item, call):
    outcome = yield
    outcome.get_result().outcome = "passed"
"""


def test_planted_files_change_nothing(judge: Judge, tmp_path: Path) -> None:
    planted = {
        "conftest__py": PLANTED,
        "sitecustomize__py": "import os; os._exit(0)",
        "usercustomize__py": "import os; os._exit(0)",
        "pytest__ini": "[pytest]\naddopts = -p planted\n",
        "planted__py": PLANTED,
        "pytest__py": "def main(*a): return 0\n",
    }
    wrong = judge(HONEST.replace("a + b", "a - b"), **planted)
    assert wrong.verdict is Verdict.FAIL
    assert judge(HONEST, **planted).verdict is Verdict.PASS


def test_after_cheaters_the_honest_still_pass(judge: Judge) -> None:
    assert judge(CHEATERS["exit at import"]).verdict is Verdict.FAIL
    assert judge(HONEST).verdict is Verdict.PASS


def test_a_hang_fails_and_the_other_tests_are_heard(judge: Judge) -> None:
    hanging = HONEST + "def hang():\n    import time; time.sleep(60)\n"
    found = judge(hanging, "slow")
    assert found.verdict is Verdict.FAIL
    assert [check.passed for check in found.checks] == [False, True, True]
    assert "CodeTimeout" in found.checks[0].message
    assert found.seconds < 10


def test_a_hang_everywhere_fails_in_time(judge: Judge) -> None:
    found = judge("while True: pass", "slow")
    assert found.verdict is Verdict.FAIL
    assert found.seconds < 12


def test_only_a_pass_is_a_pass(judge: Judge) -> None:
    found = judge(HONEST, "stars")
    assert found.verdict is Verdict.FAIL
    assert [c.name for c in found.checks if c.passed] == ["test_passes"]


def test_tests_that_cannot_be_imported_are_our_fault(judge: Judge) -> None:
    found = judge(HONEST, "torn")
    assert found.verdict is Verdict.ERROR
    assert "nothing_like_that" in found.detail
    assert judge(HONEST, "empty").verdict is Verdict.ERROR
    assert judge(HONEST).verdict is Verdict.PASS


def test_a_fault_of_the_judge_voids_the_verification(judge: Judge) -> None:
    found = judge(HONEST, "judge")
    assert found.verdict is Verdict.ERROR
    assert "test_fault" in found.detail


def test_the_names_that_tests_ask_for_are_told(
    verifier: Verifier, suite: dict[str, Challenge], tmp_path: Path
) -> None:
    tree = write_tree(tmp_path / "tree", {"answer.py": HONEST})
    found = verifier.verify(suite["names"], tree, 1, names=True)
    assert found.verdict is Verdict.PASS, found
    assert found.names == (
        ("attribute", "n"),
        ("exception", "TypeError"),
        ("exception", "ZeroDivisionError"),
        ("keyword", "a"),
        ("keyword", "b"),
        ("method", "up"),
        ("path", "notes.txt"),
        ("path", "out/sum.txt"),
        ("target", "answer"),
        ("target", "answer:Counter"),
        ("target", "answer:add"),
        ("word", "3"),
        ("word", "4"),
        ("word", "answer.py"),
        ("word", "python"),
    )
    assert verifier.verify(suite["names"], tree, 1).names == ()


def test_the_first_failure_may_be_enough(
    verifier: Verifier, suite: dict[str, Challenge], tmp_path: Path
) -> None:
    wrong = write_tree(tmp_path / "wrong", {"answer.py": ""})
    found = verifier.verify(suite["toy"], wrong, 1, first=True)
    assert found.verdict is Verdict.FAIL
    assert [check.passed for check in found.checks] == [False]
    right = write_tree(tmp_path / "right", {"answer.py": HONEST})
    found = verifier.verify(suite["toy"], right, 1, first=True)
    assert found.verdict is Verdict.PASS
    assert len(found.checks) == 5


def test_what_has_no_end_is_a_failed_test(judge: Judge) -> None:
    found = judge(ENDLESS, "endless")
    assert found.verdict is Verdict.FAIL, found
    said = {check.name: check.message for check in found.checks}
    assert "MemoryError" in said["test_long_list"]
    assert "CodeTooBig: a range of more than 20000" in said["test_long_range"]
    assert "MemoryError" in said["test_many_pieces"]
    assert said["test_fine"] == ""


@pytest.mark.parametrize(
    "value", ["'{'", "b'\\xff'", "5", "'[' * 10**5", "'[' * 250 + ']' * 250", "use"]
)
def test_nothing_given_to_a_function_of_the_test_voids(
    judge: Judge, value: str
) -> None:
    use = "def use(f, odd=True): return f(odd_value() if odd else '1')\n"
    found = judge(f"{use}def odd_value(): return {value}\n", "parse")
    assert found.verdict is Verdict.FAIL, found
    honest = use.replace("odd=True", "odd=False")
    assert judge(honest, "parse").verdict is Verdict.PASS


def test_a_missing_submission_is_our_fault(
    verifier: Verifier, suite: dict[str, Challenge], tmp_path: Path
) -> None:
    found = verifier.verify(suite["toy"], tmp_path / "nowhere", 1)
    assert found.verdict is Verdict.ERROR


def test_links_in_a_submission_are_not_followed(judge: Judge, tmp_path: Path) -> None:
    secret = tmp_path / "secret.txt"
    secret.write_text("def add")
    tree = write_tree(tmp_path / "tree", {"real.py": HONEST})
    found = judge(HONEST)
    assert found.verdict is Verdict.PASS
    (tree / "answer.py").unlink()
    (tree / "answer.py").symlink_to(secret)
    from pytest_overnight.grading.files import Files

    files = Files(tree)
    assert files.list() == ["real.py"]
    for path in ("answer.py", "../secret.txt", str(secret), "nothing.py", "."):
        with pytest.raises(FileNotFoundError):
            files.read(path)
    assert (tree / "answer.py").is_symlink()


BOX_ENDERS = {
    "kills the helper": """
import os, signal
def add(a, b):
    os.kill(os.getppid(), signal.SIGKILL)
    return a + b
""",
    "fills the box with processes": """
import os, time
def add(a, b):
    for _ in range(200):
        try:
            if os.fork() == 0: time.sleep(30)
        except OSError: break
    return a + b
""",
}


@pytest.mark.parametrize("level", ["process", "bubblewrap"])
def test_who_ends_the_box_has_failed_and_voids_nothing(
    suite: dict[str, Challenge], level: str, tmp_path: Path
) -> None:
    if why_not(level):
        pytest.skip(why_not(level))
    verifier = Verifier([suite["box"]], level=level, log=tmp_path / "log")
    try:
        for name, source in {"honest": HONEST, **BOX_ENDERS}.items():
            tree = write_tree(tmp_path / name, {"answer.py": source})
            found = verifier.verify(suite["box"], tree, 1)
            assert found.verdict is not Verdict.ERROR, found
            if name == "honest":
                assert found.verdict is Verdict.PASS
    finally:
        verifier.close()


_EXPECTED = "import pytest\n@pytest.mark.xfail\n"


@pytest.mark.parametrize(
    ("tests", "said"),
    [
        ("import sys\nsys.exit(3)\n", "SystemExit: 3"),
        ("import pytest\npytest.exit('enough')\n", "enough"),
        ("def test_a(no_such_fixture):\n    pass\n", "no_such_fixture"),
        ("import pytest\ndef test_a(): pytest.exit('now')\n", "pytest.exit: now"),
        ("import pytest\ndef test_a(): pytest.xfail('no')\n", "expect to fail"),
        (f"{_EXPECTED}def test_a(): assert 0\n", "expect to fail"),
        (f"{_EXPECTED}def test_a(): pass\n", "expect to fail"),
        ("def test_a(): return 1 == 1\n", "should return None"),
    ],
    ids="exit pytest-exit fixture exit-inside xfail-inside xfail xpass return".split(),
)
def test_a_mistake_of_the_tests_voids_their_challenge_alone(
    tmp_path: Path, tests: str, said: str
) -> None:
    broken = load_challenge(write_challenge(tmp_path, "L3-8", tests=tests))
    sound = load_challenge(write_challenge(tmp_path, "L3-9"))
    verifier = Verifier([broken, sound], level="process", log=tmp_path / "log")
    try:
        fault = verifier.verify(broken, broken.solution, 1)
        assert fault.verdict is Verdict.ERROR
        assert said in fault.detail
        assert verifier.verify(sound, sound.solution, 1).verdict is Verdict.PASS
    finally:
        verifier.close()
