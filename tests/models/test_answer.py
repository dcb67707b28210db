"""An answer in the making, whatever pieces it comes in."""

from __future__ import annotations

import itertools
import math
import time
from collections.abc import Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st
from ollama import ChatResponse
from ollama import Message

from pytest_overnight.models.answer import CHECK_CHARS
from pytest_overnight.models.answer import TAIL_CHARS
from pytest_overnight.models.answer import Answer
from pytest_overnight.models.base import ModelFault

pytestmark = pytest.mark.needs("ollama-client")

LINES = "".join(f"line {number}\n" for number in range(400))


def chunks(pieces: list[str]) -> Iterator[ChatResponse]:
    for piece in pieces:
        yield ChatResponse(message=Message(role="assistant", content=piece), done=False)
    yield ChatResponse(message=Message(role="assistant"), done=True)


def fate(pieces: list[str]) -> str:
    """The content, or why there is none."""
    try:
        return Answer(0.0, math.inf).read(chunks(pieces)).content
    except ModelFault as fault:
        return fault.reason


@given(
    text=st.tuples(st.integers(0, 3000), st.integers(1, 30), st.integers(0, 3000)).map(
        lambda drawn: LINES[: drawn[0]] + "again\n" * drawn[1] + LINES[: drawn[2]]
    ),
    cuts=st.lists(st.integers(0, 6000), max_size=20),
)
def test_an_answer_is_judged_alike_in_whatever_pieces_it_comes(
    text: str, cuts: list[int]
) -> None:
    ends = [0, *sorted(cuts), len(text)]
    pieces = [text[a:b] for a, b in itertools.pairwise(ends)]
    assert fate(pieces) == fate([text])


@pytest.mark.parametrize("piece", ["again and again\n", "and again, ", "."])
@pytest.mark.parametrize("before", [0, 77, TAIL_CHARS, 5 * TAIL_CHARS])
def test_repetition_is_seen_soon_and_wherever_it_begins(
    piece: str, before: int
) -> None:
    whole = "".join(f"line {number}\n" for number in range(before))[:before]
    stuck = [piece] * 9999
    read = []

    def pieces() -> Iterator[ChatResponse]:
        for chunk in chunks([whole, *stuck]):
            read.append(chunk)
            yield chunk

    with pytest.raises(ModelFault) as caught:
        Answer(0.0, math.inf).read(pieces())
    assert caught.value.reason == "degenerate"
    # At the latest, 2000 characters are filled with it, and are looked at.
    assert len(read) * len(piece) < 2000 + 2 * CHECK_CHARS


def test_at_the_deadline_no_more_is_read() -> None:
    with pytest.raises(TimeoutError):
        Answer(0.0, 0.0).read(chunks(["late"]))


def test_the_first_piece_is_timed_not_the_last() -> None:
    def slowly() -> Iterator[ChatResponse]:
        for chunk in chunks(["first"]):
            yield chunk
            time.sleep(0.01)

    started = time.monotonic()
    turn = Answer(started, math.inf).read(slowly())
    assert turn.first_token_seconds <= time.monotonic() - started - 0.01


def test_thinking_is_told_from_content() -> None:
    # Each would be too much of one line, were they one text.
    message = Message(
        role="assistant", thinking="hm\n" * 14 + LINES, content="hm\n" * 14 + LINES
    )
    turn = Answer(0.0, math.inf).read([ChatResponse(message=message, done=True)])
    assert turn.thinking == turn.content == message.content
