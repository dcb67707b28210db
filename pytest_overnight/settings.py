"""One frozen object with everything a night was asked to do.

Front code (``options.py``, ``cli.py``) builds it; every other room only reads it.
It crosses process borders as plain JSON (:meth:`Settings.to_json`).
"""

from __future__ import annotations

import dataclasses
import hashlib
import json
from dataclasses import dataclass
from datetime import datetime
from datetime import timedelta
from pathlib import Path
from typing import Any

PACKAGE = Path(__file__).resolve().parent

DEFAULT_MODEL = "gpt-oss:20b"
DEFAULT_HOST = "http://127.0.0.1:11434"

SCRIPTED_AGENTS = ("rehearsal", "oracle", "noop")
"""Agents under which a script and not a model does the work."""


def _default_folder(name: str, packaged: str) -> Path:
    """The copy that travels in the wheel, else the folder of the checkout.

    In this order: beside an installed package lie folders of other distributions.
    """
    inside = PACKAGE / packaged
    return inside if inside.is_dir() else PACKAGE.parent / name


def default_suite() -> Path:
    """``challenges/``, of the wheel or the checkout."""
    return _default_folder("challenges", "_suite")


def evening_session(local: datetime) -> str:
    """``overnight-YYYY-MM-DD`` of the evening: the small hours belong to yesterday."""
    evening = local - timedelta(days=1) if local.hour < 6 else local
    return f"overnight-{evening:%Y-%m-%d}"


def default_templates() -> Path:
    """``reports/``, of the wheel or the checkout."""
    return _default_folder("reports", "_reports")


NO_IDENTITY = (
    "results suite session_id count challenges slots host sandbox required_sandbox "
    "calls_per_minute min_gap min_free_disk min_free_memory keep_days keep_gb "
    "budget ends_at"
).split()
"""Fields of :class:`Settings` that change no outcome."""


@dataclass(frozen=True, slots=True)
class Settings:
    """What one night was asked to do. Times in seconds, sizes as named."""

    results: Path
    """Results folder, ``overnight_results`` by default. Absolute."""
    suite: Path
    """Folder with one sub-folder a challenge. Absolute."""
    session_id: str
    """``overnight-YYYY-MM-DD``, of the evening; one night may be several processes."""
    seed: int = 0
    """Session seed: a run's seed is drawn from it, the challenge and the repetition."""
    agent: str = "ollama"
    """Agent spec: ``ollama rehearsal oracle noop command:… module:attr auto``."""
    model: str = DEFAULT_MODEL
    """Name of the model, as ``ollama list`` prints it."""
    host: str = DEFAULT_HOST
    """Base URL of the Ollama server."""
    count: int | None = None
    """Repetitions of each challenge; ``None``: each level's default."""
    challenges: tuple[str, ...] = ()
    """Challenge ids asked for with ``--challenge``; empty: all."""
    sandbox: str = "auto"
    """``auto``, ``bubblewrap``, ``landlock`` or ``process``."""
    required_sandbox: str = "process"
    """The least level that will do."""
    slots: int = 1
    """Model calls that may run at the same time on this host."""
    num_ctx: int = 16384
    """Context window asked of the model, tokens; the same in every request."""
    num_predict: int = 4096
    """Most tokens of one answer."""
    temperature: float | None = None
    """Sampling temperature; ``None``: the model's own default."""
    think: str = "medium"
    """Thinking level sent to models that think: ``low``, ``medium``, ``high``."""
    max_rounds: int = 40
    """Model turns of one run."""
    max_actions: int = 80
    """Tool calls of one run."""
    command_timeout: float = 60.0
    """Longest tool command."""
    infra_grace: float = 900.0
    """How long a run may wait in all for faults that are not the agent's."""
    stall: float = 600.0
    """Longest silence of a healthy model call: loading, reading a long prompt."""
    loop_guard: str = "stop"
    """What is done about an agent in circles: ``stop``, ``shadow`` or ``off``."""
    calls_per_minute: float | None = None
    """Most model calls a minute, of all runs on the host; ``None``: any number."""
    min_gap: float = 0.0
    """Pause between the end of one model call and the next, host-wide."""
    min_free_disk: float = 5.0
    """GB that must be free on the results' disk before a run starts."""
    min_free_memory: float = 1.0
    """GB of memory that must be available before a run starts."""
    keep_days: float = 30.0
    """Snapshots and unpacked workspaces of sessions older than this are removed."""
    keep_gb: float = 20.0
    """Most that all of these of former sessions may take."""
    budget: float | None = None
    """Seconds after which no further run starts; ``None``: all are played."""
    ends_at: float | None = None
    """The same as a moment of ``records.clock.wall``."""
    fault_rate: float = 0.0
    """Rehearsals only: share of model calls that fail as a server's hiccup would."""
    time_scale: float = 1.0
    """Divides every time limit; above 1 only in a rehearsal, and recorded."""

    @property
    def scripted(self) -> bool:
        """Whether a script and not a model does the work: no ability is measured."""
        return self.agent in SCRIPTED_AGENTS

    @property
    def longest_call_wait(self) -> float:
        """Seconds that one model call may have to wait for its turn, at most."""
        if self.scripted:
            return 0.0  # nothing is spared: no model is asked
        spacing = 60 / self.calls_per_minute if self.calls_per_minute else 0.0
        return self.slots * max(spacing, self.min_gap)

    @property
    def digest(self) -> str:
        """SHA-256 over what may change an outcome: never over paths or the session."""
        plain = {k: v for k, v in self.to_json().items() if k not in NO_IDENTITY}
        return hashlib.sha256(json.dumps(plain, sort_keys=True).encode()).hexdigest()

    def to_json(self) -> dict[str, Any]:
        """Plain built-in types only, ready for another process or a record."""
        plain = dataclasses.asdict(self)
        plain["results"], plain["suite"] = str(self.results), str(self.suite)
        plain["challenges"] = list(self.challenges)
        return plain

    @classmethod
    def from_json(cls, plain: dict[str, Any]) -> Settings:
        """The inverse of :meth:`to_json`."""
        return cls(
            **{
                **plain,
                "results": Path(plain["results"]),
                "suite": Path(plain["suite"]),
                "challenges": tuple(plain["challenges"]),
            }
        )
