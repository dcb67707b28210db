"""Attacks that leave the box by a socket."""

from __future__ import annotations

from tests.security.attacks.attack import Attack

NETWORK = (
    Attack(
        "connect by TCP",
        "A server on the host's loopback network, as the model server is, is reached.",
        ("tcp",),
        """
def connected(family, where):
    with socket.socket(family, socket.SOCK_STREAM) as s:
        s.settimeout(5)
        s.connect(tuple(where))

def at_once(family, where):
    import select
    with socket.socket(family, socket.SOCK_STREAM) as s:
        s.setblocking(False)
        s.connect_ex(tuple(where))
        select.select([], [s], [], 5)
        s.getpeername()

def with_data(family, where):
    with socket.socket(family, socket.SOCK_STREAM) as s:
        s.sendto(b"x", socket.MSG_FASTOPEN, tuple(where))
        s.getpeername()

for family, where in facts["tcp"]:
    name = socket.AddressFamily(family).name
    attempt(name, lambda: connected(family, where))
    attempt(name + " without waiting", lambda: at_once(family, where))
    attempt(name + " with data in the first packet", lambda: with_data(family, where))
attempt("any address", lambda: connected(socket.AF_INET, ["0.0.0.0", facts["port"]]))
if socket.AF_INET6 in dict(facts["tcp"]):
    attempt("one family in the other", lambda: connected(
        socket.AF_INET6, ["::ffff:127.0.0.1", facts["port"]]))
""",
        trace="tcp",
    ),
    Attack(
        "connect by multipath TCP",
        "A rule for TCP does not hold for its sister protocol.",
        ("tcp",),
        """
for family, where in facts["tcp"]:
    def connected():
        with socket.socket(family, socket.SOCK_STREAM, 262) as s:
            s.settimeout(5)
            s.connect(tuple(where))
    attempt(str(socket.AddressFamily(family)), connected)
""",
        trace="tcp",
        needs="multipath TCP in the kernel",
    ),
    Attack(
        "send by UDP",
        "Packets, questions to a name server among them, leave the box.",
        ("udp",),
        """
question = bytes.fromhex("1234010000010000000000000161036f76650000010001")
def sent(family, where, send):
    with socket.socket(family, socket.SOCK_DGRAM) as s:
        level, option = (0, 11) if family == socket.AF_INET else (41, 25)
        s.setsockopt(level, option, 1)  # say it when nobody is there
        for _ in range(2):
            send(s, tuple(where))
            error = s.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR)
            if error:
                raise OSError(error, "nobody is there")

for family, where in facts["udp"]:
    name = socket.AddressFamily(family).name
    attempt(name + " sendto", lambda: sent(
        family, where, lambda s, to: s.sendto(question, to)))
    attempt(name + " sendmsg", lambda: sent(
        family, where, lambda s, to: s.sendmsg([b"x"], [], 0, to)))
    attempt(name + " connect", lambda: sent(
        family, where, lambda s, to: (s.connect(to), s.send(b"x"))))
""",
        trace="udp",
    ),
    Attack(
        "talk to a unix socket with a path",
        "A service of the host, as its desktop bus or Docker, is reached.",
        ("unix",),
        """
os.symlink(facts["folder"], "out")
def stream():
    with socket.socket(socket.AF_UNIX) as s:
        s.connect("out/stream")

def mail(s, send):
    with s:
        send(s)

def new():
    return socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)

def half():  # one that was never made alone
    return socket.socketpair(socket.AF_UNIX, socket.SOCK_DGRAM)[0]

to = "out/mail"
attempt("stream", stream)
attempt("sendto", lambda: mail(new(), lambda s: s.sendto(b"x", to)))
attempt("sendmsg", lambda: mail(new(), lambda s: s.sendmsg([b"x"], [], 0, to)))
attempt("connect", lambda: mail(new(), lambda s: (s.connect(to), s.send(b"x"))))
attempt("half a pair, sendto", lambda: mail(half(), lambda s: s.sendto(b"x", to)))
attempt("half a pair, sendmsg", lambda: mail(
    half(), lambda s: s.sendmsg([b"x"], [], 0, to)))
""",
        trace="unix",
    ),
    Attack(
        "talk to a unix socket without a path",
        "A service of the host with an abstract name is reached.",
        ("abstract",),
        """
def stream():
    with socket.socket(socket.AF_UNIX) as s:
        s.connect("\\0" + facts["abstract"])

to = "\\0" + facts["abstract"] + "-mail"
def half():
    return socket.socketpair(socket.AF_UNIX, socket.SOCK_DGRAM)[0]

attempt("stream", stream)
attempt("mail", lambda: socket.socket(
    socket.AF_UNIX, socket.SOCK_DGRAM).sendto(b"x", to))
attempt("half a pair, sendto", lambda: half().sendto(b"x", to))
attempt("half a pair, sendmsg", lambda: half().sendmsg([b"x"], [], 0, to))
""",
        trace="abstract",
    ),
    Attack(
        "open sockets of other families",
        "Families of sockets that no namespace or rule was made for are at hand.",
        ("families",),
        """
def made(family, kind, protocol=0):
    socket.socket(family, kind, protocol).close()

attempt("netlink", lambda: made(16, socket.SOCK_RAW))
stream, datagram, raw, packets = 1, 2, 3, 5
for name, words in {
    "vsock": (40, stream), "packets": (17, raw), "raw": (2, raw, 1),
    "echo": (2, datagram, 1), "raw, version 6": (10, raw, 58), "crypto": (38, packets),
    "xdp": (44, raw), "keys": (15, raw, 2), "tipc": (30, datagram),
    "can": (29, raw, 1),
    "bluetooth": (31, raw, 1), "smc": (43, stream), "qrtr": (42, datagram),
    "rds": (21, packets), "nfc": (39, stream), "x25": (9, packets),
    "appletalk": (5, datagram), "llc": (26, stream), "ipx": (4, datagram),
}.items():
    attempt(name, lambda: made(*words), sure=False)
""",
    ),
)
