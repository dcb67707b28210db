"""What the filter of system calls says; tests/security has what the kernel does."""

from __future__ import annotations

import itertools
import os
import re
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pytest_overnight.sandbox import seccomp
from tests.support.calls import ALLOW
from tests.support.calls import AUDIT_ARCH
from tests.support.calls import DATAGRAM
from tests.support.calls import INET
from tests.support.calls import INET6
from tests.support.calls import JUDGED
from tests.support.calls import KILL
from tests.support.calls import NAMESPACES
from tests.support.calls import RAW
from tests.support.calls import REFUSE
from tests.support.calls import SEQUENCED
from tests.support.calls import STREAM
from tests.support.calls import TCGETS
from tests.support.calls import TIOCLINUX
from tests.support.calls import TIOCSTI
from tests.support.calls import UNIX
from tests.support.calls import UNKNOWN
from tests.support.calls import Step
from tests.support.calls import column
from tests.support.calls import decode
from tests.support.calls import verdict

HEADERS = {
    "x86_64": Path("/usr/include/x86_64-linux-gnu/asm/unistd_64.h"),
    "aarch64": Path("/usr/include/asm-generic/unistd.h"),
}
HIGH = 1 << 32  # the kernel takes these arguments as 32 bits
CLOSE_ON_EXEC = 0x8_0000
FORK, THREAD = 0x0120_0011, 0x003D_0F00  # as the C library asks them of clone
INTERESTING = sorted(
    {0, 1, 2, 3, 4, 5, 10, 16, 17, 22, 36, 38, 40, 1000, 0xFFFF_FFFF, HIGH, HIGH + 1}
    | {FORK, THREAD, TIOCSTI, TIOCLINUX, TCGETS, HIGH | TIOCSTI}
    | {kind | CLOSE_ON_EXEC for kind in (STREAM, DATAGRAM, RAW, SEQUENCED)}
    | set(NAMESPACES.values())
)
TABLE = {**seccomp._REFUSED, **JUDGED}


@pytest.fixture(params=sorted(AUDIT_ARCH))
def machine(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    """Each architecture that has a filter; here it is only read."""
    name: str = request.param
    told = os.uname_result(("Linux", "here", "6.12", "1", name))
    monkeypatch.setattr(os, "uname", lambda: told)
    return name


def steps_of(network: bool) -> list[Step]:
    """The filter, made without a memory of the true machine."""
    return decode(seccomp.program.__wrapped__(network=network))


def intended(name: str, arguments: tuple[int, ...], network: bool) -> int:
    """What the filter should say to a call of the table."""
    first, second = (value % HIGH for value in arguments[:2])
    if name == "clone3":
        return UNKNOWN
    if name in ("socket", "socketpair") and network:
        allowed = first in (UNIX, INET, INET6)
    elif name in ("socket", "socketpair"):
        allowed = first == UNIX and second & 0xF in (STREAM, SEQUENCED)
    elif name in ("bind", "connect"):
        allowed = network
    elif name == "clone":
        allowed = not first & sum(NAMESPACES.values())
    elif name == "ioctl":
        allowed = second not in (TIOCSTI, TIOCLINUX)
    elif name == "prctl":
        allowed = first != 4 or second == 1  # PR_SET_DUMPABLE
    elif name == "setpriority":  # 0 also names all processes of the caller's user
        allowed = (first, second) == (0, 0)  # PRIO_PROCESS
    elif name == "ioprio_set":
        allowed = (first, second) == (1, 0)  # IOPRIO_WHO_PROCESS
    else:
        allowed = name in JUDGED and first == 0
    return ALLOW if allowed else REFUSE


@pytest.mark.parametrize("network", [False, True])
def test_it_is_a_program_that_the_kernel_takes(machine: str, network: bool) -> None:
    steps = steps_of(network)
    assert len(steps) <= 4096  # BPF_MAXINSNS
    for at, (operation, if_true, if_false, operand) in enumerate(steps):
        assert operation in (0x20, 0x54, 0x06, 0x15, 0x35, 0x45)
        if operation in (0x15, 0x35, 0x45):
            assert at + 1 + max(if_true, if_false) < len(steps)
        if operation == 0x20:
            assert operand in range(0, 64, 4)  # aligned, in struct seccomp_data
    assert steps[-1][0] == 0x06


@pytest.mark.parametrize("network", [False, True])
def test_every_call_meets_exactly_what_is_intended(machine: str, network: bool) -> None:
    steps, arch = steps_of(network), AUDIT_ARCH[machine]
    names = {numbers[column(machine)]: name for name, numbers in TABLE.items()}
    for number in range(501):
        name = names.get(number)
        values = INTERESTING if name in JUDGED else [0, 1, FORK, HIGH - 1]
        for arguments in itertools.product(values, values):
            wanted = intended(name, arguments, network) if name else ALLOW
            said = verdict(steps, arch, number, arguments)
            assert said == wanted, (name, number, arguments)


@pytest.mark.skipif(bool(seccomp.why_not()), reason=seccomp.why_not())
@given(
    st.sampled_from(sorted(JUDGED)),
    st.lists(st.integers(0, 2**64 - 1), min_size=6, max_size=6),
    st.booleans(),
)
def test_no_other_argument_changes_the_answer(
    name: str, arguments: list[int], network: bool
) -> None:
    machine = os.uname().machine
    number = JUDGED[name][column()]
    said = verdict(steps_of(network), AUDIT_ARCH[machine], number, arguments)
    assert said == intended(name, tuple(arguments), network)


@pytest.mark.parametrize("network", [False, True])
def test_another_numbering_of_calls_is_deadly(machine: str, network: bool) -> None:
    steps = steps_of(network)
    i386, arm = 0x4000_0003, 0x4000_0028
    others = {i386, arm, 0, *AUDIT_ARCH.values()} - {AUDIT_ARCH[machine]}
    for arch, number in itertools.product(others, range(501)):
        assert verdict(steps, arch, number) == KILL
    if machine == "x86_64":  # x32: the same calls with one bit more
        for number in (*range(0x4000_0000, 0x4000_0000 + 501), 0xFFFF_FFFF):
            assert verdict(steps, AUDIT_ARCH[machine], number) == KILL


def test_a_machine_without_a_filter_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    told = os.uname_result(("Linux", "here", "6.12", "1", "riscv64"))
    monkeypatch.setattr(os, "uname", lambda: told)
    assert seccomp.why_not() == "no seccomp filter is known for riscv64"


def header_numbers(path: Path) -> dict[str, int]:
    """Name → number, as a header of the kernel has them."""
    if not path.is_file():
        pytest.skip(f"no {path} (Debian: linux-libc-dev)")
    text = path.read_text()
    found = re.findall(r"#define __NR(?:3264)?_(\w+)\s+(\d+)\s", text)
    return {name: int(number) for name, number in found}


@pytest.mark.parametrize("machine_of_header", sorted(AUDIT_ARCH))
def test_the_numbers_are_the_kernel_s(machine_of_header: str) -> None:
    known = header_numbers(HEADERS[machine_of_header])
    place = column(machine_of_header)
    ours = {name: numbers[place] for name, numbers in TABLE.items()}
    wrong = {name: n for name, n in ours.items() if known.get(name, n) != n}
    assert wrong == {}
    # A header may be older than a call; a call that a machine lacks is marked so.
    newest = max(known.values())
    assert [n for n, v in ours.items() if n not in known and 0 <= v <= newest] == []
    lacking = {name for name, number in ours.items() if number == seccomp._NONE}
    assert lacking.isdisjoint(known)


@pytest.mark.parametrize("place", [0, 1])
def test_no_number_stands_for_two_calls(place: int) -> None:
    numbers = [v[place] for v in TABLE.values() if v[place] != seccomp._NONE]
    assert len(numbers) == len(set(numbers))
