"""What takes the place of messages that a window has no room for.

Pure functions: a piece of a conversation is never changed, only replaced.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from dataclasses import replace
from typing import Any

from pytest_overnight.models.base import Message

KEPT_ANSWERS = 4
"""An answer with as many newer ones is old."""
SHORT_CHARS = 200
"""What is left of a long text in an old turn."""
LINE_CHARS = 160
DIGEST_CHARS = 2000
DIGEST = "\n\nEarlier steps, left out to save room, the newest last:"


@dataclass(frozen=True, slots=True)
class Piece:
    """One message after the system message. Never changed, only replaced."""

    message: Message
    round: int
    """0: before the first turn."""
    line: str | None = None
    """Of an answer: what stands for it."""
    read: str = ""


Step = Callable[[Piece, list[Piece]], Piece]


def size(value: Any) -> int:
    """Bytes as JSON: tokenizers see bytes, and templates write calls as JSON."""
    text = json.dumps(value, ensure_ascii=False, default=str)
    return len(text.encode("utf-8", "surrogatepass"))


def digest(lines: list[str]) -> str:
    """What the system message says of rounds that left."""
    return "\n- ".join([DIGEST, *lines]) if lines else ""


def newest_lines(lines: list[str], room: int) -> list[str]:
    """As many lines, none of them long, as ``room`` characters hold."""
    room = min(room, DIGEST_CHARS)
    kept: list[str] = []
    for line in reversed(lines):
        text = _cut_text(" ".join(line.split()), LINE_CHARS)
        room -= len(text)
        if room < 0:
            break
        kept.insert(0, text)
    return kept


# Steps: each says what takes the place of one message, seeing the later ones.


def _without_thinking(piece: Piece, later: list[Piece]) -> Piece:
    message = {key: value for key, value in piece.message.items() if key != "thinking"}
    return replace(piece, message=message)


def _repeated_read_short(piece: Piece, later: list[Piece]) -> Piece:
    again = piece.read and any(other.read == piece.read for other in later)
    return _as_line(piece) if again else piece


def _old_one_short(piece: Piece, later: list[Piece]) -> Piece:
    """An answer, or a turn all of whose answers are old, becomes short."""
    if piece.line is None:
        later = [other for other in later if other.round > piece.round]
    if sum(other.line is not None for other in later) < KEPT_ANSWERS:
        return piece
    if piece.line is not None:
        return _as_line(piece)
    return cut(piece, SHORT_CHARS) if piece.message["role"] == "assistant" else piece


LADDER: tuple[tuple[str, Step], ...] = (
    ("earlier thinking left out", _without_thinking),
    ("repeated reads shortened", _repeated_read_short),
    ("earlier answers and arguments shortened", _old_one_short),
)


def _as_line(piece: Piece) -> Piece:
    text = f"{piece.line} [left out to save room]"
    if len(text) >= len(piece.message["content"]):
        return piece
    return replace(piece, message={**piece.message, "content": text})


def cut(piece: Piece, room: int) -> Piece:
    return replace(piece, message=_cut_all(piece.message, room))


def _cut_all(value: Any, room: int) -> Any:
    """The same with every text in it cut; keys and types stay."""
    if isinstance(value, str):
        return _cut_text(value, room)
    if isinstance(value, dict):
        return {key: _cut_all(item, room) for key, item in value.items()}
    if isinstance(value, list):
        return [_cut_all(item, room) for item in value]
    return value


def _cut_text(text: str, room: int) -> str:
    """Head and tail of a text that is longer than ``room`` characters, with a note."""
    note = f" … [{len(text)} characters, shortened] … "
    if len(text) <= room + len(note):
        return text
    head = (room - len(note)) * 3 // 4
    return text[:head] + note + text[head + len(note) - room :]
