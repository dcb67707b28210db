"""The filter of system calls in force: what is refused, and what still works."""

from __future__ import annotations

import errno
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from pytest_overnight.sandbox import seccomp
from tests.support.calls import DATAGRAM
from tests.support.calls import INET
from tests.support.calls import JUDGED
from tests.support.calls import NAMESPACES
from tests.support.calls import NETLINK
from tests.support.calls import RAW
from tests.support.calls import STREAM
from tests.support.calls import TIOCSTI
from tests.support.calls import UNIX
from tests.support.calls import column

CHECKOUT = Path(__file__).resolve().parents[2]
X86_64 = os.uname().machine == "x86_64"

pytestmark = pytest.mark.skipif(bool(seccomp.why_not()), reason=seccomp.why_not())

INSTALL = f"""\
import ctypes, errno, os, sys
sys.path.insert(0, {str(CHECKOUT)!r})
from pytest_overnight.sandbox import seccomp
from pytest_overnight.sandbox.inside import kernel

LIBC = ctypes.CDLL(None, use_errno=True)

def call(number, *arguments):
    # The error of a system call, by name; the empty text for none.
    ctypes.set_errno(0)
    values = [ctypes.c_long(value) for value in arguments]
    if LIBC.syscall(ctypes.c_long(number), *values) != -1:
        return ""
    return errno.errorcode.get(ctypes.get_errno(), "?")

assert kernel.prctl(kernel.NO_NEW_PRIVILEGES, 1)
assert kernel.filter_system_calls(seccomp.program(network=sys.argv[1] == "network"))
"""


def under_the_filter(
    code: str, network: bool = False
) -> subprocess.CompletedProcess[str]:
    """Run a program that puts itself under the filter first; it has no terminal."""
    return subprocess.run(
        [sys.executable, "-c", INSTALL + code, "network" if network else "none"],
        capture_output=True,
        text=True,
        timeout=60,
        start_new_session=True,
        check=False,
    )


@pytest.mark.parametrize("network", [False, True])
def test_each_refused_call_really_is(network: bool) -> None:
    # Arguments that no call can use: were one let through, it would still do nothing.
    numbers = {n: v[column()] for n, v in seccomp._REFUSED.items()}
    numbers = {name: number for name, number in numbers.items() if number >= 0}
    code = f"for name, number in {numbers!r}.items():\n"
    code += "    print(name, call(number, -1, *[0 if 'msg' in name else -1] * 5))\n"
    done = under_the_filter(code, network)
    said = dict(line.split(" ") for line in done.stdout.splitlines())
    assert said == dict.fromkeys(numbers, "EPERM"), done.stderr


CASES: dict[str, tuple[str, tuple[int, ...]]] = {
    "no terminal input": ("ioctl", (0, TIOCSTI, 0)),
    "no hiding": ("prctl", (4, 0, 0, 0, 0)),
    "limits of others": ("prlimit64", (1, 0, 0, 0)),
    "priority of others": ("setpriority", (0, 1, 0)),
    "priority of a user": ("setpriority", (2, 0, 0)),
    "disk priority of a user": ("ioprio_set", (3, 0, 0)),
    "internet": ("socket", (INET, STREAM, 0)),
    "datagrams": ("socket", (UNIX, DATAGRAM, 0)),
    "a pair of datagrams": ("socketpair", (UNIX, DATAGRAM, 0, 0)),
    "netlink": ("socket", (NETLINK, RAW, 0)),
    "a name": ("bind", (-1, 0, 0)),
    "a connection": ("connect", (-1, 0, 0)),
    # With a flag that makes no sense alone: no process would come of it.
    **{f"clone {n}": ("clone", (f | 0x1_0000, 0, 0, 0)) for n, f in NAMESPACES.items()},
}


def test_calls_that_are_refused_for_their_arguments_really_are() -> None:
    calls = {
        what: (JUDGED[name][column()], *words) for what, (name, words) in CASES.items()
    }
    code = f"for what, words in {calls!r}.items():\n"
    code += "    print(what, '=', call(*words))\n"
    done = under_the_filter(code)
    said = dict(line.split(" = ") for line in done.stdout.splitlines())
    assert said == dict.fromkeys(CASES, "EPERM"), done.stderr


def test_the_call_whose_flags_cannot_be_read_is_unknown() -> None:
    done = under_the_filter(f"print(call({JUDGED['clone3'][column()]}, 0, 0))")
    assert done.stdout == "ENOSYS\n", done.stderr


HONEST = """
import asyncio, multiprocessing, socket, subprocess, threading

child = os.fork()
if child == 0:
    os._exit(7)
assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 7

seen = []
thread = threading.Thread(target=seen.append, args=[1])
thread.start()
thread.join()
assert seen == [1]

assert subprocess.check_output(["echo", "x"]) == b"x\\n"
assert subprocess.check_output("echo y | cat", shell=True) == b"y\\n"

here, there = socket.socketpair()
here.sendall(b"z")
assert there.recv(1) == b"z"

async def talk():
    process = await asyncio.create_subprocess_exec("cat", stdin=-1, stdout=-1)
    return (await process.communicate(b"w"))[0]

assert asyncio.run(talk()) == b"w"
with multiprocessing.get_context("fork").Pool(2) as pool:
    assert pool.map(abs, [-1, -2]) == [1, 2]
os.setpriority(os.PRIO_PROCESS, 0, os.getpriority(os.PRIO_PROCESS, 0))
print("all works")
"""

TALKING = """
import asyncio

async def serve():
    async def answer(reader, writer):
        writer.write(await reader.read(1))
        writer.close()
    server = await asyncio.start_server(answer, "127.0.0.1", 0)
    reader, writer = await asyncio.open_connection(*server.sockets[0].getsockname())
    writer.write(b"x")
    return await reader.read()

assert asyncio.run(serve()) == b"x"
print("all works")
"""


@pytest.mark.parametrize("network", [False, True])
def test_honest_programs_work_under_it(network: bool) -> None:
    done = under_the_filter(HONEST, network)
    assert done.stdout == "all works\n", done.stderr


def test_programs_in_a_network_of_their_own_may_talk() -> None:
    done = under_the_filter(TALKING, network=True)
    assert done.stdout == "all works\n", done.stderr


def test_it_holds_also_in_the_next_program() -> None:
    code = "import socket\ntry: socket.socket()\nexcept OSError as e: print(e.errno)\n"
    done = under_the_filter(f"os.execv(sys.executable, ['python', '-c', {code!r}])")
    assert done.stdout == f"{errno.EPERM}\n", done.stderr


FOREIGN_CALL = """
import ctypes, mmap, os
# mov eax, 20 (getpid); int 0x80; ret
text = bytes.fromhex("b814000000cd80c3")
page = mmap.mmap(-1, 4096, prot=mmap.PROT_READ | mmap.PROT_WRITE | mmap.PROT_EXEC)
page.write(text)
address = ctypes.addressof(ctypes.c_char.from_buffer(page))
print(ctypes.CFUNCTYPE(ctypes.c_long)(address)() == os.getpid())
"""


@pytest.mark.skipif(not X86_64, reason="only x86-64 has such calls")
def test_a_32_bit_call_kills() -> None:
    words = [sys.executable, "-c", FOREIGN_CALL]
    if subprocess.run(words, capture_output=True, check=False).stdout != b"True\n":
        pytest.skip("this kernel has no 32-bit calls")
    assert under_the_filter(FOREIGN_CALL).returncode == -signal.SIGSYS


@pytest.mark.skipif(not X86_64, reason="only x86-64 has such calls")
def test_a_call_of_the_second_numbering_kills() -> None:
    done = under_the_filter("call(0x40000000 + 39)\nprint('alive')")
    assert (done.returncode, done.stdout) == (-signal.SIGSYS, "")
