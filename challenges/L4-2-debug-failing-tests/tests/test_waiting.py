"""The queues of ``WaitingList``, against a model that keeps two plain lists."""

from __future__ import annotations

from datetime import date
from random import Random
from typing import Any

NAMES = ["Ana", "Bo", "Cleo", "Dan", "Eva", "Finn", "Ida", "Zoë", "ana", ""]


class Queues:
    """For each tool the helpers and the others, in order of joining."""

    def __init__(self) -> None:
        self.lists: dict[str, tuple[list[str], list[str]]] = {}

    def of(self, tool: str) -> list[str]:
        helpers, others = self.lists.get(tool, ([], []))
        return helpers + others

    def join(self, tool: str, member: str, helper: bool) -> None:
        self.lists.setdefault(tool, ([], []))[0 if helper else 1].append(member)

    def leave(self, tool: str, member: str) -> None:
        for members in self.lists[tool]:
            if member in members:
                members.remove(member)


def play(code: Any, rng: Random, steps: int, *, helpers: bool) -> None:
    """Random joining, leaving and offers; all queues are compared after each step."""
    waiting, model = code.new("toolshed:WaitingList"), Queues()
    opening = code.new("toolshed:Opening")
    tools = ["saw", "drill"]
    for _ in range(steps):
        tool = rng.choice(tools)
        members = model.of(tool)
        free = [name for name in NAMES if name not in members]
        kind = rng.choice(["join", "join", "leave", "offer"])
        if kind == "join" and free:
            member, helper = rng.choice(free), helpers and rng.random() < 0.5
            waiting.join(tool, member, helper=helper)
            model.join(tool, member, helper)
        elif kind == "leave" and members:
            member = rng.choice(members)
            waiting.leave(tool, member)
            model.leave(tool, member)
        elif kind == "offer" and members:
            offer = waiting.offer(tool, date(2024, 3, 4), opening)
            assert code.attr(offer, "member") == members[0]
            assert code.attr(offer, "tool") == tool
            model.leave(tool, members[0])
        for each in tools:
            assert waiting.queue(each) == model.of(each)


def test_who_joined_first_stands_first(code: Any, rng: Random) -> None:
    for _ in range(6):
        play(code, rng, 40, helpers=False)


def test_helpers_stand_first_in_their_own_order(code: Any, rng: Random) -> None:
    for _ in range(6):
        play(code, rng, 40, helpers=True)


def test_who_joins_again_joins_anew(code: Any) -> None:
    waiting = code.new("toolshed:WaitingList")
    for member in ("Ana", "Jan", "Eva"):
        waiting.join("saw", member)
    waiting.leave("saw", "Ana")
    waiting.join("saw", "Ana")
    assert waiting.queue("saw") == ["Jan", "Eva", "Ana"]
    waiting.leave("saw", "Eva")
    waiting.join("saw", "Eva", helper=True)
    assert waiting.queue("saw") == ["Eva", "Jan", "Ana"]


def test_who_waits_already_cannot_join(code: Any) -> None:
    waiting = code.new("toolshed:WaitingList")
    waiting.join("saw", "Ana", helper=True)
    waiting.join("saw", "Jan")
    for member in ("Ana", "Jan"):
        for helper in (False, True):
            with code.raises("ValueError"):
                waiting.join("saw", member, helper=helper)
    waiting.join("drill", "Ana")
    assert waiting.queue("saw") == ["Ana", "Jan"]
    assert waiting.queue("drill") == ["Ana"]


def test_who_does_not_wait_cannot_leave(code: Any) -> None:
    waiting = code.new("toolshed:WaitingList")
    waiting.join("saw", "Ana")
    for tool, member in (("drill", "Ana"), ("saw", "Jan"), ("saw", "ana")):
        with code.raises("ValueError"):
            waiting.leave(tool, member)
    assert waiting.queue("saw") == ["Ana"]


def test_helper_is_given_by_name_only(code: Any) -> None:
    waiting = code.new("toolshed:WaitingList")
    with code.raises("TypeError"):
        waiting.join("saw", "Ana", True)


def test_waiting_lists_are_apart(code: Any) -> None:
    one, other = code.new("toolshed:WaitingList"), code.new("toolshed:WaitingList")
    one.join("saw", "Jan")
    other.join("saw", "Ana")
    assert one.queue("saw") == ["Jan"]
    assert other.queue("saw") == ["Ana"]


def test_the_queue_belongs_to_the_caller(code: Any) -> None:
    waiting = code.new("toolshed:WaitingList")
    waiting.join("saw", "Jan")
    # A list that stays in the child, so that the change could reach the queue.
    keep = code.define("def clear(waiting): waiting.queue('saw').clear()")
    keep.clear(waiting)
    assert waiting.queue("saw") == ["Jan"]
