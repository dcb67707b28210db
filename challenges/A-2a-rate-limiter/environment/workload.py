"""What the benchmark runs, and the times whose operations it counts."""

import operator

SIZES = (10, 80)
WINDOW = 60


def requests(n):
    """``(time, key)`` of 8 * n requests in four windows, in order.

    Every fourth has a key of its own; the others share one.
    """
    return [
        (i * 30 // n, f"guest {i}" if i % 4 == 0 else "regular") for i in range(8 * n)
    ]


class Count:
    """How many operations there were."""

    def __init__(self):
        self.operations = 0


class Moment:
    """A time. Each of its operations adds 1 to ``count.operations``.

    It knows ``+ - * / // %``, a ``-`` before it, ``== != < <= > >=``, ``int()`` and
    ``bool()``, with ints, floats and other moments. Arithmetic gives moments.
    """

    __hash__ = None

    def __init__(self, value, count):
        self.value, self.count = value, count


def _operation(function, reflected=False):
    def method(self, *others):
        values = [self.value]
        for other in others:
            if not isinstance(other, (int, float, Moment)):
                return NotImplemented
            values.append(other.value if isinstance(other, Moment) else other)
        self.count.operations += 1
        result = function(*(reversed(values) if reflected else values))
        return Moment(result, self.count) if function in _ARITHMETIC else result

    return method


_ARITHMETIC = {
    operator.add: "add",
    operator.sub: "sub",
    operator.mul: "mul",
    operator.truediv: "truediv",
    operator.floordiv: "floordiv",
    operator.mod: "mod",
    operator.neg: "neg",
}
for _function, _name in _ARITHMETIC.items():
    setattr(Moment, f"__{_name}__", _operation(_function))
    if _name != "neg":
        setattr(Moment, f"__r{_name}__", _operation(_function, reflected=True))
for _name in ("eq", "ne", "lt", "le", "gt", "ge"):
    setattr(Moment, f"__{_name}__", _operation(getattr(operator, _name)))
for _type in (int, bool):
    setattr(Moment, f"__{_type.__name__}__", _operation(_type))
