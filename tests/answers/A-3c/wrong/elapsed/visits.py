"""Reports on the visits to a website.

A visit is a tuple ``(time, visitor, page, seconds)``. Visits come in the order of their
times; several may have the same time.
"""

from collections import deque
from heapq import heapify
from heapq import heappop
from heapq import heapreplace


class _Session:
    __slots__ = ("visitor", "first", "last", "count", "waiting")

    def __init__(self, visitor, first):
        self.visitor = visitor
        self.first = first
        self.last = first
        self.count = 0
        self.waiting = 0  # how many of its visits are at most a pause ago


def sessions(visits, pause):
    """Yield ``(visitor, first, last, count)`` for each session, once it is over.

    A session is a row of visits by one visitor, each at most ``pause`` later than the
    one before; ``first`` and ``last`` are the times of the first and the last of them.
    It is over when a visit, by anybody, comes more than ``pause`` after its last one,
    or when there are no more visits. Sessions come in the order of their last visits.
    """
    running = {}  # visitor -> session that is not over
    recent = deque()  # (time, session) of each visit at most a pause ago, in order

    def forget_oldest():
        _, session = recent.popleft()
        session.waiting -= 1
        if session.waiting:
            return None
        del running[session.visitor]
        return session.visitor, session.first, session.last, session.count

    for time, visitor, _, _ in visits:
        while recent and time - recent[0][0] > pause:
            over = forget_oldest()
            if over is not None:
                yield over
        session = running.get(visitor)
        if session is None:
            session = running[visitor] = _Session(visitor, time)
        session.last = time
        session.count += 1
        session.waiting += 1
        recent.append((time, session))
    while recent:
        over = forget_oldest()
        if over is not None:
            yield over


def leaders(visits):
    """Yield ``(time, page)`` whenever another page takes the lead.

    The first page visited takes the lead, and from then on each page that comes to
    have more visits than the leader. A page with as many visits does not.
    """
    counts = {}
    leader = None
    most = 0
    for time, _, page, _ in visits:
        count = counts.get(page, 0) + 1
        counts[page] = count
        # Only the page just visited can have overtaken the leader.
        if count > most:
            most = count
            if most == 1 or page != leader:
                leader = page
                yield time, page


def merged(logs):
    """Yield the visits of several logs in the order of their times.

    Of visits with the same time, those of an earlier log come first. ``logs`` is a list
    of iterables, each with visits in the order of their times.
    """
    # (time, number of the log, visit, log): the numbers differ, so that a comparison
    # never gets to the visits.
    heads = []
    for number, log in enumerate(map(iter, logs)):
        for visit in log:
            heads.append((visit[0], number, visit, log))
            break
    heapify(heads)
    while heads:
        _, number, visit, log = heads[0]
        yield visit
        for visit in log:
            heapreplace(heads, (visit[0], number, visit, log))
            break
        else:
            heappop(heads)


def between(log, start, end):
    """Yield the visits of a log with ``start <= time < end``.

    ``log`` is a file: ``len(log)`` is the number of its visits, and ``log[0]`` to
    ``log[len(log) - 1]`` read one of them each.
    """
    size = len(log)
    low, high = 0, size
    while low < high:
        middle = (low + high) // 2
        if log[middle][0] < start:
            low = middle + 1
        else:
            high = middle
    for place in range(low, size):
        visit = log[place]
        if not visit[0] < end:
            return
        yield visit


def percentile(visits, percent):
    """The least ``seconds`` s of a visit for which ``percent`` % of the visits have <= s.

    More than ``percent`` % is all right, less is not. ``percent`` is an ``int`` from 1
    to 100. None if there are no visits.
    """
    counts = {}
    total = 0
    for _, _, _, seconds in visits:
        counts[seconds] = counts.get(seconds, 0) + 1
        total += 1
    needed = -(-percent * total // 100)
    for seconds in sorted(counts):
        needed -= counts[seconds]
        if needed <= 0:
            return seconds
    return None
