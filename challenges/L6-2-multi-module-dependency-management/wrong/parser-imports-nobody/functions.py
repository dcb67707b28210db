"""The names of the functions."""

NAMES = ("abs", "min", "max")
