"""Warm servers: one fork a request, and nothing left of it."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import uuid
from collections.abc import Iterator
from pathlib import Path

import pytest

from pytest_overnight.sandbox.inside import tree
from pytest_overnight.sandbox.runtime import prepare_runtime
from pytest_overnight.sandbox.supervisor import WarmServer
from tests.sandbox.conftest import eventually
from tests.sandbox.conftest import processes_with
from tests.support.levels import ONE_QUICK

TARGETS = "tests.sandbox.targets"
ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture
def server() -> Iterator[WarmServer]:
    server = WarmServer(f"{TARGETS}:prepare", {"a": 1})
    yield server
    server.close()


@pytest.fixture
def mark() -> str:
    """A length of sleep that no other process of this machine has."""
    return f"1{uuid.uuid4().int % 10**12}"


def below(server: WarmServer) -> list[int]:
    """Everything that the server has below it; strays come back to it."""
    assert server.pid is not None
    return tree.descendants(server.pid)


# -- what a request gives -----------------------------------------------------------


def test_a_request_is_handled_by_a_fork_of_what_was_prepared(
    server: WarmServer,
) -> None:
    replies = [
        server.request({"do": "echo", "value": n}, wall_cap=30) for n in ([1], "ü")
    ]
    assert [reply.value["value"] for reply in replies] == [[1], "ü"]
    for reply in replies:
        assert reply.ok
        assert not reply.error
        assert reply.value["payload"] == {"a": 1}
        assert reply.value["pid"] == server.pid
        assert reply.cpu_seconds > 0
        assert reply.peak_rss_mb > 1
        assert reply.killed == 0


def test_a_target_may_serve_by_itself() -> None:
    server = WarmServer(f"{TARGETS}:prepare_and_serve", {})
    assert server.request({"do": "echo", "value": 3}, wall_cap=30).value["value"] == 3
    server.close()


def test_a_task_starts_clean(server: WarmServer) -> None:
    first, second = (
        server.request({"do": "about"}, wall_cap=30).value["value"] for _ in range(2)
    )
    assert first.pop("random") != second.pop("random")
    assert not Path(first.pop("temporary")).parent.exists()
    assert first == {
        "leader": True,
        # Three streams, the pipe of its result, and the listing itself.
        "descriptors": 5,
        "stdin": "/dev/null",
        "term": True,
        "child": True,
    }


def test_large_values_pass_in_both_directions(server: WarmServer) -> None:
    text = "x" * 5_000_000
    reply = server.request({"do": "echo", "value": text}, wall_cap=60)
    assert reply.value["value"] == text


def test_an_exception_is_an_error_in_one_line(server: WarmServer) -> None:
    reply = server.request({"do": "fail", "text": "bad\nnews"}, wall_cap=30)
    assert (reply.ok, reply.error) == (False, "ValueError: bad news")
    assert reply.value == {}


@pytest.mark.parametrize(
    ("request_", "error"),
    [
        ({"do": "crash", "number": 11}, "the task was ended by SIGSEGV"),
        ({"do": "leave", "status": 3}, "the task ended with status 3 and no result"),
        ({"do": "leave", "status": 0}, "the task ended with status 0 and no result"),
        ({"do": "forge"}, "the task was ended by SIGKILL"),
    ],
)
def test_a_task_that_dies_gives_no_value(
    server: WarmServer, request_: dict[str, object], error: str
) -> None:
    reply = server.request(request_, wall_cap=30)
    assert (reply.ok, reply.value, reply.error) == (False, {}, error)
    assert server.request({"do": "echo", "value": 1}, wall_cap=30).ok


def test_processor_time_of_forgotten_grandchildren_counts(server: WarmServer) -> None:
    reply = server.request({"do": "burn", "seconds": 0.3}, wall_cap=60)
    assert reply.cpu_seconds >= 0.3


# -- what a request leaves behind ---------------------------------------------------


def test_at_the_wall_cap_everything_is_killed(server: WarmServer, mark: str) -> None:
    reply = server.request({"do": "linger", "mark": mark}, wall_cap=0.7)
    assert (reply.ok, reply.timed_out, reply.error) == (False, True, "timed out")
    assert reply.killed >= 4
    assert processes_with(mark) == []
    assert below(server) == []


@pytest.mark.parametrize("level", ONE_QUICK)
def test_a_box_dies_with_its_task(
    server: WarmServer, level: str, workspace: Path, mark: str
) -> None:
    prepare_runtime()  # made when it is missing: seconds that are not the task's
    request = {"do": "work_in_box", "level": level, "folder": str(workspace)}
    request |= {"mark": mark, "sign": str(workspace / "started")}
    # Long enough to open a box on a busy machine: the task itself never ends.
    reply = server.request(request, wall_cap=6.0)
    assert reply.timed_out
    assert (workspace / "started").exists()
    assert processes_with(mark) == []
    assert below(server) == []


@pytest.mark.parametrize("milliseconds", [0, 1, 2, 4, 8, 16])
def test_a_box_killed_while_it_opens_leaves_nothing(
    server: WarmServer, level: str, workspace: Path, milliseconds: int
) -> None:
    server.request({"do": "echo", "value": 1}, wall_cap=30)
    request = {"do": "open_and_sleep", "level": level, "folder": str(workspace)}
    reply = server.request(request, wall_cap=0.003 + milliseconds / 1000)
    assert reply.timed_out
    assert below(server) == []


@pytest.mark.needs("bubblewrap")
@pytest.mark.parametrize("milliseconds", [0, 1, 2, 4])
def test_an_orphan_of_bubblewrap_is_collected(
    server: WarmServer, workspace: Path, milliseconds: int
) -> None:
    request = {"do": "kill_bubblewrap_early", "folder": str(workspace)}
    for _ in range(5):
        reply = server.request({**request, "milliseconds": milliseconds}, wall_cap=30)
        assert reply.ok, reply.error
        assert below(server) == []


# -- interruptions --------------------------------------------------------------------


def test_an_interrupt_goes_on_when_the_task_is_dead(
    server: WarmServer, mark: str, tmp_path: Path
) -> None:
    sign = tmp_path / "started"
    before = server.pid

    def interrupt() -> None:
        assert eventually(sign.exists)
        os.kill(os.getpid(), signal.SIGINT)

    threading.Thread(target=interrupt).start()
    request = {"do": "linger", "mark": mark, "sign": str(sign)}
    with pytest.raises(KeyboardInterrupt):
        server.request(request, wall_cap=60)
    assert processes_with(mark) == []
    assert server.request({"do": "echo", "value": 1}, wall_cap=30).ok
    assert server.pid == before


@pytest.mark.parametrize(
    "what",
    [
        "linger",
        "process",
        pytest.param("bubblewrap", marks=pytest.mark.needs("bubblewrap")),
    ],
)
def test_nothing_is_left_of_a_killed_worker(
    what: str, mark: str, tmp_path: Path
) -> None:
    sign = tmp_path / "started"
    words = [sys.executable, "-m", f"{TARGETS}", what, mark, str(sign), str(tmp_path)]
    worker = subprocess.Popen(words, stdout=subprocess.PIPE, cwd=ROOT)
    assert worker.stdout is not None
    server = int(worker.stdout.readline())
    assert eventually(sign.exists)
    assert eventually(lambda: processes_with(mark) != [])
    worker.kill()
    worker.wait()
    worker.stdout.close()
    assert eventually(lambda: not Path(f"/proc/{server}").exists())
    assert eventually(lambda: processes_with(mark) == [])


def test_a_killed_server_costs_one_request(
    server: WarmServer, mark: str, tmp_path: Path
) -> None:
    sign = tmp_path / "started"

    def kill() -> None:
        assert eventually(sign.exists)
        assert server.pid is not None
        os.kill(server.pid, signal.SIGKILL)

    threading.Thread(target=kill).start()
    request = {"do": "linger", "mark": mark, "sign": str(sign)}
    reply = server.request(request, wall_cap=60)
    assert not reply.ok
    assert "ended or hung in a request" in reply.error
    assert server.request({"do": "echo", "value": 1}, wall_cap=30).ok
    for pid in processes_with(mark):  # without their subreaper they are nobody's
        os.kill(pid, signal.SIGKILL)


def test_a_server_that_died_idle_is_started_again(server: WarmServer) -> None:
    assert server.request({"do": "echo", "value": 1}, wall_cap=30).ok
    old = server.pid
    assert old is not None
    os.kill(old, signal.SIGKILL)
    os.waitid(os.P_PID, old, os.WEXITED | os.WNOWAIT)
    assert server.request({"do": "echo", "value": 2}, wall_cap=30).ok
    assert server.pid != old


# -- start and end --------------------------------------------------------------------


def test_a_server_that_cannot_prepare_says_why(tmp_path: Path) -> None:
    log = tmp_path / "server.txt"
    server = WarmServer(f"{TARGETS}:prepare_badly", {}, log=log)
    reply = server.request({}, wall_cap=30)
    server.close()
    assert not reply.ok
    assert reply.error.endswith("did not start: RuntimeError: cannot prepare")
    assert "Traceback" in log.read_text()


def test_a_server_with_threads_refuses_to_fork() -> None:
    server = WarmServer(f"{TARGETS}:prepare_with_a_thread", {})
    reply = server.request({"do": "echo", "value": 1}, wall_cap=30)
    server.close()
    assert reply.error == "the server has 2 threads: forking is unsafe"


def test_a_closed_server_is_gone(server: WarmServer) -> None:
    server.request({"do": "echo", "value": 1}, wall_cap=30)
    pid = server.pid
    server.close()
    server.close()
    assert not Path(f"/proc/{pid}").exists()


def test_servers_write_into_their_log_only(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    log = tmp_path / "server.txt"
    server = WarmServer(f"{TARGETS}:prepare", {}, log=log)
    server.request({"do": "fail", "text": "into the log"}, wall_cap=30)
    server.close()
    assert "into the log" in log.read_text()
    assert capfd.readouterr() == ("", "")
