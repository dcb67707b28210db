"""Reports on the visits to a website.

A visit is a tuple ``(time, visitor, page, seconds)``. Visits come in the order of their
times; several may have the same time.
"""

from bisect import bisect_left
from collections import Counter
from collections import OrderedDict
from heapq import merge
from operator import itemgetter

_time = itemgetter(0)


def sessions(visits, pause):
    """Yield ``(visitor, first, last, count)`` for each session, once it is over.

    A session is a row of visits by one visitor, each at most ``pause`` later than the
    one before; ``first`` and ``last`` are the times of the first and the last of them.
    It is over when a visit, by anybody, comes more than ``pause`` after its last one,
    or when there are no more visits. Sessions come in the order of their last visits.
    """
    # Visitor -> (first, last, count) of what is not over, in the order of last visits.
    known = OrderedDict()
    for time, visitor, _, _ in visits:
        while known:
            other, (first, last, count) = known.popitem(last=False)
            if time <= last + pause:
                known[other] = first, last, count
                known.move_to_end(other, last=False)
                break
            yield other, first, last, count
        first, _, count = known.pop(visitor, (time, None, 0))
        known[visitor] = first, time, count + 1
    for visitor, (first, last, count) in known.items():
        yield visitor, first, last, count


def leaders(visits):
    """Yield ``(time, page)`` whenever another page takes the lead.

    The first page visited takes the lead, and from then on each page that comes to
    have more visits than the leader. A page with as many visits does not.
    """
    counts = Counter()
    leader, most = None, 0
    for time, _, page, _ in visits:
        counts[page] += 1
        if counts[page] > most:
            most = counts[page]
            if page != leader:
                leader = page
                yield time, page


def merged(logs):
    """Yield the visits of several logs in the order of their times.

    Of visits with the same time, those of an earlier log come first. ``logs`` is a list
    of iterables, each with visits in the order of their times.
    """
    return merge(*logs, key=_time)


def between(log, start, end):
    """Yield the visits of a log with ``start <= time < end``.

    ``log`` is a file: ``len(log)`` is the number of its visits, and ``log[0]`` to
    ``log[len(log) - 1]`` read one of them each.
    """
    for place in range(bisect_left(log, start, key=_time), len(log)):
        visit = log[place]
        if visit[0] >= end:
            break
        yield visit


def percentile(visits, percent):
    """The least ``seconds`` s of a visit for which ``percent`` % of the visits have <= s.

    More than ``percent`` % is all right, less is not. ``percent`` is an ``int`` from 1
    to 100. None if there are no visits.
    """
    counts = Counter(seconds for _, _, _, seconds in visits)
    missing = percent * counts.total()
    for seconds in sorted(counts):
        missing -= 100 * counts[seconds]
        if missing <= 0:
            return seconds
    return None
