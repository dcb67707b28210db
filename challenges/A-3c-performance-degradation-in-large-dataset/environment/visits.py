"""Reports on the visits to a website.

A visit is a tuple ``(time, visitor, page, seconds)``. Visits come in the order of their
times; several may have the same time.
"""

from bisect import insort
from itertools import islice


class _Session:
    def __init__(self, visitor, first):
        self.visitor = visitor
        self.first = first
        self.count = 0
        self.told = False


def sessions(visits, pause):
    """Yield ``(visitor, first, last, count)`` for each session, once it is over.

    A session is a row of visits by one visitor, each at most ``pause`` later than the
    one before; ``first`` and ``last`` are the times of the first and the last of them.
    It is over when a visit, by anybody, comes more than ``pause`` after its last one,
    or when there are no more visits. Sessions come in the order of their last visits.
    """
    known = []
    for time, visitor, _, _ in visits:
        for session in known:
            if session.last + pause < time and not session.told:
                session.told = True
                yield session.visitor, session.first, session.last, session.count
        for session in known:
            if session.visitor == visitor and not session.told:
                known.remove(session)
                break
        else:
            session = _Session(visitor, time)
        session.last = time
        session.count += 1
        known.append(session)
    for session in known:
        if not session.told:
            yield session.visitor, session.first, session.last, session.count


def leaders(visits):
    """Yield ``(time, page)`` whenever another page takes the lead.

    The first page visited takes the lead, and from then on each page that comes to
    have more visits than the leader. A page with as many visits does not.
    """
    counts = {}
    leader = None
    for time, _, page, _ in visits:
        counts[page] = counts.get(page, 0) + 1
        best = max(counts, key=lambda other: (counts[other], other == leader))
        if best != leader:
            leader = best
            yield time, leader


def merged(logs):
    """Yield the visits of several logs in the order of their times.

    Of visits with the same time, those of an earlier log come first. ``logs`` is a list
    of iterables, each with visits in the order of their times.
    """
    heads = []
    for log in map(iter, logs):
        heads.extend((visit, log) for visit in islice(log, 1))
    while heads:
        place = min(range(len(heads)), key=lambda place: heads[place][0][0])
        visit, log = heads[place]
        yield visit
        heads[place : place + 1] = [(other, log) for other in islice(log, 1)]


def between(log, start, end):
    """Yield the visits of a log with ``start <= time < end``.

    ``log`` is a file: ``len(log)`` is the number of its visits, and ``log[0]`` to
    ``log[len(log) - 1]`` read one of them each.
    """
    for place in range(len(log)):
        visit = log[place]
        if start <= visit[0] < end:
            yield visit


def percentile(visits, percent):
    """The least ``seconds`` s of a visit for which ``percent`` % of the visits have <= s.

    More than ``percent`` % is all right, less is not. ``percent`` is an ``int`` from 1
    to 100. None if there are no visits.
    """
    found = []
    for _, _, _, seconds in visits:
        insort(found, seconds)
    if not found:
        return None
    return found[-(-percent * len(found) // 100) - 1]
