"""What is kept of a run and of a night: the models behind the JSON files.

Field names of the plan are kept word for word; ``docs/reference/*.schema.json`` is
written out from these classes.
"""

from __future__ import annotations

from typing import Any
from typing import Literal

from pydantic import BaseModel
from pydantic import ConfigDict
from pydantic import Field

SCHEMA_VERSION = 1

SPANS = (
    "setup",
    "llm",
    "tool",
    "loop",
    "agent",
    "rate_wait",
    "infra_wait",
    "snapshot",
    "check",
)
"""Measured parts of a run: ``Performance`` has each as ``<span>_seconds``."""


class _Model(BaseModel):
    model_config = ConfigDict(extra="forbid", use_attribute_docstrings=True)


class Check(_Model):
    """One hidden test's answer."""

    name: str
    """Test function and parameter, ``test_cli_output[empty]``."""
    passed: bool
    message: str = ""
    """Why it failed, first lines, at most 2000 characters; empty when it passed."""


class Performance(_Model):
    """Where the time and the tokens of a run went."""

    working_seconds: float = 0.0
    """The agent's own time: wall minus slot, rate and infra waits. Limits are on it."""
    setup_seconds: float = 0.0
    """Until the agent could begin: workspace laid, try started, box opened."""
    box_seconds: float = 0.0
    """Opening the box; part of ``setup_seconds``."""
    llm_seconds: float = 0.0
    """Model calls on the agent's account: answered, cut off by its limit, or refused
    for what was asked."""
    tool_seconds: float = 0.0
    """Tool calls."""
    loop_seconds: float = 0.0
    """The built-in loop between its model calls, tool calls and waits."""
    agent_seconds: float = 0.0
    """Work of an agent other than the built-in one, where it tells no more of it."""
    rate_wait_seconds: float = 0.0
    """Waits for the rate limit."""
    infra_wait_seconds: float = 0.0
    """Failed model calls, waits after them, and sleep of the machine."""
    snapshot_seconds: float = 0.0
    """After the agent's end: its processes ended, the workspace kept."""
    check_seconds: float = 0.0
    """Hidden tests, wall."""
    other_seconds: float = 0.0
    """What is left of the run's duration, measured by nobody."""
    slot_wait_seconds: float = 0.0
    """Wait for a model slot before the run began; not in its duration."""
    cpu_seconds: float = 0.0
    """CPU of all processes of the try and of the verification."""
    peak_rss_mb: float = 0.0
    """Largest resident set of one process of the try."""
    prompt_tokens: int = 0
    """Sum over rounds."""
    output_tokens: int = 0
    """Sum over rounds."""
    max_prompt_tokens: int = 0
    """Largest prompt of one round."""
    tokens_per_second: float | None = None
    """Output tokens over the server's decode time; null when nothing was generated."""
    time_to_first_token_seconds: float | None = None
    """Median over rounds; null without rounds."""
    time_to_first_action_seconds: float | None = None
    """From the start of the try to its first tool call; null without one."""
    llm_calls: int = 0
    """Model calls, retries included."""
    retries: int = 0
    """Model calls repeated after a fault."""
    rounds_unused: dict[str, int] = Field(default_factory=dict)
    """Rounds in which no action was carried out, by reason: talk, silent, cut,
    unreadable, degenerate, malformed, other."""
    truncated_rounds: int = 0
    """Rounds for which the server left a part of the prompt out."""
    actions_failed: int = 0
    """Tool calls answered with an error."""
    actions_repaired: int = 0
    """Tool calls whose form was mended before they ran."""
    nudges: int = 0
    """Hints given to the agent by the loop."""
    compactions: int = 0
    """Times the conversation was shortened to fit."""

    @property
    def spans(self) -> dict[str, float]:
        """The parts of a run's duration, in order, but for ``other``: none overlaps."""
        return {name: getattr(self, f"{name}_seconds") for name in SPANS}


class SnapshotInfo(_Model):
    """What was kept of the workspace."""

    path: str
    """Archive, relative to the results folder."""
    sha256: str
    """Digest of the archive."""
    files: int
    bytes: int
    """Sum of the kept files' sizes."""
    left_out: list[str] = Field(default_factory=list)
    """Entries not kept, with the reason: links, devices, over a cap."""
    manifest: dict[str, str] = Field(default_factory=dict)
    """Path → SHA-256 of each kept file."""


class Try(_Model):
    """One execution of a run; a second only after a fault that is not the agent's."""

    number: int
    stop: str
    detail: str = ""
    started: str
    """UTC, ISO 8601."""
    duration: float
    """Wall seconds."""
    outcome: str = ""
    """What the run would have been recorded as, had this try been its last."""
    agent_ledger: str = ""
    """Relative to the results folder."""
    cut_off: bool = False
    """Whether it was ended from outside, before it had come to an end of its own."""


class MachineState(_Model):
    """The machine as a run began."""

    free_disk_bytes: int
    """On the disk of the results folder."""
    available_memory_bytes: int | None = None
    """Null where the system does not say."""
    load: float
    """Processes that ran or waited to, mean over the last minute."""
    gpu_share: float | None = None
    """Part of the loaded model that lies in GPU memory; null where none is loaded."""


class AgentInfo(_Model):
    """Who did the work."""

    spec: str
    """As given to ``--agent``."""
    model: str | None = None
    """Model name; null where no model was asked."""
    scripted: bool = False
    """True when a script and not a model did the work: no ability was measured."""
    script: str | None = None
    """Rehearsal: which script was drawn."""
    intended_outcome: str | None = None
    """Rehearsal: the outcome the script must have."""
    details: dict[str, Any] = Field(default_factory=dict)
    """Model digest, server version, window and the like, where known."""


class SandboxInfo(_Model):
    """Behind which walls the run took place."""

    level: str
    """``bubblewrap``, ``landlock`` or ``process``, as proved at session start."""
    protected: bool
    """Whether hidden tests and the harness were out of reach of agent code."""
    proved: list[str] = Field(default_factory=list)
    """Names of the self-tests that passed; see ``docs/security.md``."""
    open: list[str] = Field(default_factory=list)
    """What the self-test found not to be kept, in words."""
    runtime: dict[str, str] = Field(default_factory=dict)
    """Package → version inside the box, with the runtime's digest."""


class RunRecord(_Model):
    """``runs/<run_id>.json``: one run, whole, written once."""

    run_id: str
    """``L3-1-run-0001``: also the pytest id and every log's stem."""
    test_id: str
    """Challenge id."""
    attempt: int
    """Repetition, from 1."""
    timestamp_start: str
    """UTC, ISO 8601."""
    timestamp_end: str
    """UTC, ISO 8601."""
    duration: float
    """Wall seconds from the first file of the workspace to the verdict, sleep of the
    machine included. Writing the record is not in it."""
    rounds: int
    """Completed model turns."""
    actions: int
    """Tool calls in them."""
    success: bool | None
    """Null when the run is void."""
    failure_mode: str | None
    """The outcome of a run that is not solved; null when solved."""
    workspace: str
    """Path of the live workspace, relative to the results folder; gone afterwards."""
    output_log: str
    """Relative to the results folder."""
    agent_ledger: str
    """Relative to the results folder."""
    performance: Performance

    schema_version: Literal[1] = 1
    session_id: str
    level: str
    nodeid: str
    counted: bool
    """Whether the run is in the denominator of pass rates."""
    outcome: str
    """One of the 14 outcomes."""
    stop: str
    """Why the agent's work ended."""
    verdict: str
    """What the hidden tests said: pass, fail, error, not_run."""
    detail: str = ""
    """One sentence for people on why it ended so."""
    loop_rule: str | None = None
    """The rule that makes the outcome ``loop``: L1 to L5, L7 or L11; else null."""
    shadow_stops: list[str] = Field(default_factory=list)
    """Rules that would have stopped the run, had the loop guard not only watched."""
    tags: list[str] = Field(default_factory=list)
    """What was seen on the way; never changes the outcome."""
    fingerprints: dict[str, int] = Field(default_factory=dict)
    """Error of a tool call, without what varies → how often it was met."""
    tries: list[Try] = Field(default_factory=list)
    """All executions, in order; the record tells of the last."""
    checks: list[Check] = Field(default_factory=list)
    agent: AgentInfo
    sandbox: SandboxInfo
    snapshot: SnapshotInfo | None = None
    digests: dict[str, str] = Field(default_factory=dict)
    """``challenge``, ``settings``, ``workspace_start``, ``workspace_end``: SHA-256.
    A run is the same run when challenge, settings and repetition are the same."""
    seed: int
    machine: MachineState | None = None
    """Null where a run never got as far."""

    @property
    def number(self) -> int:
        """Of the try that the record tells of."""
        return self.tries[-1].number if self.tries else 1

    @property
    def done(self) -> bool:
        """Whether the run need not be played again: it counts, or it is void as a
        rehearsal's script meant it to be."""
        cut_off = bool(self.tries) and self.tries[-1].cut_off
        intended = self.outcome == self.agent.intended_outcome
        return self.counted or (intended and not cut_off)


class LevelResult(_Model):
    """Counts of one level."""

    planned: int
    tests_run: int
    """Counted runs: passed + failed."""
    tests_passed: int
    tests_failed: int
    void: int
    not_reached: int
    pass_rate: float | None
    """tests_passed / tests_run; null when nothing was counted."""


class Criterion(_Model):
    """One success criterion of the plan."""

    name: str
    target: str
    actual: str
    met: bool | None
    """Null where the records cannot tell."""
    stretch: bool = False
    """Whether it is a goal beyond the minimum."""


class MasterLog(_Model):
    """``master_log.json``: the night in one file, derivable from the run records."""

    session_id: str
    start_time: str
    """UTC, ISO 8601."""
    end_time: str | None
    """Null while the night goes on."""
    total_duration: float
    """Wall seconds in which the session was at work: of a night that was cut off and
    resumed, the time between does not count."""
    tests_run: int
    """Counted runs: passed + failed."""
    tests_passed: int
    tests_failed: int
    overall_pass_rate: float | None
    """Pooled: tests_passed / tests_run; null when nothing was counted."""
    results_by_level: dict[str, LevelResult]
    hrm_tasks_completed: int
    report_path: str
    """Relative to the results folder."""

    schema_version: Literal[1] = 1
    planned: int
    void: int
    not_reached: int
    agent: AgentInfo
    sandbox: SandboxInfo | None = None
    """Null while no run is recorded."""
    seed: int
    titles: dict[str, str] = Field(default_factory=dict)
    """Challenge id → title, of every planned challenge."""
    time_scale: float = 1.0
    """What a rehearsal divided the time limits by."""
    criteria: list[Criterion] = Field(default_factory=list)
    """The plan's success criteria, met or missed."""
    machine: dict[str, Any] = Field(default_factory=dict)
    """Processor, memory, GPUs, system: two nights differ by these, too."""
    ended_early: str = ""
    """Why the session ended before its last run; empty: it did not."""
    settings: dict[str, Any] = Field(default_factory=dict)
