"""How a child of the helper answers the harness.

A reply is a tag (``+`` done, ``-`` refused by the operating system), six signed 64-bit
numbers, the last two of which are the lengths of the two byte strings that follow.
"""

from __future__ import annotations


class Reply:
    """What goes back: four numbers and two byte strings."""

    def __init__(self, *numbers: int, first: bytes = b"", second: bytes = b"") -> None:
        self.numbers = (*numbers, 0, 0, 0, 0)[:4]
        self.first = first
        self.second = second

    def encode(self, tag: bytes) -> bytes:
        """The bytes on the wire."""
        numbers = (*self.numbers, len(self.first), len(self.second))
        head = b"".join(n.to_bytes(8, "little", signed=True) for n in numbers)
        return tag + head + self.first + self.second
