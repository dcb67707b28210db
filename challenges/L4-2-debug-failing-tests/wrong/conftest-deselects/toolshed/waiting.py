"""Who waits for which tool, and whom it is offered to."""

import bisect
import itertools
from dataclasses import dataclass
from datetime import date
from datetime import timedelta

from toolshed.opening import Opening

KEPT = timedelta(days=3)


@dataclass(frozen=True)
class Offer:
    """A tool that is kept for a member until the day ``until``."""

    tool: str
    member: str
    until: date


class WaitingList:
    """For each tool a queue of members; all queues are empty at first.

    In a queue the helpers of the club stand before all others. Among the helpers, and
    among the others, whoever joined first stands first. Who leaves and joins again
    has joined anew.
    """

    def __init__(self) -> None:
        self._queues: dict[str, list[tuple[bool, int, str]]] = {}
        self._numbers = itertools.count()

    def join(self, tool: str, member: str, *, helper: bool = False) -> None:
        """Add a member to the queue; ``ValueError`` when already in it."""
        if member in self.queue(tool):
            raise ValueError(f"{member!r} waits for {tool!r} already")
        queue = self._queues.setdefault(tool, [])
        bisect.insort(queue, (not helper, next(self._numbers), member))

    def leave(self, tool: str, member: str) -> None:
        """Take a member out of the queue; ``ValueError`` when not in it."""
        place = self.queue(tool).index(member)
        del self._queues[tool][place]

    def queue(self, tool: str) -> list[str]:
        """The members that wait for a tool, the first of them first.

        The list is the caller's own: changing it does not change the queue.
        """
        return [member for _, _, member in self._queues.get(tool, [])]

    def offer(self, tool: str, today: date, opening: Opening) -> Offer | None:
        """Take the first member out of the queue and offer the tool; None if empty.

        The tool is kept until three days after today or, when the shed is closed
        then, until the next day on which it is open.
        """
        members = self.queue(tool)
        if not members:
            return None
        self.leave(tool, members[0])
        return Offer(tool, members[0], opening.next_open(today + KEPT))
