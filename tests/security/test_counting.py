"""What counts as passed: every hidden test there is, heard once and whole."""

from __future__ import annotations

from pathlib import Path

import pytest

from pytest_overnight.grading.verifier import Verifier
from pytest_overnight.rules.outcome import Verdict
from tests.security.judging import challenge
from tests.security.judging import put

ONE = 'def test_one(code):\n    assert code.call("work:one") == 1\n'
TWO = 'def test_one(code):\n    assert code.call("work:one") == 2\n'

SETS: dict[str, tuple[dict[str, str], Verdict, list[tuple[str, bool]]]] = {
    "all": ({"test_task.py": ONE}, Verdict.PASS, [("test_one", True)]),
    "skipped by a mark": (
        {"test_a.py": "import pytest\n@pytest.mark.skip\ndef test_two(): pass\n"},
        Verdict.FAIL,
        [("test_one", True), ("test_two", False)],
    ),
    "failed in set-up": (
        {
            "test_a.py": (
                "import pytest\n@pytest.fixture\ndef two(code):\n"
                '    assert code.call("work:one") == 2\n'
                "def test_two(two): pass\n"
            )
        },
        Verdict.FAIL,
        [("test_one", True), ("test_two", False)],
    ),
    "failed in tear-down": (
        {
            "test_a.py": (
                "import pytest\n@pytest.fixture\ndef two(code):\n    yield\n"
                '    assert code.call("work:one") == 2\n'
                "def test_two(two): pass\n"
            )
        },
        Verdict.FAIL,
        [("test_one", True), ("test_two", False)],
    ),
    "failed in a part": (
        {
            "test_a.py": (
                "def test_two(code, subtests):\n    for n in (1, 2):\n"
                "        with subtests.test(n=n):\n"
                '            assert code.call("work:one") == n\n'
            )
        },
        Verdict.FAIL,
        [("test_one", True), ("test_two", False)],
    ),
    "never awaited": (
        {"test_a.py": "async def test_two(): assert False\n"},
        Verdict.FAIL,
        [("test_one", True), ("test_two", False)],
    ),
    "one name in two files": (
        {"test_a.py": ONE},
        Verdict.PASS,
        [("test_a:test_one", True), ("test_task:test_one", True)],
    ),
    "one name in two files, one fails": (
        {"test_a.py": TWO},
        Verdict.FAIL,
        [("test_a:test_one", False), ("test_task:test_one", True)],
    ),
    "a file that skips itself": (
        {"test_a.py": f"import pytest\npytest.importorskip('no_such_thing')\n{TWO}"},
        Verdict.ERROR,
        [],
    ),
}


@pytest.mark.parametrize(("files", "verdict", "checks"), SETS.values(), ids=SETS)
def test_what_a_set_of_hidden_tests_comes_to(
    files: dict[str, str],
    verdict: Verdict,
    checks: list[tuple[str, bool]],
    tmp_path: Path,
) -> None:
    one = challenge(tmp_path, "one", ONE)
    put(one.tests, files)
    put(tmp_path / "tree", {"work.py": "def one(): return 1\n"})
    verifier = Verifier([one], level="process", log=tmp_path / "log")
    try:
        found = verifier.verify(one, tmp_path / "tree", seed=1)
    finally:
        verifier.close()
    assert found.verdict is verdict, found
    assert [(check.name, check.passed) for check in found.checks] == checks
