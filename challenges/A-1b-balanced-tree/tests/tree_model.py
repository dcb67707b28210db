"""What a tree must look like, and sequences that unbalance it. Stays with the judge."""

from __future__ import annotations

from math import log2
from pathlib import Path
from random import Random
from typing import Any

from pytest_overnight.grading import same

PROBE = Path(__file__).with_name("tree_probe.py").read_text(encoding="utf-8")

Shape = list[list[Any]]
"""Of each node, from the top: key, whether it has a left child, a right child."""


def check(shape: Any, keys: Any, height: Any) -> None:
    """A binary search tree of these keys, not too high, and as high as it says."""
    assert type(shape) is list
    depths = in_order(shape)
    assert same([key for key, _ in depths], sorted(keys))
    found = max((depth for _, depth in depths), default=0)
    assert found <= 2 * log2(len(keys) + 1), f"{found} nodes high, {len(keys)} keys"
    assert same(height, found), f"{found} nodes high, but height() says {height}"


def in_order(shape: Shape) -> list[tuple[Any, int]]:
    """Keys as the tree orders them, each with its depth; from the places alone."""
    done: list[tuple[Any, int]] = []
    above: list[tuple[Any, int, bool]] = []  # nodes whose left side is being read
    depth = 1
    for key, left, right in shape:
        if left:
            above.append((key, depth, right))
            depth += 1
            continue
        done.append((key, depth))
        while not right and above:
            key, depth, right = above.pop()
            done.append((key, depth))
        depth += 1
    assert not above, "a node says that it has a child, but there is none"
    return done


def longest_way(shape: Shape) -> list[Any]:
    """Keys of a deepest node and of all above it."""
    longest: list[Any] = []
    waiting: list[list[Any]] = [[]]  # what is above the next nodes
    for key, left, right in shape:
        way = [*waiting.pop(), key]
        waiting += [way] * (left + right)
        longest = max(longest, way, key=len)
    return longest


def orders(rng: Random, size: int) -> dict[str, list[int]]:
    """Each number below ``size`` once."""
    up = list(range(size))
    half = size // 2
    inwards = [key for pair in zip(up, reversed(up), strict=True) for key in pair][
        :size
    ]
    blocks = [up[start : start + 7] for start in range(0, size, 7)]
    rng.shuffle(blocks)
    return {
        "rising": up,
        "falling": up[::-1],
        "inwards": inwards,
        "outwards": inwards[::-1],
        "two rows": [
            key for pair in zip(up[:half], up[half:], strict=True) for key in pair
        ],
        "rising blocks": [key for block in blocks for key in block],
        "falling blocks": [key for block in blocks for key in block[::-1]],
        "shuffled": rng.sample(up, size),
    }


KINDS: dict[str, list[Any]] = {
    "int": [*range(-12, 13)],
    "float": [number / 4 for number in range(25)],
    "text": [
        "",
        *"AZazÄäßЖж日本",
        "a b",
        "ab",
        "aB",
        "zz",
        "日本",
        "€",
        "0",
        "10",
        "9",
    ],
    "tuple": [(one, two) for one in range(5) for two in "aBc"],
    "list": [[one] * two for one in range(5) for two in range(1, 5)],
}
"""Keys of one kind, all different."""

VALUES: list[Any] = [None, 0, 1, "", "text", False, [], [1], {}, 2.5]
