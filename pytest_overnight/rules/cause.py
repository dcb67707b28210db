"""Where in a text stands what went wrong."""

from __future__ import annotations

import re
from collections.abc import Iterator

_SENTENCE = re.compile(r".*?[.!?](?=\s|$)")
_ERROR = re.compile(
    r"(?:[A-Za-z_]\w*\.)*[A-Z]\w*"
    r"(?:Error|Exception|Exit|Expired|Interrupt|Iteration|Warning)(?=:|$)"
)
"""The name of an exception where a line begins."""
_PYTEST_BLOCK = re.compile(r"(?:^E +[^\n]*\n?)+", re.MULTILINE)
_PYTEST_SUMMARY = re.compile(r"(?:FAILED|ERROR) \S.*? - (.+)")
_PLACE = re.compile(r"^\S+?:\d+(?::\d+)?: ")
_LOGGED = re.compile(r"(?:.*[\s:\]])?(?:error|fatal): .*", re.IGNORECASE)
_ASSERT = re.compile(r"(?:AssertionError: )?assert\b.*")

# Lines that sum up or decorate: true of many different errors.
_EMPTY = re.compile(
    r"[\W_]*"
    r"|=+ .* =+|!+ .* !+"  # pytest's headings
    r"|(?:no tests ran|\d+ \w+(?:, \d+ \w+)*) in .*"  # its counts, with -q
    r"|FAILED \(.*\)|Ran \d+ tests? in .*"  # unittest's
    r"|Found \d+ errors?\b.*"  # mypy's, ruff's
    r"|make(?:\[\d+\])?: \*\*\* .*"
)


def first_sentence(text: str) -> str:
    """What a tool of ours says first."""
    line = text.partition("\n")[0]
    sentence = _SENTENCE.match(line)
    return sentence[0] if sentence else line


def last_error(output: str) -> str:
    """The line of a command's output that says best why it failed; may be empty.

    pytest's own report of the last failure, else the last exception, else the last
    line with ``error:``, else the last that is more than decoration. Failed assertions
    are all alike: which values differed is not what went wrong.
    """
    lines = [line.strip() for line in output.splitlines()]
    cause = (
        _of_pytest_block(output)
        or _of_pytest_summary(lines)
        or next(_exceptions(lines), "")
        or next((line for line in reversed(lines) if _LOGGED.fullmatch(line)), "")
        or next((line for line in reversed(lines) if not _EMPTY.fullmatch(line)), "")
        or next((line.strip("=! ") for line in reversed(lines) if line), "")
    )
    return "AssertionError" if _ASSERT.fullmatch(cause) else cause


def _of_pytest_block(output: str) -> str:
    """Of ``E   KeyError: 'x'`` and the lines around it."""
    blocks = _PYTEST_BLOCK.findall(output)
    if not blocks:
        return ""
    lines = [line[1:].strip() for line in blocks[-1].splitlines()]
    if lines[0].startswith("assert"):
        return str(lines[0])
    return next((line for line in lines if _ERROR.match(line)), str(lines[0]))


def _of_pytest_summary(lines: list[str]) -> str:
    """Of ``FAILED test_a.py::test_b - KeyError: 'x'``; may be cut to fit a screen."""
    said = [found[1] for line in lines if (found := _PYTEST_SUMMARY.fullmatch(line))]
    if not said:
        return ""
    whole = not said[-1].endswith("...")
    return said[-1] if whole else said[-1].partition(":")[0].rstrip(".")


def _exceptions(lines: list[str]) -> Iterator[str]:
    bare = (_PLACE.sub("", line) for line in reversed(lines))
    return (line for line in bare if _ERROR.match(line))
