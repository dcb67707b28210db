"""Commands that flood or hang; nights that cannot begin, go on, or are cut short."""

from __future__ import annotations

import os
import signal
import subprocess
import threading
from collections.abc import Callable
from collections.abc import Iterator
from collections.abc import Sequence
from contextlib import closing
from contextlib import contextmanager
from dataclasses import asdict
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from pytest_overnight.agents.attempt import Order
from pytest_overnight.models.ollama_server import check_server
from pytest_overnight.records.ledger import Ledger
from pytest_overnight.records.ledger import read_events
from pytest_overnight.rules.outcome import Outcome
from pytest_overnight.rules.outcome import Stop
from pytest_overnight.rules.outcome import Verdict
from pytest_overnight.rules.outcome import outcome_of
from pytest_overnight.sandbox.box import Box
from pytest_overnight.sandbox.inside import tree
from pytest_overnight.sandbox.supervisor import Reply
from pytest_overnight.sandbox.supervisor import WarmServer
from pytest_overnight.settings import Settings
from tests.faults.booking import check
from tests.faults.checks import acts
from tests.faults.checks import answers_every_call
from tests.faults.checks import asks
from tests.faults.checks import nudges
from tests.faults.checks import says_of_action
from tests.faults.checks import writes
from tests.faults.row import FINISH
from tests.faults.row import GOOD
from tests.faults.row import NAME
from tests.faults.row import Row
from tests.faults.row import Work
from tests.faults.row import broken
from tests.faults.row import call
from tests.faults.row import play
from tests.faults.row import status
from tests.faults.row import turn
from tests.security import machine
from tests.security.clinging import conversations
from tests.security.clinging import ids
from tests.security.clinging import lay_suite
from tests.security.clinging import solve
from tests.security.machine import eventually
from tests.support.nights import EndedNight
from tests.support.nights import command
from tests.support.nights import environment
from tests.support.nights import run_night
from tests.support.ollama_server import OllamaServer
from tests.support.ollama_wire import InstalledModel

pytestmark = pytest.mark.needs("ollama-client")


# -- tools ---------------------------------------------------------------------------

LINGER = "sleep 600 & echo $! > pid; cat; echo read; wait"
FLOOD = "head -c 10000000 /dev/zero | tr '\\0' x"
NOISE = "head -c 10000000 /dev/urandom"
NO_TEXT = "printf 'a\\377\\376\\200b'"


def run(text: str) -> dict[str, object]:
    return turn(call("run_command", command=text))


def is_short_and_shows_both_ends(work: Work) -> None:
    answers = [event["observation"] for event in work.of("action")]
    assert max(map(len, answers)) <= 12_000
    assert answers[0].startswith("exit status 0")
    assert answers[0].endswith("xxx")


def leaves_no_process(work: Work) -> None:
    pid = int((work.folder / "pid").read_text())
    assert eventually(lambda: machine.born(pid) is None)


ROWS = [
    Row(
        "F42 output that is huge or no text",
        says=[run(FLOOD), run(NOISE), run(NO_TEXT), *GOOD],
        model={"num_ctx": 32768},
        rounds=5,
        does=[
            acts(*["run_command"] * 3, "write_file", "finish"),
            is_short_and_shows_both_ends,
            says_of_action(1, "characters cut", "use head, tail or grep"),
            says_of_action(3, "a\ufffd\ufffd\ufffdb"),
            answers_every_call,
        ],
    ),
    Row(
        "F43 a command that waits for ever",
        says=[run(LINGER), *GOOD, FINISH],
        limits={"command_timeout": 2.0},
        rounds=4,
        tags=frozenset({"command_timeout"}),
        does=[
            # The last command failed: a first finish is too soon.
            acts("!run_command", "write_file", "!finish", "finish"),
            # Its input was at an end: it did not wait for that.
            says_of_action(1, "Killed", "limit of 2 s", "wait for input", "read"),
            leaves_no_process,
        ],
    ),
    Row(
        "F43 commands that wait for ever three times in a row",
        says=[run(f"sleep 60{number}") for number in range(6)],
        limits={"command_timeout": 0.3},
        stop=Stop.LOOP,
        outcome=Outcome.LOOP,
        rounds=3,
        tags=frozenset({"command_timeout"}),
        does=[asks(3), nudges(), writes("action", 3, ok=False)],
    ),
]


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.name)
def test_a_command_cannot_hold_up_the_work(
    row: Row, box: Box, ledger: Ledger, events: Path, workspace: Path
) -> None:
    check(row, play(row, box, ledger, events, workspace))


# -- nights --------------------------------------------------------------------------

DIED = "model runner has unexpectedly stopped, this may be due to resource limitations"


@dataclass(frozen=True)
class NightRow:
    """A fault that a whole night meets."""

    name: str
    server: Callable[[], OllamaServer]
    gone: bool = False
    """Nothing listens at its port any more."""
    path: str = ""
    """After its URL."""
    status: int = 4
    """``pytest``'s: 4 where the night has not begun, 2 where it ended early."""
    says: Sequence[str] = ()
    """What the user reads."""
    plays: Sequence[str] = ()
    """Outcomes of the runs that have a record."""
    requests: int = 0

    @property
    def fault(self) -> str:
        """``F01`` … ``F44``."""
        return self.name.partition(" ")[0]


NIGHTS = [
    NightRow(
        "F01 connection refused at the start",
        server=OllamaServer,
        gone=True,
        says=["No Ollama server answers", "refused", "ollama serve"],
    ),
    NightRow(
        "F07 the runner dies at every load",
        server=lambda: OllamaServer([status(500, DIED)] * 99),
        status=1,
        says=["ended early", "failed 5 runs in a row", "3 of 8 runs were not reached"],
        plays=["infra"] * 5,
        requests=10,
    ),
    NightRow(
        "F17 the model is missing",
        server=lambda: OllamaServer(models=[InstalledModel("other:7b")]),
        says=[f"does not have the model {NAME}", "ollama pull", "other:7b"],
    ),
    NightRow(
        "F18 the URL has a path",
        server=OllamaServer,
        path="/v1",
        says=["not an Ollama server", "host and port"],
    ),
]


@pytest.mark.parametrize("row", NIGHTS, ids=lambda row: row.name)
def test_no_night_is_burnt_on_a_server_that_is_of_no_use(
    row: NightRow, tmp_path: Path
) -> None:
    suite = lay_suite(tmp_path / "suite", ids(4))
    with row.server() as server:
        if row.gone:
            server.leave()
        url = server.url + row.path
        assert bool(check_server(url, NAME)) == (row.status == 4)
        words = ["-m", "overnight", "--agent", "ollama", "--overnight-host", url]
        words += ["--overnight-suite", str(suite), "--overnight-sandbox", "process"]
        # A run waits once, a tenth of a second; the night finds a healthy server.
        night = run_night(tmp_path, *words, "--overnight-infra-grace", "0.1")
    assert night.status == row.status, night.out + night.err
    said = " ".join((night.out + night.err).split())
    assert not [text for text in row.says if text not in said], said
    assert list(night.outcomes.values()) == list(row.plays)
    assert server.totals.requests == row.requests


# -- what is cut short ---------------------------------------------------------------

STALL = [broken("stall") | {"content": ""}]


def test_an_interrupted_try_says_that_it_was_cancelled(tmp_path: Path) -> None:
    with OllamaServer(STALL) as server, warm_try(tmp_path, server.url) as (warm, order):

        def interrupt() -> None:
            assert eventually(lambda: bool(server.requests), 60)
            assert warm.pid is not None
            tree.signal_all(tree.children(warm.pid), signal.SIGINT)

        striking = threading.Thread(target=interrupt)
        striking.start()
        reply: Reply = warm.request(asdict(order), wall_cap=90)
        striking.join()
        assert eventually(lambda: server.totals.disconnects == 1)
    assert reply.ok, reply.error
    written = read_events(Path(order.events))
    (stopped,) = [event for event in written if event["event"] == "stopped"]
    assert stopped["stop"] == reply.value["stop"] == Stop.CANCELLED
    stop = Stop(stopped["stop"])
    outcome = outcome_of(written, stop, Verdict.NOT_RUN, changed=False, duration=1.0)
    assert outcome == Outcome.CANCELLED


@contextmanager
def warm_try(folder: Path, url: str) -> Iterator[tuple[WarmServer, Order]]:
    """What the arena asks of a try, and who carries it out."""
    suite = lay_suite(folder / "suite", ids(1))
    workspace = folder / "ws"
    workspace.mkdir()
    settings = Settings(
        results=folder / "results",
        suite=suite,
        session_id="overnight-2026-01-01",
        agent="ollama",
        host=url,
        sandbox="process",
    )
    payload = {
        "settings": settings.to_json(),
        "level": "process",
        "invocation_folder": str(folder),
    }
    order = Order(
        run_id="run-0001",
        folder=str(next(suite.iterdir())),
        workspace=str(workspace),
        events=str(folder / "events.jsonl"),
        log=str(folder / "ledger.log"),
        seed=1,
        script=None,
    )
    warm = WarmServer("pytest_overnight.agents.attempt:prepare", payload)
    with closing(warm):
        yield warm, order


@pytest.mark.slow
def test_a_killed_worker_costs_no_run(tmp_path: Path) -> None:
    """What it had under way is played once more, by another."""
    names = ids(3)
    suite = lay_suite(tmp_path / "suite", names)
    results = tmp_path / "overnight_results"
    words = ["-m", "overnight", "--overnight-suite", str(suite), "--count", "1"]
    words += ["--overnight-sandbox", "process", "-n", "2"]
    first, *rest = solve()
    answers = iter([*STALL, first])

    def stall_once(request: dict[str, Any]) -> dict[str, Any]:
        return next(answers)

    script = conversations([stall_once, *rest], solve(), solve())
    with OllamaServer(script) as server:
        running = subprocess.Popen(
            command(results, *words, "--overnight-host", server.url),
            cwd=tmp_path,
            env=environment(),
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        with running:
            # Either worker may be the first to have the model.
            assert eventually(lambda: asks_about(names[0], server), 90), running.poll()
            os.kill(worker_in_a_call(running.pid, server), signal.SIGKILL)
            out, err = running.communicate(timeout=240)
        assert eventually(lambda: server.totals.disconnects == 1)
    night = EndedNight(running.returncode, out, err, results)
    assert night.status == 0, out + err
    assert "its worker was lost; played again" in out
    assert [night.outcomes[f"{name}-run-0001"] for name in names] == ["passed"] * 3
    assert (night.master["tests_passed"], night.master["void"]) == (3, 0)
    again = night.records[f"{names[0]}-run-0001"]
    assert [one["outcome"] for one in again["tries"]] == ["cancelled", "passed"]
    ledger = results / "logs" / f"{names[0]}-run-0001-events.jsonl"
    assert [event["event"] for event in read_events(ledger)] == ["started", "box"]


def asks_about(name: str, server: OllamaServer) -> bool:
    tasks = [request["messages"][0]["content"] for request in server.requests]
    return bool(tasks) and f"This is task {name}." in tasks[-1]


def worker_in_a_call(controller: int, server: OllamaServer) -> int:
    """The worker below which somebody waits for an answer."""
    (waiting,) = server.waiting
    rows = [row.split() for row in Path("/proc/net/tcp").read_text().splitlines()]
    port = f":{waiting.client_address[1]:04X}"
    theirs = {row[9] for row in rows if row[1].endswith(port)}
    lines = [machine.line_of(pid, controller) for pid in machine.processes()]
    for line in filter(None, lines):
        if theirs & machine.sockets_of([(line[-1], 0)]):
            return line[1]
    raise AssertionError("nobody waits")


CUT_SHORT = ["F44 interrupted in the middle of a call", "F44 a worker is killed"]
"""The two tests above."""
