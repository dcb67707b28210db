"""Errors that mean the same fall together; others do not."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pytest_overnight.agents.edits import EditError
from pytest_overnight.agents.edits import apply_edit
from pytest_overnight.rules.fingerprint import LONGEST
from pytest_overnight.rules.fingerprint import Group
from pytest_overnight.rules.fingerprint import fingerprint
from pytest_overnight.rules.fingerprint import fingerprints_of
from pytest_overnight.rules.fingerprint import grouped
from tests.rules.ledgers import ledgers

Event = dict[str, Any]


def failed(tool: str, observation: str, **arguments: Any) -> Event:
    return {
        "event": "action",
        "tool": tool,
        "arguments": arguments,
        "ok": False,
        "observation": observation,
    }


def ran(output: str, how: str = "exit status 1") -> Event:
    return {
        "event": "action",
        "tool": "run_command",
        "ok": True,
        "observation": f"{how} after 0.3 s\n{output}".rstrip(),
    }


def only(event: Event) -> str:
    [name] = fingerprints_of([event])
    return name


# -- what our own tools say ----------------------------------------------------------


def edit_error(text: str, old: str, new: str = "n", path: str = "a.py") -> Event:
    with pytest.raises(EditError) as caught:
        apply_edit(text, old, new)
    return failed("edit_file", f"{path}: {caught.value}", path=path)


@pytest.mark.parametrize(
    ("one", "other", "name"),
    [
        (
            edit_error("a = 1\nb = 2\n", "a = 2\nc = 3"),
            edit_error("nothing like it", "print(x)", path="my module.py"),
            'edit_file: "old_text" is not in the file.',
        ),
        (
            edit_error("x\nx\n", "x"),
            edit_error("yes\n" * 50, "yes"),
            'edit_file: "old_text" is in the file N times, at lines N.',
        ),
        (
            edit_error("new", "old", "new"),
            edit_error("x = 2", "x = 1", "x = 2", path="b.py"),
            'edit_file: "old_text" is not in the file, but "new_text" is, at line N: '
            "already applied?",
        ),
        (
            edit_error("a", ""),
            edit_error("b", "", path="src/b.py"),
            'edit_file: "old_text" is empty.',
        ),
        (
            failed("read_file", "x does not exist. Files there are: a.py", path="x"),
            failed(
                "read_file",
                "my notes.txt does not exist. The working folder is empty.",
                path="my notes.txt",
            ),
            "read_file: <path> does not exist.",
        ),
        (
            failed("read_file", "a.py has only 3 lines.", path="a.py"),
            failed("read_file", "src/b has only 120 lines.", path="src/b"),
            "read_file: <path> has only N lines.",
        ),
        (
            failed("write_file", "../x is outside the working folder. Give a path."),
            failed("write_file", "/etc/passwd is outside the working folder. Give a"),
            "write_file: <path> is outside the working folder.",
        ),
        (
            failed("write_file", "a/b.py: Permission denied.", path="a/b.py"),
            failed("write_file", "c.py: Permission denied.", path="c.py"),
            "write_file: Permission denied.",
        ),
        (
            failed(
                "edit_file", 'edit_file needs "old_text" (Exact lines). You sent: path.'
            ),
            failed(
                "edit_file", 'edit_file needs "old_text" (Exact lines). You sent: x.'
            ),
            'edit_file: needs "old_text" (Exact lines).',
        ),
        (
            failed("run_command", "Killed after its limit of 60 s. Nothing may wait\n"),
            failed(
                "run_command",
                "Killed after its limit of 0.1 s. Nothing may wait for input or run "
                "for ever. Output until then:\nTraceback (most recent call last):",
            ),
            "run_command: Killed after its limit of <duration>.",
        ),
    ],
)
def test_what_tools_refuse(one: Event, other: Event, name: str) -> None:
    assert only(one) == only(other) == name


def test_an_unknown_tool_is_told_by_its_name() -> None:
    said = 'There is no tool "{}". Call one of them: list_files, read_file.'
    assert only(failed("grep", said.format("grep"))) == (
        'grep: There is no tool "grep".'
    )


# -- what commands print ---------------------------------------------------------------


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Files that fail in many ways."""
    folder = tmp_path_factory.mktemp("failing")
    for name, code in FAILING.items():
        (folder / f"test_{name}.py").write_text(code)
    return folder


FAILING = {
    "number": "def test_a():\n    assert len('abc') == 4\n",
    "dict": "def test_a():\n    assert {'a': [1, 2]} == {'a': [1, 3], 'b': 'x' * 99}\n",
    "told": "def test_a():\n    total = 3\n    assert total == 4, 'wrong total'\n",
    "key": "def test_a():\n    {}['price']\n",
    "key_in_a_file_with_a_longer_name": "def test_abcdefgh():\n    {1: 2}['name']\n",
    "lines": "def test_a():\n    raise ValueError('first\\n\\nsecond line')\n",
    "module": "import no_such_module\n",
    "syntax": "def f(:\n    pass\n",
    "fixture": "def test_a(no_such_fixture):\n    pass\n",
    "two": "def test_a():\n    {}['x']\n\ndef test_b():\n    int('x')\n",
    "case": (
        "import unittest\n\nclass T(unittest.TestCase):\n"
        "    def test_a(self):\n        self.assertEqual(1, 2)\n"
    ),
}


def python(folder: Path, *words: str) -> str:
    """Fingerprint of what a real Python prints."""
    done = subprocess.run(
        [sys.executable, *words],
        cwd=folder,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
        env={
            "COLUMNS": "80",
            "PYTHONDONTWRITEBYTECODE": "1",
            "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1",
        },
    )
    return only(ran(done.stdout, f"exit status {done.returncode}"))


@pytest.mark.parametrize(
    ("name", "options", "found"),
    [
        ("number", "-q", "run_command exit 1: AssertionError"),
        ("dict", "", "run_command exit 1: AssertionError"),
        ("dict", "-q --tb=no", "run_command exit 1: AssertionError"),
        ("told", "-q", "run_command exit 1: AssertionError: wrong total"),
        ("key", "-q", "run_command exit 1: KeyError: '…'"),
        ("key", "--tb=short", "run_command exit 1: KeyError: '…'"),
        ("key", "-q --tb=line", "run_command exit 1: KeyError: '…'"),
        ("key", "-q --tb=native", "run_command exit 1: KeyError: '…'"),
        ("key", "--color=yes", "run_command exit 1: KeyError: '…'"),
        (
            "key_in_a_file_with_a_longer_name",
            "-q",
            "run_command exit 1: KeyError: '…'",
        ),
        ("lines", "-q", "run_command exit 1: ValueError: first"),
        (
            "module",
            "-q",
            "run_command exit 2: ModuleNotFoundError: No module named '…'",
        ),
        ("syntax", "-q", "run_command exit 2: SyntaxError: invalid syntax"),
        ("fixture", "-q", "run_command exit 1: fixture '…' not found"),
        (
            "two",
            "-q",
            "run_command exit 1: ValueError: invalid literal for int() with base N: "
            "'…'",
        ),
        ("number", "-q -k nothing", "run_command exit 5: N deselected in <duration>"),
        (
            "missing",
            "-q",
            "run_command exit 4: ERROR: file or directory not found: <path>",
        ),
    ],
)
def test_pytest_failures(folder: Path, name: str, options: str, found: str) -> None:
    words = ["-m", "pytest", "-p", "no:cacheprovider", *options.split()]
    assert python(folder, *words, f"test_{name}.py") == found


@pytest.mark.parametrize(
    ("words", "found"),
    [
        (["test_syntax.py"], "SyntaxError: invalid syntax"),
        (["test_module.py"], "ModuleNotFoundError: No module named '…'"),
        (["-m", "unittest", "test_case"], "AssertionError: N != N"),
        (["-c", "open('/no/such')"], "FileNotFoundError: [Errno N] No such file or "),
        (["-c", "{}[(1, 2)]"], "KeyError: (N)"),
        (["-c", "raise SystemExit('bad input: x.csv')"], "bad input: <path>"),
        (["-c", "class Broken(Exception): 0\nraise Broken(3)"], "Broken: N"),
        (
            ["-c", "try:\n    {}['a']\nexcept KeyError:\n    [][0]"],
            "IndexError: list index out of range",
        ),
        (["-c", "x = object(); x.y"], "AttributeError: '…' object has no attribute"),
    ],
)
def test_python_failures(folder: Path, words: list[str], found: str) -> None:
    assert python(folder, *words).startswith(f"run_command exit 1: {found}")


@pytest.mark.parametrize(
    ("one", "other", "name"),
    [
        ("", "\n\n", "run_command exit 1: no output"),
        (
            "sh: 1: frob: not found",
            "/bin/sh: 12: frob: not found",
            "run_command exit 1: frob: not found",
        ),
        (
            "python: can't open file '/ws/a.py': [Errno 2] No such file or directory",
            "python: can't open file '/ws/b.py': [Errno 2] No such file or directory",
            "run_command exit 1: python: can't open file '…': [Errno N] No such file "
            "or directory",
        ),
        (
            "a.py:3: error: Name 'x' is not defined  [name-defined]\n"
            "Found 1 error in 1 file (checked 1 source file)",
            "src/b.py:77: error: Name 'yy' is not defined  [name-defined]\n"
            "Found 12 errors in 3 files (checked 9 source files)",
            "run_command exit 1: error: Name '…' is not defined [name-defined]",
        ),
        (
            "cc: fatal: no input files\nmake: *** [Makefile:2: all] Error 1",
            "cc: fatal: no input files",
            "run_command exit 1: cc: fatal: no input files",
        ),
        (
            "<object at 0x7f1234567890> took 3.2s",
            "<object at 0x7f0000000000> took 11s",
            "run_command exit 1: <object at <address>> took <duration>",
        ),
        (
            "\x1b[31mValueError\x1b[0m: 3 rows",
            "ValueError: 17 rows",
            "run_command exit 1: ValueError: N rows",
        ),
    ],
)
def test_what_differs_from_run_to_run_is_taken_out(
    one: str, other: str, name: str
) -> None:
    assert only(ran(one)) == only(ran(other)) == name


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (ran("KeyError: 'x'"), ran("ValueError: 'x'")),
        (ran("KeyError: 'x'"), ran("KeyError: 'x'", "exit status 2")),
        (ran("KeyError: 'x'"), failed("run_command", "KeyError: 'x'")),
        (ran("sh: 1: frob: not found"), ran("sh: 1: nicate: not found")),
        (ran("x", "ended by signal SIGKILL"), ran("x", "ended by signal SIGSEGV")),
    ],
)
def test_different_errors_stay_apart(one: Event, other: Event) -> None:
    assert only(one) != only(other)


def test_a_traceback_of_another_tool_counts_by_its_end() -> None:
    text = 'Traceback (most recent call last):\n  File "x", line 1\nOSError: no'
    assert only(failed("search", text)) == "search: OSError: no"


# -- a whole ledger, and many ----------------------------------------------------------


def test_all_that_went_wrong_is_counted() -> None:
    events = [
        ran("", "exit status 0"),
        ran("x", "exit status 10"),
        ran("", "ended by signal SIGKILL"),
        failed("read_file", "a.py does not exist.", path="a.py"),
        failed("read_file", "b.py does not exist.", path="b.py"),
        {"event": "action", "tool": "read_file", "ok": True, "observation": "1| x"},
        {"event": "action", "tool": "read_file", "observation": "1| x"},
        {"event": "unused", "reason": "silent"},
        {"event": "fault", "kind": "infra", "reason": "busy", "detail": "queue full"},
        {"event": "fault", "kind": "context", "detail": "too long"},
    ]
    assert fingerprints_of(events) == {
        "run_command exit 10: x": 1,
        "run_command SIGKILL: no output": 1,
        "read_file: <path> does not exist.": 2,
        "round: silent": 1,
        "fault infra: busy": 1,
        "fault context: too long": 1,
    }


def test_errors_of_most_runs_come_first() -> None:
    runs = [
        ("run-1", {"b": 1, "a": 1, "rare": 9}),
        ("run-2", {"a": 1, "b": 5}),
        ("run-3", {"c": 2}),
        ("run-4", {"d": 2}),
    ]
    assert grouped(runs) == [
        Group("b", ("run-1", "run-2"), 6),
        Group("a", ("run-1", "run-2"), 2),
        Group("rare", ("run-1",), 9),
        Group("c", ("run-3",), 2),
        Group("d", ("run-4",), 2),
    ]
    assert grouped([]) == []


@given(st.text(), st.text(), st.sampled_from(["", "exit 1", "SIGKILL"]))
def test_it_is_one_short_printable_line(tool: str, text: str, status: str) -> None:
    name = fingerprint(tool, text, status)
    assert 0 < len(name) <= LONGEST
    assert name.isprintable()
    assert name == name.strip()


@given(
    st.integers(0, 10**9), st.text("abc/_.", max_size=9), st.text("xyz ", max_size=9)
)
def test_numbers_and_quotes_do_not_matter(number: int, path: str, word: str) -> None:
    text = "Error: line {} of '{}' holds '{}'"
    plain = fingerprint("t", text.format(1, "a", "b"), "exit 1")
    assert fingerprint("t", text.format(number, path, word), "exit 1") == plain


@given(ledgers)
def test_no_ledger_is_too_odd(events: list[Any]) -> None:
    assert all(count > 0 for count in fingerprints_of(events).values())


def test_what_the_harness_did_not_carry_out_is_no_error() -> None:
    call = {"event": "action", "tool": "finish", "ok": False, "observation": "Not yet."}
    assert fingerprints_of([{**call, "tags": ["not_run"]}]) == {}
    assert len(fingerprints_of([call])) == 1


def test_a_fault_without_a_reason_goes_by_its_text() -> None:
    fault = {"event": "fault", "kind": "config", "reason": "", "detail": "no model"}
    assert fingerprints_of([fault]) == {"fault config: no model": 1}
