"""System calls as the kernel numbers them, and a reader of the filters over them."""

from __future__ import annotations

import errno
import os
import struct
from collections.abc import Iterable

AUDIT_ARCH = {"x86_64": 0xC000_003E, "aarch64": 0xC000_00B7}
"""Machine → what the kernel calls it in ``struct seccomp_data``."""

JUDGED = {
    "clone": (56, 220),
    "clone3": (435, 435),
    "ioctl": (16, 29),
    "socket": (41, 198),
    "socketpair": (53, 199),
    "bind": (49, 200),
    "connect": (42, 203),
    "prctl": (157, 167),
    "setpriority": (141, 140),
    "ioprio_set": (251, 30),
    "prlimit64": (302, 261),
    "sched_setaffinity": (203, 122),
    "sched_setscheduler": (144, 119),
    "sched_setparam": (142, 118),
    "sched_setattr": (314, 274),
}
"""Calls that are judged by more than their name; numbers on x86-64 and aarch64."""

NAMESPACES = {
    "NEWNS": 0x0002_0000,
    "NEWCGROUP": 0x0200_0000,
    "NEWUTS": 0x0400_0000,
    "NEWIPC": 0x0800_0000,
    "NEWUSER": 0x1000_0000,
    "NEWPID": 0x2000_0000,
    "NEWNET": 0x4000_0000,
}
TIOCSTI, TIOCLINUX, TCGETS = 0x5412, 0x541C, 0x5401
UNIX, INET, INET6, NETLINK = 1, 2, 10, 16
STREAM, DATAGRAM, RAW, SEQUENCED = 1, 2, 3, 5

ALLOW, KILL = 0x7FFF_0000, 0x8000_0000
REFUSE, UNKNOWN = 0x0005_0000 | errno.EPERM, 0x0005_0000 | errno.ENOSYS

Step = tuple[int, int, int, int]
"""Operation, steps to skip when true, when false, operand."""


def column(machine: str = "") -> int:
    """Where the numbers of a machine, by default this one, stand in the tables."""
    return list(AUDIT_ARCH).index(machine or os.uname().machine)


def decode(program: bytes) -> list[Step]:
    """The steps of a filter."""
    return list(struct.iter_unpack("<HBBI", program))


def verdict(
    steps: list[Step], arch: int, number: int, arguments: Iterable[int] = ()
) -> int:
    """Run a filter on one call: the few operations of classic BPF that it uses."""
    padded = [*arguments, 0, 0, 0, 0, 0, 0][:6]
    data = struct.pack("<IIQ6Q", number, arch, 0, *padded)  # struct seccomp_data
    at = loaded = 0
    while True:
        operation, if_true, if_false, operand = steps[at]
        at += 1
        if operation == 0x20:
            (loaded,) = struct.unpack_from("<I", data, operand)
        elif operation == 0x54:
            loaded &= operand
        elif operation == 0x06:
            return operand
        elif operation == 0x15:
            at += if_true if loaded == operand else if_false
        elif operation == 0x35:
            at += if_true if loaded >= operand else if_false
        elif operation == 0x45:
            at += if_true if loaded & operand else if_false
        else:
            raise ValueError(f"unknown operation {operation:#x}")
