"""What the warm servers of ``test_supervisor.py`` do: imported in their processes."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from pytest_overnight.sandbox import bubblewrap
from pytest_overnight.sandbox.box import BoxPlan
from pytest_overnight.sandbox.open import open_box
from pytest_overnight.sandbox.runtime import prepare_runtime
from pytest_overnight.sandbox.shipping import PYTHON_FLAGS
from pytest_overnight.sandbox.supervisor import WarmServer

Handler = Callable[[dict[str, Any]], dict[str, Any]]


def prepare(payload: dict[str, Any]) -> Handler:
    """Handle ``{"do": NAME, …}`` by the function of that name below."""
    prepared = {"payload": payload, "pid": os.getpid()}

    def handle(request: dict[str, Any]) -> dict[str, Any]:
        value = globals()[request.pop("do")](**request)
        return {**prepared, "value": value}

    return handle


def prepare_and_serve(
    payload: dict[str, Any], serve: Callable[[Handler], None]
) -> None:
    """As the judge does it: serve from the inside of something else."""
    serve(prepare(payload))


def prepare_badly(payload: dict[str, Any]) -> Handler:
    raise RuntimeError("cannot prepare")


def prepare_with_a_thread(payload: dict[str, Any]) -> Handler:
    threading.Thread(target=time.sleep, args=(60,), daemon=True).start()
    return prepare(payload)


def echo(value: Any) -> Any:
    return value


def about() -> dict[str, Any]:
    """What a task finds around itself."""
    return {
        "leader": os.getsid(0) == os.getpid(),
        "descriptors": len(list(Path("/proc/self/fd").iterdir())),
        "stdin": str(Path("/proc/self/fd/0").readlink()),
        "term": signal.getsignal(signal.SIGTERM) == signal.SIG_DFL,
        "child": signal.getsignal(signal.SIGCHLD) == signal.SIG_DFL,
        "random": random.random(),
        "temporary": tempfile.mkdtemp(),
    }


def fail(text: str) -> None:
    raise ValueError(text)


def leave(status: int) -> None:
    os._exit(status)


def crash(number: int) -> None:
    os.kill(os.getpid(), number)


def forge() -> None:
    """A good-looking answer from a process that then dies."""
    for descriptor in range(3, 64):
        try:
            os.write(descriptor, b'{"value": {"forged": true}}')
        except OSError:
            continue
    os.kill(os.getpid(), signal.SIGKILL)


def burn(seconds: float) -> None:
    """Use processor time in a grandchild that nobody waits for."""
    code = f"import time\nwhile time.process_time() < {seconds}: pass"
    outer = (
        "import subprocess, sys; subprocess.Popen([sys.executable, '-c', sys.argv[1]])"
    )
    subprocess.run([sys.executable, "-c", outer, code], check=True)
    time.sleep(2 * seconds + 0.5)


def linger(mark: str, sign: str = "") -> None:
    """Daemons of three kinds, then sleep for ever."""
    subprocess.Popen(["sleep", mark])
    subprocess.Popen(["setsid", "sleep", mark])
    subprocess.run(f"trap '' TERM; (setsid sleep {mark} &) &", shell=True, check=True)
    if sign:
        Path(sign).touch()
    time.sleep(600)


def work_in_box(level: str, folder: str, mark: str, sign: str) -> None:
    """A long command in a box."""
    box = open_box(BoxPlan(level, Path(folder)), prepare_runtime())
    Path(sign).touch()
    box.run(f"(setsid sleep {mark} &) ; sleep {mark}", timeout=600)


def open_and_sleep(level: str, folder: str) -> None:
    open_box(BoxPlan(level, Path(folder)), prepare_runtime())
    time.sleep(600)


def kill_bubblewrap_early(folder: str, milliseconds: float) -> None:
    """The window in which bubblewrap itself leaves an orphan."""
    runtime = prepare_runtime()
    words = bubblewrap.command(
        BoxPlan("bubblewrap", Path(folder)), runtime, Path(folder), []
    )
    words += [runtime.base_python, *PYTHON_FLAGS]
    box = subprocess.Popen(words, stdin=subprocess.PIPE, stderr=subprocess.DEVNULL)
    time.sleep(milliseconds / 1000)
    box.kill()


def main() -> None:
    """A worker that starts a server, says its pid and waits in a request."""
    server = WarmServer("tests.sandbox.targets:prepare", {})
    print(server.pid, flush=True)
    what, mark, sign = sys.argv[1:4]
    if what == "linger":
        server.request({"do": "linger", "mark": mark, "sign": sign}, wall_cap=600)
    request = {"do": "work_in_box", "level": what, "folder": sys.argv[4]}
    server.request({**request, "mark": mark, "sign": sign}, wall_cap=600)


if __name__ == "__main__":
    main()
