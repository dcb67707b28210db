"""Attacks on files that lie outside the box."""

from __future__ import annotations

from tests.security.attacks.attack import Attack

FILES = (
    Attack(
        "read a secret",
        "Contents of a file outside are known inside.",
        ("read",),
        """
path = facts["secret"]
attempt("open", lambda: tells(path))
attempt("another program", lambda: marker in subprocess.run(
    ["cat", path], capture_output=True, text=True).stdout)
attempt("through a process's root", lambda: tells("/proc/self/root" + path))
attempt("a path opened again", lambda: tells(
    "/proc/self/fd/%d" % os.open(path, os.O_PATH)))
attempt("the list of a folder", lambda: os.listdir(facts["folder"]))
attempt("shared memory with a name", lambda: tells("/dev/shm/" + facts["shm"]))
attempt("running a program", lambda: subprocess.run([facts["tool"]]).returncode == 0)
""",
    ),
    Attack(
        "climb out of the working folder",
        "A secret is reached by a path that starts inside.",
        ("read",),
        """
path, up = facts["secret"], "../" * 40
attempt("dots", lambda: tells(up + path[1:]))
attempt("dots behind a process's folder", lambda: tells(
    "/proc/self/cwd/" + up + path[1:]))
attempt("lists on the way", lambda: any(
    facts["name"] in os.listdir(up[: 3 * n] or ".") for n in range(40)))

def step_by_step():
    for _ in range(40):
        os.chdir("..")
    for part in path.split("/")[1:-1]:
        os.chdir(part)
    return tells(os.path.basename(path))

attempt("step by step", step_by_step)
""",
    ),
    Attack(
        "link to a secret",
        "A link made inside leads outside.",
        ("read",),
        """
path, folder = facts["secret"], facts["folder"]
os.symlink(path, "to-file")
attempt("symbolic", lambda: tells("to-file"))
os.symlink(folder, "to-folder")
attempt("symbolic, to its folder", lambda: tells("to-folder/secret"))
os.symlink("/proc/self/root", "to-root")
attempt("symbolic, to a process's root", lambda: tells("to-root" + path))
attempt("hard", lambda: os.link(path, "hard") or tells("hard"))
attempt("hard, of a path only opened", lambda: checked(libc.linkat(
    -100, b"/proc/self/fd/%d" % os.open(path, os.O_PATH), -100, b"again", 0x400)))
""",
        trace="folder",
    ),
    Attack(
        "run a program that lies in no file",
        "Code from memory is not held to the walls of the program that made it.",
        ("read",),
        """
def from_memory():
    program, output = os.memfd_create("program"), os.memfd_create("output")
    with open("/bin/cat", "rb") as file:
        os.write(program, file.read())
    pid = os.fork()
    if pid == 0:
        os.dup2(output, 1)
        os.execve(program, ["cat", facts["secret"]], {})
    os.waitpid(pid, 0)
    return marker in os.pread(output, 100, 0).decode()

attempt("it reads", from_memory)
""",
    ),
    Attack(
        "open a file by its handle",
        "A file of the same disk is opened past every path.",
        ("read",),
        """
number, handle = facts["handle"]
data = bytes.fromhex(handle)
buffer = ctypes.create_string_buffer(struct.pack("Ii", len(data), number) + data)
here = os.open(".", os.O_RDONLY)
attempt("from the working folder", lambda: tells(
    "/proc/self/fd/%d" % checked(libc.open_by_handle_at(here, buffer, os.O_RDONLY))))
""",
        needs="CAP_DAC_READ_SEARCH, and a file system with handles",
    ),
    Attack(
        "learn what is there",
        "Names and sizes of files outside are known inside.",
        ("names",),
        """
path, folder = facts["secret"], facts["folder"]
attempt("stat", lambda: os.stat(path))
attempt("access", lambda: os.access(path, os.F_OK))
attempt("a path opened", lambda: os.open(path, os.O_PATH))
attempt("readlink", lambda: os.readlink(facts["link"]))
attempt("statvfs", lambda: os.statvfs(path))
attempt("chdir", lambda: in_child(lambda: os.chdir(folder)))
attempt("attributes", lambda: os.listxattr(path))

def watched():
    queue = libc.inotify_init()
    checked(libc.inotify_add_watch(queue, folder.encode(), 0xFFF))

def taken():
    try:
        os.mkdir(folder)
    except FileExistsError:
        return True
    return False

attempt("inotify", watched)
attempt("a name that is taken", taken)
attempt("names of the host's sockets", lambda: facts["abstract"] in read(
    "/proc/net/unix"))
attempt("ports of the host", lambda: ":%04X " % facts["port"] in read(
    "/proc/net/tcp"))
""",
    ),
    Attack(
        "write outside",
        "Contents of files and folders outside change.",
        ("write",),
        """
path, folder = facts["file"], facts["folder"]
def written(flags):
    return os.write(os.open(path, os.O_WRONLY | flags), b"x")

attempt("open", lambda: written(0))
attempt("append", lambda: written(os.O_APPEND))
attempt("open and truncate", lambda: written(os.O_TRUNC))
attempt("truncate", lambda: os.truncate(path, 1))
attempt("the shell", lambda: subprocess.run(
    ["sh", "-c", 'echo x >> "$0"', path]).returncode == 0)
attempt("a new file", lambda: open(folder + "/new", "x"))
attempt("a new folder", lambda: os.mkdir(folder + "/new-folder"))
attempt("a file without a name", lambda: os.open(
    folder, os.O_TMPFILE | os.O_WRONLY), sure=False)
""",
        trace="folder",
    ),
    Attack(
        "move, link and make nodes outside",
        "Entries of folders outside come, go, or move.",
        ("write",),
        """
path, folder = facts["file"], facts["folder"]
open("mine", "w").close()
attempt("moved out", lambda: os.rename("mine", folder + "/moved"))
attempt("moved in", lambda: os.rename(folder + "/other", "taken"))
attempt("moved about", lambda: os.rename(path, folder + "/elsewhere"))
path = folder + "/elsewhere"
attempt("replaced", lambda: os.symlink("x", "s") or os.replace("s", path))
attempt("a symbolic link", lambda: os.symlink("x", folder + "/symbolic"))
open("mine", "w").close()
attempt("a hard link", lambda: os.link("mine", folder + "/hard"))
attempt("a pipe", lambda: os.mkfifo(folder + "/pipe"))
attempt("a node", lambda: os.mknod(folder + "/node"))
os.symlink(folder, "out")  # the path itself may be too long for a socket's
attempt("a socket", lambda: socket.socket(socket.AF_UNIX).bind("out/made"))
attempt("unlink", lambda: os.unlink(folder + "/third"))
attempt("rmdir", lambda: os.rmdir(folder + "/empty"))
""",
        trace="folder",
    ),
    Attack(
        "change modes, owners and times outside",
        "A file outside is changed without being opened.",
        ("modes",),
        """
path = facts["secret"]  # a file that only its owner may write
attempt("chmod", lambda: os.chmod(path, 0o640))
attempt("chmod of the folder", lambda: os.chmod(facts["folder"], 0o770))
attempt("chown", lambda: os.chown(path, *facts["owner"]))
attempt("utime", lambda: os.utime(path, (1, 1)))
attempt("an attribute", lambda: os.setxattr(path, "user.x", b"x"), sure=False)
attempt("touch", lambda: subprocess.run(["touch", path]).returncode == 0)
""",
        trace="folder",
    ),
    Attack(
        "change the system",
        "Files of the system, or of the runtime, are open for writing.",
        ("system",),
        """
import encodings
def writable(path):  # opened, not changed
    os.close(os.open(path, os.O_WRONLY))

attempt("the passwords", lambda: writable("/etc/passwd"))
attempt("the standard library", lambda: writable(os.__file__))
attempt("the library's own library", lambda: writable(encodings.__file__))
attempt("the runtime's pytest", lambda: writable(
    __import__("pytest").__file__))
attempt("a program", lambda: writable("/usr/bin/who"))
for folder in ("/usr", "/etc", "/", sys.prefix, os.path.dirname(os.__file__)):
    attempt("a new file in " + folder, lambda: os.close(
        os.open(folder, os.O_TMPFILE | os.O_WRONLY)), sure=False)
""",
        needs="the right to write to files of the system",
    ),
    Attack(
        "turn the kernel's dials",
        "Switches of the kernel, disks or other devices are open.",
        ("write",),
        """
def opened(path, flags):  # and left as it is
    os.close(os.open(path, flags))

attempt("a dial", lambda: opened("/proc/sys/kernel/hostname", os.O_WRONLY))
for path in ("/proc/sys/kernel/core_pattern", "/proc/sysrq-trigger", "/dev/mem",
             "/dev/kmsg", "/dev/kvm", "/dev/fuse", "/dev/net/tun"):
    attempt(path, lambda: opened(path, os.O_WRONLY), sure=False)
for disk in facts["disks"]:
    attempt(disk, lambda: opened("/dev/" + disk, os.O_RDONLY), sure=False)
""",
        needs="the right to turn them",
    ),
    Attack(
        "read hidden tests",
        "What must stay hidden is known inside, wherever it lies.",
        ("hidden",),
        """
for _, file in facts["hidden"]:
    for top in ("", "/proc/self/root", "../" * 40):
        attempt(top + file, lambda: bool(read(top + file)))
    attempt("a copy of " + file, lambda: subprocess.run(
        ["cp", file, "copy"], capture_output=True).returncode == 0)
""",
    ),
    Attack(
        "learn the names of hidden tests",
        "It is known how what must stay hidden is called.",
        ("hidden", "names"),
        """
for folder, file in facts["hidden"]:
    for top in ("", "/proc/self/root", "../" * 40):
        attempt("the list of " + top + folder, lambda: bool(os.listdir(top + folder)))
        attempt("stat of " + top + file, lambda: os.stat(top + file))
name = os.path.basename(facts["hidden"][0][0])
for path in ("self/mountinfo", "1/cmdline", "1/environ", "%d/cmdline" % os.getppid()):
    attempt(path, lambda: name in read("/proc/" + path), sure=False)
""",
    ),
)
