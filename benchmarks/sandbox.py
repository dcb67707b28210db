"""What the walls around agent code cost: CPU of a boxed command against a plain one.

    python benchmarks/sandbox.py [--rounds 15] [--commands 40]

Each round does the same with every way of running a command, one after the other, so
that a busy machine is busy for all of them. CPU is that of this process and of all it
started, waited for to the last child; printed are medians over the rounds, less the
median of a plain ``subprocess.run``.
"""

from __future__ import annotations

import argparse
import contextlib
import os
import resource
import shutil
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from pytest_overnight.sandbox.box import Box  # noqa: E402
from pytest_overnight.sandbox.box import BoxPlan  # noqa: E402
from pytest_overnight.sandbox.inside import kernel  # noqa: E402
from pytest_overnight.sandbox.open import LEVELS  # noqa: E402
from pytest_overnight.sandbox.open import open_box  # noqa: E402
from pytest_overnight.sandbox.probe import why_not  # noqa: E402
from pytest_overnight.sandbox.runtime import Runtime  # noqa: E402
from pytest_overnight.sandbox.runtime import prepare_runtime  # noqa: E402

TARGET_MS = 15.0
BARE = (
    "--unshare-all --die-with-parent --new-session --ro-bind /usr /usr "
    "--symlink usr/bin /bin --symlink usr/lib /lib --symlink usr/lib64 /lib64 "
    "--proc /proc --dev /dev --tmpfs /tmp"
).split()

Way = Callable[[list[str], int], None]


def cpu_ms() -> float:
    """Of this process and of every child that has ended."""
    used = [resource.getrusage(w) for w in (resource.RUSAGE_SELF, -1)]
    return 1e3 * sum(each.ru_utime + each.ru_stime for each in used)


def plain(words: list[str], times: int) -> None:
    """As anybody would."""
    for _ in range(times):
        subprocess.run(words, check=True, capture_output=True)


def bare_bubblewrap(runtime: Runtime) -> Way:
    """One ``bwrap`` a command, with namespaces and nothing else of ours."""
    prefix = ["--ro-bind", runtime.base_prefix, runtime.base_prefix]
    return lambda words, times: plain(["bwrap", *BARE, *prefix, *words], times)


def in_one_box(level: str, runtime: Runtime) -> Way:
    """As a run does it: many commands in a box that stays open."""

    def way(words: list[str], times: int) -> None:
        with_box(level, runtime, lambda box: repeat(box, words, times))

    return way


def in_new_boxes(level: str, runtime: Runtime) -> Way:
    """A box for each command, opened and closed."""

    def way(words: list[str], times: int) -> None:
        for _ in range(times):
            with_box(level, runtime, lambda box: repeat(box, words, 1))

    return way


def repeat(box: Box, words: list[str], times: int) -> None:
    """Run a command so many times."""
    for _ in range(times):
        done = box.run(words, timeout=30)
        if done.status != 0:
            raise SystemExit(f"{words} ended with {done.status}: {done.err!r}")


def with_box(level: str, runtime: Runtime, use: Callable[[Box], None]) -> None:
    """Open, use, close; the workspace lies where a box's own user may go."""
    with tempfile.TemporaryDirectory() as place:
        Path(place).chmod(0o711)
        workspace = Path(place, "ws")
        workspace.mkdir()
        box = open_box(BoxPlan(level, workspace=workspace), runtime)
        try:
            use(box)
        finally:
            box.close()


def measure(way: Way, words: list[str], times: int) -> float:
    """CPU milliseconds a command."""
    before = cpu_ms()
    way(words, times)
    with contextlib.suppress(ChildProcessError):
        while True:
            os.wait()  # what bubblewrap left to us, a subreaper
    return (cpu_ms() - before) / times


def main() -> None:
    """Print one table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=15)
    parser.add_argument("--commands", type=int, default=40)
    asked = parser.parse_args()
    kernel.prctl(kernel.SUBREAPER, 1)
    runtime = prepare_runtime()
    levels = {level: why_not(level) for level in LEVELS}
    ways: dict[str, Way] = {"plain subprocess": plain}
    if shutil.which("bwrap"):
        ways["bare bubblewrap"] = bare_bubblewrap(runtime)
    for level, problem in levels.items():
        if problem:
            print(f"{level}: left out, {problem}")
            continue
        ways[f"{level}, box kept open"] = in_one_box(level, runtime)
        ways[f"{level}, a box each"] = in_new_boxes(level, runtime)
    user = "root" if os.geteuid() == 0 else f"user {os.geteuid()}"
    print(f"as {user}, load {os.getloadavg()[0]:.1f}, Python {sys.version.split()[0]}")
    print(f"CPU ms a command, median of {asked.rounds} rounds of {asked.commands}")
    commands = {
        "true": ["/usr/bin/true"],
        "python -c pass": [runtime.base_python, "-I", "-S", "-c", "pass"],
    }
    header = "".join(f"{name:>16} {'more':>7}" for name in commands)
    print(f"{'way':<28}{header}")
    seen: dict[tuple[str, str], list[float]] = {}
    for _ in range(asked.rounds):
        for name, way in ways.items():
            for what, words in commands.items():
                found = measure(way, words, asked.commands)
                seen.setdefault((name, what), []).append(found)
    middle = {key: statistics.median(values) for key, values in seen.items()}
    for name in ways:
        cells = [(middle[name, w], middle["plain subprocess", w]) for w in commands]
        print(f"{name:<28}" + "".join(f"{m:16.2f} {m - b:+7.2f}" for m, b in cells))
    print(
        f"load at the end {os.getloadavg()[0]:.1f}; target: +{TARGET_MS:g} ms at most"
    )


if __name__ == "__main__":
    main()
