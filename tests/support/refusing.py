"""A machine that refuses something, as containers, old kernels and boot options do.

    python refusing.py userns,landlock COMMAND…

runs the command, and all that it starts, under a filter of system calls that says no
to these features. The filter is made and installed here, by other code than the
product's own.
"""

from __future__ import annotations

import ctypes
import errno
import os
import struct
import sys
from dataclasses import dataclass

COLUMN = {"x86_64": 0, "aarch64": 1}.get(os.uname().machine)
"""Which numbers of :class:`Refusal` count here; none where they are not known."""


@dataclass(frozen=True)
class Refusal:
    """One system call that fails."""

    numbers: tuple[int, int]
    """On x86-64 and on aarch64."""
    error: int = errno.EPERM
    equals: int | None = None
    """Only with this first argument."""
    any_of: int | None = None
    """Only with any of these bits in the first argument."""


FEATURES = {
    # As the default profile of Docker does it.
    "userns": (
        Refusal((272, 97)),  # unshare
        Refusal((308, 268)),  # setns
        Refusal((56, 220), any_of=0x7E02_0000),  # clone with any CLONE_NEW…
        Refusal((435, 435), errno.ENOSYS),  # clone3, whose flags no filter can read
    ),
    # As a kernel without it, or with a boot option that leaves it out.
    "landlock": (
        Refusal((444, 444), errno.ENOSYS),
        Refusal((445, 445), errno.ENOSYS),
        Refusal((446, 446), errno.ENOSYS),
    ),
    # A filter judges the calls that come after it: its own is already made.
    "seccomp": (
        Refusal((317, 277)),  # seccomp
        Refusal((157, 167), equals=22),  # prctl(PR_SET_SECCOMP)
    ),
}


def without(*features: str) -> list[str]:
    """Words to be put before a command, so that it meets these refusals."""
    return [sys.executable, __file__, ",".join(features)] if features else []


def install(refusals: list[Refusal]) -> None:
    """Refuse from now on, here and in all that this process starts."""
    assert COLUMN is not None
    # <linux/bpf_common.h>: 0x20 loads, 0x15 compares, 0x45 tests bits, 0x06 returns.
    steps: list[tuple[int, int, int, int]] = [(0x20, 0, 0, 0)]  # the call's number
    for refusal in refusals:
        then = [(0x06, 0, 0, 0x0005_0000 | refusal.error)]
        for operation, operand in ((0x15, refusal.equals), (0x45, refusal.any_of)):
            if operand is not None:
                then = [(0x20, 0, 0, 16), (operation, 0, 1, operand), *then]
                then.append((0x06, 0, 0, 0x7FFF_0000))  # another number is loaded
        steps += [(0x15, 0, len(then), refusal.numbers[COLUMN]), *then]
    steps.append((0x06, 0, 0, 0x7FFF_0000))
    program = b"".join(struct.pack("<HBBI", *step) for step in steps)
    text = ctypes.create_string_buffer(program)
    head = struct.pack("<HxxxxxxQ", len(steps), ctypes.addressof(text))
    library = ctypes.CDLL(None, use_errno=True)
    no_new_privileges, set_filter = (38, 1, 0, 0, 0), (22, 2, head, 0, 0)
    if library.prctl(*no_new_privileges) or library.prctl(*set_filter):
        sys.exit(f"cannot refuse anything here: {os.strerror(ctypes.get_errno())}")


if __name__ == "__main__":
    install([one for name in sys.argv[1].split(",") for one in FEATURES[name]])
    os.execvp(sys.argv[2], sys.argv[2:])
