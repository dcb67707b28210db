"""The version of the package, below everything that tells it."""

__all__ = ["__version__"]

__version__ = "1.4.0"
