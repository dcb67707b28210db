"""What an attack on the box is, and what every attack's script starts with.

A script gets the facts of the world outside as JSON, tries what it can, and prints one
line of JSON: what it reached, what was refused and why. It must be harmless where it
succeeds: it writes below the test's own folders, signals only the test's own victim,
and opens what belongs to the system without changing it.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Attack:
    """One idea of how to get out of the box, as a program."""

    name: str
    idea: str
    """What reaching its aim would mean."""
    guarantees: tuple[str, ...]
    """What a level must promise to be held to it; empty: every level is."""
    script: str
    """Python, run after ``PRELUDE``."""
    trace: str = ""
    """What of the world it leaves changed where there is no wall."""
    needs: str = ""
    """What a machine without a wall must grant first, and may refuse."""
    machine: str = ""
    """The only processor that understands its code; empty: any."""

    def source(self) -> str:
        """The whole program."""
        return PRELUDE + self.script + EPILOGUE


FILTERED = "io_uring"
"""The guarantee that stands for the filter of kernel calls: nothing else refuses
io_uring, so where it is promised the filter is at work."""

UNGRANTED = """
EPERM EACCES EROFS ENOSYS ENODEV EOPNOTSUPP EPROTONOSUPPORT EAFNOSUPPORT
""".split()
"""How an open machine says that it does not have, or grant, what an attack needs."""

PRELUDE = '''\
import ctypes, errno, json, os, signal, socket, struct, subprocess, sys

facts = json.loads(sys.argv[1])
marker = facts["marker"][::-1]  # backwards, or it would be found in our own arguments
reached, refused, doubtful = [], {}, {}

def attempt(name, action, sure=True):
    """Try one thing; `False` counts as refused.

    What is not sure may be refused by an open machine, too.
    """
    why = "nothing came of it"
    try:
        if action() is not False:
            reached.append(name)
            return
    except OSError as error:
        why = errno.errorcode.get(error.errno, str(error))
    except Exception as error:
        why = repr(error)
    (refused if sure else doubtful)[name] = why

def read(path):
    with open(path, errors="replace") as file:
        return file.read(1 << 20)

def tells(path):
    return marker in read(path)

libc = ctypes.CDLL(None, use_errno=True)
libc.syscall.restype = ctypes.c_long
NUMBERS = {  # of x86-64 and of the machines with the common table
    "add_key": (248, 217), "bpf": (321, 280), "clone": (56, 220), "clone3": (435, 435),
    "fsopen": (430, 430), "io_uring_setup": (425, 425), "kcmp": (312, 272),
    "keyctl": (250, 219), "open_tree": (428, 428), "perf_event_open": (298, 241),
    "pidfd_getfd": (438, 438), "pidfd_open": (434, 434), "tgkill": (234, 131),
    "userfaultfd": (323, 282),
}

def checked(result):
    if result == -1:
        raise OSError(ctypes.get_errno(), "refused")
    return result

def call(name, *arguments):
    number = NUMBERS[name][os.uname().machine != "x86_64"]
    words = [ctypes.c_long(a) if isinstance(a, int) else a for a in arguments]
    return checked(libc.syscall(ctypes.c_long(number), *words))

def forked(pid):
    """What a fork of any kind returned: end the child, wait for it."""
    if pid == 0:
        os._exit(0)
    os.waitpid(pid, 0)

def in_child(action):
    """In a child, for what changes or kills the process that does it."""
    reading, writing = os.pipe()
    pid = os.fork()
    if pid == 0:
        said = b"0"
        try:
            said = b"+" if action() is not False else b"0"
        except OSError as error:
            said = b"%d" % (error.errno or 0)
        finally:
            os.write(writing, said)
            os._exit(0)
    os.close(writing)
    said = os.read(reading, 10)
    os.close(reading)
    os.waitpid(pid, 0)
    if said != b"+":  # nothing was said: it was killed for the attempt
        raise OSError(int(said or errno.ENOSYS), "refused")

'''

EPILOGUE = """
print(json.dumps({"reached": reached, "refused": refused, "doubtful": doubtful}))
"""
