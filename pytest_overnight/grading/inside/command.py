"""A command that the test may kill: the forked child becomes it."""

from __future__ import annotations

import os

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any


def main(sock: Any, arguments: dict[str, Any]) -> None:
    """Run ``arguments["argv"]`` with both output streams on the socket."""
    fd = sock.detach()
    null = os.open(os.devnull, os.O_RDONLY)
    os.dup2(null, 0)
    os.dup2(fd, 1)
    os.dup2(fd, 2)
    os.environ.update(arguments["env"])
    argv = arguments["argv"]
    try:
        os.execvp(argv[0], argv)
    except OSError as error:
        os.write(1, f"{argv[0]}: {error.strerror}\n".encode())
    finally:
        os._exit(127)
