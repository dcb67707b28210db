"""Tool errors that many runs met, as features that may have cost runs."""

from __future__ import annotations

from collections.abc import Callable
from collections.abc import Iterable

from pytest_overnight.records.record import RunRecord
from pytest_overnight.reporting.advice.features import Cause
from pytest_overnight.reporting.advice.features import Usual
from pytest_overnight.reporting.advice.items import Area
from pytest_overnight.reporting.clusters import Cluster
from pytest_overnight.reporting.markdown import code

MOST_ERRORS = 10
"""Kinds of errors that are looked at, those of most runs first: each further one makes
all others harder to prove."""
_TITLE_WIDTH = 60
_HELP = {
    "edit_file": (
        "Let the answer of `edit_file` show the lines that are most like `old_text` "
        "(`pytest_overnight/agents/toolbox.py`), or have short files written anew.",
    ),
    "read_file": ("Tell the agent in the instruction which files there are.",),
    "write_file": ("Tell the agent in the instruction where it may write.",),
}
"""What has helped, by tool."""


def error_causes(clusters: Iterable[Cluster]) -> list[Cause]:
    """A candidate for each kind of error that a tool itself answered with.

    Not for commands that ran and failed: a wrong answer fails its own tests. Nor for
    unused rounds and faults of the server, which are candidates by themselves.
    """
    own = [one for one in clusters if _is_of_a_tool(one.fingerprint)]
    return [_cause(cluster) for cluster in own[:MOST_ERRORS]]


def _is_of_a_tool(fingerprint: str) -> bool:
    head = fingerprint.partition(":")[0]
    return " " not in head and head != "round"


def _cause(cluster: Cluster) -> Cause:
    tool = cluster.fingerprint.partition(":")[0]
    error = code(cluster.fingerprint, _TITLE_WIDTH)
    return Cause(
        rule=f"tool_error {cluster.fingerprint}",
        area=Area.AGENT,
        title=f"Get rid of the tool error {error}",
        what=f"a tool answered {code(cluster.fingerprint)}",
        steps=(
            *_HELP.get(tool, ()),
            "See what the agent had asked for: a `✗` marks it in `logs/…-ledger.log` "
            "of the runs below.",
            "Say in the tool's description what it wants "
            "(`pytest_overnight/agents/tools.py`), or have its answer say what to do.",
        ),
        effort="hours",
        has=_met(frozenset(cluster.run_ids)),
        grows=True,
    )


def _met(run_ids: frozenset[str]) -> Callable[[RunRecord, Usual], bool]:
    return lambda run, usual: run.run_id in run_ids
