"""What differs between two equal observations without meaning anything."""

from __future__ import annotations

import re

# Control sequences: colours and cursor moves, window titles, any other single one.
_ESCAPES = re.compile(
    r"\x1b\[[0-?]*[ -/]*[@-~]|\x1b\][^\x07\x1b\n]*(?:\x07|\x1b\\)?|\x1b[@-Z\\-_]?"
)

_NOISE = (
    # Addresses: of objects, of threads. A short 0x1F is a number and means something.
    (re.compile(r"(?<=\bat )0x[0-9a-fA-F]+\b|\b0x[0-9a-fA-F]{8,}\b"), "<address>"),
    (
        re.compile(
            r"\b\d{4}-\d\d-\d\d[T ]\d\d:\d\d:\d\d(?:[.,]\d+)?(?:Z|[+-]\d\d:?\d\d)?"
        ),
        "<time>",
    ),
    (re.compile(r"\b\d{1,2}:\d\d:\d\d(?:[.,]\d+)?\b"), "<time>"),
    # As pytest, unittest, `time`, timeit and `run_command` itself write them. Minutes
    # and hours alone are more often somebody's data.
    (
        re.compile(
            r"\b(?:\d+m)?\d+(?:\.\d+)?(?:e[+-]?\d+)? ?"
            r"(?:[nµμum]?s(?:ec)?|(?:milli|micro|nano)?seconds?)\b"
        ),
        "<duration>",
    ),
    (re.compile(r"\bpid[ =:]+\d+", re.IGNORECASE), "<pid>"),
    # A shell's background job; a line of valgrind's or of a sanitizer's.
    (re.compile(r"^\[\d+\] +\d+$|^==\d+==", re.MULTILINE), "<pid>"),
    (
        re.compile(r"\b\d+ (?=(?:Killed|Terminated|Aborted|Segmentation fault)\b)"),
        "<pid> ",
    ),
    # The part of a temporary path that is drawn: by tempfile, by mktemp, by pytest.
    (
        re.compile(
            r"(?<=/tmp/)(?:tmp\w{8}|tmp\.\w{6,}|pytest-of-[\w.-]+/pytest-\d+"
            r"|pytest-\d+)(?!\w)"
        ),
        "<tmp>",
    ),
)


def without_escapes(text: str) -> str:
    """``text`` without the control sequences of terminals."""
    return _ESCAPES.sub("", text)


def without_noise(text: str) -> str:
    """``text`` without colours, times, durations, process ids, addresses and names of
    temporary folders. What is left means something."""
    text = without_escapes(text).strip()
    for pattern, replacement in _NOISE:
        text = pattern.sub(replacement, text)
    return text
