"""Everything that worked before works in precisely the same way."""

from __future__ import annotations

import random
from collections.abc import Iterable
from datetime import date
from datetime import timedelta
from pathlib import Path
from typing import Any

ENVIRONMENT = Path(__file__).resolve().parents[1] / "environment"
OLD_FILES = [f"tests/test_{name}.py" for name in ("entries", "report", "cli")]
OLD_FILES.append("examples/week.log")
MONDAY = date(2024, 3, 4)
PROJECTS = ("atlas", "boreas", "mail", "x")

Worked = tuple[date, int, int, str, str]
"""Day, start, end, project and note of an entry."""

WEEK_LIST = b"""\
2024-03-04 09:00-12:30 3:30 atlas Draft of the report
2024-03-04 13:15-15:00 1:45 atlas Figures
2024-03-04 13:30-14:00 0:30 mail
2024-03-04 15:10-17:00 1:50 boreas Review
2024-03-05 14:00-16:45 2:45 boreas Release
2024-03-05 08:30-09:00 0:30 mail
2024-03-05 09:20-12:40 3:20 atlas Second draft
2024-03-06 10:00-11:30 1:30 boreas
"""

RECORDED = {
    "list examples/week.log": (0, WEEK_LIST, b""),
    "list examples/week.log --project nobody": (0, b"no entries\n", b""),
    "totals examples/week.log": (
        0,
        b"atlas   8:35\nboreas  6:05\nmail    1:00\ntotal   15:40\n",
        b"",
    ),
    "totals --style clock --project mail examples/week.log": (
        0,
        b"mail   1:00\ntotal  1:00\n",
        b"",
    ),
    "totals --style decimal --day 2024-03-04 examples/week.log": (
        0,
        b"atlas   5.25\nboreas  1.83\nmail    0.50\ntotal   7.58\n",
        b"",
    ),
    "totals -": (0, b"total  0:00\n", b""),
    "list missing.log": (
        2,
        b"",
        b"worklog: [Errno 2] No such file or directory: 'missing.log'\n",
    ),
}


def clock(minutes: int) -> str:
    return f"{minutes // 60:02d}:{minutes % 60:02d}"


def random_log(rng: random.Random) -> list[Worked]:
    # Two projects of equal time: only their names put them in order.
    log = [(MONDAY, 100, 107, name, "") for name in ("tie-b", "tie-a")]
    for _ in range(rng.randrange(5, 20)):
        day = MONDAY + timedelta(days=rng.randrange(4))
        start = rng.randrange(0, 1440)
        end = rng.randrange(start + 1, 1441)
        note = rng.choice(("", "two  words", "# no comment"))
        log.append((day, start, end, rng.choice(PROJECTS), note))
    return log


def text_of(log: Iterable[Worked]) -> bytes:
    lines = [f"{d} {clock(s)}-{clock(e)} {p} {n}\n" for d, s, e, p, n in log]
    return "".join(lines).encode()


def listed(log: Iterable[Worked]) -> str:
    lines = []
    for day, start, end, project, note in log:
        length = f"{(end - start) // 60}:{(end - start) % 60:02d}"
        line = f"{day} {clock(start)}-{clock(end)} {length} {project} {note}"
        lines.append(line.rstrip() + "\n")
    return "".join(lines)


def summed(log: Iterable[Worked]) -> str:
    sums: dict[str, int] = {}
    for _, start, end, project, _ in log:
        sums[project] = sums.get(project, 0) + end - start
    rows = sorted(sums.items(), key=lambda row: (-row[1], row[0]))
    rows.append(("total", sum(sums.values())))
    width = max(len(name) for name, _ in rows)
    return "".join(f"{n:<{width}}  {m // 60}:{m % 60:02d}\n" for n, m in rows)


def worklog(
    shell: Any, *arguments: str, stdin: bytes = b""
) -> tuple[int, bytes, bytes]:
    result = shell.run(["python", "-m", "worklog", *arguments], stdin=stdin)
    return result.status, bytes(result.out), bytes(result.err)


def test_list_and_totals_print_the_same_bytes(shell: Any) -> None:
    for command, expected in RECORDED.items():
        assert worklog(shell, *command.split()) == expected, command


def test_list_and_totals_of_random_logs(shell: Any, rng: Any) -> None:
    for _ in range(2):
        log = random_log(rng)
        text = text_of(log)
        assert worklog(shell, "list", "-", stdin=text) == (0, listed(log).encode(), b"")
        assert worklog(shell, "totals", "-", stdin=text)[1] == summed(log).encode()


def test_a_bad_line_is_said_as_before(shell: Any) -> None:
    text = b"# fine\n2024-03-04 10:00-09:00 atlas\n"
    problem = b"worklog: line 2: an entry must end after it starts, within its day\n"
    assert worklog(shell, "totals", "-", stdin=text) == (2, b"", problem)


def test_without_a_command_the_usage_is_said(shell: Any) -> None:
    status, out, err = worklog(shell)
    assert (status, out) == (2, b"")
    assert err.startswith(b"usage: worklog ")


def test_format_minutes_keeps_its_default(code: Any) -> None:
    for minutes, text in ((0, "0:00"), (45, "0:45"), (65, "1:05"), (6000, "100:00")):
        assert code.call("worklog:format_minutes", minutes) == text
        assert code.call("worklog:format_minutes", minutes, "clock") == text
    assert code.call("worklog:format_minutes", 65, style="decimal") == "1.08"
    for arguments in ((-1,), (65, "roman")):
        with code.raises("ValueError"):
            code.call("worklog:format_minutes", *arguments)


def test_the_old_functions_keep_order_and_defaults(code: Any, rng: Any) -> None:
    log = random_log(rng)
    entries = code.call("worklog:parse_log", text_of(log).decode())
    names = ("day", "start", "end", "project", "note")
    assert [tuple(code.attr(e, name) for name in names) for e in entries] == log
    chosen = code.call("worklog:select", entries, project="atlas")
    starts = [code.attr(entry, "start") for entry in chosen]
    assert starts == [start for _, start, _, project, _ in log if project == "atlas"]
    assert len(code.call("worklog:select", entries)) == len(log)
    minutes = code.call("worklog:totals", entries)
    rows = [*minutes.items(), ("total", sum(minutes.values()))]
    printed = [line.split()[0] for line in summed(log).splitlines()]
    assert [name for name, _ in rows] == printed
    assert rows[-1][1] == sum(end - start for _, start, end, _, _ in log)
    entry = code.new("worklog:Entry", MONDAY, 0, 1440, "atlas")
    assert (code.attr(entry, "note"), code.attr(entry, "minutes")) == ("", 1440)


def test_the_old_tests_and_examples_are_untouched(files: Any) -> None:
    for name in OLD_FILES:
        assert files.read(name) == (ENVIRONMENT / name).read_bytes(), name
