"""Command line, ini file and environment → one :class:`Settings`.

Each option stands in one table row: its name, its ini key, for the main ones an
environment variable, and help that says what it is good for. Precedence: command line,
environment, ini file, default.
"""

from __future__ import annotations

import argparse
import os
import re
import zlib
from collections.abc import Callable
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest

from pytest_overnight.settings import DEFAULT_HOST
from pytest_overnight.settings import DEFAULT_MODEL
from pytest_overnight.settings import Settings
from pytest_overnight.settings import default_suite
from pytest_overnight.settings import evening_session

REHEARSAL_TIME_SCALE = 30.0
"""A rehearsed run that must run out of time costs seconds, not minutes."""


@dataclass(frozen=True, slots=True)
class Option:
    """One row: an option, its ini key ``overnight_<name>`` and its environment."""

    flag: str
    help: str
    default: Any = None
    parse: Callable[[str], Any] = str
    environment: str | None = None
    metavar: str | None = None

    @property
    def dest(self) -> str:
        """Attribute on ``config.option``, and the ini key."""
        name = self.flag.removeprefix("--").removeprefix("overnight-")
        return "overnight_" + name.replace("-", "_")


def _whole(least: int) -> Callable[[str], int]:
    def parse(text: str) -> int:
        try:
            value = int(text)
        except ValueError:
            raise argparse.ArgumentTypeError(f"{text!r} is no whole number") from None
        if value < least:
            raise argparse.ArgumentTypeError(f"{value} is below {least}")
        return value

    return parse


def _number(least: float, most: float) -> Callable[[str], float]:
    def parse(text: str) -> float:
        try:
            value = float(text)
        except ValueError:
            raise argparse.ArgumentTypeError(f"{text!r} is no number") from None
        if not least <= value <= most:
            raise argparse.ArgumentTypeError(f"{value:g} is not {least:g} to {most:g}")
        return value

    return parse


def _one_of(*words: str) -> Callable[[str], str]:
    def parse(text: str) -> str:
        if text not in words:
            allowed = ", ".join(words)
            raise argparse.ArgumentTypeError(f"{text!r} is not one of {allowed}")
        return text

    return parse


def duration(text: str) -> float:
    """Seconds of ``8h``, ``90m``, ``5400s`` or ``5400``."""
    found = re.fullmatch(r"(\d+(?:\.\d+)?)([smh]?)", text.strip())
    seconds = (
        float(found[1]) * {"": 1, "s": 1, "m": 60, "h": 3600}[found[2]] if found else 0
    )
    if not seconds:
        raise argparse.ArgumentTypeError(f"{text!r} is no time such as 8h, 90m or 45s")
    return seconds


OPTIONS = (
    Option(
        "--agent",
        "who does the work: ollama (the built-in tool loop over a local model), "
        "rehearsal (scripts, checks the harness itself), oracle (reference answers), "
        "noop (nothing), 'command:ARGV…' (any CLI agent), package.module:attribute "
        "(your own), auto (ollama where it answers, else rehearsal)",
        default="ollama",
        environment="OVERNIGHT_AGENT",
        metavar="SPEC",
    ),
    Option(
        "--model",
        "name of the model as `ollama list` prints it",
        default=DEFAULT_MODEL,
        environment="OVERNIGHT_MODEL",
        metavar="NAME",
    ),
    Option(
        "--overnight-host",
        "base URL of the Ollama server",
        default=DEFAULT_HOST,
        environment="OLLAMA_HOST",
        metavar="URL",
    ),
    Option(
        "--overnight-results",
        "folder for everything a night leaves behind",
        default="overnight_results",
        environment="OVERNIGHT_RESULTS",
        metavar="DIR",
    ),
    Option(
        "--overnight-suite",
        "folder of challenges; default: the suite that comes with the plugin",
        environment="OVERNIGHT_SUITE",
        metavar="DIR",
    ),
    Option(
        "--overnight-seed",
        "session seed, from which every run's seed is drawn; default: from the date",
        parse=_whole(0),
        environment="OVERNIGHT_SEED",
        metavar="N",
    ),
    Option(
        "--overnight-sandbox",
        "walls around agent code: bubblewrap (namespaces, the best), landlock (no "
        "namespaces needed), process (isolates nothing); auto takes the best that a "
        "self-test proves, a name takes that level or refuses to start",
        default="auto",
        parse=_one_of("auto", "bubblewrap", "landlock", "process"),
        environment="OVERNIGHT_SANDBOX",
        metavar="LEVEL",
    ),
    Option(
        "--overnight-require-sandbox",
        "refuse to start below this level: bubblewrap or landlock",
        default="process",
        parse=_one_of("bubblewrap", "landlock", "process"),
        environment="OVERNIGHT_REQUIRE_SANDBOX",
        metavar="LEVEL",
    ),
    Option(
        "--overnight-slots",
        "runs that may use the model at the same time (Ollama's own default is 1)",
        default=1,
        parse=_whole(1),
        metavar="N",
    ),
    Option(
        "--overnight-num-ctx",
        "context window asked of the model, in tokens",
        default=16384,
        parse=_whole(1024),
        metavar="TOKENS",
    ),
    Option(
        "--overnight-num-predict",
        "most tokens of one answer",
        default=4096,
        parse=_whole(64),
        metavar="TOKENS",
    ),
    Option(
        "--overnight-temperature",
        "sampling temperature; default: the model's own",
        parse=_number(0.0, 2.0),
        metavar="T",
    ),
    Option(
        "--overnight-think",
        "thinking level, for models that think: low, medium, high",
        default="medium",
        parse=_one_of("low", "medium", "high"),
        metavar="LEVEL",
    ),
    Option(
        "--overnight-max-rounds",
        "most model turns of one run",
        default=40,
        parse=_whole(1),
        metavar="N",
    ),
    Option(
        "--overnight-max-actions",
        "most tool calls of one run",
        default=80,
        parse=_whole(1),
        metavar="N",
    ),
    Option(
        "--overnight-loop-guard",
        "an agent that goes in circles is told so once, then stopped (stop); shadow "
        "only notes where it would have been stopped, off does not look: see what the "
        "guard costs or saves your model",
        default="stop",
        parse=_one_of("stop", "shadow", "off"),
        metavar="MODE",
    ),
    Option(
        "--overnight-calls-per-minute",
        "most model calls a minute, of all runs that use this server together; the "
        "wait is not the agent's time; default: no limit",
        parse=_number(0.1, 6000.0),
        metavar="N",
    ),
    Option(
        "--overnight-min-gap",
        "pause between two model calls, e.g. to let a GPU cool; not the agent's time",
        default=0.0,
        parse=_number(0.0, 3600.0),
        metavar="SECONDS",
    ),
    Option(
        "--overnight-infra-grace",
        "how long a run waits, in all, for a model server that fails; also how long "
        "the night waits for one that has failed three runs, before it ends",
        default=900.0,
        parse=_number(0.0, 86400.0),
        metavar="SECONDS",
    ),
    Option(
        "--overnight-stall",
        "longest silence of a healthy model call; must cover loading the model and "
        "reading a long prompt",
        default=600.0,
        parse=_number(1.0, 86400.0),
        metavar="SECONDS",
    ),
    Option(
        "--overnight-min-free-disk",
        "the night ends before a run would start with less than this free",
        default=5.0,
        parse=_number(0.0, 1e6),
        metavar="GB",
    ),
    Option(
        "--overnight-min-free-memory",
        "no run starts with less memory available than this; the night waits for it",
        default=1.0,
        parse=_number(0.0, 1e6),
        metavar="GB",
    ),
    Option(
        "--overnight-keep-days",
        "snapshots and workspaces of former sessions (history/) go after so many days; "
        "records, logs and reports stay",
        default=30.0,
        parse=_number(0.0, 1e6),
        metavar="DAYS",
    ),
    Option(
        "--overnight-keep-gb",
        "most that these may take in all; the oldest go first",
        default=20.0,
        parse=_number(0.0, 1e6),
        metavar="GB",
    ),
    Option(
        "--overnight-budget",
        "after so long no further run starts, e.g. 90m or 8h; what is under way is "
        "finished; default: until all are played",
        parse=duration,
        metavar="TIME",
    ),
    Option(
        "--overnight-fault-rate",
        "rehearsals only: this share of model calls, 0 to 1, fails as a server's "
        "hiccup would: see that hiccups cost nothing",
        default=0.0,
        parse=_number(0.0, 1.0),
        metavar="SHARE",
    ),
)

OPTIONS_BY_DEST = {option.dest: option for option in OPTIONS}

AGENT_WORDS = ("ollama", "rehearsal", "oracle", "noop", "auto")


def add_options(parser: pytest.Parser, manager: pytest.PytestPluginManager) -> None:
    """Declare every option; share ``--count`` with pytest-repeat, in either order."""
    group = parser.getgroup(
        "overnight",
        "overnight: what a coding agent can do. Each option has an ini key "
        "(overnight_model, …), the main ones an environment variable [NAME]",
    )
    for option in OPTIONS:
        group.addoption(
            option.flag,
            dest=option.dest,
            type=option.parse,
            metavar=option.metavar,
            help=_help(option),
        )
        parser.addini(option.dest, f"as {option.flag}", default=None)
    group.addoption(
        "--challenge",
        action="append",
        default=[],
        metavar="ID",
        help="run exactly this challenge (repeatable), e.g. --challenge L3-2",
    )
    group.addoption(
        "--overnight-resume",
        action="store_true",
        help="go on with the night in the results folder, after a crash or Ctrl-C: "
        "plays exactly the runs that do not count yet. Options not given are taken "
        "from that night",
    )
    group.addoption(
        "--overnight-fresh",
        action="store_true",
        help="begin anew though the last night there is unfinished; it is kept in "
        "history/",
    )
    group.addoption(
        "--overnight-plan",
        metavar="FILE",
        help="write the plan to FILE as JSON, and stop",
    )
    group.addoption(
        "--overnight-dry-run",
        action="store_true",
        help="print the plan with its worst and expected hours, and stop",
    )
    parser.addini("overnight_count", "as --count", default=None)
    # pytest-repeat owns the same option. Whoever is first declares it; we then read
    # it, and a pytest-repeat that would come later is kept from failing on it.
    if not repeat_is_loaded(manager):
        group.addoption(
            "--count",
            type=_whole(1),
            default=None,
            metavar="N",
            help="repetitions of each challenge; default: each challenge's own "
            "(L3-L5 10, L6 5, A 3)",
        )
        manager.set_blocked("repeat")


def repeat_is_loaded(manager: pytest.PytestPluginManager) -> bool:
    """Whether pytest-repeat declared ``--count`` before we could."""
    return any(manager.has_plugin(name) for name in ("repeat", "pytest_repeat"))


def value(config: pytest.Config, option: Option) -> Any:
    """The option's value by precedence; a bad one is a ``UsageError``."""
    found = given(config, option)
    return option.default if found is None else found


def given(config: pytest.Config, option: Option) -> Any:
    """The same where the user said it anywhere; else ``None``."""
    found = config.getoption(option.dest)
    if found is not None:
        return found
    sources = [(f"ini key {option.dest}", config.getini(option.dest))]
    if option.environment:
        name = option.environment
        sources.insert(0, (f"environment variable {name}", os.environ.get(name)))
    for source, text in sources:
        if text:
            try:
                return option.parse(text)
            except argparse.ArgumentTypeError as problem:
                raise pytest.UsageError(f"{source}: {problem}") from None
    return None


def count(config: pytest.Config) -> int | None:
    """Repetitions asked for, whoever declared ``--count``."""
    asked: int | None = config.getoption("count", None)
    if repeat_is_loaded(config.pluginmanager) and asked == 1:
        asked = None  # pytest-repeat's default stands for "not given"
    if asked is None and config.getini("overnight_count"):
        try:
            return _whole(1)(config.getini("overnight_count"))
        except argparse.ArgumentTypeError as problem:
            raise pytest.UsageError(f"ini key overnight_count: {problem}") from None
    if asked is not None and asked < 1:
        raise pytest.UsageError(f"--count: {asked} is below 1")
    return asked


def results_folder(config: pytest.Config) -> Path:
    """Absolute."""
    name: str = value(config, OPTIONS_BY_DEST["overnight_results"])
    return (config.invocation_params.dir / name).absolute()


def build_settings(
    config: pytest.Config, former: Mapping[str, Any] | None = None
) -> Settings:
    """Everything asked for, checked; bad values are ``UsageError``.

    ``former``: settings of the night that is gone on with, as JSON. They hold for what
    is not said anew.
    """
    former = former or {}
    chosen = {}
    for option in OPTIONS:
        field = _FIELDS.get(option.dest, option.dest.removeprefix("overnight_"))
        found = given(config, option)
        if found is None:
            inherited = field not in _OF_ONE_PROCESS
            found = former.get(field) if inherited else None
        chosen[field] = option.default if found is None else found
    here = config.invocation_params.dir
    suite = chosen["suite"]
    session_id = former.get("session_id") or os.environ.get("OVERNIGHT_SESSION")
    session_id = session_id or evening_session(datetime.now())
    if chosen["seed"] is None:
        chosen["seed"] = zlib.crc32(session_id.encode())
    chosen["agent"] = _agent(chosen["agent"], former.get("agent"))
    chosen["fault_rate"] = _fault_rate(chosen["fault_rate"], chosen["agent"])
    chosen["results"] = results_folder(config)
    chosen["suite"] = (here / suite).absolute() if suite else default_suite()
    return Settings(
        **chosen,
        session_id=session_id,
        # A resumed night keeps what its plan was made by; what is said anew narrows it.
        count=former.get("count") if former else count(config),
        challenges=tuple(
            former.get("challenges", ()) if former else config.getoption("challenge")
        ),
    )


_FIELDS = {"overnight_require_sandbox": "required_sandbox"}
"""Options whose field of :class:`Settings` bears another name."""
_OF_ONE_PROCESS = ("results", "budget")
"""Fields that a resumed night does not take from what it goes on with."""


def _fault_rate(rate: float, agent: str) -> float:
    # What `auto` will be is not known yet: preflight looks at it again.
    if rate and agent not in ("rehearsal", "auto"):
        raise pytest.UsageError(FAULTS_NEED_A_REHEARSAL.format(agent=agent))
    return rate


FAULTS_NEED_A_REHEARSAL = (
    "--overnight-fault-rate makes model calls fail on purpose, in rehearsals only; the "
    "agent is {agent!r}. Add --agent rehearsal, or leave it out."
)


def _agent(spec: str, former: str | None = None) -> str:
    if spec == "auto" and former in ("ollama", "rehearsal"):
        return former  # it was decided when the night began
    if spec in AGENT_WORDS:
        return spec
    head, colon, tail = spec.partition(":")
    if head == "command" and tail.strip():
        return spec
    dotted = [*head.split("."), tail]
    if colon and head != "command" and all(part.isidentifier() for part in dotted):
        return spec
    words = ", ".join(AGENT_WORDS)
    raise pytest.UsageError(
        f"--agent {spec!r} is no agent. Known: {words}, 'command:ARGV…' and "
        "package.module:attribute."
    )


def _help(option: Option) -> str:
    parts = [option.help]
    default = option.default
    if default is not None:
        shown = f"{default:g}" if isinstance(default, float) else default
        parts.append(f"(default: {shown})")
    if option.environment:
        parts.append(f"[{option.environment}]")
    return " ".join(parts).replace("%", "%%")
