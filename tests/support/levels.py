"""The sandbox levels as test parameters, and what each of them promises."""

from __future__ import annotations

import pytest

from pytest_overnight.sandbox import probe

LEVELS = [
    pytest.param("bubblewrap", marks=pytest.mark.needs("bubblewrap")),
    pytest.param("landlock", marks=pytest.mark.needs("landlock")),
    "process",
]
"""Every level, skipped with the reason where it is not to be had."""

ONE_QUICK = [
    LEVELS[0],
    pytest.param("landlock", marks=[pytest.mark.needs("landlock"), pytest.mark.slow]),
    pytest.param("process", marks=pytest.mark.slow),
]
"""The same for what takes long: the quick tests have the best level alone."""

WALLED = LEVELS[:2]
"""The levels that protect an ordinary user, too."""


def must_promise(level: str, *names: str) -> None:
    """Skip, with the reason, where a level does not promise all of these."""
    missing = sorted(set(names) - probe.promises(level))
    if missing:
        raise NotPromised(f"{level} does not promise here: {', '.join(missing)}")


class NotPromised(pytest.skip.Exception):
    """No fault of the machine, so also no failure where a level must be there."""

    by_nature = True
