"""``python -m worklog gaps`` and the style ``short``."""

from __future__ import annotations

import random
from collections.abc import Iterable
from datetime import date
from datetime import timedelta
from itertools import pairwise
from typing import Any

import pytest

MONDAY = date(2024, 3, 4)
PROJECTS = ("atlas", "boreas", "mail")

Worked = tuple[date, int, int, str]
"""Day, start, end and project of an entry."""


def clock(minutes: int) -> str:
    return f"{minutes // 60:02d}:{minutes % 60:02d}"


def short(minutes: int) -> str:
    hours, rest = divmod(minutes, 60)
    return f"{hours}h{rest:02d}m" if hours else f"{rest}m"


def random_log(rng: random.Random) -> list[Worked]:
    log = []
    for _ in range(rng.randrange(4, 16)):
        day = MONDAY + timedelta(days=rng.randrange(3))
        start = rng.randrange(300, 1380)
        end = rng.randrange(start + 1, min(start + 200, 1440) + 1)
        log.append((day, start, end, rng.choice(PROJECTS)))
    return log


def text_of(log: Iterable[Worked]) -> bytes:
    lines = [
        f"{day} {clock(start)}-{clock(end)} {project} some note\n"
        for day, start, end, project in log
    ]
    return b"# a log\n\n" + "".join(lines).encode()


def printed(log: Iterable[Worked], minimum: int = 15) -> str:
    """What the command must print for these entries."""
    covered: dict[date, set[int]] = {}
    for day, start, end, _ in log:
        covered.setdefault(day, set()).update(range(start, end))
    lines, total = [], 0
    for day in sorted(covered):
        minutes = sorted(covered[day])
        for before, after in pairwise(minutes):
            length = after - before - 1
            if length >= minimum:
                times = f"{clock(before + 1)}-{clock(after)}"
                lines.append(f"{day} {times} {short(length)}\n")
                total += length
    return "".join(lines) + f"total {short(total)}\n" if lines else "no gaps\n"


def gaps(shell: Any, *arguments: str, stdin: bytes = b"") -> Any:
    return shell.run(["python", "-m", "worklog", "gaps", *arguments], stdin=stdin)


def said(shell: Any, *arguments: str, stdin: bytes = b"") -> str:
    """Standard output of a command that must succeed and say nothing else."""
    result = gaps(shell, *arguments, stdin=stdin)
    assert (result.status, bytes(result.err)) == (0, b"")
    return bytes(result.out).decode()


def test_gaps_of_the_example(shell: Any) -> None:
    assert said(shell, "examples/week.log") == (
        "2024-03-04 12:30-13:15 45m\n"
        "2024-03-05 09:00-09:20 20m\n"
        "2024-03-05 12:40-14:00 1h20m\n"
        "total 2h25m\n"
    )


def test_gaps_of_random_logs(shell: Any, rng: Any) -> None:
    for _ in range(4):
        log = random_log(rng)
        assert said(shell, "-", stdin=text_of(log)) == printed(log)


def test_project_day_and_minimum_choose(shell: Any, rng: Any) -> None:
    log = random_log(rng) + random_log(rng)
    text, project, day = text_of(log), rng.choice(PROJECTS), rng.choice(log)[0]
    of_project = [entry for entry in log if entry[3] == project]
    of_day = [entry for entry in log if entry[0] == day]
    of_both = [entry for entry in of_project if entry[0] == day]
    assert said(shell, "-", "--project", project, stdin=text) == printed(of_project)
    assert said(shell, "-", "--day", str(day), stdin=text) == printed(of_day)
    options = ("--day", str(day), "--project", project, "--minimum", "1")
    assert said(shell, *options, "-", stdin=text) == printed(of_both, 1)


def test_minimum_reaches_the_command(shell: Any) -> None:
    log = [(MONDAY, 0, 10, "a"), (MONDAY, 30, 40, "a"), (MONDAY, 41, 1440, "a")]
    text = text_of(log)
    assert said(shell, "-", "--minimum", "20", stdin=text) == printed(log, 20)
    assert said(shell, "-", "--minimum", "21", stdin=text) == "no gaps\n"
    assert said(shell, "-", "--minimum", "1", stdin=text) == printed(log, 1)


def test_no_gaps_is_said(shell: Any) -> None:
    assert said(shell, "-") == "no gaps\n"
    assert said(shell, "examples/week.log", "--project", "nobody") == "no gaps\n"
    assert said(shell, "examples/week.log", "--day", "2024-03-06") == "no gaps\n"


@pytest.mark.parametrize("minimum", ["0", "-20"])
def test_a_minimum_below_one_is_an_error(shell: Any, minimum: str) -> None:
    for name in ("examples/week.log", "-"):
        result = gaps(shell, name, f"--minimum={minimum}")
        assert (result.status, bytes(result.out)) == (2, b"")
        assert bytes(result.err).startswith(b"worklog: ")
        assert bytes(result.err).count(b"\n") == 1


def test_main_returns_the_status(code: Any) -> None:
    log = "examples/week.log"
    assert code.call("worklog:main", ["gaps", log]) == 0
    assert code.call("worklog:main", ["gaps", log, "--minimum", "500"]) == 0
    assert code.call("worklog:main", ["gaps", log, "--minimum", "0"]) == 2


def test_a_log_that_cannot_be_read_is_an_error(shell: Any) -> None:
    for name, start in (("missing.log", b"worklog: "), ("-", b"worklog: line 2: ")):
        result = gaps(shell, name, stdin=b"\nnonsense\n")
        assert (result.status, bytes(result.out)) == (2, b"")
        assert bytes(result.err).startswith(start)


def test_durations_in_the_short_style(code: Any, rng: Any) -> None:
    some = [rng.randrange(10_000) for _ in range(40)]
    for minutes in (0, 1, 59, 60, 61, 69, 70, 119, 120, 1440, 6000, *some):
        text = code.call("worklog:format_minutes", minutes, "short")
        assert text == short(minutes)
        named = code.call("worklog:format_minutes", minutes, style="short")
        assert named == text


def test_totals_knows_the_short_style(shell: Any) -> None:
    argv = ["python", "-m", "worklog", "totals", "examples/week.log"]
    result = shell.run([*argv, "--style", "short"])
    assert bytes(result.out) == (
        b"atlas   8h35m\nboreas  6h05m\nmail    1h00m\ntotal   15h40m\n"
    )
