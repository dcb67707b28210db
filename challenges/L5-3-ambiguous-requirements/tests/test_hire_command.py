"""``python hire.py FILE``."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from runpy import run_path
from typing import Any

_model = run_path(str(Path(__file__).with_name("hire_model.py")))
choices_of, bills, lines_of = (_model[n] for n in ("choices_of", "bills", "lines_of"))
text_of, hire, random_list = (_model[n] for n in ("text_of", "hire", "random_list"))

MONDAY = date(2024, 5, 13)


def run(shell: Any, name: str = "list.csv") -> tuple[int, bytes, bytes]:
    result = shell.run(["python", "hire.py", name])
    return result.status, bytes(result.out), bytes(result.err)


def test_the_command_prints_the_report(shell: Any, files: Any, rng: Any) -> None:
    choices = choices_of(files.text("ASSUMPTIONS.md"))
    hires = [*random_list(rng), hire("Łukasz 小川", "row", MONDAY, (9, 0), 120)]
    shell.write("april/list.csv", text_of(hires))
    printed = "".join(f"{line}\n" for line in lines_of(bills(hires, choices)))
    assert run(shell, "april/list.csv") == (0, printed.encode(), b"")


def test_the_program_stands_alone(shell: Any, files: Any, rng: Any) -> None:
    choices = choices_of(files.text("ASSUMPTIONS.md"))
    hires = random_list(rng)
    for name in shell.list():
        if name != "hire.py":
            shell.remove(name)
    shell.write("list.csv", text_of(hires))
    printed = "".join(f"{line}\n" for line in lines_of(bills(hires, choices)))
    assert run(shell) == (0, printed.encode(), b"")


def test_a_line_without_sense_is_said(shell: Any) -> None:
    good = text_of([hire("Ben", "row", MONDAY, (9, 0), 120)])
    shell.write("list.csv", good + "Ana,kayak,2024-05-13 09:00,2024-05-13 11:00\n")
    assert_refused(run(shell))


def assert_refused(found: tuple[int, bytes, bytes]) -> None:
    status, out, err = found
    assert (status, out) == (2, b"")
    assert err.startswith(b"hire: ")
    assert err.count(b"\n") == 1
    assert err.endswith(b"\n")


def test_a_list_that_cannot_be_read_is_said(shell: Any) -> None:
    assert_refused(run(shell, "missing.csv"))
    good = text_of([hire("Zoë", "row", MONDAY, (9, 0), 120)])
    shell.write("list.csv", good.encode("latin-1"))
    assert_refused(run(shell))


def test_a_missing_return_is_what_the_document_says(shell: Any, files: Any) -> None:
    choices = choices_of(files.text("ASSUMPTIONS.md"))
    first = ("Ana", "row", hire("Ana", "row", MONDAY, (9, 0), 120)[2], None)
    hires = [first, hire("Ben", "row", MONDAY, (9, 0), 120)]
    shell.write("list.csv", text_of(hires))
    expected = bills(hires, choices)
    if expected is None:
        assert_refused(run(shell))
    else:
        printed = "".join(f"{line}\n" for line in lines_of(expected))
        assert run(shell) == (0, printed.encode(), b"")
