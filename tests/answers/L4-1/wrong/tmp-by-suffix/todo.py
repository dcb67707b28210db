import argparse
import contextlib
import fcntl
import json
import os
import sys
from pathlib import Path


def is_int(value):
    return isinstance(value, int) and not isinstance(value, bool)


def valid(data):
    if not isinstance(data, dict) or set(data) != {"next_id", "items"}:
        return False
    if not is_int(data["next_id"]) or not isinstance(data["items"], list):
        return False
    previous = 0
    for item in data["items"]:
        if not isinstance(item, dict) or set(item) != {"id", "text", "done"}:
            return False
        if not is_int(item["id"]) or not isinstance(item["text"], str) or not isinstance(item["done"], bool):
            return False
        if item["id"] <= previous:
            return False
        previous = item["id"]
    return data["next_id"] > previous


class TodoList:
    def __init__(self, path):
        self.given = os.fspath(path)
        self.path = Path(path)

    @contextlib.contextmanager
    def _lock(self):
        with open(self.given + ".lock", "a") as handle:
            fcntl.flock(handle, fcntl.LOCK_EX)
            try:
                yield
            finally:
                fcntl.flock(handle, fcntl.LOCK_UN)

    def _read(self):
        """Return the data, or None if the file is corrupt."""
        try:
            raw = self.path.read_bytes()
        except FileNotFoundError:
            return {"next_id": 1, "items": []}
        try:
            data = json.loads(raw.decode("utf-8"))
        except (ValueError, RecursionError):
            return None
        return data if valid(data) else None

    def _read_locked(self):
        data = self._read()
        if data is not None:
            return data
        n = 1
        while os.path.lexists(f"{self.given}.corrupt-{n}"):
            n += 1
        os.rename(self.given, f"{self.given}.corrupt-{n}")
        print(f"todo: {self.given} is corrupt, moved to {self.given}.corrupt-{n}", file=sys.stderr)
        return {"next_id": 1, "items": []}

    def _write(self, data):
        # written aside and renamed, so that a reader sees the old or the new list
        tmp = self.path.with_suffix(".tmp")
        try:
            with open(tmp, "w", encoding="utf-8") as handle:
                json.dump(data, handle, indent=2)
                handle.flush()
                os.fsync(handle.fileno())
            os.replace(tmp, self.path)
        except BaseException:
            tmp.unlink(missing_ok=True)
            raise

    def items(self):
        data = self._read()
        if data is None:
            with self._lock():
                data = self._read_locked()
        return [{"id": i["id"], "text": i["text"], "done": i["done"]} for i in data["items"]]

    def add(self, text):
        return self.add_all([text])[0]

    def add_all(self, texts):
        clean = []
        for text in texts:
            text = text.strip()
            if not text or "\n" in text or "\r" in text:
                raise ValueError("a text must be one line and not empty")
            clean.append(text)
        with self._lock():
            data = self._read_locked()
            ids = []
            for text in clean:
                ids.append(data["next_id"])
                data["items"].append({"id": data["next_id"], "text": text, "done": False})
                data["next_id"] += 1
            if ids:
                self._write(data)
        return ids

    def _find(self, data, id):
        for index, item in enumerate(data["items"]):
            if item["id"] == id:
                return index
        raise KeyError(id)

    def done(self, id):
        with self._lock():
            data = self._read_locked()
            data["items"][self._find(data, id)]["done"] = True
            self._write(data)

    def remove(self, id):
        with self._lock():
            data = self._read_locked()
            del data["items"][self._find(data, id)]
            self._write(data)


def main():
    parser = argparse.ArgumentParser(prog="todo.py", allow_abbrev=False)
    parser.add_argument("--file", default="todo.json")
    commands = parser.add_subparsers(dest="command", required=True)
    commands.add_parser("add").add_argument("text", nargs="+")
    commands.add_parser("list")
    commands.add_parser("done").add_argument("id", type=int)
    commands.add_parser("remove").add_argument("id", type=int)
    args = parser.parse_args()
    todo = TodoList(args.file)
    try:
        if args.command == "add":
            out = [f"added {i}" for i in todo.add_all(args.text)]
        elif args.command == "list":
            out = [f"{i['id']} [{'x' if i['done'] else ' '}] {i['text']}" for i in todo.items()]
            out = out or ["nothing to do"]
        elif args.command == "done":
            todo.done(args.id)
            out = [f"done {args.id}"]
        else:
            todo.remove(args.id)
            out = [f"removed {args.id}"]
    except KeyError:
        print(f"todo: no item {args.id}", file=sys.stderr)
        return 1
    except (ValueError, OSError) as err:
        print(f"todo: {err}", file=sys.stderr)
        return 1
    print("\n".join(out))
    return 0


if __name__ == "__main__":
    sys.exit(main())
