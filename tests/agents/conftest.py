"""A real box at the process level, and a ledger, for the built-in agent's tests."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from pytest_overnight.records.ledger import Ledger
from pytest_overnight.sandbox.box import Box
from pytest_overnight.sandbox.box import BoxPlan
from pytest_overnight.sandbox.open import open_box
from pytest_overnight.sandbox.runtime import prepare_runtime
from tests.agents.bench import Bench


@pytest.fixture
def workspace(tmp_path: Path) -> Path:
    """The agent's working folder, seen from outside."""
    folder = tmp_path / "ws"
    folder.mkdir()
    return folder


@pytest.fixture
def box(workspace: Path) -> Iterator[Box]:
    """An open box over the working folder."""
    plan = BoxPlan(level="process", workspace=workspace)
    with closing(open_box(plan, prepare_runtime())) as opened:
        yield opened


@pytest.fixture
def events(tmp_path: Path) -> Path:
    """The ledger's file for machines."""
    return tmp_path / "events.jsonl"


@pytest.fixture
def ledger(tmp_path: Path, events: Path) -> Iterator[Ledger]:
    """An open ledger."""
    with closing(Ledger(events, tmp_path / "ledger.log")) as opened:
        yield opened


@pytest.fixture
def bench(box: Box, ledger: Ledger, events: Path) -> Bench:
    return Bench(box, ledger, events)
