"""Shared by the three modules of this other design: see test_own_tests.py."""


class CalcError(Exception):
    pass


FUNCTIONS = {"abs": (1, 2), "min": (2, 1000), "max": (2, 1000)}
LOGIC = ("and", "or")
COMPARISONS = ("==", "!=", "<", "<=", ">", ">=")
