"""Who waits for which tool, and whom it is offered to."""

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
        self._helpers: dict[str, list[str]] = {}
        self._others: dict[str, list[str]] = {}

    def join(self, tool: str, member: str, *, helper: bool = False) -> None:
        """Add a member to the queue; ``ValueError`` when already in it."""
        if member in self.queue(tool):
            raise ValueError(f"{member!r} waits for {tool!r} already")
        queues = self._helpers if helper else self._others
        queues.setdefault(tool, []).append(member)

    def leave(self, tool: str, member: str) -> None:
        """Take a member out of the queue; ``ValueError`` when not in it."""
        if member not in self.queue(tool):
            raise ValueError(f"{member!r} does not wait for {tool!r}")
        for queues in (self._helpers, self._others):
            if member in queues.get(tool, []):
                queues[tool].remove(member)

    def queue(self, tool: str) -> list[str]:
        """The members that wait for a tool, the first of them first.

        The list is the caller's own: changing it does not change the queue.
        """
        return [*self._helpers.get(tool, []), *self._others.get(tool, [])]

    def offer(self, tool: str, today: date, opening: Opening) -> Offer | None:
        """Take the first member out of the queue and offer the tool; None if empty.

        The tool is kept until three days after today or, when the shed is closed
        then, until the next day on which it is open.
        """
        members = self.queue(tool)
        if not members:
            return None
        offer = Offer(tool, members[0], opening.next_open(today + KEPT))
        self.leave(tool, members[0])
        return offer
