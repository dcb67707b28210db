"""Which system calls agent code may not make: a seccomp filter as BPF instructions.

Source: Linux, ``Documentation/userspace-api/seccomp_filter.rst`` and the tables
``syscall_64.tbl`` (x86-64) and ``asm-generic/unistd.h`` (aarch64). A call whose answer
does not depend on its arguments is decided once and then costs nothing (since 5.11).
"""

from __future__ import annotations

import errno
import os
import struct
from collections.abc import Iterable
from functools import lru_cache

_ARCHITECTURES = {"x86_64": (0xC000003E, 0), "aarch64": (0xC00000B7, 1)}
"""Machine → its AUDIT_ARCH number, and its column below."""

_NONE = -1
_REFUSED: dict[str, tuple[int, int]] = {
    # other processes
    "ptrace": (101, 117),
    "process_vm_readv": (310, 270),
    "process_vm_writev": (311, 271),
    "process_madvise": (440, 440),
    "process_mrelease": (448, 448),
    "pidfd_getfd": (438, 438),
    "kcmp": (312, 272),
    "migrate_pages": (256, 238),
    "move_pages": (279, 239),
    # namespaces and mounts
    "unshare": (272, 97),
    "setns": (308, 268),
    "chroot": (161, 51),
    "pivot_root": (155, 41),
    "mount": (165, 40),
    "umount2": (166, 39),
    "open_tree": (428, 428),
    "move_mount": (429, 429),
    "fsopen": (430, 430),
    "fsconfig": (431, 431),
    "fsmount": (432, 432),
    "fspick": (433, 433),
    "mount_setattr": (442, 442),
    "statmount": (457, 457),
    "listmount": (458, 458),
    "open_tree_attr": (467, 467),
    # parts of the kernel that no answer needs
    "io_uring_setup": (425, 425),
    "io_uring_enter": (426, 426),
    "io_uring_register": (427, 427),
    "bpf": (321, 280),
    "perf_event_open": (298, 241),
    "userfaultfd": (323, 282),
    "fanotify_init": (300, 262),
    "lookup_dcookie": (212, 18),
    "modify_ldt": (154, _NONE),
    "add_key": (248, 217),
    "request_key": (249, 218),
    "keyctl": (250, 219),
    "open_by_handle_at": (304, 265),
    # the machine
    "init_module": (175, 105),
    "finit_module": (313, 273),
    "delete_module": (176, 106),
    "kexec_load": (246, 104),
    "kexec_file_load": (320, 294),
    "reboot": (169, 142),
    "acct": (163, 89),
    "quotactl": (179, 60),
    "quotactl_fd": (443, 443),
    "swapon": (167, 224),
    "swapoff": (168, 225),
    "settimeofday": (164, 170),
    "adjtimex": (159, 171),
    "clock_settime": (227, 112),
    "clock_adjtime": (305, 266),
    "sethostname": (170, 161),
    "setdomainname": (171, 162),
    "syslog": (103, 116),
    "vhangup": (153, 58),
    "iopl": (172, _NONE),
    "ioperm": (173, _NONE),
    "nfsservctl": (180, 42),
    # memory and messages that outlive a process or count for nobody
    "shmget": (29, 194),
    "shmat": (30, 196),
    "shmctl": (31, 195),
    "semget": (64, 190),
    "semop": (65, 193),
    "semctl": (66, 191),
    "semtimedop": (220, 192),
    "msgget": (68, 186),
    "msgsnd": (69, 189),
    "msgrcv": (70, 188),
    "msgctl": (71, 187),
    "mq_open": (240, 180),
    "mq_unlink": (241, 181),
    "memfd_create": (319, 279),
    "memfd_secret": (447, 447),
}
_CLONE = (56, 220)
_CLONE3 = (435, 435)
_IOCTL = (16, 29)
_SOCKET = (41, 198)
_SOCKETPAIR = (53, 199)
_BIND = (49, 200)
_CONNECT = (42, 203)
_PRCTL = (157, 167)
_PRIORITY = (141, 140)
_IO_PRIORITY = (251, 30)
_OF_A_PROCESS = {
    "prlimit64": (302, 261),
    "sched_setaffinity": (203, 122),
    "sched_setscheduler": (144, 119),
    "sched_setparam": (142, 118),
    "sched_setattr": (314, 274),
}
"""Calls that change the process in their first argument; 0 is the caller."""

_NEW_NAMESPACES = 0x7E02_0000  # every CLONE_NEW… flag that clone takes
_TERMINAL_INPUT = (0x5412, 0x541C)  # TIOCSTI, TIOCLINUX
_LOCAL, _INTERNET, _INTERNET6 = 1, 2, 10
_STREAM, _PACKETS = 1, 5
_SOCKET_TYPE = 0xF  # the rest are flags
_DUMPABLE = 4  # PR_SET_DUMPABLE

# Instructions of <linux/bpf_common.h>.
_LOAD, _AND, _RETURN = 0x20, 0x54, 0x06
_EQUAL, _AT_LEAST, _ANY_BIT = 0x15, 0x35, 0x45
_ALLOW = 0x7FFF_0000
_KILL = 0x8000_0000
_ERROR = 0x0005_0000
_REFUSE = _ERROR | errno.EPERM
_UNKNOWN = _ERROR | errno.ENOSYS
_NUMBER, _ARCHITECTURE, _ARGUMENTS = 0, 4, 16  # offsets in struct seccomp_data
_X32 = 0x4000_0000

Instruction = tuple[int, int, int, int]
"""Operation, steps to skip when true, when false, operand."""


def why_not() -> str:
    """Why no filter can be made here; empty when one can."""
    machine = os.uname().machine
    if machine in _ARCHITECTURES:
        return ""
    return f"no seccomp filter is known for {machine}"


@lru_cache
def program(*, network: bool) -> bytes:
    """The filter for this machine.

    ``network``: whether the box has a network of its own, in which its programs may
    talk to each other. Else a socket is at most a pair of connected ends: no call is
    left that could reach a process outside.
    """
    number, column = _ARCHITECTURES[os.uname().machine]
    steps: list[Instruction] = [
        (_LOAD, 0, 0, _ARCHITECTURE),
        (_EQUAL, 1, 0, number),
        (_RETURN, 0, 0, _KILL),
        (_LOAD, 0, 0, _NUMBER),
    ]
    if column == 0:  # the second numbering of x86-64
        steps += [(_AT_LEAST, 0, 1, _X32), (_RETURN, 0, 0, _KILL)]
    for numbers in _REFUSED.values():
        steps += _when(numbers[column], [(_RETURN, 0, 0, _REFUSE)])
    # The C library then falls back on clone, whose flags can be read here.
    steps += _when(_CLONE3[column], [(_RETURN, 0, 0, _UNKNOWN)])
    flags = [_argument(0), (_ANY_BIT, 0, 1, _NEW_NAMESPACES)]
    steps += _when(_CLONE[column], [*flags, *_REFUSE_OR_ALLOW])
    steps += _when(_IOCTL[column], _unless(1, _TERMINAL_INPUT))
    steps += _when(_PRCTL[column], _no_hiding())
    for numbers in _OF_A_PROCESS.values():
        steps += _when(numbers[column], _only(0, [0]))
    # Of one process, and that the caller; other kinds reach all that the user has.
    for numbers, one in ((_PRIORITY, 0), (_IO_PRIORITY, 1)):
        this = [_argument(0), (_EQUAL, 1, 0, one), (_RETURN, 0, 0, _REFUSE)]
        steps += _when(numbers[column], [*this, *_only(1, [0])])
    families = [_LOCAL, _INTERNET, _INTERNET6] if network else [_LOCAL]
    for numbers in (_SOCKET, _SOCKETPAIR):
        kinds = [] if network else [_STREAM, _PACKETS]
        steps += _when(numbers[column], _sockets(families, kinds))
    if not network:
        for numbers in (_BIND, _CONNECT):
            steps += _when(numbers[column], [(_RETURN, 0, 0, _REFUSE)])
    steps.append((_RETURN, 0, 0, _ALLOW))
    return b"".join(struct.pack("<HBBI", *step) for step in steps)


_REFUSE_OR_ALLOW: list[Instruction] = [
    (_RETURN, 0, 0, _REFUSE),
    (_RETURN, 0, 0, _ALLOW),
]


def _when(number: int, then: list[Instruction]) -> list[Instruction]:
    """Steps for one call; they must end it, for they may change what is loaded."""
    return [] if number == _NONE else [(_EQUAL, 0, len(then), number), *then]


def _argument(index: int) -> Instruction:
    """Load the lower half of an argument, little-endian."""
    return (_LOAD, 0, 0, _ARGUMENTS + 8 * index)


def _only(index: int, values: Iterable[int]) -> list[Instruction]:
    """Allow these values of an argument."""
    allowed = [s for v in values for s in ((_EQUAL, 0, 1, v), (_RETURN, 0, 0, _ALLOW))]
    return [_argument(index), *allowed, (_RETURN, 0, 0, _REFUSE)]


def _unless(index: int, values: Iterable[int]) -> list[Instruction]:
    """Refuse these values of an argument."""
    refused = [s for v in values for s in ((_EQUAL, 0, 1, v), (_RETURN, 0, 0, _REFUSE))]
    return [_argument(index), *refused, (_RETURN, 0, 0, _ALLOW)]


def _no_hiding() -> list[Instruction]:
    """A process that is not dumpable could hide its memory from the watch."""
    return [
        _argument(0),
        (_EQUAL, 1, 0, _DUMPABLE),
        (_RETURN, 0, 0, _ALLOW),
        *_only(1, [1]),
    ]


def _sockets(families: Iterable[int], kinds: Iterable[int]) -> list[Instruction]:
    """Allow sockets of these families, and of these kinds when any is named."""
    rest: list[Instruction] = [(_RETURN, 0, 0, _ALLOW)]
    if kinds:
        rest = [_argument(1), (_AND, 0, 0, _SOCKET_TYPE), *_only(1, kinds)[1:]]
    known = list(families)
    steps = [_argument(0)]
    for index, family in enumerate(known):
        # Past the families still to come and the refusal.
        steps.append((_EQUAL, len(known) - index, 0, family))
    return [*steps, (_RETURN, 0, 0, _REFUSE), *rest]
