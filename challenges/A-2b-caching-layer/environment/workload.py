"""What the benchmark runs, and the keys and times whose operations it counts."""

import operator
from random import Random

SIZES = (10, 80)
TTL = 60


def requests(n):
    """``(time, number of the key)`` of 8 * n requests in four TTLs, in order."""
    rng = Random(n)
    return [
        (i * 30 // n, min(rng.randrange(4 * n), rng.randrange(4 * n)))
        for i in range(8 * n)
    ]


class Count:
    """How many operations there were."""

    def __init__(self):
        self.operations = 0


class Key:
    """A key. ``hash`` and ``==`` (with another Key) add 1 to ``count.operations``."""

    def __init__(self, number, count):
        self.number, self.count = number, count

    def __hash__(self):
        self.count.operations += 1
        return hash(("key", self.number))

    def __eq__(self, other):
        if not isinstance(other, Key):
            return NotImplemented
        self.count.operations += 1
        return self.number == other.number


class Moment:
    """A time. Each of its operations adds 1 to ``count.operations``.

    It knows ``+`` and ``-`` and ``== != < <= > >=``, with ints, floats and other
    moments. Arithmetic gives moments.
    """

    __hash__ = None

    def __init__(self, value, count):
        self.value, self.count = value, count


def _operation(function, reflected=False):
    def method(self, other):
        if not isinstance(other, (int, float, Moment)):
            return NotImplemented
        self.count.operations += 1
        values = [self.value, other.value if isinstance(other, Moment) else other]
        result = function(*(reversed(values) if reflected else values))
        return Moment(result, self.count) if function in _ARITHMETIC else result

    return method


_ARITHMETIC = {operator.add: "add", operator.sub: "sub"}
for _function, _name in _ARITHMETIC.items():
    setattr(Moment, f"__{_name}__", _operation(_function))
    setattr(Moment, f"__r{_name}__", _operation(_function, reflected=True))
for _name in ("eq", "ne", "lt", "le", "gt", "ge"):
    setattr(Moment, f"__{_name}__", _operation(getattr(operator, _name)))
