"""Attacks on other processes, and on what the box's own were given."""

from __future__ import annotations

from tests.security.attacks.attack import Attack

PROCESSES = (
    Attack(
        "look around among processes",
        "It is known which processes the machine runs, and how they were started.",
        ("processes",),
        """
pid = facts["pid"]
attempt("its arguments", lambda: tells("/proc/%d/cmdline" % pid))
attempt("its state", lambda: read("/proc/%d/stat" % pid))
attempt("the list", lambda: str(pid) in os.listdir("/proc"))
attempt("arguments of all", lambda: any(
    tells("/proc/%s/cmdline" % name) for name in os.listdir("/proc") if name.isdigit()))
attempt("no signal", lambda: os.kill(pid, 0))
""",
    ),
    Attack(
        "ask whether a process is there",
        "It is known which process numbers are taken.",
        ("processes", "names"),
        """
import resource
pid = facts["pid"]
attempt("its folder", lambda: os.stat("/proc/%d" % pid))
attempt("its group", lambda: os.getpgid(pid))
attempt("its session", lambda: os.getsid(pid))
attempt("its priority", lambda: os.getpriority(os.PRIO_PROCESS, pid))
attempt("its processors", lambda: os.sched_getaffinity(pid))
attempt("its limits", lambda: resource.prlimit(pid, resource.RLIMIT_NOFILE))
attempt("a descriptor of it", lambda: call("pidfd_open", pid, 0))
""",
    ),
    Attack(
        "read another process through /proc",
        "Environment, memory, files or folders of another process are known.",
        ("environ",),
        """
top = "/proc/%d/" % facts["pid"]
def memory():
    with open(top + "mem", "rb", buffering=0) as file:
        file.seek(facts["address"])
        return file.read(len(marker)).decode() == marker

attempt("environ", lambda: tells(top + "environ"))
attempt("environ of a thread", lambda: tells(
    top + "task/%d/environ" % facts["pid"]))
attempt("mem", memory)
attempt("maps", lambda: bool(read(top + "maps")))
attempt("auxv", lambda: bool(read(top + "auxv")))
attempt("root", lambda: tells(top + "root" + facts["secret"]))
attempt("cwd", lambda: tells(top + "cwd/secret"))
attempt("fd", lambda: tells(top + "fd/%d" % facts["descriptor"]))
attempt("exe", lambda: os.readlink(top + "exe"))
""",
    ),
    Attack(
        "trace another process",
        "Memory or descriptors of another process are taken by a kernel call.",
        ("trace",),
        """
pid, address = facts["pid"], facts["address"]
class Piece(ctypes.Structure):
    _fields_ = [("base", ctypes.c_void_p), ("size", ctypes.c_size_t)]

def moved(function, buffer):
    here = Piece(ctypes.addressof(buffer), len(marker))
    there = Piece(address, len(marker))
    one = ctypes.c_ulong(1)
    return checked(function(
        pid, ctypes.byref(here), one, ctypes.byref(there), one, ctypes.c_ulong(0)))

def memory_read():
    buffer = ctypes.create_string_buffer(len(marker))
    moved(libc.process_vm_readv, buffer)
    return buffer.raw.decode() == marker

attempt("read its memory", memory_read)
attempt("write its memory", lambda: moved(
    libc.process_vm_writev, ctypes.create_string_buffer(b"x" * len(marker))))
attempt("its descriptor", lambda: call(
    "pidfd_getfd", call("pidfd_open", pid, 0), facts["descriptor"], 0))
attempt("compare", lambda: call("kcmp", os.getpid(), pid, 1, 0, 0))
attempt("attach", lambda: in_child(lambda: checked(libc.ptrace(16, pid, 0, 0))))
attempt("seize", lambda: in_child(lambda: checked(libc.ptrace(0x4206, pid, 0, 0))))
""",
        trace="victim",
        needs="a kernel without restrictions on tracing",
    ),
    Attack(
        "signal another process",
        "Another process of the user is stopped or killed.",
        ("signal",),
        """
pid, stop = facts["pid"], signal.SIGSTOP
attempt("kill", lambda: os.kill(pid, stop))
attempt("of its group", lambda: os.killpg(pid, stop))
attempt("of its thread", lambda: call("tgkill", pid, pid, stop))
attempt("queued", lambda: checked(libc.sigqueue(pid, stop, None)))
attempt("by its descriptor", lambda: signal.pidfd_send_signal(
    call("pidfd_open", pid, 0), stop))
attempt("for good", lambda: os.kill(pid, signal.SIGKILL))
""",
        trace="victim",
    ),
    Attack(
        "let the kernel signal another process",
        "Another process is named as the one to be told, by a deadly signal.",
        ("signal",),
        """
import fcntl
reading, writing = os.pipe()
def told():
    fcntl.fcntl(reading, fcntl.F_SETOWN, facts["pid"])
    fcntl.fcntl(reading, 10, signal.SIGKILL)  # F_SETSIG
    fcntl.fcntl(reading, fcntl.F_SETFL, os.O_ASYNC)
    os.write(writing, b"x")
    return False  # whether it arrived is seen outside only

attempt("the owner of a pipe", told, sure=False)
""",
        trace="victim",
    ),
    Attack(
        "choke another process",
        "Another process of the user gets limits that end it.",
        ("signal",),
        """
import resource
attempt("fewer files", lambda: resource.prlimit(
    facts["pid"], resource.RLIMIT_NOFILE, (64, 64)))
""",
        trace="victim",
    ),
    Attack(
        "slow another process",
        "Another process of the user gets a lower priority.",
        ("processes",),
        """
attempt("nice", lambda: os.setpriority(os.PRIO_PROCESS, facts["pid"], 5))
attempt("processors", lambda: os.sched_setaffinity(
    facts["pid"], [min(os.sched_getaffinity(0))]))
""",
        trace="victim",
    ),
    Attack(
        "find what was put into the environment",
        "A secret of the harness's environment arrives.",
        (),
        """
attempt("its own", lambda: any(marker in value for value in os.environ.values()))
attempt("as it was at the start", lambda: tells("/proc/self/environ"))
""",
    ),
    Attack(
        "use descriptors that were left open",
        "A file of the harness, or its terminal, is at hand without being opened.",
        (),
        """
import stat
def found(number):
    try:
        os.fstat(number)
    except OSError:
        return False
    return True

def leads_out(number):
    mode = os.fstat(number).st_mode
    target = os.readlink("/proc/self/fd/%d" % number)
    return not stat.S_ISFIFO(mode) and target != "/dev/null"

attempt("beyond the three streams", lambda: any(map(found, range(3, 1024))))
attempt("the three streams", lambda: any(map(leads_out, range(3))), sure=False)
attempt("a terminal", lambda: os.open("/dev/tty", os.O_RDWR), sure=False)
""",
    ),
    Attack(
        "meet in shared memory",
        "Objects of the kernel's own tables are shared with the machine.",
        ("processes",),
        """
libc.shmat.restype = ctypes.c_void_p
def attached():
    number = checked(libc.shmget(facts["key"], 0, 0))
    address = libc.shmat(number, None, 0o10000)  # to read only
    return ctypes.string_at(address, len(marker)).decode() == marker

attempt("memory", attached)
attempt("semaphores", lambda: checked(libc.semget(facts["key"], 0, 0)))
attempt("a queue", lambda: checked(libc.msgget(facts["key"], 0)))
""",
    ),
)
