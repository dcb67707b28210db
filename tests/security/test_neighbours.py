"""What goes on at the same time: another box, the host, the model server."""

from __future__ import annotations

import json
import secrets
import socket
from collections.abc import Iterator
from concurrent.futures import Future
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from pytest_overnight.sandbox.box import Box
from pytest_overnight.sandbox.box import CommandResult
from tests.sandbox.conftest import eventually
from tests.security.attacks.attack import EPILOGUE
from tests.security.attacks.attack import PRELUDE
from tests.security.world import boxed
from tests.security.world import told
from tests.support.levels import LEVELS
from tests.support.levels import must_promise

pytestmark = pytest.mark.parametrize("level", LEVELS)

TELL = """
import json, os, socket, sys, time
def tell(**facts):
    with open("telling", "w") as file:
        json.dump(facts, file)
    os.rename("telling", "told")

def done():
    time.sleep(0.02)
    return os.path.exists("done")

def had(make):
    try:
        return make()
    except OSError:
        return None  # not to be had at this level
"""


@pytest.fixture
def workspace(tmp_path: Path) -> Path:
    """An empty workspace on the host."""
    folder = tmp_path / "workspace"
    folder.mkdir()
    return folder


@contextmanager
def at_work(
    box: Box, workspace: Path, source: str, **environment: str
) -> Iterator[tuple[dict[str, Any], Future[CommandResult]]]:
    """A program that has told what it has, and is done when this ends."""
    words = ["python", "-c", TELL + source, *environment.values()]
    with ThreadPoolExecutor() as pool:
        running = pool.submit(box.run, words, timeout=60, env=environment)
        try:
            tidings = workspace / "told"
            assert eventually(lambda: tidings.exists() or running.done())
            assert tidings.exists(), running.result().err
            yield json.loads(tidings.read_text()), running
        finally:
            (workspace / "done").touch()


# -- another box --------------------------------------------------------------------

NEIGHBOUR = """
import tempfile
marker = sys.argv[1]
listeners = []

def file(path):
    with open(path, "w") as opened:
        opened.write(marker)
    return path

def listen(family, where):
    listeners.append(socket.socket(family))
    listeners[-1].bind(where)
    listeners[-1].listen()
    if family == socket.AF_INET:
        where = listeners[-1].getsockname()
    return [int(family), where]

folder, name = tempfile.gettempdir(), "overnight-" + marker[:8]
files = "secret", f"{folder}/secret", f"/dev/shm/{name}"
servers = [
    (socket.AF_INET, ("127.0.0.1", 0)),
    (socket.AF_UNIX, f"{folder}/socket"),
    (socket.AF_UNIX, f"\\0{name}"),
]
tell(
    files=[os.path.abspath(path) for path in files if had(lambda: file(path))],
    servers=[found for words in servers if (found := had(lambda: listen(*words)))],
)
while not done():
    pass
had(lambda: os.unlink(f"/dev/shm/{name}"))
"""

LOOKS = {
    "files": (
        ("read",),
        """
for path in facts["files"]:
    attempt(path, lambda: tells(path))
""",
    ),
    "processes": (
        ("processes",),
        """
attempt("arguments", lambda: any(
    tells("/proc/%s/cmdline" % name) for name in os.listdir("/proc") if name.isdigit()))
""",
    ),
    "environments": (
        ("environ",),
        """
def told(name):
    try:
        return tells("/proc/%s/environ" % name)
    except OSError:
        return False

attempt("environments", lambda: any(
    told(name) for name in os.listdir("/proc") if name.isdigit()))
""",
    ),
    "servers": (
        ("tcp", "unix", "abstract"),
        """
def connected(family, where):
    with socket.socket(family) as s:
        s.connect(tuple(where) if isinstance(where, list) else where)

for family, where in facts["servers"]:
    attempt(repr(where), lambda: connected(family, where))
attempt("some other", lambda: False)  # where none of these could be opened
""",
    ),
}


@pytest.mark.parametrize("look", LOOKS)
def test_boxes_at_the_same_time_do_not_see_each_other(
    look: str, level: str, workspace: Path, tmp_path: Path
) -> None:
    guarantees, script = LOOKS[look]
    must_promise(level, *guarantees)
    marker = secrets.token_hex(16)
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    with (
        boxed(level, workspace) as box,
        boxed(level, elsewhere) as other,
        at_work(box, workspace, NEIGHBOUR, SECRET=marker) as (facts, _),
    ):
        facts["marker"] = marker[::-1]
        if level == "bubblewrap":  # where little is hidden from one's own
            apart = {"some other", "environments"}
            assert not said(box, script, facts)["refused"].keys() - apart
        facts["files"].append(str(workspace / "secret"))
        assert said(other, script, facts)["reached"] == []


def said(box: Box, script: str, facts: dict[str, Any]) -> dict[str, Any]:
    """What an attack with these facts says from a box."""
    words = ["python", "-c", PRELUDE + script + EPILOGUE, told(facts)]
    result = box.run(words, timeout=60)
    assert result.status == 0, result.err
    answer: dict[str, Any] = json.loads(result.out)
    assert answer["refused"] or answer["reached"], "nothing was tried"
    return answer


# -- the host -----------------------------------------------------------------------

SERVER = """
server = had(lambda: socket.create_server(("127.0.0.1", 0)))
tell(port=server and server.getsockname()[1])
while not done():
    pass
"""
CLIENT = """
def reached():
    return bool(had(lambda: socket.create_connection(("127.0.0.1", %d), 1)))

before, meanwhile = reached(), 0
tell()
while not done():
    meanwhile += reached()
print(before, meanwhile, reached())
"""


def test_a_server_in_a_box_serves_nobody_outside(level: str, workspace: Path) -> None:
    must_promise(level, "tcp")
    with (
        boxed(level, workspace) as box,
        at_work(box, workspace, SERVER) as (facts, _),
    ):
        port = facts["port"]
        assert port is None or socket.socket().connect_ex(("127.0.0.1", port)) != 0


def test_the_model_server_answers_the_harness_while_the_box_cannot_reach_it(
    level: str, workspace: Path
) -> None:
    must_promise(level, "tcp")
    with (
        socket.create_server(("127.0.0.1", 0)) as server,
        boxed(level, workspace) as box,
    ):
        address = server.getsockname()
        with (
            at_work(box, workspace, CLIENT % address[1]) as (_, running),
            socket.create_connection(address, 5) as harness,
        ):
            accepted, peer = server.accept()
            accepted.close()
            assert peer == harness.getsockname()
        assert running.result().out == b"False 0 False\n"
        server.setblocking(False)
        with pytest.raises(BlockingIOError):
            server.accept()
