"""What ends a night early; whole nights that are ended so: ``tests/acceptance``."""

from __future__ import annotations

import signal
from collections.abc import Iterator

import pytest

from pytest_overnight import controller

ENDINGS = (signal.SIGTERM, signal.SIGHUP)


@pytest.fixture(autouse=True)
def own_handlers() -> Iterator[None]:
    """The handlers of the test run itself come back."""
    former = {number: signal.getsignal(number) for number in ENDINGS}
    yield
    for number, handler in former.items():
        signal.signal(number, handler)


@pytest.mark.parametrize("number", ENDINGS)
def test_what_ends_programs_is_a_ctrl_c(number: signal.Signals) -> None:
    signal.signal(number, signal.SIG_DFL)
    assert controller.take_endings_for_ctrl_c()[number] is signal.SIG_DFL
    with pytest.raises(KeyboardInterrupt):
        signal.raise_signal(number)


def test_what_nohup_ignores_stays_ignored() -> None:
    signal.signal(signal.SIGHUP, signal.SIG_IGN)
    assert signal.SIGHUP not in controller.take_endings_for_ctrl_c()
    assert signal.getsignal(signal.SIGHUP) is signal.SIG_IGN
