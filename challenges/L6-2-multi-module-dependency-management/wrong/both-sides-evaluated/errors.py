"""What the whole project calls an error."""


class CalcError(Exception):
    """Something is wrong with a program."""
