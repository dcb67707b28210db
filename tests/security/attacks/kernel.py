"""Attacks on the kernel itself: calls that honest work has no use for."""

from __future__ import annotations

from tests.security.attacks.attack import FILTERED
from tests.security.attacks.attack import Attack

KERNEL = (
    Attack(
        "make a user namespace",
        "The box's own root, with all the kernel's doors that open for it.",
        ("userns",),
        """
USER = 0x10000000
def clone3():
    words = struct.pack("11Q", USER, 0, 0, 0, signal.SIGCHLD, *[0] * 6)
    return forked(call("clone3", ctypes.create_string_buffer(words, 88), 88))

attempt("unshare", lambda: in_child(lambda: checked(libc.unshare(USER))))
attempt("clone", lambda: forked(call("clone", USER | signal.SIGCHLD, 0, 0, 0, 0)))
attempt("clone3", clone3)
""",
        needs="user namespaces",
    ),
    Attack(
        "make other namespaces",
        "Mounts, networks or processes of its own.",
        ("userns",),
        """
for name, flag in {"mounts": 0x20000, "network": 0x40000000, "processes": 0x20000000,
                   "ipc": 0x8000000, "names": 0x4000000, "groups": 0x2000000}.items():
    attempt(name, lambda: in_child(lambda: checked(libc.unshare(flag))))
""",
        needs="CAP_SYS_ADMIN",
    ),
    Attack(
        "enter a namespace",
        "The namespaces of another process, or of the host, are joined.",
        ("userns",),
        """
def entered(path):
    checked(libc.setns(os.open(path, os.O_RDONLY), 0))

for pid in ("self", facts["pid"]):
    for name in ("net", "uts", "ipc"):
        path = "/proc/%s/ns/%s" % (pid, name)
        attempt(path, lambda: in_child(lambda: entered(path)))
attempt("by a process's descriptor", lambda: in_child(lambda: checked(
    libc.setns(call("pidfd_open", facts["pid"], 0), 0x40000000))))
""",
        needs="CAP_SYS_ADMIN",
    ),
    Attack(
        "mount",
        "What is shown where changes; covers are taken away.",
        ("userns",),
        """
NAMESPACE, PRIVATE, BIND, DETACH = 0x20000, 0x44000, 0x1000, 2
os.mkdir("m")
os.mkdir("r")
attempt("a namespace for it", lambda: checked(libc.unshare(NAMESPACE)))
if reached:  # nothing of what follows shall be seen outside
    libc.mount(b"none", b"/", None, PRIVATE, None)
attempt("new memory", lambda: checked(libc.mount(b"x", b"m", b"tmpfs", 0, None)))
attempt("taken away", lambda: checked(libc.umount2(b"m", DETACH)))
attempt("bound", lambda: checked(libc.mount(b"r", b"m", None, BIND, None)))
attempt("made writable", lambda: checked(
    libc.mount(None, b"m", None, BIND | 0x20, None)))
attempt("moved", lambda: checked(libc.mount(b"m", b"r", None, 0x2000, None)))
attempt("a tree", lambda: call("open_tree", -100, b".", 1))
attempt("a file system", lambda: call("fsopen", b"tmpfs", 0))
attempt("a root", lambda: in_child(lambda: os.chroot(".")))
for folder in ("r", "m"):
    libc.umount2(folder.encode(), DETACH)
""",
        needs="CAP_SYS_ADMIN",
    ),
    Attack(
        "become someone else",
        "The rights of root, or of any other user.",
        ("system",),
        """
attempt("root", lambda: in_child(lambda: os.setuid(0)))
attempt("root's group", lambda: in_child(lambda: os.setgid(0)))
attempt("another user", lambda: in_child(lambda: os.setuid(65533)))
attempt("no groups", lambda: in_child(lambda: os.setgroups([])))
attempt("the machine's name as it was", lambda: socket.sethostname(
    socket.gethostname()))
attempt("more priority", lambda: in_child(lambda: os.nice(-1)))
""",
        needs="the rights of root",
    ),
    Attack(
        "gain rights from a set-uid program",
        "A program runs as its owner, not as who started it.",
        ("userns",),
        """
def barred(status):
    if status:
        raise PermissionError(errno.EPERM, "no rights are gained here")

def shown():
    words = ["./set-uid", "-u"]
    return int(subprocess.run(words, capture_output=True, text=True).stdout)

attempt("the promise to gain none", lambda: barred(
    "NoNewPrivs:\t1" in read("/proc/self/status")))
attempt("another user's program", lambda: barred(shown() == os.getuid()),
        sure=facts["root"])
""",
        needs="that programs may gain rights",
    ),
    Attack(
        "use io_uring",
        "Files and sockets are used past the filter of kernel calls.",
        ("io_uring",),
        """
attempt("set up", lambda: call(
    "io_uring_setup", 1, ctypes.create_string_buffer(120)))
""",
        needs="io_uring in the kernel",
    ),
    Attack(
        "keep keys in the kernel",
        "Something is left that outlives the box, for another to find.",
        (FILTERED,),
        """
attempt("add", lambda: call("add_key", b"user", b"overnight", b"x", 1, -2))
attempt("the user's ring", lambda: call("keyctl", 0, -4, 0))
""",
        needs="the kernel's keyrings",
    ),
    Attack(
        "load a program into the kernel",
        "bpf, a wide surface with a history.",
        (FILTERED,),
        """
words = struct.pack("4I", 2, 4, 4, 1)  # an array of one
attempt("a map", lambda: call("bpf", 0, ctypes.create_string_buffer(words, 72), 72))
""",
        needs="CAP_BPF",
    ),
    Attack(
        "count events of the processor",
        "perf_event_open, a wide surface with a history.",
        (FILTERED,),
        """
words = struct.pack("2I4QQ", 1, 64, 0, 0, 0, 0, 0x60)  # its own, user space only
attempt("a clock", lambda: call(
    "perf_event_open", ctypes.create_string_buffer(words, 64), 0, -1, -1, 0))
""",
        needs="performance events in the kernel",
    ),
    Attack(
        "handle page faults",
        "userfaultfd: the kernel waits, half done, for as long as agent code likes.",
        (FILTERED,),
        """
attempt("of user space", lambda: call("userfaultfd", os.O_CLOEXEC | 1))
attempt("by its device", lambda: os.open("/dev/userfaultfd", os.O_RDWR), sure=False)
""",
        needs="userfaultfd in the kernel",
    ),
    Attack(
        "type into a terminal",
        "Keys are pressed in the harness's name.",
        (FILTERED,),
        """
import fcntl, termios, tty
def typed():
    _, terminal = os.openpty()
    os.setsid()
    fcntl.ioctl(terminal, termios.TIOCSCTTY, 0)
    tty.setraw(terminal)
    fcntl.ioctl(terminal, termios.TIOCSTI, b"x")
    return os.read(terminal, 1) == b"x"

attempt("its own terminal", lambda: in_child(typed))
""",
        needs="a kernel that still lets terminals be typed into",
    ),
    Attack(
        "call by foreign numbers",
        "The filter knows calls by number, and the processor knows two more tables.",
        (FILTERED,),
        """
import mmap
def old_gate():
    # mov eax, 20 (getpid of the 32-bit table); int 0x80; ret
    code = mmap.mmap(-1, 4096, prot=mmap.PROT_READ | mmap.PROT_WRITE | mmap.PROT_EXEC)
    code.write(bytes.fromhex("b814000000cd80c3"))
    address = ctypes.addressof(ctypes.c_char.from_buffer(code))
    return ctypes.CFUNCTYPE(ctypes.c_int)(address)() == os.getpid()

def posing():
    libc.personality(8)  # as a 32-bit program
    return old_gate()

attempt("the 32-bit gate", lambda: in_child(old_gate))
attempt("the 32-bit gate, as one who may", lambda: in_child(posing))
attempt("the table of x32", lambda: in_child(lambda: checked(libc.syscall(
    ctypes.c_long(0x40000000 + 39))) == os.getpid()), sure=False)
""",
        needs="32-bit calls in the kernel",
        machine="x86_64",
    ),
)
