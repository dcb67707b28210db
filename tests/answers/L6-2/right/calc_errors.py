"""What all errors of Calc have in common."""


class CalcError(Exception):
    """A program is wrong or has failed."""
