"""The conversation with a model, kept within the model's window.

A server whose window is full leaves the oldest messages out, answers all the same and
counts only what it kept (``server/prompt.go`` of Ollama). So the size is estimated
here before anything is sent, and what goes is chosen here: by rules, without a model.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

from pytest_overnight.agents.compaction import LADDER
from pytest_overnight.agents.compaction import SHORT_CHARS
from pytest_overnight.agents.compaction import Piece
from pytest_overnight.agents.compaction import Step
from pytest_overnight.agents.compaction import cut
from pytest_overnight.agents.compaction import digest
from pytest_overnight.agents.compaction import newest_lines
from pytest_overnight.agents.compaction import size
from pytest_overnight.models.base import Message

RESERVE_TOKENS = 256
"""Kept free beside the answer: what a server's template adds."""
CHARS_PER_TOKEN = 3.5
"""Until the server has counted a prompt; then its own figure, within these bounds:"""
FEWEST_CHARS, MOST_CHARS = 2.0, 6.0
MARGIN = 1.15
LEAST_WINDOW = 2048
"""No server's window is taken for smaller than this, whatever it leaves out."""
FULL = 0.8
"""Share of the budget beyond which the history is compacted …"""
GOAL = 0.5
"""… and what it is brought down to. Every change of what was sent before costs the
server's prompt cache: one big step is cheaper than many small ones."""


@dataclass(frozen=True, slots=True)
class Compaction:
    """What one compaction did; sizes in tokens, estimated."""

    before: int
    after: int
    how: tuple[str, ...]

    @property
    def freed(self) -> float:
        """Share of ``before``, 0 to 1."""
        return 1 - self.after / self.before


class Context:
    """All that loop and model said; what the next request sends.

    A round is an assistant message, its answers and what was said after them. It stays
    or leaves as a whole. The system text is always first, and whole.
    """

    def __init__(
        self, system: str, *, window: int, answer_tokens: int, extra_chars: int = 0
    ) -> None:
        """Begin with ``system``, which holds the task.

        ``window`` in tokens, of which an answer may take ``answer_tokens``.
        ``extra_chars``: length of what goes beside the messages, the tools' schemas.
        """
        self.system = system
        self.window = window
        self.extra_chars = extra_chars
        self._answer_tokens = answer_tokens
        self._pieces: list[Piece] = []
        self._lines: list[str] = []
        self._ratio = CHARS_PER_TOKEN
        self._counted = 0
        self._counted_for: list[Message] = []

    @property
    def messages(self) -> list[Message]:
        """What to send, system first. Between compactions it only grows."""
        system = self.system + digest(self._lines)
        said = [piece.message for piece in self._pieces]
        return [{"role": "system", "content": system}, *said]

    def say(self, text: str) -> None:
        """Add a user message."""
        message = {"role": "user", "content": text}
        self._pieces.append(Piece(message, self._newest))

    def add_turn(self, message: Message) -> None:
        """Add an assistant message: a new round begins."""
        self._pieces.append(Piece(message, self._newest + 1))

    def add_answer(self, message: Message, line: str, read: str = "") -> None:
        """Add the answer to a call of the newest turn, in whatever role.

        ``line`` stands for it once it is shortened. ``read``: path of the file whose
        content it shows.
        """
        self._pieces.append(Piece(message, self._newest, line, read))

    @property
    def tokens(self) -> int:
        """Size of the next prompt, estimated, rather too high than too low."""
        return math.ceil(self._chars() / self._ratio * MARGIN)

    def learn(self, prompt_tokens: int) -> int | None:
        """Take the server's count for :attr:`messages` as they are now; 0: unknown.

        Call it before the turn is added. Returns the tokens expected when the server
        left a part of the prompt out; the window is then taken for no larger than what
        has ever fitted.
        """
        # What was left in is system text, tools and most of a window. A lower count is
        # that of an older server, which leaves out what it had in its cache.
        always = (size(self.system) + self.extra_chars) / MOST_CHARS
        if prompt_tokens <= max(0, always / 2, self._counted / 5):
            return None
        by_size, by_last_count = self._fewest()
        if prompt_tokens < max(by_size, by_last_count):
            fitted = max(prompt_tokens, self._counted)
            self.window = min(self.window, max(fitted, LEAST_WINDOW))
            return round(self._chars() / self._ratio)
        self._counted, self._counted_for = prompt_tokens, self.messages
        ratio = self._chars() / prompt_tokens
        self._ratio = min(max(ratio, FEWEST_CHARS), MOST_CHARS)
        return None

    def _fewest(self) -> tuple[float, float]:
        """Fewest tokens that the whole prompt has, by its size and by the last count.

        Thinking is not among them: templates leave out that of earlier turns. The size
        says little of short prompts, since templates write the tools in fewer words.
        """
        sent, known = self.messages, self._counted_for
        thinking = sum(size(m["thinking"]) for m in sent if "thinking" in m)
        chars = self._chars() - thinking
        by_size = 0.7 * chars / self._ratio if self.tokens > self.window / 2 else 0.0
        if not self._counted or sent[: len(known)] != known:
            return by_size, 0.0
        added = sum(size({**m, "thinking": ""}) for m in sent[len(known) :])
        # A quarter: text that is mostly blanks has far more characters in a token. And
        # thinking may be code, which has fewer.
        least = self._counted + added / 4 / self._ratio - thinking / FEWEST_CHARS
        return by_size, least

    def compact(self) -> Compaction | None:
        """Make room if the prompt is nearly too big; ``None``: nothing was done."""
        if self.tokens <= FULL * self._budget:
            return None
        return self._shrink(GOAL * self._budget, self._budget)

    def compact_hard(self) -> Compaction | None:
        """Make much room at once, for a server that refused or cut the prompt.

        Leaves at most a third of the window, and half of what there was, since the
        estimate was wrong. ``None``: nothing could be freed.
        """
        goal = min(self.window / 3, self.tokens / 2)
        return self._shrink(goal, goal)

    def _shrink(self, goal: float, limit: float) -> Compaction | None:
        """Go down to ``goal`` step by step; the newest round is cut for ``limit``."""
        before, saved, how = self.tokens, (self._pieces, self._lines), []
        for what, step in LADDER:
            if self.tokens > goal and (count := self._take(step)):
                how.append(f"{what} ({count})")
        if count := self._drop_rounds(goal):
            how.append(f"earlier rounds left out ({count})")
        how += self._squeeze(limit)
        if self.tokens >= before:
            # Nothing to free, or lines that are longer than what they stand for.
            self._pieces, self._lines = saved
            return None
        return Compaction(before, self.tokens, tuple(how))

    def _take(self, step: Step) -> int:
        """Let ``step`` replace what is before the newest round; how many changed."""
        pieces = [
            step(piece, self._pieces[at + 1 :]) if piece.round < self._newest else piece
            for at, piece in enumerate(self._pieces)
        ]
        changed = sum(new != old for new, old in zip(pieces, self._pieces, strict=True))
        self._pieces = pieces
        return changed

    def _drop_rounds(self, goal: float) -> int:
        rounds = sorted({piece.round for piece in self._pieces} - {0, self._newest})
        for dropped, number in enumerate(rounds):
            if self.tokens <= goal:
                return dropped
            self._drop(number)
        return len(rounds)

    def _drop(self, number: int) -> None:
        gone = [piece for piece in self._pieces if piece.round == number]
        self._pieces = [piece for piece in self._pieces if piece.round != number]
        lines = self._lines + [p.line for p in gone if p.line is not None]
        self._lines = newest_lines(lines, self.window // 4)

    def _squeeze(self, limit: float) -> list[str]:
        """The last resort: all that is left is needed, but it must fit."""
        fewer_lines = ("fewer earlier steps listed", self._forget)
        steps = (
            fewer_lines,
            ("newest answers shortened", self._cut_answers),
            fewer_lines,
            ("newest turn shortened", self._cut_turn),
            fewer_lines,
            ("newest round left out", self._drop_newest),
        )
        return [what for what, step in steps if self.tokens > limit and step(limit)]

    def _forget(self, limit: float) -> bool:
        """Leave out the oldest lines, if that alone will do."""
        saved = self._lines
        while self._lines and self.tokens > limit:
            self._lines = self._lines[1:]
        if self.tokens > limit:
            self._lines = saved
        return self._lines is not saved

    def _cut_answers(self, limit: float) -> bool:
        return self._cut_texts(limit, {"tool", "user"})

    def _cut_turn(self, limit: float) -> bool:
        return self._cut_texts(limit, {"assistant"})

    def _drop_newest(self, limit: float) -> bool:
        """Leave the newest round out, if it is that which the budget cannot hold."""
        saved = self._pieces, self._lines
        if self.tokens > self._budget and self._newest:
            self._drop(self._newest)
            self._forget(self._budget)
        if self.tokens > self._budget:
            self._pieces, self._lines = saved
        return self._pieces is not saved[0]

    def _cut_texts(self, limit: float, roles: set[str]) -> bool:
        """Cut the longest texts of these roles, no more than needed."""
        whole, room = self._pieces, self.window * 4
        while self.tokens > limit and room > SHORT_CHARS:
            room = max(room * 3 // 4, SHORT_CHARS)
            self._pieces = [
                cut(piece, room) if piece.message["role"] in roles else piece
                for piece in whole
            ]
        return self._pieces != whole

    @property
    def _budget(self) -> int:
        room = self.window - self._answer_tokens - RESERVE_TOKENS
        return max(room, self.window // 2)

    @property
    def _newest(self) -> int:
        return self._pieces[-1].round if self._pieces else 0

    def _chars(self) -> int:
        return sum(map(size, self.messages)) + self.extra_chars
