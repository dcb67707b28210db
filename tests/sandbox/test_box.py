"""What a box does for the harness, at both levels."""

from __future__ import annotations

import errno
import os
import signal
import tempfile
import uuid
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from pytest_overnight.sandbox.box import Box
from pytest_overnight.sandbox.box import BoxError
from pytest_overnight.sandbox.box import BoxGone
from pytest_overnight.sandbox.box import BoxPlan
from pytest_overnight.sandbox.open import open_box
from pytest_overnight.sandbox.runtime import Runtime
from tests.sandbox.conftest import eventually
from tests.sandbox.conftest import processes_with


def seconds() -> str:
    """A length of sleep that no other process of this machine has."""
    return f"1{uuid.uuid4().int % 10**12}"


# -- commands ---------------------------------------------------------------------


def test_a_command_gives_status_and_both_streams(box: Box) -> None:
    result = box.run(["sh", "-c", "echo out; echo err >&2; exit 7"], timeout=10)
    assert (result.status, result.out, result.err) == (7, b"out\n", b"err\n")
    assert not result.timed_out


def test_text_is_given_to_the_shell(box: Box) -> None:
    assert box.run("echo $((6 * 7)) | cat", timeout=10).out == b"42\n"


def test_merged_streams_keep_their_order(box: Box) -> None:
    result = box.run("echo 1; echo 2 >&2; echo 3", timeout=10, merge=True)
    assert (result.out, result.err) == (b"1\n2\n3\n", b"")


def test_a_command_reads_what_it_is_given(box: Box) -> None:
    data = os.urandom(300_000)
    result = box.run("wc -c; wc -c < /dev/null", timeout=10, stdin=data)
    assert result.out.split() == [b"300000", b"0"]


def test_a_command_that_does_not_read_its_input_still_ends(box: Box) -> None:
    assert box.run("true", timeout=10, stdin=b"x" * 1_000_000).status == 0


def test_without_input_a_command_reads_end_of_file(box: Box) -> None:
    assert box.run("cat", timeout=10).out == b""


def test_the_environment_is_built_and_may_be_extended(
    box: Box, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SECRET_CANARY", "do not leak")
    result = box.run(["env"], timeout=10, env={"COLOUR": "green"})
    lines = result.out.decode().splitlines()
    names = {line.partition("=")[0] for line in lines}
    assert "COLOUR=green" in lines
    assert "PYTHONHASHSEED=0" in lines
    known = {"PATH", "HOME", "TMPDIR", "LANG", "TZ", "PWD", "COLOUR"}
    assert names <= known | {"PYTHONHASHSEED", "PYTHONDONTWRITEBYTECODE"}


def test_a_missing_command_ends_as_in_a_shell(box: Box) -> None:
    result = box.run(["no-such-command"], timeout=10)
    assert result.status == 127
    assert b"No such file" in result.err


def test_a_signal_that_ends_a_command_is_its_status(box: Box) -> None:
    assert box.run("kill -SEGV $$", timeout=10).status == -signal.SIGSEGV


def test_the_runtime_has_python_pytest_and_mypy(box: Box) -> None:
    box.call("write", path="test_it.py", data=b"def test_it(): assert 1 + 1 == 2\n")
    result = box.run("python -m pytest -q && mypy --version", timeout=60, merge=True)
    assert result.status == 0, result.out
    assert b"1 passed" in result.out
    assert b"mypy" in result.out


def test_a_flood_of_output_is_drained_and_capped(box: Box) -> None:
    script = "import os; [os.write(1, b'%07d\\n' % n) for n in range(100_000)]"
    result = box.run(["python", "-c", script], timeout=30)
    assert result.status == 0
    assert result.out.startswith(b"0000000\n")
    assert result.out.endswith(b"0099999\n")
    assert b"bytes dropped" in result.out
    assert len(result.out) < 17 * 1024
    assert result.dropped_bytes == 800_000 - 16 * 1024


def test_an_endless_flood_is_cut_off(box: Box) -> None:
    result = box.run("yes", timeout=60)
    assert result.status == -signal.SIGKILL
    assert not result.timed_out
    assert result.dropped_bytes > 1_000_000


def test_a_time_out_ends_the_whole_tree(box: Box) -> None:
    length = seconds()
    command = f"sleep {length} & (setsid sh -c 'sleep {length}; :' &) ; sleep {length}"
    result = box.run(command, timeout=0.5)
    assert result.timed_out
    assert result.status == -signal.SIGKILL
    assert processes_with(length) == []


def test_output_before_a_time_out_is_kept(box: Box) -> None:
    result = box.run("echo early; sleep 60", timeout=0.5)
    assert (result.out, result.timed_out) == (b"early\n", True)


def test_what_a_command_leaves_behind_is_dead_when_it_returns(box: Box) -> None:
    length = seconds()
    box.run(f"sleep {length} & (setsid sleep {length} &) ; echo done", timeout=10)
    assert processes_with(length) == []


def test_a_daemon_is_dead_after_a_sweep(box: Box) -> None:
    length = seconds()
    child = box.spawn("program", what="echo", times=1)
    twice = (
        "import os\nos.fork() and os._exit(0)\nos.setsid()\nos.fork() and os._exit(0)"
    )
    daemon = f"{twice}\nos.execlp('sleep', 'sleep', '{length}')"
    box.run(["python", "-c", daemon], timeout=10)
    box.sweep()
    assert processes_with(length) == []
    assert child.socket.recv(1) == b""


def test_a_sweep_counts_what_it_kills(box: Box) -> None:
    assert box.sweep() == 0
    children = [box.spawn("program", what="echo", times=1) for _ in range(3)]
    assert box.sweep() == 3
    assert [child.socket.recv(1) for child in children] == [b"", b"", b""]


def test_commands_of_two_threads_do_not_end_each_other(box: Box) -> None:
    with ThreadPoolExecutor() as pool:
        long = pool.submit(box.run, "sleep 0.5; echo long", timeout=30)
        short = [box.run("echo short", timeout=30).out for _ in range(5)]
        assert long.result().out == b"long\n"
    assert short == [b"short\n"] * 5


def test_limits_hold_in_commands(box: Box) -> None:
    memory = "import sys; x = bytearray(800 << 20)"
    assert b"MemoryError" in box.run(["python", "-c", memory], timeout=20).err
    big = box.run("head -c 6000000 /dev/zero > big", timeout=20)
    assert big.status != 0
    assert len(box.call("read", path="big")) == 4 << 20


# -- files ------------------------------------------------------------------------


def test_bytes_survive_writing_and_reading(box: Box) -> None:
    data = bytes(range(256)) * 1000
    box.call("write", path="deep/er/file.bin", data=data)
    assert box.call("read", path="deep/er/file.bin") == data
    box.call("write", path="deep/er/file.bin", data=b"short")
    assert box.call("read", path="deep/er/file.bin") == b"short"


def test_files_are_listed_with_sizes(box: Box) -> None:
    for path in ("b.py", "a/c.py", "a/d.txt"):
        box.call("write", path=path, data=b"12345")
    assert box.call("list", path=".", pattern="*") == [
        ["a/c.py", 5],
        ["a/d.txt", 5],
        ["b.py", 5],
    ]
    assert box.call("list", path=".", pattern="*.py") == [["a/c.py", 5], ["b.py", 5]]
    assert box.call("list", path="a", pattern="?.txt") == [["a/d.txt", 5]]
    assert box.call("list", path=".", pattern="a/*.py") == [["a/c.py", 5]]
    assert len(box.call("list", path=".", pattern="**/*")) == 3


def test_files_and_folders_are_removed(box: Box) -> None:
    box.call("write", path="a/b/c", data=b"")
    box.call("write", path="d", data=b"")
    box.call("remove", path="a")
    box.call("remove", path="d")
    assert box.call("list", path=".", pattern="*") == []


@pytest.mark.parametrize("operation", ["read", "remove", "list"])
def test_what_is_missing_is_said_by_its_number(box: Box, operation: str) -> None:
    with pytest.raises(FileNotFoundError) as caught:
        box.call(operation, path="nothing", pattern="*")
    assert caught.value.errno == errno.ENOENT
    assert caught.value.filename == "nothing"


def test_other_refusals_arrive_as_what_they_are(box: Box) -> None:
    box.call("write", path="file", data=b"")
    box.run("mkdir folder; mkfifo pipe", timeout=10)
    with pytest.raises(IsADirectoryError):
        box.call("read", path="folder")
    with pytest.raises(NotADirectoryError):
        box.call("write", path="file/below", data=b"")
    with pytest.raises(OSError, match="Invalid argument"):
        box.call("read", path="pipe")
    with pytest.raises(OSError, match="Invalid argument"):
        box.call("read", path="with\0null")
    with pytest.raises(OSError, match="File too large"):
        box.call("write", path="big", data=bytes(5 << 20))
    with pytest.raises(OSError, match="File name too long"):
        box.call("write", path="n" * 300, data=b"")


@pytest.mark.parametrize(
    "name", ["new\nline", "-rf", "\udcff\udc80", "a'b\"c$(d)", "ünï", " ", "\x1b[31m"]
)
def test_hostile_names_are_only_names(box: Box, name: str) -> None:
    box.call("write", path=name, data=b"x")
    assert box.call("list", path=".", pattern="*") == [[name, 1]]
    assert box.call("read", path=name) == b"x"
    box.call("remove", path=name)


def test_an_unknown_operation_is_our_mistake(box: Box) -> None:
    with pytest.raises(ValueError, match="no operation 'chmod'"):
        box.call("chmod", path="x")


# -- programs ---------------------------------------------------------------------


def test_a_program_talks_over_its_socket(box: Box) -> None:
    child = box.spawn("program", what="echo", times=3)
    child.socket.sendall(b"ab")
    assert child.socket.recv(10) == b"ababab"
    child.socket.close()


def test_the_pid_of_a_child_is_the_one_that_the_harness_sees(box: Box) -> None:
    child = box.spawn("program", what="echo", times=1)
    os.kill(child.pid, signal.SIGKILL)
    assert child.socket.recv(1) == b""
    assert eventually(lambda: not Path(f"/proc/{child.pid}").exists())


def test_every_child_is_fresh(box: Box) -> None:
    for _ in range(2):
        child = box.spawn("program", what="count")
        assert child.socket.recv(10) == b"1"
        child.socket.close()


def test_a_child_has_its_socket_and_nothing_else(box: Box) -> None:
    child = box.spawn("program", what="descriptors")
    assert len(child.socket.recv(1000).split()) == 4


def test_a_child_starts_in_the_working_folder(box: Box) -> None:
    assert (
        box.spawn("program", what="where").socket.recv(1000).decode() == box.workspace
    )


def test_code_sent_into_the_box_does_not_tell_where_it_came_from(box: Box) -> None:
    assert box.spawn("program", what="file").socket.recv(1000) == b"<program>"


def test_commands_spare_living_programs(box: Box) -> None:
    child = box.spawn("program", what="echo", times=1)
    box.run("true", timeout=10)
    child.socket.sendall(b"still here")
    assert child.socket.recv(20) == b"still here"


def test_a_program_that_does_not_load_is_named(
    level: str, workspace: Path, runtime: Runtime, tmp_path: Path
) -> None:
    broken = tmp_path / "broken.py"
    broken.write_text("import no_such_module\n")
    with pytest.raises(BoxError, match=r"'thing' does not load.*no_such_module"):
        open_box(BoxPlan(level, workspace, programs={"thing": broken}), runtime)


# -- verification -------------------------------------------------------------------


def test_a_verification_works_on_a_copy(verify_box: Box, submission: Path) -> None:
    assert verify_box.run("cat link; package/tool.sh", timeout=10).out == (
        b"answer = 42\ntool\n"
    )
    verify_box.run("echo 'answer = 43' > answer.py; rm -r package", timeout=10)
    assert (submission / "answer.py").read_text() == "answer = 42\n"
    assert (submission / "package").is_dir()


def test_a_reset_makes_everything_as_new(verify_box: Box) -> None:
    mess = (
        "echo 'answer = 43' > answer.py; rm -r package; mkdir -p new/deep; "
        "touch new/deep/file ~/mark ${TMPDIR:-/tmp}/mark; chmod 000 new"
    )
    verify_box.run(mess, timeout=10)
    verify_box.reset()
    names = [name for name, _ in verify_box.call("list", path=".", pattern="*")]
    assert names == ["answer.py", "link", "package/tool.sh"]
    assert verify_box.call("read", path="answer.py") == b"answer = 42\n"
    left = verify_box.run("ls -A ~; ls -A ${TMPDIR:-/tmp}", timeout=10)
    assert left.out == b"home\n"


def test_a_reset_copes_with_very_deep_folders(verify_box: Box) -> None:
    dig = "import os\nfor _ in range(600): os.mkdir('d' * 20); os.chdir('d' * 20)\n"
    verify_box.run(["python", "-c", dig], timeout=20)
    verify_box.reset()
    assert len(verify_box.call("list", path=".", pattern="*")) == 3


def test_a_reset_ends_what_runs(verify_box: Box) -> None:
    length = seconds()
    verify_box.run(f"(setsid sleep {length} &)", timeout=10)
    verify_box.reset()
    assert processes_with(length) == []


# -- the end ----------------------------------------------------------------------


def test_nothing_is_left_of_a_closed_box(
    level: str,
    tmp_path: Path,
    program: Path,
    runtime: Runtime,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    workspace = tmp_path / "workspace"
    workspace.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    plan = BoxPlan(level, workspace, programs={"program": program})
    box = open_box(plan, runtime)
    child = box.spawn("program", what="echo", times=1)
    box.close()
    box.close()
    assert not Path(f"/proc/{child.pid}").exists()
    assert not list(tmp_path.glob("overnight-*"))


def test_a_closed_box_says_so(box: Box) -> None:
    box.close()
    with pytest.raises(BoxGone):
        box.run("true", timeout=10)
    with pytest.raises(BoxGone):
        box.sweep()


def test_a_box_that_does_not_start_says_why(runtime: Runtime, tmp_path: Path) -> None:
    plan = BoxPlan("process", submission=tmp_path / "missing")
    with pytest.raises((BoxError, OSError), match="No such file"):
        open_box(plan, runtime)


def test_a_plan_has_a_workspace_or_a_submission(runtime: Runtime, level: str) -> None:
    with pytest.raises(ValueError, match="either a workspace or a submission"):
        open_box(BoxPlan(level), runtime)
