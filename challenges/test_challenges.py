"""Every challenge of this suite, one test case a run: ``pytest -m overnight``."""

from pytest_overnight.suite import test_challenge

__all__ = ["test_challenge"]
