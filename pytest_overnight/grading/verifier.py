"""The verifier: hidden tests on a submission, judged out of agent code's reach."""

from __future__ import annotations

import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pytest_overnight.catalog.challenge import Challenge
from pytest_overnight.rules.outcome import Verdict
from pytest_overnight.sandbox.supervisor import Reply
from pytest_overnight.sandbox.supervisor import WarmServer

TARGET = "pytest_overnight.grading.fixtures:prepare"
GRACE_SECONDS = 5.0
"""The judge ends its tests itself at ``verify_seconds``; so much later it is killed."""
DETAIL_CAP = 4000


@dataclass(frozen=True, slots=True)
class CheckResult:
    """What one hidden test said."""

    name: str
    """Test function and parameter, ``test_cli_output[empty]``."""
    passed: bool
    message: str = ""
    """Why it failed; empty when it passed."""


@dataclass(frozen=True, slots=True)
class Judgement:
    """What all hidden tests of one verification said."""

    verdict: Verdict
    """``pass`` only when every test passed; ``error`` when nothing could be said."""
    checks: tuple[CheckResult, ...]
    detail: str = ""
    """One sentence for people when there is something to say beside the checks."""
    seconds: float = 0.0
    """Wall time."""
    cpu_seconds: float = 0.0
    """Of the judge and everything it started, as far as it could be counted."""
    seed: int = 0
    names: tuple[tuple[str, str], ...] = ()
    """What the tests asked the answer for, ``(kind, text)``, see ``names.py``; empty
    unless it was asked for."""


class Verifier:
    """A warm judge for a set of challenges; one verification at a time."""

    def __init__(
        self, challenges: Sequence[Challenge], *, level: str, log: Path
    ) -> None:
        """Start collecting hidden tests. ``level`` of the box; ``log`` for stderr."""
        tests = {c.id: str(c.tests.resolve()) for c in challenges}
        payload = {"challenges": tests, "level": level}
        self._server = WarmServer(TARGET, payload, log=log)

    def verify(
        self,
        challenge: Challenge,
        submission: Path,
        seed: int,
        *,
        only: str = "",
        first: bool = False,
        names: bool = False,
    ) -> Judgement:
        """Run the hidden tests of one challenge on a clean, read-only tree.

        The time limit is the challenge's ``verify_seconds``; a test that it cuts off
        has failed. A judge that dies over an answer is asked once more, in as much
        time: what the answer did to it comes again, what came from outside does not.
        ``only``: the test function of this name, with all its parameters.
        ``first``: stop after the first test that fails; the checks are those that ran.
        ``names``: fill :attr:`Judgement.names`.
        """
        begun = time.monotonic()
        request = {
            "challenge": challenge.id,
            "submission": str(submission.resolve()),
            "seed": seed,
            "seconds": challenge.verify_seconds,
            "only": only,
            "first": first,
            "names": names,
        }
        cap = challenge.verify_seconds + GRACE_SECONDS
        reply, heard = self._ask(request, cap)
        cpu_seconds = reply.cpu_seconds
        if heard and not (reply.ok or reply.timed_out):
            reply, heard = self._ask(request, cap)
            cpu_seconds += reply.cpu_seconds
        verdict, checks, detail = _judge(reply, heard)
        return Judgement(
            verdict,
            checks,
            detail[:DETAIL_CAP],
            seconds=time.monotonic() - begun,
            cpu_seconds=cpu_seconds,
            seed=seed,
            names=tuple((kind, text) for kind, text in reply.value.get("names", ())),
        )

    def _ask(self, request: dict[str, Any], cap: float) -> tuple[Reply, bool]:
        """The judge's reply, and whether the answer had its say."""
        with tempfile.TemporaryDirectory(prefix="overnight-verify-") as folder:
            started = Path(folder, "started")
            asked = {**request, "started": str(started)}
            reply = self._server.request(asked, wall_cap=cap)
            return reply, started.exists()

    def close(self) -> None:
        """End the judge; safe to call twice."""
        self._server.close()


def _judge(
    reply: Reply, agent_code_ran: bool
) -> tuple[Verdict, tuple[CheckResult, ...], str]:
    if not reply.ok:
        # Before the answer had its say the fault is ours; afterwards it is the
        # answer's: a bomb among its replies may end the judge.
        verdict = Verdict.FAIL if agent_code_ran else Verdict.ERROR
        said = "time ran out" if reply.timed_out else reply.error
        return verdict, (), f"the verification did not end: {said}"
    checks = tuple(_check(fields) for fields in reply.value["checks"])
    fault: str = reply.value["fault"]
    if fault or not checks:
        return Verdict.ERROR, checks, fault or "no hidden test ran"
    passed = all(check.passed for check in checks)
    return (Verdict.PASS if passed else Verdict.FAIL), checks, ""


def _check(fields: list[Any]) -> CheckResult:
    name, passed, message = fields
    return CheckResult(name, passed is True, message)
