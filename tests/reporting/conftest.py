"""What the tests of reports share."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.reporting.nights import Folder


@pytest.fixture
def folder(tmp_path: Path) -> Folder:
    """An empty results folder."""
    return Folder(tmp_path / "overnight_results")
