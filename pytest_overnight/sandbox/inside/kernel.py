"""Calls into the kernel that Python's standard library has no function for.

``_ctypes`` alone, because ``import ctypes`` costs 4 ms in every new box. Whole numbers
pass as C's ``int``; whatever is wider travels in a struct, as bytes.
"""

from __future__ import annotations

import sys

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

# Numbers of <linux/prctl.h>.
PARENT_DEATH_SIGNAL = 1
DUMPABLE = 4
SECCOMP = 22
SUBREAPER = 36
NO_NEW_PRIVILEGES = 38

_SECCOMP_MODE_FILTER = 2
_INSTRUCTION_BYTES = 8


def prctl(option: int, value: int) -> bool:
    """Set one attribute of this process; False where the kernel has no such call."""
    return call("prctl", option, value, 0, 0, 0) == 0


def syscall(number: int, *arguments: int | bytes | None) -> int:
    """A system call by its number; -1 when it is refused or unknown."""
    return call("syscall", number, *arguments)


def call(name: str, *arguments: Any) -> int:
    """A function of the C library; -1 also where there is none."""
    if sys.platform != "linux":
        return -1
    try:
        from _ctypes import call_function
        from _ctypes import dlopen
        from _ctypes import dlsym
    except ImportError:  # a Python built without libffi
        return -1
    result: int = call_function(dlsym(dlopen("", 2), name), arguments)
    return result


def filter_system_calls(program: bytes) -> bool:
    """Install a seccomp filter, for good, here and in all children."""
    from _ctypes import Array
    from _ctypes import _SimpleCData
    from _ctypes import addressof

    class Char(_SimpleCData):  # type: ignore[type-arg]
        _type_ = "c"

    class Buffer(Array):  # type: ignore[type-arg]
        _type_ = Char
        _length_ = len(program)

    buffer = Buffer.from_buffer_copy(program)
    count = len(program) // _INSTRUCTION_BYTES
    # struct sock_fprog: a short, padding, a pointer.
    head = count.to_bytes(8, "little") + addressof(buffer).to_bytes(8, "little")
    return call("prctl", SECCOMP, _SECCOMP_MODE_FILTER, head, 0, 0) == 0
