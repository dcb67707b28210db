"""What agent code in a box must not be able to do."""

from __future__ import annotations

import os
import secrets
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

import pytest_overnight
from pytest_overnight.sandbox import landlock
from pytest_overnight.sandbox.box import Box
from pytest_overnight.sandbox.box import BoxGone
from pytest_overnight.sandbox.box import BoxPlan
from pytest_overnight.sandbox.client import OpenBox
from pytest_overnight.sandbox.open import open_box
from pytest_overnight.sandbox.runtime import Runtime
from tests.sandbox.conftest import eventually
from tests.support.levels import WALLED
from tests.support.levels import NotPromised


@pytest.fixture
def secret(tmp_path: Path) -> Path:
    """A file outside the box."""
    path = tmp_path / "secret"
    path.write_text(secrets.token_hex())
    return path


def python(box: Box, code: str) -> bytes:
    """What a few lines of Python in the box print."""
    result = box.run(["python", "-c", code], timeout=30, merge=True)
    return result.out.strip()


@pytest.fixture
def agent(workspace: Path, program: Path, runtime: Runtime) -> Iterator[Box]:
    """A bubblewrap box."""
    plan = BoxPlan("bubblewrap", workspace, programs={"program": program})
    box = open_box(plan, runtime)
    yield box
    box.close()


# -- bubblewrap: the walls ----------------------------------------------------------


@pytest.mark.needs("bubblewrap")
class TestBubblewrap:
    def test_secrets_are_nowhere(self, agent: Box, secret: Path) -> None:
        marker = secret.read_text()
        search = f"""
import os, sys
apart = ("/proc", "/usr", "/dev", "/runtime", sys.base_prefix)
for folder, _, files in os.walk("/"):
    if folder.startswith(apart):
        continue
    for name in files:
        try:
            with open(os.path.join(folder, name), errors="replace") as file:
                if {marker[:20]!r} + {marker[20:]!r} in file.read(1 << 20):
                    print("found", folder, name)
        except OSError:
            pass
print("looked")
"""
        assert python(agent, search) == b"looked"
        assert agent.run(["cat", str(secret)], timeout=10).status == 1

    @pytest.mark.parametrize("level", ["bubblewrap"])
    def test_the_environment_and_arguments_tell_nothing(
        self, agent: Box, workspace: Path, level: str
    ) -> None:
        seen = agent.run("cat /proc/*/environ /proc/*/cmdline", timeout=10).out
        assert str(workspace).encode() not in seen
        assert str(Path(pytest_overnight.__file__).parent).encode() not in seen
        assert b"pytest_overnight" not in seen

    def test_files_outside_cannot_be_written(self, agent: Box, tmp_path: Path) -> None:
        places = [str(tmp_path / "x"), "/usr/x", "/etc/x", "/x", "/runtime/x", "/dev/x"]
        for place in places:
            result = agent.run(["sh", "-c", 'echo x > "$0"', place], timeout=10)
            assert result.status != 0, place
        assert not (tmp_path / "x").exists()

    def test_no_network_lies_beyond_its_own(self, agent: Box) -> None:
        beyond = "import socket; socket.create_connection(('192.0.2.1', 80), 2)"
        assert b"Network is unreachable" in python(agent, beyond)

    def test_no_capability_is_left(self, agent: Box) -> None:
        status = agent.run(
            "grep -E 'Cap(Inh|Prm|Eff|Bnd)' /proc/self/status", timeout=10
        )
        assert set(status.out.split()[1::2]) == {b"0" * 16}

    def test_the_harness_does_not_show(self, agent: Box) -> None:
        found = agent.run(
            "find / -name 'pytest_overnight*' -not -path '/proc/*'", timeout=60
        )
        assert found.out == b""
        assert b"ModuleNotFound" in python(agent, "import pytest_overnight")
        base = python(agent, "import sys; print(sys.base_prefix)").decode()
        packages = agent.run(
            f"ls {base}/lib/python3*/site-packages | wc -l", timeout=10
        )
        assert packages.out.strip() == b"0"

    def test_a_checkout_below_a_shown_folder_is_covered(
        self, workspace: Path, runtime: Runtime
    ) -> None:
        # As if a suite lay below /usr: any folder there that surely exists.
        shown, hidden = Path("/usr/share"), Path("/usr/include")
        box = open_box(BoxPlan("bubblewrap", workspace), runtime, [shown, hidden])
        assert box.run(["ls", "-A", *map(str, [shown, hidden])], timeout=10).out == (
            b"/usr/include:\n\n/usr/share:\n"
        )
        assert box.run("touch /usr/share/x", timeout=10).status != 0
        box.close()

    def test_a_link_in_the_workspace_reaches_only_what_the_box_reaches(
        self, agent: Box, workspace: Path, secret: Path
    ) -> None:
        (workspace / "link").symlink_to(secret)
        (workspace / "folder").symlink_to(secret.parent)
        with pytest.raises(FileNotFoundError):
            agent.call("read", path="link")
        with pytest.raises(FileNotFoundError):
            agent.call("read", path="folder/secret")
        with pytest.raises(OSError, match="Not a directory"):
            agent.call("write", path="folder/new", data=b"x")
        assert not (secret.parent / "new").exists()

    def test_process_1_cannot_be_harmed_from_inside(self, agent: Box) -> None:
        attack = """
import ctypes, os, signal
for number in (signal.SIGKILL, signal.SIGSTOP, signal.SIGTERM, signal.SIGINT):
    try:
        os.kill(1, number)  # without effect, or refused
    except PermissionError:
        pass
libc = ctypes.CDLL(None, use_errno=True)
print("ptrace", libc.ptrace(16, 1, 0, 0))
for path in ("mem", "environ", "maps", "fd/3"):
    try:
        (os.readlink if "fd" in path else open)("/proc/1/" + path)
        print(path, "open")
    except OSError as error:
        print(path, error.errno)
"""
        seen = python(agent, attack).decode().splitlines()
        assert seen == ["ptrace -1", "mem 13", "environ 13", "maps 13", "fd/3 13"]
        assert agent.run("echo honest", timeout=10).out == b"honest\n"

    def test_everything_may_be_killed_and_the_box_goes_on(self, agent: Box) -> None:
        agent.run(["python", "-c", "import os; os.kill(-1, 9)"], timeout=10)
        assert agent.run("echo honest", timeout=10).out == b"honest\n"

    def test_temporary_memory_has_a_hard_size(self, agent: Box) -> None:
        fill = "head -c 60M /dev/zero > /tmp/a; head -c 60M /dev/zero > /tmp/b"
        assert b"No space left" in agent.run(fill, timeout=20).err
        assert (
            b"No space left"
            in agent.run("head -c 60M /dev/zero > /dev/shm/a", timeout=20).err
        )

    def test_killing_bubblewrap_ends_what_is_in_the_box(self, agent: Box) -> None:
        child = agent.spawn("program", what="echo", times=1)
        assert isinstance(agent, OpenBox)
        os.kill(agent.pid, signal.SIGKILL)
        assert eventually(lambda: not Path(f"/proc/{child.pid}").exists())
        with pytest.raises(BoxGone):
            agent.run("true", timeout=10)


@pytest.mark.needs("bubblewrap")
def test_a_submission_is_read_only_and_its_copy_has_a_hard_size(
    submission: Path, runtime: Runtime
) -> None:
    box = open_box(BoxPlan("bubblewrap", submission=submission), runtime)
    assert box.run("touch /submission/x", timeout=10).status != 0
    fill = "for n in 1 2 3 4 5; do head -c 60M /dev/zero > $n || exit 9; done"
    assert box.run(fill, timeout=60).status == 9
    box.reset()
    assert len(box.call("list", path=".", pattern="*")) == 3
    box.close()
    assert sorted(p.name for p in submission.iterdir()) == [
        "answer.py",
        "link",
        "package",
    ]


# -- both levels --------------------------------------------------------------------


SIBLINGS = """
import os

def works(action):
    try:
        action()
    except OSError:
        return False
    return True

def main(sock, arguments):
    if other := arguments["other"]:
        reads = works(lambda: open(f"/proc/{other}/mem", "rb").close())
        sock.sendall(bytes([reads, works(lambda: os.kill(other, 0))]))
    else:
        sock.sendall(os.getpid().to_bytes(4, "little"))
    sock.recv(1)
"""


@pytest.mark.parametrize("level", WALLED)
def test_children_of_one_box_have_no_reach_to_each_other(
    level: str, workspace: Path, runtime: Runtime, tmp_path: Path
) -> None:
    if landlock.version() < landlock.SIGNALS:
        raise NotPromised("the kernel's Landlock knows nothing of signals")
    program = tmp_path / "siblings.py"
    program.write_text(SIBLINGS)
    plan = BoxPlan(level, workspace, programs={"siblings": program})
    with closing(open_box(plan, runtime)) as box:
        first = box.spawn("siblings", other=0)
        number = int.from_bytes(first.socket.recv(4), "little")
        second = box.spawn("siblings", other=number)
        assert second.socket.recv(2) == bytes([False, False])


def test_the_helper_says_nothing_on_the_sessions_terminal(
    box: Box, capfd: pytest.CaptureFixture[str]
) -> None:
    box.run("echo out; echo err >&2", timeout=10)
    assert capfd.readouterr() == ("", "")


# -- the process level: what little it keeps ------------------------------------------


@pytest.mark.parametrize("level", ["process"])
class TestProcessLevel:
    def test_honest_mistakes_stay_in_the_workspace(
        self, box: Box, workspace: Path, secret: Path
    ) -> None:
        (workspace / "link").symlink_to(secret)
        for path in ("../secret", str(secret), "link"):
            with pytest.raises(PermissionError):
                box.call("read", path=path)
            with pytest.raises(PermissionError):
                box.call("write", path=path, data=b"x")

    def test_a_helper_killed_from_inside_is_gone(self, box: Box) -> None:
        # The command's runner is a child of the helper.
        kill = "kill -9 $(ps -o ppid= -p $PPID)"
        if os.geteuid() == 0:
            # Agent code runs as another user.
            assert box.run(kill, timeout=10).status != 0
            assert box.call("list", path=".") == []
            return
        with pytest.raises(BoxGone):
            box.run(kill, timeout=10)
        with pytest.raises(BoxGone):
            box.call("list", path=".")

    def test_home_and_temporary_folder_are_the_boxs_own(self, box: Box) -> None:
        box.run("touch ~/mark $TMPDIR/mark", timeout=10)
        assert not (Path.home() / "mark").exists()


# -- as an ordinary user ------------------------------------------------------------

_AS_NOBODY = """
import sys, tempfile
from pathlib import Path
from pytest_overnight.sandbox.box import BoxPlan
from pytest_overnight.sandbox.open import open_box
from pytest_overnight.sandbox.probe import prove
from pytest_overnight.sandbox.runtime import prepare_runtime

runtime = prepare_runtime()
print(prove("bubblewrap", runtime).protected)
with tempfile.TemporaryDirectory() as folder:
    box = open_box(BoxPlan("bubblewrap", Path(folder)), runtime)
    bomb = (
        "import os, time\\nn = 0\\ntry:\\n"
        "    for n in range(300): os.fork() or time.sleep(9)\\n"
        "except OSError: print('stopped')"
    )
    print(box.run(["python", "-c", bomb], timeout=20).out)
    print(box.sweep())
    box.close()
"""


@pytest.mark.slow  # makes a runtime of its own
@pytest.mark.needs("bubblewrap")
@pytest.mark.needs("root")
def test_it_works_and_counts_processes_as_an_ordinary_user(tmp_path: Path) -> None:
    python3 = _python_for_everyone()
    cache = Path(f"/tmp/overnight-cache-{secrets.token_hex(4)}")
    cache.mkdir()
    os.chown(cache, 65534, 65534)
    environment = {
        "PATH": "/usr/bin:/bin",
        "HOME": str(cache),
        "XDG_CACHE_HOME": str(cache),
        "PYTHONPATH": os.pathsep.join(_import_folders()),
        "PYTHONDONTWRITEBYTECODE": "1",
    }
    try:
        done = _as_nobody([python3, "-c", _AS_NOBODY], environment)
    finally:
        shutil.rmtree(cache)
    assert done.stdout.splitlines() == ["True", "b'stopped\\n'", "0"], done.stderr


def _as_nobody(
    words: list[str], environment: dict[str, str]
) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        words,
        env=environment,
        user=65534,
        group=65534,
        extra_groups=[],
        cwd="/",
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )


def _import_folders() -> list[str]:
    package = Path(pytest_overnight.__file__).parents[1]
    return [str(package), str(Path(pytest.__file__).parents[1])]


def _python_for_everyone() -> str:
    """An interpreter of this version that another user may run, with our packages."""
    name = f"/usr/bin/python{sys.version_info.major}.{sys.version_info.minor}"
    for candidate in (os.path.realpath(sys.executable), name):
        environment = {"PYTHONPATH": os.pathsep.join(_import_folders())}
        try:
            words = [candidate, "-c", "import pytest_overnight, pytest, mypy"]
            if _as_nobody(words, environment).returncode == 0:
                return candidate
        except OSError:
            continue
    return pytest.skip("no Python here that an ordinary user may run with our packages")
