"""A real Ollama server but for the model: its replies are written down beforehand.

Speaks Ollama's protocol on a loopback port, in every framing that real servers use,
and fails in the ways that they do. Records what it was asked and what it served. When
a script runs out the client gets a 500, and leaving the ``with`` block fails.

    with OllamaServer([{"tool_calls": [{"name": "finish"}]}]) as server:
        ollama.Client(host=server.url).chat("gpt-oss:20b", …)

``python -m tests.support.ollama_server --script FILE.json`` serves a script file.
"""

from __future__ import annotations

import argparse
import contextlib
import ipaddress
import json
import math
import os
import select
import signal
import socket
import struct
import sys
import threading
import time
from collections.abc import Callable
from collections.abc import Iterator
from collections.abc import Sequence
from dataclasses import dataclass
from dataclasses import field
from http.server import BaseHTTPRequestHandler
from http.server import ThreadingHTTPServer
from pathlib import Path
from types import TracebackType
from typing import Any

from tests.support.ollama_prompt import Prompt
from tests.support.ollama_prompt import Request
from tests.support.ollama_prompt import prompt_of
from tests.support.ollama_prompt import window_asked
from tests.support.ollama_wire import CREATED
from tests.support.ollama_wire import LOAD_NS
from tests.support.ollama_wire import Exhausted
from tests.support.ollama_wire import Fault
from tests.support.ollama_wire import InstalledModel
from tests.support.ollama_wire import Reply
from tests.support.ollama_wire import Script
from tests.support.ollama_wire import Turn
from tests.support.ollama_wire import as_dict
from tests.support.ollama_wire import chunks
from tests.support.ollama_wire import complaint
from tests.support.ollama_wire import full_name
from tests.support.ollama_wire import go_json
from tests.support.ollama_wire import merged

FRAMINGS = ("done", "before", "bytes")
"""Where tool calls come: in the last line, in one before it; or byte by byte."""
JSON = "application/json; charset=utf-8"
LOCAL = (".localhost", ".local", ".internal")


@dataclass
class Totals:
    """What was served in whole, to be compared with what a client has counted."""

    requests: int = 0
    rounds: int = 0
    tool_calls: int = 0
    prompt_tokens: int = 0
    output_tokens: int = 0
    disconnects: int = 0
    """Clients that went away in the middle of their answer."""
    at_once: int = 0
    """Most requests whose clients were waiting at the same time."""


@dataclass
class Loaded:
    """A model in memory."""

    window: int
    expires: float = 0.0
    options: dict[str, Any] = field(default_factory=dict)


class OllamaServer:
    """The server; ``with`` starts and stops it."""

    def __init__(
        self,
        script: Sequence[Turn] | dict[str, Any] = (),
        *,
        models: Sequence[InstalledModel] = (InstalledModel(),),
        framing: str = "done",
        version: str = "0.33.0",
        num_parallel: int = 1,
        window: int | None = None,
        window_shown: int | None = None,
        port: int = 0,
    ) -> None:
        """``window``: most tokens a model is given, whatever is asked for.

        ``window_shown``: what ``/api/ps`` says instead of the truth.
        """
        assert framing in FRAMINGS
        self.script = Script(script)
        self.models = {full_name(model.name): model for model in models}
        self.framing = framing
        self.version = version
        self.requests: list[Request] = []
        """Bodies of all chat requests, as they came; but those that only load."""
        self.headers: list[dict[str, str]] = []
        """Headers of the same requests, names in lower case."""
        self.seen: list[Prompt] = []
        """What the model saw of each request that the script replied to."""
        self.totals = Totals()
        self.problems: list[str] = []
        """What makes leaving the ``with`` block fail."""
        self.loaded: dict[str, Loaded] = {}
        self.lock = threading.Lock()
        self.slots = threading.Semaphore(num_parallel)
        self.closing = threading.Event()
        self.connections: set[socket.socket] = set()
        self.waiting: set[_Handler] = set()
        self._window = window
        self._window_shown = window_shown
        self._presence = threading.Lock()
        self._http: _Http | None = _Http(self, port)
        self.port = self._http.server_port

    @property
    def url(self) -> str:
        """Base URL."""
        return f"http://127.0.0.1:{self.port}"

    def __enter__(self) -> OllamaServer:
        assert self._http
        self._http.listen()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()
        if kind is None and self.problems:
            raise AssertionError("; ".join(self.problems))

    def close(self) -> None:
        """Stop listening, and cut every connection."""
        self.closing.set()
        self.leave()

    def leave(
        self, seconds: float = math.inf, but: socket.socket | None = None
    ) -> None:
        """The same, and be back at the same port after some real seconds.

        ``but``: a connection that is left to end by itself.
        """
        with self._presence:
            if self._http:
                self._http.shutdown()
                self._http.server_close()
            self._http = None
        for connection in set(self.connections) - {but}:
            with contextlib.suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)
        if seconds < math.inf:
            back = threading.Timer(seconds, self.come_back)
            back.daemon = True
            back.start()

    def come_back(self) -> None:
        """Listen again."""
        with self._presence:
            if self._http is None and not self.closing.is_set():
                self._http = _Http(self, self.port)
                self._http.listen()

    # -- what the handler asks ----------------------------------------------------

    def window(self, request: Request) -> int:
        """Tokens of the window that a request gets."""
        asked = window_asked(request)
        return asked if self._window is None else min(asked, self._window)

    def load(self, request: Request) -> int:
        """Have the model in memory; nanoseconds that took. Other options: a reload."""
        name = full_name(request["model"])
        options = request.get("options") or {}
        load_options = {k: v for k, v in options.items() if k.startswith("num_")}
        load_options.pop("num_predict", None)
        with self.lock:
            was = self.loaded.get(name)
            window = self.window(request)
            self.loaded[name] = Loaded(window, time.time() + 300, load_options)
        return 0 if was and was.options == load_options else LOAD_NS

    def reply(self, request: Request, prompt: Prompt) -> Reply:
        """The script's next reply."""
        with self.lock:
            self.seen.append(prompt)
            try:
                return self.script.reply(request, prompt)
            except Exhausted as error:
                self.problems.append(str(error))
                print(f"ollama_server: {error}", file=sys.stderr)
                return Reply(fault=Fault("status", body=f"{error}"))

    def book(self, lines: list[dict[str, Any]]) -> None:
        """Count an answer, before its last line goes out: then nobody can be faster."""
        with self.lock:
            self.totals.rounds += 1
            self.totals.prompt_tokens += lines[-1].get("prompt_eval_count", 0)
            self.totals.output_tokens += lines[-1].get("eval_count", 0)
            for line in lines:
                self.totals.tool_calls += len(line["message"].get("tool_calls", ()))

    def running(self) -> list[dict[str, Any]]:
        """Rows of ``/api/ps``."""
        rows = []
        for name, loaded in self.loaded.items():
            model = self.models[name]
            row = model.row() | {
                "expires_at": CREATED,
                "size_vram": model.size,
                "context_length": self._window_shown or loaded.window,
            }
            rows.append(row)
        return rows


class _Http(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 64

    def __init__(self, ollama: OllamaServer, port: int) -> None:
        super().__init__(("127.0.0.1", port), _Handler)
        self.ollama = ollama

    def listen(self) -> None:
        threading.Thread(target=self.serve_forever, args=(0.02,), daemon=True).start()

    def handle_error(self, request: Any, client_address: Any) -> None:
        error = sys.exc_info()[1]
        if not isinstance(error, OSError):
            self.ollama.problems.append(f"{type(error).__name__}: {error}")


class _Gone(Exception):
    """This connection has come to its scripted end."""


class _Handler(BaseHTTPRequestHandler):
    server: _Http
    protocol_version = "HTTP/1.1"
    # With Nagle's algorithm every answer takes 40 ms longer.
    disable_nagle_algorithm = True

    def setup(self) -> None:
        super().setup()
        self.server.ollama.connections.add(self.connection)

    def finish(self) -> None:
        self.server.ollama.connections.discard(self.connection)
        with contextlib.suppress(OSError, ValueError):
            super().finish()

    def log_message(self, format: str, *args: Any) -> None:
        pass

    def do_GET(self) -> None:
        ollama = self.server.ollama
        answers: dict[str, Callable[[], Any]] = {
            "/api/version": lambda: {"version": ollama.version},
            "/api/tags": lambda: {"models": [m.row() for m in ollama.models.values()]},
            "/api/ps": lambda: {"models": ollama.running()},
        }
        if not self._host_is_local():
            self._send(403, b"", "")
        elif self.path == "/":
            self._send(200, b"Ollama is running", "text/plain; charset=utf-8")
        elif self.path in answers:
            self._send_json(200, answers[self.path]())
        else:
            self._refuse_path({"/api/chat", "/api/show"})

    do_HEAD = do_GET

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        answers = {"/api/chat": self._chat, "/api/show": self._show}
        if not self._host_is_local():
            self._send(403, b"", "")
        elif self.path not in answers:
            self._refuse_path({"/", "/api/version", "/api/tags", "/api/ps"})
        elif not body:
            self._send_json(400, {"error": "missing request body"})
        else:
            try:
                request = json.loads(body)
            except ValueError as error:
                self._send_json(400, {"error": str(error)})
            else:
                answers[self.path](request)

    def _show(self, request: Request) -> None:
        name = request.get("model") or request.get("name") or ""
        model = self.server.ollama.models.get(full_name(name))
        if model is None:
            self._send_json(404, {"error": f"model '{name}' not found"})
        else:
            self._send_json(200, model.show())

    def _chat(self, request: Request) -> None:
        ollama = self.server.ollama
        wrong = complaint(request, ollama.models)
        if not wrong and not request.get("messages"):
            return self._load_only(request)
        with ollama.lock:
            ollama.totals.requests += 1
            ollama.requests.append(request)
            ollama.headers.append({k.lower(): v for k, v in self.headers.items()})
        if wrong:
            return self._send_json(wrong[0], {"error": wrong[1]})
        waiting = ollama.waiting
        with ollama.lock:
            waiting.add(self)
            here = sum(not _gone(each.connection) for each in list(waiting))
            ollama.totals.at_once = max(ollama.totals.at_once, here)
        try:
            with self._slot():
                self._answer(request)
        except (_Gone, OSError):
            self.close_connection = True
        finally:
            waiting.discard(self)
        return None

    @contextlib.contextmanager
    def _slot(self) -> Iterator[None]:
        """Requests queue unseen; one whose client has gone leaves the queue."""
        ollama = self.server.ollama
        self._goes_on = 0.0
        while not ollama.slots.acquire(timeout=0.02):
            if _gone(self.connection) or ollama.closing.is_set():
                raise _Gone
        try:
            if _gone(self.connection):
                raise _Gone
            yield
        except OSError:
            ollama.totals.disconnects += 1
            ollama.waiting.discard(self)
            ollama.closing.wait(self._goes_on)
            raise
        finally:
            ollama.slots.release()

    def _load_only(self, request: Request) -> None:
        ollama = self.server.ollama
        unload = request.get("keep_alive") == 0
        if unload:
            ollama.loaded.pop(full_name(request["model"]), None)
        else:
            ollama.load(request)
        answer = {
            "model": request["model"],
            "created_at": CREATED,
            "message": {"role": "assistant", "content": ""},
            "done": True,
            "done_reason": "unload" if unload else "load",
        }
        self._send_json(200, answer)

    def _answer(self, request: Request) -> None:
        ollama = self.server.ollama
        prompt = prompt_of(request, ollama.window(request))
        reply = ollama.reply(request, prompt)
        fault = reply.fault or Fault("")
        self._goes_on = reply.goes_on
        if reply.away:
            # Before the last byte: then no client can be so fast as to meet it here.
            self.close_connection = True
            ollama.leave(reply.away, but=self.connection)
        self._pause(reply.delay)
        if fault.kind in {"status", "redirect", "close", "garbage"}:
            return self._fail_at_once(fault)
        load_ns = ollama.load(request)
        lines = chunks(
            reply,
            request,
            prompt_tokens=prompt.tokens,
            load_ns=int(reply.reload_seconds * 1e9) or load_ns,
            calls_before=ollama.framing == "before",
        )
        if request.get("stream", True):
            self._stream(lines, reply, fault)
        else:
            self._whole(lines, fault)
        return None

    def _whole(self, lines: list[dict[str, Any]], fault: Fault) -> None:
        if fault.kind in {"stall", "cut", "reset"}:
            return self._break_off(fault)
        answer = merged(lines)
        if fault.kind == "no_done":
            answer = {**merged(lines[:-1] or lines), "done": False}
        elif fault.kind == "line":
            body = _raw(fault.body).encode()
            return self._send(200, body, JSON)
        else:
            self.server.ollama.book(lines)
        return self._send_json(200, answer)

    def _stream(self, lines: list[dict[str, Any]], reply: Reply, fault: Fault) -> None:
        """Headers go out with the first line, as with the real server."""
        self._begun = False
        for number, line in enumerate(lines):
            if fault.kind in {"stall", "cut", "reset", "line"} and (
                number == fault.after
            ):
                return self._break_stream(fault)
            if line["done"]:
                if fault.kind == "no_done":
                    break
                self.server.ollama.book(lines)
            if number:
                self._pause(reply.gap)
            self._send_line(go_json(line))
        if fault.kind == "extra":
            self._send_line(_raw(fault.body))
        return self._end_stream()

    def _break_stream(self, fault: Fault) -> None:
        if fault.kind == "line":
            self._send_line(_raw(fault.body))
            self._end_stream()
        else:
            self._break_off(fault)

    def _send_line(self, text: str) -> None:
        if not self._begun:
            self._begin_stream()
        data = text.encode() + b"\n"
        self._write(b"%x\r\n%s\r\n" % (len(data), data))

    def _begin_stream(self) -> None:
        self._begun = True
        self.send_response(200)
        self.send_header("Content-Type", "application/x-ndjson")
        self.send_header("Transfer-Encoding", "chunked")
        self._end_headers()

    def _end_stream(self) -> None:
        if not self._begun:
            self._begin_stream()
        self._write(b"0\r\n\r\n")

    def _write(self, data: bytes) -> None:
        if self.server.ollama.framing == "bytes":
            for at in range(len(data)):
                self.wfile.write(data[at : at + 1])
        else:
            self.wfile.write(data)

    # -- how it goes wrong --------------------------------------------------------

    def _fail_at_once(self, fault: Fault) -> None:
        if fault.kind == "status":
            body = fault.body
            if isinstance(body, str) and "json" in fault.content_type:
                body = go_json({"error": body})
            text = body if isinstance(body, str) else go_json(body)
            data, kind = text.encode(), fault.content_type
            return self._send(fault.status, data, kind, **fault.headers)
        if fault.kind == "redirect":
            return self._send(307, b"", "", Location=self.path)
        if fault.kind == "garbage":
            self.wfile.write(b"!!! no status line\r\n\r\n")
        self.connection.shutdown(socket.SHUT_RDWR)
        raise _Gone

    def _break_off(self, fault: Fault) -> None:
        if fault.kind == "stall":
            self._pause(float("inf"))
        elif fault.kind == "reset":
            linger = struct.pack("ii", 1, 0)
            self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)
            # Only a close without a shutdown before it makes a reset.
            os.close(self.connection.detach())
        else:
            self.connection.shutdown(socket.SHUT_RDWR)
        raise _Gone

    def _pause(self, seconds: float) -> None:
        """Wait; the end of the server or, as ``OSError``, of the client cuts it."""
        until = time.monotonic() + seconds
        while (left := until - time.monotonic()) > 0:
            if self.server.ollama.closing.is_set():
                raise _Gone
            if _gone(self.connection, min(left, 0.05)):
                raise ConnectionAbortedError

    # -- plain answers ------------------------------------------------------------

    def _send_json(self, status: int, value: Any) -> None:
        self._send(status, go_json(value).encode(), JSON)

    def _send(self, status: int, body: bytes, kind: str, **headers: str) -> None:
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, value)
        if kind:
            self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body)))
        self._end_headers()
        if self.command != "HEAD":
            self._write(body)

    def _end_headers(self) -> None:
        if self.close_connection:
            self.send_header("Connection", "close")
        self.end_headers()

    def _refuse_path(self, others: set[str]) -> None:
        status, text = (405, b"405 method not allowed")
        if self.path not in others:
            status, text = (404, b"404 page not found")
        self._send(status, text, "text/plain")

    def _host_is_local(self) -> bool:
        name = (self.headers.get("Host") or "").rsplit(":", 1)[0].strip("[]")
        try:
            address = ipaddress.ip_address(name)
        except ValueError:
            own = {"", "localhost", socket.gethostname().lower()}
            return name.lower() in own or name.lower().endswith(LOCAL)
        return address.is_private or address.is_loopback


def _gone(connection: socket.socket, seconds: float = 0.0) -> bool:
    """Whether the client has hung up; waits so long to see it."""
    if connection.fileno() < 0:
        return True
    ready, _, _ = select.select([connection], [], [], seconds)
    try:
        return bool(ready) and not connection.recv(1, socket.MSG_PEEK)
    except OSError:
        return True


def _raw(body: Any) -> str:
    return body if isinstance(body, str) else go_json(body)


@contextlib.contextmanager
def _until_told_to_stop() -> Iterator[threading.Event]:
    stop = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: stop.set())
    yield stop


def main(arguments: Sequence[str] | None = None) -> int:
    """Print the URL, serve until told to stop, print the totals as JSON."""
    parser = argparse.ArgumentParser(description="Serve scripted replies as Ollama.")
    parser.add_argument("--script", type=Path, required=True, help="JSON file")
    parser.add_argument("--port", type=int, default=0)
    parser.add_argument("--model", default="gpt-oss:20b")
    parser.add_argument("--framing", choices=FRAMINGS, default="done")
    options = parser.parse_args(arguments)
    script = json.loads(options.script.read_text(encoding="utf-8"))
    server = OllamaServer(
        script,
        models=[InstalledModel(options.model)],
        framing=options.framing,
        port=options.port,
        num_parallel=8,
    )
    with _until_told_to_stop() as stop, contextlib.suppress(AssertionError), server:
        print(server.url, flush=True)
        stop.wait()
    print(json.dumps(as_dict(server.totals)), flush=True)
    return 1 if server.problems else 0


if __name__ == "__main__":
    sys.exit(main())
