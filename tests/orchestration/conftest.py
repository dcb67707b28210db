"""What tests of the whole night share."""

from __future__ import annotations

import time
from collections.abc import Iterator

import pytest


@pytest.fixture
def central_europe(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """A machine on whose wall the clocks change: +1 h, in summer +2 h."""
    with monkeypatch.context() as patch:
        patch.setenv("TZ", "CET-1CEST,M3.5.0,M10.5.0/3")
        time.tzset()
        yield
    time.tzset()
