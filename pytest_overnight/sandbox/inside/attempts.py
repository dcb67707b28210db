"""What the self-test tries inside a box; see :mod:`pytest_overnight.sandbox.probe`.

Sent as the text of a program: ``python -c TEXT FACTS``. Standard library only. Prints
one JSON object, name of the attempt → whether it succeeded.
"""

from __future__ import annotations

import ctypes
import importlib
import json
import os
import signal
import socket
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

FACTS: dict[str, Any] = json.loads(sys.argv[1])
LIBC = ctypes.CDLL(None, use_errno=True)
FAMILIES = {"netlink": 16, "packet": 17, "alg": 38, "vsock": 40}
PTRACE_ATTACH, PTRACE_DETACH = 16, 17
NEW_USER_NAMESPACE = 0x1000_0000
IO_URING_SETUP = 425
IO_URING_PARAMS_BYTES = 120


def works(action: Callable[[], Any]) -> bool:
    """Whether an attempt comes through."""
    try:
        return bool(action())
    except Exception:
        return False


def connects(family: int, address: Any, kind: int = socket.SOCK_STREAM) -> bool:
    """To a listener of the host's."""
    with socket.socket(family, kind) as sock:
        sock.settimeout(1)
        sock.connect(address)
        sock.sendall(FACTS["marker"].encode())
        return True


def creates_any() -> bool:
    """A socket of a family that reaches the kernel or other machines."""
    for family in FAMILIES.values():
        try:
            socket.socket(family, socket.SOCK_DGRAM).close()
        except OSError:
            continue
        return True
    return False


def changes_modes() -> bool:
    """Of a file outside."""
    Path(FACTS["secret"]).chmod(0o640)
    return True


def signals() -> bool:
    """A process outside; harmless to it."""
    os.kill(FACTS["process"], signal.SIGCONT)
    return True


def traces() -> bool:
    """Reads or controls a process outside."""
    if works(lambda: reads(f"/proc/{FACTS['process']}/mem")):
        return True
    attached: bool = LIBC.ptrace(PTRACE_ATTACH, FACTS["process"], None, None) == 0
    if attached:
        os.waitpid(FACTS["process"], 0)
        LIBC.ptrace(PTRACE_DETACH, FACTS["process"], None, None)
    return attached


def sees(name: str) -> bool:
    """A file of a process outside that tells what it is."""
    data = Path(f"/proc/{FACTS['process']}/{name}").read_bytes()
    return FACTS["marker"].encode() in data


def sees_processes() -> bool:
    """What they are, or at least that there are any."""
    number = FACTS["process"]
    return works(lambda: sees("cmdline")) or os.getsid(number) >= 0


def makes_a_namespace() -> bool:
    """In which it would be root."""
    child = os.fork()
    if child == 0:
        os._exit(int(LIBC.unshare(NEW_USER_NAMESPACE) != 0))
    return os.waitpid(child, 0)[1] == 0


def rings() -> bool:
    """Opens the way past filters of system calls."""
    parameters = ctypes.create_string_buffer(IO_URING_PARAMS_BYTES)
    return bool(LIBC.syscall(IO_URING_SETUP, 1, parameters) >= 0)


def reads(path: str) -> bool:
    """At least opens it for reading."""
    with Path(path).open("rb"):
        return True


def reads_any() -> bool:
    """Of what must stay hidden."""
    for path in FACTS["hidden"]:
        try:
            reads(path)
        except OSError:
            continue
        return True
    return False


def imports_pytest() -> bool:
    """The runtime's own."""
    pytest = importlib.import_module("pytest")
    return bool(pytest.__version__ == FACTS["pytest"])


ATTEMPTS: dict[str, Callable[[], Any]] = {
    "read": lambda: Path(FACTS["secret"]).read_text() == FACTS["marker"],
    "names": lambda: any(map(os.path.lexists, [FACTS["secret"], *FACTS["hidden"]])),
    "write": lambda: Path(FACTS["outside"]).write_text("x"),
    "modes": changes_modes,
    "system": lambda: Path(FACTS["system"]).write_text("x"),
    "tcp": lambda: connects(socket.AF_INET, ("127.0.0.1", FACTS["tcp"])),
    "udp": lambda: connects(
        socket.AF_INET, ("127.0.0.1", FACTS["udp"]), socket.SOCK_DGRAM
    ),
    "unix": lambda: connects(socket.AF_UNIX, FACTS["unix"]),
    "abstract": lambda: connects(socket.AF_UNIX, "\0" + FACTS["abstract"]),
    "families": creates_any,
    "signal": signals,
    "trace": traces,
    "environ": lambda: sees("environ"),
    "processes": sees_processes,
    "userns": makes_a_namespace,
    "io_uring": rings,
    "hidden": reads_any,
    "workspace": lambda: Path("probe.txt").write_text("x"),
    "pytest": imports_pytest,
}

print(json.dumps({name: works(action) for name, action in ATTEMPTS.items()}))
