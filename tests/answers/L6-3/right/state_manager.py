"""What has been done, kept in a file that is always whole."""

import json
import os

STATUSES = ("pending", "done", "corrupt", "failed")


class StateError(Exception):
    """The file holds no state."""


def replace_file(path, data, beside):
    """Put the bytes at ``path`` in one step; ``beside`` is written first."""
    with open(beside, "wb") as file:
        file.write(data)
    os.replace(beside, path)


def _is_integer(value):
    return isinstance(value, int) and not isinstance(value, bool)


def _check(state):
    """Raise ValueError if that is not the content of a state file."""
    if not isinstance(state, dict):
        raise ValueError("no object")
    for key in ("items", "totals"):
        if not isinstance(state.get(key), dict):
            raise ValueError(f"no object {key!r}")
    for name, item in state["items"].items():
        if (
            not isinstance(item, dict)
            or item.get("status") not in STATUSES
            or not _is_integer(item.get("attempts"))
        ):
            raise ValueError(f"item {name!r} is wrong")
    for key, total in state["totals"].items():
        if not _is_integer(total):
            raise ValueError(f"total {key!r} is wrong")


class StateManager:
    """The statuses, failed attempts and totals; every change is in the file at once."""

    def __init__(self, path):
        self._path = os.fspath(path)
        self._items = {}
        self._totals = {}
        try:
            with open(self._path, "rb") as file:
                data = file.read()
        except FileNotFoundError:
            return
        try:
            state = json.loads(data.decode("utf-8"))
            _check(state)
        except (ValueError, RecursionError, TypeError) as error:
            raise StateError(f"{self._path}: {error}") from error
        self._items, self._totals = state["items"], state["totals"]

    def status(self, name):
        return self._items[name]["status"] if name in self._items else "pending"

    def attempts(self, name):
        return self._items[name]["attempts"] if name in self._items else 0

    def totals(self):
        return dict(self._totals)

    def note_failure(self, name):
        self._change(name, self.status(name), self.attempts(name) + 1)

    def restart(self, name):
        self._change(name, "pending", 0)

    def mark_done(self, name, counts):
        totals = dict(self._totals)
        for key, count in counts.items():
            totals[key] = totals.get(key, 0) + count
        self._change(name, "done", self.attempts(name), totals)

    def mark_corrupt(self, name):
        self._change(name, "corrupt", self.attempts(name))

    def mark_failed(self, name):
        self._change(name, "failed", self.attempts(name))

    def _change(self, name, status, attempts, totals=None):
        items = dict(self._items)
        items[name] = {"status": status, "attempts": attempts}
        if totals is None:
            totals = self._totals
        data = json.dumps({"items": items, "totals": totals}, indent=1).encode("ascii")
        replace_file(self._path, data, self._path + ".new")
        self._items, self._totals = items, totals
