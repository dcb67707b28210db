"""Agent text made fit for terminals and for files that people read in them."""

from __future__ import annotations

from pathlib import Path


def one_line(text: str) -> str:
    """``text`` with its escapes and line breaks made visible."""
    if text.isprintable():
        return text
    return "".join(c if c.isprintable() else f"\\x{ord(c):02x}" for c in text)


def plain(text: str) -> str:
    """The same with its line breaks: what they part still begins lines of its own."""
    return "\n".join(map(one_line, text.split("\n")))


def shortened(text: str, room: int) -> str:
    """``text`` on one plain line of at most ``room`` characters, blanks run together.

    Only as much of it is looked at as can be shown.
    """
    shown = one_line(" ".join(text[: 4 * room].split()))
    whole = len(text) <= 4 * room and len(shown) <= room
    return shown if whole else f"{shown[: room - 1]}…"


def make_plain(path: Path) -> None:
    """:func:`plain` for a log that something else wrote; whole when it is seen."""
    temporary = path.with_name(f".{path.name}.tmp")
    with (
        path.open(encoding="utf-8", errors="backslashreplace", newline="\n") as raw,
        temporary.open("w", encoding="utf-8") as shown,
    ):
        while chunk := raw.read(1 << 20):
            shown.write(plain(chunk))
    temporary.replace(path)
