"""What a list must do, what its file must look like, and how to meet it mid-change."""

from __future__ import annotations

import json
from collections.abc import Callable
from itertools import pairwise
from random import Random
from typing import Any

FOLDER = "lists"
PATH = f"{FOLDER}/todo.json"
SOURCE = "todo.py"

Item = dict[str, Any]
Change = tuple[Any, ...]
"""A method's name and its arguments."""

CHANGES: dict[str, Change] = {
    "add": ("add", "Zoë"),
    "add_all": ("add_all", ["one", "two", "three"]),
    "done": ("done", 4),
    "remove": ("remove", 7),
}
"""A change of each kind, for a list that holds ids 4 and 7."""


class Model:
    """One list, in memory."""

    def __init__(self, next_id: int = 1, items: list[Item] | None = None) -> None:
        self.next_id = next_id
        self.kept = items or []

    def items(self) -> list[Item]:
        return [dict(item) for item in self.kept]

    def add(self, text: str) -> int:
        return self.add_all([text])[0]

    def add_all(self, texts: list[str]) -> list[int]:
        stored = [text.strip() for text in texts]
        if any(not text or "\n" in text or "\r" in text for text in stored):
            raise ValueError
        ids = []
        for text in stored:
            self.kept.append({"id": self.next_id, "text": text, "done": False})
            ids.append(self.next_id)
            self.next_id += 1
        return ids

    def done(self, id: int) -> None:
        self._find(id)["done"] = True

    def remove(self, id: int) -> None:
        self.kept.remove(self._find(id))

    def _find(self, id: int) -> Item:
        for item in self.kept:
            if item["id"] == id:
                return item
        raise KeyError(id)

    def after(self, change: Change) -> Model:
        """What it would be after a change."""
        then = Model(self.next_id, self.items())
        name, *arguments = change
        getattr(then, name)(*arguments)
        return then

    @property
    def state(self) -> tuple[int, list[Item]]:
        return self.next_id, self.items()

    @property
    def data(self) -> bytes:
        """A file that holds it."""
        whole = {"next_id": self.next_id, "items": self.kept}
        return json.dumps(whole, ensure_ascii=False).encode()


def some_list() -> Model:
    """The list that :data:`CHANGES` are meant for; id 9 was removed."""
    items = [{"id": 4, "text": "four", "done": False}]
    items.append({"id": 7, "text": "seven ✓", "done": True})
    return Model(10, items)


def state_of(data: bytes) -> tuple[int, list[Item]]:
    """What a file holds; ``AssertionError`` when it is not as the instruction says."""
    assert len(data) < 1 << 20
    try:
        whole = json.loads(data.decode("utf-8"))
    except ValueError as error:
        raise AssertionError(f"no JSON in UTF-8: {data[:200]!r}") from error
    assert type(whole) is dict, data[:200]
    assert set(whole) == {"next_id", "items"}, data[:200]
    next_id, items = whole["next_id"], whole["items"]
    assert [type(next_id), type(items)] == [int, list], data[:200]
    for item in items:
        assert type(item) is dict, item
        assert set(item) == {"id", "text", "done"}, item
        kinds = [type(item[key]) for key in ("id", "text", "done")]
        assert kinds == [int, str, bool], item
    ids = [0, *(item["id"] for item in items), next_id]
    assert all(one < other for one, other in pairwise(ids)), ids
    return next_id, items


def open_list(code: Any, path: Any = PATH) -> Any:
    return code.new("todo:TodoList", path)


def unhindered(code: Any, call: Callable[..., Any], *arguments: Any) -> Any:
    """A call while nobody holds a lock: to fall asleep in it is to sleep for ever."""
    with code.crew() as crew:
        job = crew.start(call, *arguments)
        if not job.ended_within(0.05) and crew.settle() and not job.done:
            code.kill()  # else the rest of the test's time would go by
            raise AssertionError("it waits although nobody holds the lock")
        return job.result()


def random_text(rng: Random) -> str:
    """Mostly good; white space around it; sometimes a bad one."""
    middle = "".join(rng.choices("ab \u00e9\u4e2d\U0001f600\"\\/{}[],:'\t", k=6))
    around = rng.choice(["", " ", "\t", "\n", "\u2003", "\r\n "])
    text = around + middle + rng.choice(["", " ", "\n", "\u00a0"])
    return rng.choice([*[text] * 6, "", " \n", "a\nb", "a\rb"])


def moments(
    code: Any, shell: Any, make: Callable[[], Any], change: Change, path: str = PATH
) -> list[int]:
    """Numbers of opcodes at which to stop a change: all over it, most where it writes.

    ``make`` gives a fresh list at ``path`` each time.
    """

    def looks(at: int, look: Callable[[], bool]) -> list[bool]:
        seen: list[bool] = []
        stop = code.callback(lambda: seen.append(look()), name="look")
        code.traced(make(), change, SOURCE, at, stop)
        return seen

    def last(high: int, holds: Callable[[int], bool]) -> int:
        """The last number below ``high`` for which it holds; it does for the first."""
        low = 0
        while high - low > 1:
            middle = (low + high) // 2
            low, high = (middle, high) if holds(middle) else (low, middle)
        return low

    make()
    before, known = shell.read(path), shell.list(FOLDER)
    known += [f"{path}.lock"]

    def untouched() -> bool:
        return bool(shell.read(path) == before)

    def untried() -> bool:
        return untouched() and set(shell.list(FOLDER)) <= set(known)

    total = last(1 << 13, lambda at: bool(looks(at, lambda: True)))
    assert total >= 20, "the change was not seen to run in todo.py"
    opened = last(total + 1, lambda at: looks(at, untried) == [True])
    moved = last(total + 1, lambda at: looks(at, untouched) == [True])
    spread = [1 + (total - 1) * n // 3 for n in range(4)]
    places = {*spread, opened, opened + 1, (opened + moved) // 2, moved, moved + 1}
    return sorted(at for at in places if 0 < at <= total)
