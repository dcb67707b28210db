"""Version, change log and README, in the formats that the instruction gives."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

ENVIRONMENT = Path(__file__).resolve().parents[1] / "environment"
VERSION = "0.5.0"
COMMAND = "$ python -m worklog gaps examples/week.log"
USAGE = (
    "Usage: `python -m worklog gaps FILE "
    "[--project NAME] [--day DAY] [--minimum MINUTES]`"
)
PRINTED = [
    "2024-03-04 12:30-13:15 45m",
    "2024-03-05 09:00-09:20 20m",
    "2024-03-05 12:40-14:00 1h20m",
    "total 2h25m",
]


def lines_of(text: str) -> list[str]:
    assert len(text) < 100_000
    return [line.rstrip() for line in text.splitlines()]


def section(lines: list[str], heading: str) -> list[str]:
    """The lines under a heading, up to the next of its level or above."""
    assert lines.count(heading) == 1, f"one line {heading!r} is needed"
    level = heading.index(" ")
    found: list[str] = []
    fenced = False
    for line in lines[lines.index(heading) + 1 :]:
        fenced ^= line.startswith("```")
        marks = re.match(r"#{1,6} ", line)
        if marks and not fenced and len(marks[0]) - 1 <= level:
            break
        found.append(line)
    return found


def test_the_version_is_bumped_in_both_places(files: Any, code: Any) -> None:
    assert code.value("worklog:__version__") == VERSION
    project = section_of_toml(lines_of(files.text("pyproject.toml")), "[project]")
    versions = [line for line in project if re.match(r"version\s*=", line)]
    assert len(versions) == 1
    assert re.fullmatch(r"version\s*=\s*([\"'])0\.5\.0\1\s*(#.*)?", versions[0])


def section_of_toml(lines: list[str], table: str) -> list[str]:
    rest = lines[lines.index(table) + 1 :]
    ends = [number for number, line in enumerate(rest) if line.startswith("[")]
    return rest[: ends[0]] if ends else rest


def test_the_command_says_the_version(shell: Any) -> None:
    result = shell.run(["python", "-m", "worklog", "--version"])
    assert (result.status, bytes(result.out)) == (0, b"worklog 0.5.0\n")


def test_the_change_log_has_a_new_section_on_top(files: Any) -> None:
    new = lines_of(files.text("CHANGELOG.md"))
    old = lines_of((ENVIRONMENT / "CHANGELOG.md").read_text(encoding="utf-8"))
    headings = [line for line in new if line.startswith("## ")]
    assert headings[:2] == ["## 0.5.0", "## 0.4.2"]
    start = new.index("## 0.4.2")
    assert new[start:] == old[old.index("## 0.4.2") :]
    bullets = [line for line in section(new, "## 0.5.0") if line.startswith("- ")]
    assert any("`gaps`" in line for line in bullets)
    assert any("`find_gaps`" in line for line in bullets)


def test_the_readme_has_a_section_on_the_command(files: Any) -> None:
    lines = lines_of(files.text("README.md"))
    commands = section(lines, "## Commands")
    headings = [line for line in commands if line.startswith("### ")]
    assert headings == ["### list", "### totals", "### gaps"]
    assert USAGE in section(commands, "### gaps")


def test_the_readme_example_is_what_the_command_prints(files: Any) -> None:
    gaps = section(lines_of(files.text("README.md")), "### gaps")
    start = gaps.index("```console")
    assert gaps[start + 1] == COMMAND
    assert gaps[start + 2 : gaps.index("```", start)] == PRINTED


def test_the_readme_names_the_new_api(files: Any) -> None:
    api = section(lines_of(files.text("README.md")), "## Python API")
    for start in ("- `Gap(day, start, end)`", "- `find_gaps(entries, *, minimum=15)`"):
        assert sum(line.startswith(start) for line in api) == 1, start


def test_the_rest_of_the_readme_stays(files: Any) -> None:
    old = (ENVIRONMENT / "README.md").read_text(encoding="utf-8")
    remaining = iter(lines_of(files.text("README.md")))
    for line in lines_of(old):
        if "STYLE" not in line and "format_minutes" not in line:
            assert line in remaining, f"gone or moved: {line!r}"
