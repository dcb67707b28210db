"""The connection to a model server: how it is made, and how it is cut in time."""

from __future__ import annotations

import contextlib
import socket
import threading
import time
from collections.abc import Callable
from collections.abc import Iterator
from typing import Any

import httpx

CONNECT_SECONDS = 5.0
WRITE_SECONDS = 30.0


def client_options(url: str) -> dict[str, Any]:
    """What every HTTP client of ``url`` is made with."""
    # A proxy from the environment would swallow calls to this machine. For plain http
    # no TLS context is needed, and making one takes 76 ms.
    return {"trust_env": False, "verify": not url.startswith("http://")}


def plain_client(url: str, seconds: float) -> httpx.Client:
    """A client for short questions beside the chat; ``seconds`` for each step."""
    return httpx.Client(base_url=url, timeout=seconds, **client_options(url))


class Watch:
    """Watches one call at a time: its deadline, its silences, the answer's head.

    ``hooks`` go into the HTTP client that makes the calls.
    """

    def __init__(self, stall: float) -> None:
        """``stall``: longest silence of a healthy call, seconds."""
        self._stall = stall
        self._deadline = float("inf")
        self._guard: threading.Timer | None = None
        self.sent = False
        """A request went out: what is wrong from then on is not the request's build."""
        self.response: httpx.Response | None = None
        """The latest answer's head."""

    @property
    def hooks(self) -> dict[str, list[Callable[..., Any]]]:
        """Event hooks of an ``httpx.Client``."""
        return {"request": [self._set_timeouts], "response": [self._arm]}

    @contextlib.contextmanager
    def until(self, deadline: float) -> Iterator[None]:
        """One call, cut past ``deadline``, which is on ``time.monotonic()``."""
        self._deadline, self.sent, self.response = deadline, False, None
        try:
            yield
        finally:
            self._disarm()

    def _set_timeouts(self, request: httpx.Request) -> None:
        self.sent = True
        left = max(0.001, self._deadline - time.monotonic())
        timeout = httpx.Timeout(
            CONNECT_SECONDS, read=min(self._stall, left), write=WRITE_SECONDS
        )
        request.extensions["timeout"] = timeout.as_dict()

    def _arm(self, response: httpx.Response) -> None:
        """Cut the connection at the deadline.

        A read timeout bounds one silence only, and was set when the request began: a
        stream that falls silent just before the deadline would outlive it.
        """
        self.response = response
        stream = response.extensions["network_stream"]
        connection: socket.socket = stream.get_extra_info("socket")
        left = min(self._deadline - time.monotonic(), threading.TIMEOUT_MAX)
        self._disarm()
        self._guard = threading.Timer(max(0.0, left), _shut, [connection])
        self._guard.daemon = True
        self._guard.start()

    def _disarm(self) -> None:
        if self._guard is not None:
            self._guard.cancel()
            self._guard = None


def _shut(connection: socket.socket) -> None:
    with contextlib.suppress(OSError):
        connection.shutdown(socket.SHUT_RDWR)
