"""``python -m toolshed`` by its output, and ``main`` by its status."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from random import Random
from runpy import run_path
from types import SimpleNamespace
from typing import Any

import pytest

_model = run_path(str(Path(__file__).with_name("shed_model.py")))
shed = SimpleNamespace(**_model)

MEMBERS = ("Ana", "Jan\\n", "E|va", "Z\noe", "I\rd\x0ba")
"""In ASCII: how a terminal writes other letters is not the package's matter."""


def command(shell: Any, *arguments: str) -> tuple[int, bytes, bytes]:
    result = shell.run(["python", "-m", "toolshed", *arguments])
    return result.status, bytes(result.out), bytes(result.err)


def overdue_text(calendar: shed.Calendar, rows: list[shed.Row], today: date) -> str:
    lines = [f"overdue on {today}\n"]
    for row in calendar.overdue(rows, today):
        fee = shed.money(shed.owed(calendar.late(row, today), row[4]))
        names = f"{shed.written(row[0])}|{shed.written(row[1])}"
        lines.append(f"{calendar.due(row)}|{names}|{fee}\n")
    return "".join(lines)


def bills_text(calendar: shed.Calendar, rows: list[shed.Row], today: date) -> str:
    lines, total = [f"bills on {today}\n"], 0
    for member, tools, cents in calendar.bills(rows, today):
        fields = [shed.written(member), shed.money(cents), *map(shed.written, tools)]
        lines.append("|".join(fields) + "\n")
        total += cents
    return "".join([*lines, f"total|{shed.money(total)}\n"])


def test_commands_on_random_ledgers(shell: Any, rng: Random) -> None:
    for closures in (0, 1, 3):
        rows = shed.random_rows(rng, 12, MEMBERS)
        today = shed.random_day(rng, 60)
        calendar, options = shed.Calendar(frozenset({6}), set()), []
        for _ in range(closures):
            first, last = shed.random_closure(rng)
            calendar.close(first, last)
            options.append(f"--closed={first}/{last}")
        shell.write("some.ledger", shed.text_of(rows))
        for name, made in (("overdue", overdue_text), ("bills", bills_text)):
            found = command(shell, name, "some.ledger", f"--today={today}", *options)
            assert found == (0, made(calendar, rows, today).encode(), b"")


def test_commands_on_the_example(shell: Any) -> None:
    spring = ("examples/spring.ledger", "--today", "2024-05-21")
    assert command(shell, "bills", *spring) == (
        0,
        b"bills on 2024-05-21\nAna|1.20|drill|saw\nJan|0.60|ladder\ntotal|1.80\n",
        b"",
    )
    assert command(shell, "overdue", *spring, "--closed", "2024-05-18/2024-05-20") == (
        0,
        b"overdue on 2024-05-21\n2024-05-16|drill|Ana|1.00\n",
        b"",
    )


def test_nothing_overdue(shell: Any) -> None:
    shell.write("empty.ledger", "")
    today = ("--today", "2024-01-01")
    found = command(shell, "overdue", "examples/spring.ledger", *today)
    assert found == (0, b"overdue on 2024-01-01\n", b"")
    found = command(shell, "bills", "empty.ledger", *today)
    assert found == (0, b"bills on 2024-01-01\ntotal|0.00\n", b"")


GOOD = b"saw|Jan|2024-05-03|7|0\n"
UNUSABLE = {
    "a bad line": GOOD * 3 + b"\nsaw|Jan\n",
    "not UTF-8": GOOD + b"saw|Zo\xeb|2024-05-03|7|0\n",
    "another end of line": GOOD + GOOD.replace(b"\n", b"\r\n"),
}


@pytest.mark.parametrize("kind", ["missing", *UNUSABLE])
def test_an_unusable_ledger_prints_nothing(shell: Any, rng: Random, kind: str) -> None:
    if kind != "missing":
        shell.write("bad.ledger", UNUSABLE[kind])
    name = rng.choice(["overdue", "bills"])
    status, out, err = command(shell, name, "bad.ledger", "--today", "2024-05-21")
    assert (status, out) == (2, b"")
    assert err.startswith(b"toolshed: ")
    assert err.count(b"\n") == 1
    assert err.endswith(b"\n")


def test_main_returns_the_status(code: Any, shell: Any) -> None:
    shell.write("bad.ledger", GOOD + b"saw\n")
    today = ["--today", "2024-05-21"]
    for name in ("overdue", "bills"):
        assert code.call("toolshed:main", [name, "bad.ledger", *today]) == 2
        assert code.output() == ""
        assert code.call("toolshed:main", [name, "missing.ledger", *today]) == 2
        assert code.output() == ""
        assert code.call("toolshed:main", [name, "examples/spring.ledger", *today]) == 0
        assert code.output().startswith(f"{name} on 2024-05-21\n")
