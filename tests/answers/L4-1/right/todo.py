"""A to-do list that is kept in a JSON file: the class TodoList, and a command.

    python todo.py [--file PATH] add TEXT... | list | done ID | remove ID
"""

import contextlib
import decimal
import errno
import fcntl
import json
import os
import re
import stat
import sys

USAGE = "usage: todo.py [--file PATH] (add TEXT... | list | done ID | remove ID)"


class _Corrupt(Exception):
    """What lies at the path is no list."""


# ------------------------------------------------------------------ the format
# int() and str() refuse more than 4300 digits, Decimal does not.

def _to_int(digits):
    return int(digits) if len(digits) < 4000 else int(decimal.Decimal(digits))


def _from_int(number):
    return str(number) if number.bit_length() < 13000 else format(decimal.Decimal(number), "f")


def _object(pairs):
    found = dict(pairs)
    if len(found) != len(pairs):
        raise _Corrupt("a key occurs twice")
    return found


def _parse(raw):
    """bytes -> (next_id, [item, ...]); _Corrupt if they are no list."""
    try:
        found = json.loads(raw.decode("utf-8"), parse_int=_to_int, object_pairs_hook=_object)
    except (ValueError, RecursionError) as err:
        raise _Corrupt(str(err)) from None
    if type(found) is not dict or found.keys() != {"next_id", "items"}:
        raise _Corrupt("wrong keys")
    next_id, entries = found["next_id"], found["items"]
    if type(next_id) is not int or type(entries) is not list:
        raise _Corrupt("wrong types")
    items, last = [], 0
    for entry in entries:
        if type(entry) is not dict or entry.keys() != {"id", "text", "done"}:
            raise _Corrupt("wrong item")
        item = {"id": entry["id"], "text": entry["text"], "done": entry["done"]}
        if [type(value) for value in item.values()] != [int, str, bool]:
            raise _Corrupt("wrong types in an item")
        if item["id"] <= last:
            raise _Corrupt("ids do not rise")
        last = item["id"]
        items.append(item)
    if next_id <= last:
        raise _Corrupt("next_id is too low")
    return next_id, items


def _quote(text):
    try:
        text.encode("utf-8")
    except UnicodeEncodeError:  # half of a surrogate pair
        return json.dumps(text)
    return json.dumps(text, ensure_ascii=False)


def _format(next_id, items):
    rows = ",".join(
        '\n    {"id": %s, "text": %s, "done": %s}'
        % (_from_int(item["id"]), _quote(item["text"]), "true" if item["done"] else "false")
        for item in items
    )
    array = "[%s\n  ]" % rows if rows else "[]"
    return ('{\n  "next_id": %s,\n  "items": %s\n}\n' % (_from_int(next_id), array)).encode("utf-8")


def _clean(text):
    if not isinstance(text, str):
        raise TypeError(f"a text must be a str, not {type(text).__name__}")
    text = str.strip(text)
    if not text:
        raise ValueError("a text must not be empty")
    if "\n" in text or "\r" in text:
        raise ValueError("a text must be a single line")
    return text


# ------------------------------------------------------------------- the class

class TodoList:
    """The list at a path. An object keeps nothing but that path."""

    def __init__(self, path):
        self._path = os.fsdecode(path)

    def items(self):
        try:
            return self._read()[1]
        except _Corrupt:
            with self._locked():
                return self._read_or_set_aside()[1]

    def add(self, text):
        return self.add_all([text])[0]

    def add_all(self, texts):
        texts = [_clean(text) for text in texts]  # the caller's code runs before the lock is taken
        with self._locked():
            next_id, items, mode = self._read_or_set_aside()
            ids = list(range(next_id, next_id + len(texts)))
            if ids:
                items += [{"id": i, "text": text, "done": False} for i, text in zip(ids, texts)]
                self._write(next_id + len(ids), items, mode)
        return ids

    def done(self, id):
        with self._locked():
            next_id, items, mode = self._read_or_set_aside()
            item = items[self._index(items, id)]
            if not item["done"]:
                item["done"] = True
                self._write(next_id, items, mode)

    def remove(self, id):
        with self._locked():
            next_id, items, mode = self._read_or_set_aside()
            del items[self._index(items, id)]
            self._write(next_id, items, mode)

    @staticmethod
    def _index(items, id):
        if isinstance(id, int) and not isinstance(id, bool):
            for index, item in enumerate(items):
                if item["id"] == id:
                    return index
        raise KeyError(id)

    # ---- the file

    @contextlib.contextmanager
    def _locked(self):
        name = self._path + ".lock"
        try:
            lock = os.open(name, os.O_RDONLY)
        except FileNotFoundError:
            lock = os.open(name, os.O_RDONLY | os.O_CREAT, 0o666)
        try:
            # each call opens the file anew, so this holds off other threads, too
            fcntl.flock(lock, fcntl.LOCK_EX)
            try:
                yield
            finally:
                # said outright: a child forked meanwhile has a copy of the descriptor
                fcntl.flock(lock, fcntl.LOCK_UN)
        finally:
            os.close(lock)

    def _read(self):
        """(next_id, items, mode of the file or None)"""
        try:
            file = os.open(self._path, os.O_RDONLY | os.O_NONBLOCK)
        except FileNotFoundError:
            return 1, [], None
        try:
            mode = os.fstat(file).st_mode
            if stat.S_ISDIR(mode):
                raise OSError(errno.EISDIR, os.strerror(errno.EISDIR), self._path)
            if not stat.S_ISREG(mode):  # a pipe or a device: nothing to be moved away
                raise OSError(errno.EINVAL, "Not a regular file", self._path)
            with open(file, "rb", closefd=False) as stream:
                raw = stream.read()
        finally:
            os.close(file)
        return *_parse(raw), stat.S_IMODE(mode)

    def _read_or_set_aside(self):
        """As _read; only under the lock."""
        try:
            return self._read()
        except _Corrupt:
            pass
        number = 1
        while os.path.lexists(f"{self._path}.corrupt-{number}"):
            number += 1
        aside = f"{self._path}.corrupt-{number}"
        os.rename(self._path, aside)
        with contextlib.suppress(OSError, ValueError, AttributeError):  # stderr may be closed
            sys.stderr.write(f"todo: {self._path} is corrupt, moved to {aside}\n")
            sys.stderr.flush()
        return 1, [], None

    def _write(self, next_id, items, mode):
        """Only under the lock, which makes the one temporary name ours."""
        raw = _format(next_id, items)
        temporary = self._path + ".new~"  # no longer than .lock, so the name fits if that does
        try:
            with contextlib.suppress(FileNotFoundError):
                os.unlink(temporary)  # left by a killed program
            file = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o666)
            with open(file, "wb") as stream:
                if mode is not None:
                    os.fchmod(file, mode)
                stream.write(raw)
                stream.flush()
                os.fsync(file)
            os.replace(temporary, self._path)
        except BaseException:
            with contextlib.suppress(OSError):
                os.unlink(temporary)
            raise


# ----------------------------------------------------------------- the command

class _Usage(Exception):
    pass


def _id(word):
    if not re.fullmatch(r"[+-]?[0-9]+", word):
        raise _Usage(f"no integer: {word!a}")
    return _to_int(word)


def _plan(words):
    """command line -> function that does it and returns the lines to print"""
    path = "todo.json"
    while words and (words[0] == "--file" or words[0].startswith("--file=")):
        option, equals, value = words.pop(0).partition("=")
        if not equals:
            if not words:
                raise _Usage("--file needs a PATH")
            value = words.pop(0)
        path = value
    if not words:
        raise _Usage("no command")
    todo, command, rest = TodoList(path), words[0], words[1:]
    if command == "add" and rest:
        return lambda: [f"added {_from_int(id)}" for id in todo.add_all(rest)]
    if command == "list" and not rest:
        return lambda: [_line(item) for item in todo.items()] or ["nothing to do"]
    if command in ("done", "remove") and len(rest) == 1:
        id = _id(rest[0])
        method = todo.done if command == "done" else todo.remove
        word = "done" if command == "done" else "removed"
        return lambda: method(id) or [f"{word} {_from_int(id)}"]
    raise _Usage("unknown command or wrong number of arguments")


def _line(item):
    # add() takes no line breaks, but another program may have put them into the file
    text = item["text"].replace("\r\n", " ").replace("\n", " ").replace("\r", " ")
    return f"{_from_int(item['id'])} [{'x' if item['done'] else ' '}] {text}"


def _encodable(text, encoding):
    try:
        return text.encode(encoding, "surrogateescape")
    except UnicodeEncodeError:
        return text.encode(encoding, "backslashreplace")


def _fail(message, status):
    with contextlib.suppress(OSError, ValueError, AttributeError):
        sys.stderr.write("todo: " + " ".join(message.split()) + "\n")
    return status


def main(words):
    try:
        call = _plan(list(words))
    except _Usage as err:
        return _fail(f"{err}; {USAGE}", 2)
    try:
        lines = call()
        if sys.stdout is not None:
            out = b"".join(_encodable(line, sys.stdout.encoding) + b"\n" for line in lines)
            try:
                sys.stdout.buffer.write(out)
                sys.stdout.buffer.flush()
            except OSError:
                # nothing is left to be flushed, in vain again, at exit
                os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
                raise
    except KeyError as err:
        return _fail(f"no item {_from_int(err.args[0])}", 1)
    except (ValueError, OSError) as err:
        return _fail(str(err), 1)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
