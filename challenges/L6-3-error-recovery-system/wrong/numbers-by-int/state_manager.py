"""What has become of each file, kept on disk."""

import json
import os
from os import PathLike
from pathlib import Path
from typing import Any


class StateError(Exception):
    """The state file is there, but holds no state."""


class StateManager:
    """Status and failed attempts of each file, and the totals of those done."""

    def __init__(self, path: str | PathLike[str]) -> None:
        self._path = Path(path)
        self._state: dict[str, Any] = {"items": {}, "totals": {}}
        if self._path.exists():
            self._state = _read(self._path)

    def status(self, name: str) -> str:
        """``pending``, ``done``, ``corrupt`` or ``failed``."""
        status: str = self._item(name)["status"]
        return status

    def attempts(self, name: str) -> int:
        """Failed attempts since the file was last begun."""
        attempts: int = self._item(name)["attempts"]
        return attempts

    def totals(self) -> dict[str, int]:
        """Sums over the files done."""
        return dict(self._state["totals"])

    def note_failure(self, name: str) -> None:
        """One more attempt has failed."""
        self._set(name, attempts=self.attempts(name) + 1)

    def restart(self, name: str) -> None:
        """Begin a file anew."""
        self._set(name, status="pending", attempts=0)

    def mark_done(self, name: str, counts: dict[str, int]) -> None:
        """The file is done, and has these counts."""
        totals = self._state["totals"]
        for key, value in counts.items():
            totals[key] = totals.get(key, 0) + value
        self._set(name, status="done")

    def mark_corrupt(self, name: str) -> None:
        """The file is corrupt and was set aside."""
        self._set(name, status="corrupt")

    def mark_failed(self, name: str) -> None:
        """The file could not be fetched."""
        self._set(name, status="failed")

    def _item(self, name: str) -> dict[str, Any]:
        item: dict[str, Any] = {"status": "pending", "attempts": 0}
        return item | self._state["items"].get(name, {})

    def _set(self, name: str, **fields: Any) -> None:
        self._state["items"][name] = self._item(name) | fields
        temporary = Path(f"{self._path}.tmp")
        temporary.write_text(json.dumps(self._state), encoding="utf-8")
        os.replace(temporary, self._path)


def _read(path: Path) -> dict[str, Any]:
    try:
        state: Any = json.loads(path.read_bytes())
    except ValueError as error:
        raise StateError(f"{path} is not JSON: {error}") from error
    parts = [state.get(key) for key in ("items", "totals")] if _is_dict(state) else []
    if not parts or not all(map(_is_dict, parts)):
        raise StateError(f"{path} holds no state")
    return dict(state)


def _is_dict(value: Any) -> bool:
    return isinstance(value, dict)
