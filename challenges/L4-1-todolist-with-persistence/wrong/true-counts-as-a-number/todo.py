"""A to-do list kept in a JSON file, safe from kills and from other processes."""

import argparse
import contextlib
import fcntl
import json
import os
import sys


class Corrupt(Exception):
    """The file is there, but it holds no list."""


class TodoList:
    """A list at a path. It keeps nothing in memory: the file is the state."""

    def __init__(self, path):
        self._path = os.fspath(path)

    def items(self):
        """All items as dicts, in the order of ids."""
        try:
            return self._read()["items"]
        except Corrupt:
            with self._locked():
                return self._load()["items"]

    def add(self, text):
        """Append an item; its id."""
        return self.add_all([text])[0]

    def add_all(self, texts):
        """Append an item for each text, all or none; their ids."""
        texts = [checked(text) for text in texts]
        with self._locked():
            state = self._load()
            first = state["next_id"]
            ids = list(range(first, first + len(texts)))
            for number, text in zip(ids, texts):
                state["items"].append({"id": number, "text": text, "done": False})
            state["next_id"] += len(texts)
            self._store(state)
        return ids

    def done(self, id):
        """Mark an item as done; KeyError if there is none."""
        with self._locked():
            state = self._load()
            found(state, id)["done"] = True
            self._store(state)

    def remove(self, id):
        """Delete an item; KeyError if there is none. Its id is not given again."""
        with self._locked():
            state = self._load()
            state["items"].remove(found(state, id))
            self._store(state)

    @contextlib.contextmanager
    def _locked(self):
        # Opened anew each time: threads that share an open file share its lock.
        with open(self._path + ".lock", "a") as file:
            fcntl.flock(file, fcntl.LOCK_EX)
            yield

    def _read(self):
        try:
            with open(self._path, "rb") as file:
                data = file.read()
        except FileNotFoundError:
            return {"next_id": 1, "items": []}
        try:
            state = json.loads(data.decode("utf-8"))
        except ValueError:
            raise Corrupt from None
        if not is_list(state):
            raise Corrupt
        return state

    def _load(self):
        """Read under the lock, where a corrupt file may be set aside."""
        try:
            return self._read()
        except Corrupt:
            number = 1
            while os.path.lexists(f"{self._path}.corrupt-{number}"):
                number += 1
            aside = f"{self._path}.corrupt-{number}"
            os.rename(self._path, aside)
            message = f"todo: {self._path} is corrupt, moved to {aside}"
            print(message, file=sys.stderr)
            return self._read()

    def _store(self, state):
        # The lock is held, so nobody else writes to this name; a leftover is replaced.
        fresh = self._path + ".new"
        with open(fresh, "w") as file:
            json.dump(state, file)
        os.replace(fresh, self._path)


def checked(text):
    """The text as it is stored; ValueError if it may not be."""
    text = text.strip()
    if not text or "\n" in text or "\r" in text:
        raise ValueError("a text is one line and not empty")
    return text


def found(state, id):
    """The item with that id."""
    for item in state["items"]:
        if item["id"] == id:
            return item
    raise KeyError(id)


def is_list(state):
    """Whether it has the form of a list."""
    if type(state) is not dict or state.keys() != {"next_id", "items"}:
        return False
    if type(state["items"]) is not list:
        return False
    least = 1
    for item in state["items"]:
        if type(item) is not dict or item.keys() != {"id", "text", "done"}:
            return False
        if not isinstance(item["id"], int) or item["id"] < least:
            return False
        if type(item["text"]) is not str or type(item["done"]) is not bool:
            return False
        least = item["id"] + 1
    return isinstance(state["next_id"], int) and state["next_id"] >= least


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--file", default="todo.json")
    commands = parser.add_subparsers(dest="command", required=True)
    commands.add_parser("add").add_argument("texts", nargs="+")
    commands.add_parser("list")
    commands.add_parser("done").add_argument("id", type=int)
    commands.add_parser("remove").add_argument("id", type=int)
    options = parser.parse_args()
    try:
        run(TodoList(options.file), options)
    except KeyError as error:
        sys.exit(f"todo: no item {error}")
    except (ValueError, OSError) as error:
        sys.exit(f"todo: {error}")


def run(todo, options):
    if options.command == "add":
        for number in todo.add_all(options.texts):
            print(f"added {number}")
    elif options.command == "list":
        items = todo.items()
        for item in items:
            print(item["id"], "[x]" if item["done"] else "[ ]", item["text"])
        if not items:
            print("nothing to do")
    elif options.command == "done":
        todo.done(options.id)
        print(f"done {options.id}")
    else:
        todo.remove(options.id)
        print(f"removed {options.id}")


if __name__ == "__main__":
    main()
