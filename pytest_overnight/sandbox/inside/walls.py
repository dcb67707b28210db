"""The walls that the helper and its children put around themselves.

Whatever the level, the helper filters system calls, for itself and all that it forks.
Each child then takes on the user id of the box, where it has one, and its view of the
file system, where no namespace gives it one; the helper stays out of both, and so out
of the children's reach.

Landlock: Linux, ``Documentation/userspace-api/landlock.rst``.
"""

from __future__ import annotations

import os
import stat
import sys

from pytest_overnight.sandbox.inside.kernel import DUMPABLE
from pytest_overnight.sandbox.inside.kernel import NO_NEW_PRIVILEGES
from pytest_overnight.sandbox.inside.kernel import filter_system_calls
from pytest_overnight.sandbox.inside.kernel import prctl
from pytest_overnight.sandbox.inside.kernel import syscall

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

# Numbers of <linux/landlock.h>; the calls have the same ones on every architecture.
CREATE_RULESET, ADD_RULE, RESTRICT_SELF = 444, 445, 446
_BENEATH = 1
ON_FILES = 0xC007
"""The rights that a file can bear: execute, write, read, truncate, device control."""


class Walls:
    """Made once in the helper; :meth:`enter` is called in each of its children."""

    def __init__(self, config: dict[str, Any]) -> None:
        self.user: int = config["user"]
        """User and group id of agent code; 0 for the helper's own."""
        self.ruleset = -1
        _be_killed_first()
        # Agent code may have the same user id: without this it could write into our
        # memory. Only now, after bubblewrap wrote the id map through /proc/self.
        prctl(DUMPABLE, 0)
        if not prctl(NO_NEW_PRIVILEGES, 1):
            sys.exit("the kernel does not know PR_SET_NO_NEW_PRIVS")
        if config["landlock"] is not None:
            self.ruleset = _make_ruleset(*config["landlock"])
        filtered = not config["filter"] or filter_system_calls(config["filter"])
        if not filtered:
            sys.exit("the kernel refuses a seccomp filter")

    def enter(self) -> None:
        """Confine this process, for good."""
        if self.user:
            os.setgroups([])
            os.setresgid(self.user, self.user, self.user)
            os.setresuid(self.user, self.user, self.user)
        if self.ruleset >= 0:
            if syscall(RESTRICT_SELF, self.ruleset, 0):
                raise PermissionError("the kernel refuses the Landlock rules")
            os.close(self.ruleset)


def _be_killed_first() -> None:
    """When memory runs out, before anything that the user runs."""
    try:
        with open("/proc/self/oom_score_adj", "w") as file:
            file.write("1000")
    except OSError:
        pass  # no such thing in this kernel


def _make_ruleset(attributes: bytes, rules: list[tuple[str, int]]) -> int:
    """A descriptor of the rules: what is not named here is out of reach."""
    ruleset = syscall(CREATE_RULESET, attributes, len(attributes), 0)
    if ruleset < 0:
        sys.exit("the kernel does not offer Landlock")
    os.set_inheritable(ruleset, False)
    for path, rights in rules:
        try:
            place = os.open(path, os.O_PATH | os.O_CLOEXEC)
        except OSError:
            continue  # gone meanwhile: a smaller world
        if not stat.S_ISDIR(os.fstat(place).st_mode):
            rights &= ON_FILES
        rule = rights.to_bytes(8, "little") + place.to_bytes(4, "little")
        if syscall(ADD_RULE, ruleset, _BENEATH, rule, 0):
            sys.exit(f"the kernel refuses a Landlock rule for {path}")
        os.close(place)
    return ruleset
