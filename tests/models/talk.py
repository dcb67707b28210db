"""An adapter and a server to talk to, for the tests of this folder."""

from __future__ import annotations

import time
from collections.abc import Iterator
from collections.abc import Sequence
from contextlib import closing
from contextlib import contextmanager
from typing import Any

import pytest

from pytest_overnight.agents.tools import schemas
from pytest_overnight.models.base import Message
from pytest_overnight.models.base import ModelFault
from pytest_overnight.models.base import Turn
from pytest_overnight.models.ollama import OllamaModel
from tests.support.ollama_server import FRAMINGS
from tests.support.ollama_server import OllamaServer
from tests.support.ollama_wire import Reply

NAME = "gpt-oss:20b"
NOBODY = "http://127.0.0.1:9"
"""Nothing listens at the discard port."""
MESSAGES: list[Message] = [
    {"role": "system", "content": "Do the task."},
    {"role": "user", "content": "Begin."},
]
CALL = {"name": "write_file", "arguments": {"path": "a.py", "content": "x = '<&>'\n"}}
WAYS = (*FRAMINGS, "whole")
"""How an answer comes: streamed in one of the framings, or in one piece."""


@contextmanager
def model_at(url: str, **options: Any) -> Iterator[OllamaModel]:
    given = {
        "num_ctx": 8192,
        "num_predict": 4096,
        "temperature": 0.7,
        "think": "medium",
        "seed": 7,
        **options,
    }
    with closing(OllamaModel(NAME, url, **given)) as model:
        yield model


@contextmanager
def serving(
    script: Sequence[Reply] = (), way: str = "done", **options: Any
) -> Iterator[tuple[OllamaServer, OllamaModel]]:
    """``options`` are the server's."""
    framing, stream = ("done", False) if way == "whole" else (way, True)
    with (
        OllamaServer(script, framing=framing, **options) as server,
        model_at(server.url, stream=stream) as model,
    ):
        yield server, model


def ask(model: OllamaModel, seconds: float = 30.0) -> Turn:
    return model.chat(MESSAGES, schemas(), time.monotonic() + seconds)


def fault_of(reply: Reply, **options: Any) -> ModelFault:
    """``options`` are the model's."""
    # More than once: a client follows redirects.
    script = [reply] * 30
    with (
        OllamaServer(script) as server,
        model_at(server.url, **options) as model,
        pytest.raises(ModelFault) as caught,
    ):
        ask(model)
    return caught.value
