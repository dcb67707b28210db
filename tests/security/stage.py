"""Runs played by an arena of this very process, so that a test may strike its parts."""

from __future__ import annotations

import os
import tempfile
import threading
import uuid
from collections.abc import Callable
from collections.abc import Iterator
from contextlib import ExitStack
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from pytest_overnight.arena import Arena
from pytest_overnight.catalog.harbor import load_suite
from pytest_overnight.catalog.plan import Run
from pytest_overnight.records.ledger import read_events
from pytest_overnight.records.record import RunRecord
from pytest_overnight.records.store import RunStore
from pytest_overnight.sandbox.probe import SandboxReport
from pytest_overnight.sandbox.user import make_reachable
from pytest_overnight.settings import Settings
from tests.security import machine
from tests.security.clinging import clings
from tests.security.clinging import conversations
from tests.security.clinging import ids
from tests.security.clinging import lay_suite
from tests.security.machine import eventually
from tests.security.scene import Traces
from tests.support.ollama_server import OllamaServer

Turns = list[dict[str, Any]]


@dataclass
class Stage:
    """An arena with a challenge for each conversation."""

    arena: Arena
    runs: list[Run]
    store: RunStore
    traces: Traces

    def play(self, number: int = 1) -> RunRecord:
        """Play one challenge, from 1."""
        run = self.runs[number - 1]
        return self.arena.play(run, nodeid=f"overnight::{run.id}")

    def strike(self, strike: Callable[[list[int]], None]) -> RunRecord:
        """Play the first challenge, and strike once all of it clings.

        ``strike`` is given the process ids from here down to the agent's command.
        """
        problems: list[BaseException] = []

        def when_it_clings() -> None:
            try:
                assert eventually(lambda: clings(self.traces.word), 60)
                self.traces.note()
                strike(self.traces.line)
            except BaseException as problem:
                problems.append(problem)

        thread = threading.Thread(target=when_it_clings)
        thread.start()
        record = self.play()
        thread.join()
        assert not problems, problems
        return record

    def said(self, *events: str) -> list[dict[str, Any]]:
        """Some kinds of events in the ledger of the first run."""
        found = read_events(self.store.events_log(self.runs[0].id))
        return [event for event in found if event["event"] in events]


@contextmanager
def staged(
    folder: Path,
    level: str,
    *turns: Turns,
    agent: str = "ollama",
    word: str = "",
    infra_grace: float = 900.0,
    **limits: float,
) -> Iterator[Stage]:
    """An arena whose model holds these conversations, one a challenge.

    ``infra_grace`` and ``limits`` (see :func:`lay_suite`) in seconds; a try is killed
    60 s after both are spent. The working folder and the temporary one are
    the test's own meanwhile.
    """
    names = ids(max(len(turns), 2))
    suite = lay_suite(folder / "suite", names, **limits)
    temporary = folder / "tmp"
    temporary.mkdir()
    temporary.chmod(0o755)
    here = os.getpid()
    others = machine.family(here)
    traces = Traces(here, word or uuid.uuid4().hex, folder, temporary, others)
    with ExitStack() as stack:
        patch = stack.enter_context(pytest.MonkeyPatch.context())
        patch.chdir(folder)
        patch.setenv("TMPDIR", str(temporary))
        patch.setattr(tempfile, "tempdir", str(temporary))
        server = stack.enter_context(OllamaServer(conversations(*turns)))
        settings = Settings(
            results=folder / "results",
            suite=suite,
            session_id="overnight-2026-01-01",
            agent=agent,
            host=server.url,
            sandbox=level,
            infra_grace=infra_grace,
        )
        store = RunStore(settings.results)
        store.create()
        make_reachable(store.workspaces)
        challenges = load_suite(suite)
        runs = [Run(one, 1, seed) for seed, one in enumerate(challenges)]
        arena = Arena(settings, challenges, SandboxReport(level, True, ()), "main")
        try:
            yield Stage(arena, runs, store, traces)
        finally:
            arena.close()
