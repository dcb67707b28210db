"""Reports on the visits to a website.

A visit is a tuple ``(time, visitor, page, seconds)``. Visits come in the order of their
times; several may have the same time.
"""

from collections import deque
from heapq import heapify
from heapq import heappop
from heapq import heapreplace


class _Session:
    __slots__ = ("visitor", "first", "last", "count", "told")

    def __init__(self, visitor, first):
        self.visitor = visitor
        self.first = first
        self.last = first
        self.count = 0
        self.told = False


def sessions(visits, pause):
    """Yield ``(visitor, first, last, count)`` for each session, once it is over.

    A session is a row of visits by one visitor, each at most ``pause`` later than the
    one before; ``first`` and ``last`` are the times of the first and the last of them.
    It is over when a visit, by anybody, comes more than ``pause`` after its last one,
    or when there are no more visits. Sessions come in the order of their last visits.
    """
    current = {}  # visitor -> latest session
    queue = deque()  # (session, its count then), in the order of the visits
    for time, visitor, _, _ in visits:
        while queue:
            session, count = queue[0]
            if session.count == count:
                if not session.last + pause < time:
                    break
                session.told = True
                yield session.visitor, session.first, session.last, session.count
            queue.popleft()
        session = current.get(visitor)
        if session is None or session.told:
            session = current[visitor] = _Session(visitor, time)
        session.last = time
        session.count += 1
        queue.append((session, session.count))
    for session, count in queue:
        if session.count == count:
            yield session.visitor, session.first, session.last, session.count


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
