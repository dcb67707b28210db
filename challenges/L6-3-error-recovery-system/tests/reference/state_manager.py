"""Another right answer, which agents never see: the state."""

from __future__ import annotations

import dataclasses
import json
import os
import pathlib
import tempfile
from typing import Any


class StateError(Exception):
    pass


@dataclasses.dataclass
class Item:
    status: str = "pending"
    attempts: int = 0


class StateManager:
    def __init__(self, path: Any) -> None:
        self.path = pathlib.Path(path).absolute()
        self.items: dict[str, Item] = {}
        self.sums: dict[str, int] = {}
        try:
            state = json.loads(self.path.read_text(encoding="utf-8"))
            if not isinstance(state["items"], dict):
                raise TypeError("items")
            if not isinstance(state["totals"], dict):
                raise TypeError("totals")
        except FileNotFoundError:
            return
        except (ValueError, TypeError, KeyError) as error:
            raise StateError(self.path) from error
        self.items = {name: Item(**item) for name, item in state["items"].items()}
        self.sums = state["totals"]

    def status(self, name: str) -> str:
        return self.items.get(name, Item()).status

    def attempts(self, name: str) -> int:
        return self.items.get(name, Item()).attempts

    def totals(self) -> dict[str, int]:
        return self.sums.copy()

    def note_failure(self, name: str) -> None:
        self.item(name).attempts += 1
        self.save()

    def restart(self, name: str) -> None:
        self.items[name] = Item()
        self.save()

    def mark_done(self, name: str, counts: dict[str, int]) -> None:
        self.sums.update({k: self.sums.get(k, 0) + n for k, n in counts.items()})
        self.mark(name, "done")

    def mark_corrupt(self, name: str) -> None:
        self.mark(name, "corrupt")

    def mark_failed(self, name: str) -> None:
        self.mark(name, "failed")

    def mark(self, name: str, status: str) -> None:
        self.item(name).status = status
        self.save()

    def item(self, name: str) -> Item:
        return self.items.setdefault(name, Item())

    def save(self) -> None:
        items = {name: dataclasses.asdict(item) for name, item in self.items.items()}
        fd, path = tempfile.mkstemp(prefix=".state-", dir=self.path.parent)
        with os.fdopen(fd, "w", encoding="utf-8") as file:
            json.dump({"totals": self.sums, "items": items}, file, indent=1)
        pathlib.Path(path).rename(self.path)
