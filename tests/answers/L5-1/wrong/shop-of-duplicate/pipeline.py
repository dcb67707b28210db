"""Load sales files (CSV, JSON, JSON Lines, XML) into an SQLite database, and sum them up.

    python pipeline.py load DATABASE FILE [FILE ...]
    python pipeline.py summary DATABASE
"""

import codecs
import contextlib
import json
import os
import re
import sqlite3
import sys
import unicodedata
from datetime import date
from json.decoder import scanstring
from pathlib import Path
from xml.parsers import expat

try:  # built in; hashlib maps all of OpenSSL (5 MB) for this one function
    from _sha256 import sha256
except ImportError:
    from hashlib import sha256

FIELDS = ("id", "day", "shop", "quantity", "price")
CHUNK = 1 << 15

SCHEMA = """
CREATE TABLE IF NOT EXISTS files (
    id INTEGER PRIMARY KEY,
    name TEXT NOT NULL UNIQUE,
    sha256 TEXT NOT NULL
);
CREATE TABLE IF NOT EXISTS shops (
    id INTEGER PRIMARY KEY,
    name TEXT NOT NULL UNIQUE
);
CREATE TABLE IF NOT EXISTS sales (
    file_id INTEGER NOT NULL REFERENCES files(id),
    position INTEGER NOT NULL,
    id TEXT NOT NULL,
    day TEXT NOT NULL,
    shop_id INTEGER NOT NULL REFERENCES shops(id),
    quantity INTEGER NOT NULL,
    cents INTEGER NOT NULL,
    PRIMARY KEY (file_id, position),
    UNIQUE (file_id, id)
) WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS sales_by_shop ON sales (shop_id);
CREATE TABLE IF NOT EXISTS quarantine (
    file_id INTEGER NOT NULL REFERENCES files(id),
    position INTEGER NOT NULL,
    reason TEXT NOT NULL,
    PRIMARY KEY (file_id, position)
) WITHOUT ROWID;
"""


class Refused(Exception):
    """The file as a whole is of no use (rule 7)."""


# ------------------------------------------------------------------- reading

class Source:
    """An open file, read in pieces of text; knows the hash of the bytes it gave."""

    def __init__(self, stream):
        self._stream = stream
        self.hash = sha256()

    def bytes(self):
        while True:
            try:
                piece = self._stream.read(CHUNK)
            except OSError as err:
                raise Refused(str(err)) from None
            if not piece:
                return
            self.hash.update(piece)
            yield piece

    def text(self):
        """The text without its byte order mark."""
        # not "utf-8-sig": its decoder takes a file that is just half a mark for an empty one
        decode = codecs.getincrementaldecoder("utf-8")().decode
        at_start = True
        try:
            for piece in self.bytes():
                text = decode(piece)
                if at_start and text:
                    text, at_start = text.removeprefix("\ufeff"), False
                if text:
                    yield text
            decode(b"", True)
        except UnicodeDecodeError as err:
            raise Refused(str(err)) from None

    def lines(self):
        """(content, end) of each line; the end is LF, CRLF or, at the end of the file, nothing."""
        rest = []
        for text in self.text():
            first, *more = text.split("\n")
            rest.append(first)
            if not more:
                continue
            last = more.pop()
            yield _line("".join(rest))
            for line in more:
                yield _line(line)
            rest = [last]
        rest = "".join(rest)
        if rest:
            yield rest, ""


def _line(text):
    return (text[:-1], "\r\n") if text.endswith("\r") else (text, "\n")


# Each reader yields (position, record). A record is the five values in the order of FIELDS, each a
# str, None (missing) or something else (a bad value) - or it is None if it is malformed.

def read_csv(source):
    rows = _csv_rows(source.lines())
    number, header = next(rows, (1, []))
    if number != 1:
        raise Refused("line 1 is empty")
    if any(header.count(field) != 1 for field in FIELDS):
        raise Refused("the header must have each of the five names once")
    columns = [header.index(field) for field in FIELDS]
    width = len(header)
    for number, row in rows:
        yield number, [row[column] for column in columns] if len(row) == width else None


def _csv_rows(lines):
    number = 0
    for line, end in lines:
        number += 1
        if not line:
            continue
        begin = number
        if '"' not in line:
            yield begin, line.split(",")
            continue
        row, at = [], 0
        while True:  # a field begins at `at`
            parts = []
            if line.startswith('"', at):
                at += 1
                while True:  # between quotes
                    quote = line.find('"', at)
                    if quote < 0:
                        parts += line[at:], end
                        line, end = next(lines, (None, ""))
                        if line is None:  # the file ends within quotes
                            line, at = "", 0
                            break
                        number += 1
                        at = 0
                    elif line.startswith('"', quote + 1):
                        parts.append(line[at:quote + 1])
                        at = quote + 2
                    else:
                        parts.append(line[at:quote])
                        at = quote + 1
                        break
            comma = line.find(",", at)
            parts.append(line[at:] if comma < 0 else line[at:comma])
            row.append("".join(parts))
            if comma < 0:
                break
            at = comma + 1
        yield begin, row


def read_jsonl(source):
    for number, (line, _) in enumerate(source.lines(), 1):
        if line:
            try:
                found = parse_json(line)
            except ValueError:
                found = None
            yield number, _json_record(found)


def read_json(source):
    try:
        found = parse_json("".join(source.text()))
    except ValueError as err:
        raise Refused(str(err)) from None
    if type(found) is not list:
        raise Refused("no JSON array")
    for number, element in enumerate(found, 1):
        yield number, _json_record(element)


def _json_record(found):
    return [found.get(field) for field in FIELDS] if type(found) is dict else None


def _no_constant(name):
    raise ValueError(f"{name} is not JSON")


_decode = json.JSONDecoder(parse_int=str, parse_float=str, parse_constant=_no_constant).decode


def parse_json(text):
    """JSON -> Python, numbers as the text by which they are written."""
    try:
        return _decode(text)
    except RecursionError:  # nested deeply: no mistake in itself
        return _parse_deep_json(text)


_TOKEN = re.compile(
    r'[ \t\r\n]*(?:([\[\]{},:])|(")|(-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?(?:[eE][+-]?[0-9]+)?)|(true|false|null))'
)
_END = re.compile(r"[ \t\r\n]*")
_CONSTANTS = {"true": True, "false": False, "null": None}


def _parse_deep_json(text):
    """The same without recursion."""
    at = 0
    top = []
    stack = [(top, None)]           # the open containers, each with the key it waits to fill
    allowed = "value"               # value, value], key, key}, :, ,] or ,}
    while stack:
        match = _TOKEN.match(text, at)
        if not match:
            raise ValueError("not JSON")
        at = match.end()
        mark, quote, number, constant = match.groups()
        if mark and mark in "]}":
            if mark not in allowed:
                raise ValueError("not JSON")
            stack.pop()
        elif mark == ",":
            if not allowed.startswith(","):
                raise ValueError("not JSON")
            allowed = "value" if allowed == ",]" else "key"
            continue
        elif mark == ":":
            if allowed != ":":
                raise ValueError("not JSON")
            allowed = "value"
            continue
        elif allowed.startswith("key"):
            if not quote:
                raise ValueError("not JSON")
            key, at = scanstring(text, at)
            stack[-1] = (stack[-1][0], key)
            allowed = ":"
            continue
        else:
            if not allowed.startswith("value"):
                raise ValueError("not JSON")
            if quote:
                value, at = scanstring(text, at)
            elif number:
                value = number
            elif constant:
                value = _CONSTANTS[constant]
            else:
                value = [] if mark == "[" else {}
            container, key = stack[-1]
            if type(container) is list:
                container.append(value)
            else:
                container[key] = value
            if mark:
                stack.append((value, None))
                allowed = "value]" if mark == "[" else "key}"
                continue
        if len(stack) == 1:
            break
        allowed = ",]" if type(stack[-1][0]) is list else ",}"
    if _END.match(text, at).end() != len(text):
        raise ValueError("not JSON")
    return top[0]


def read_xml(source):
    """Nothing is kept but the sale that is being read."""
    depth = count = 0
    record = field = None           # of the sale / the child that is open
    done = []

    def start(name, attributes):
        nonlocal depth, count, record, field
        depth += 1
        if depth == 1:
            if name != "sales":
                raise Refused(f"the root is {name}")
        elif depth == 2:
            if name == "sale":
                count += 1
                record = {"id": [attributes["id"]]} if "id" in attributes else {}
        elif depth == 3 and record is not None:
            # of several children of one name, the first counts
            if name in FIELDS and name != "id" and name not in record:
                field = record[name] = []

    def end(name):
        nonlocal depth, record, field
        if depth == 3:
            field = None
        elif depth == 2 and record is not None:
            done.append((count, ["".join(record[name]) if name in record else None for name in FIELDS]))
            record = None
        depth -= 1

    def text(data):
        if field is not None:
            field.append(data)

    # the encoding is UTF-8, whatever the file says of itself
    parser = expat.ParserCreate("utf-8")
    parser.StartElementHandler, parser.EndElementHandler, parser.CharacterDataHandler = start, end, text
    try:
        for piece in source.text():
            parser.Parse(piece.encode("utf-8"), False)
            yield from done
            done.clear()
        parser.Parse(b"", True)
    except expat.ExpatError as err:
        raise Refused(str(err)) from None
    yield from done


READERS = {".csv": read_csv, ".jsonl": read_jsonl, ".json": read_json, ".xml": read_xml}


# ------------------------------------------------------------------ checking

class Bad(Exception):
    """The argument is the reason."""


_ID = re.compile(r"[A-Za-z0-9-]{1,100}")
_DAY = re.compile(r"([0-9]{4})-([0-9]{2})-([0-9]{2})|([0-9]{2})\.([0-9]{2})\.([0-9]{4})")
_NUMBER = re.compile(r"((?:[0-9]+|[0-9]{1,3}(?:,[0-9]{3})+))(?:\.([0-9]{1,2}))?")


def _whole(digits):
    digits = digits.replace(",", "").lstrip("0")
    return int(digits or "0") if len(digits) < 10 else 10 ** 9  # too much in any case


def check_id(text):
    if _ID.fullmatch(text):
        return text.upper()


def check_day(text):
    match = _DAY.fullmatch(text)
    if match:
        year, month, day, day2, month2, year2 = match.groups()
        try:
            found = date(int(year or year2), int(month or month2), int(day or day2))
        except ValueError:
            return None
        if 2000 <= found.year <= 2099:
            return found.isoformat()


def check_shop(text):
    text = " ".join(unicodedata.normalize("NFC", " ".join(text.split())).split())
    if 1 <= len(text) <= 40:
        try:
            text.encode("utf-8")
        except UnicodeEncodeError:  # half of a surrogate pair: no character
            return None
        return text


def check_quantity(text):
    match = _NUMBER.fullmatch(text)
    if match and match[2] is None:
        number = _whole(match[1])
        if 1 <= number <= 10_000:
            return number


def check_price(text):
    match = _NUMBER.fullmatch(text)
    if match:
        cents = _whole(match[1]) * 100 + int((match[2] or "0").ljust(2, "0"))
        if cents <= 10_000_000:
            return cents


CHECKS = [("bad_" + field, globals()["check_" + field]) for field in FIELDS]


def check(record):
    """The record's values -> what is to be stored."""
    if record is None:
        raise Bad("malformed")
    record = [value.strip() if type(value) is str else value for value in record]
    if None in record or "" in record:
        raise Bad("missing")
    stored = []
    for value, (reason, checked) in zip(record, CHECKS):
        value = checked(value) if type(value) is str else None
        if value is None:
            raise Bad(reason)
        stored.append(value)
    return stored


# ------------------------------------------------------------------ database

def _connect(database, mode):
    # by URI, since only that can open without making a file; absolute, as ":memory:" is a name here
    uri = Path(os.path.abspath(database)).as_uri() + "?mode=" + mode
    connection = sqlite3.connect(uri, uri=True, timeout=60, isolation_level=None)
    connection.execute("PRAGMA cache_size = -2000")
    connection.execute("PRAGMA temp_store = FILE")
    return contextlib.closing(connection)


def _has_tables(db):
    return db.execute("SELECT count(*) FROM sqlite_master WHERE name = 'quarantine'").fetchone()[0] > 0


@contextlib.contextmanager
def _transaction(db):
    db.execute("BEGIN IMMEDIATE")
    try:
        yield
        db.execute("COMMIT")
    except BaseException:
        if db.in_transaction:
            db.execute("ROLLBACK")
        raise


def _counts(db, file_id):
    return tuple(
        db.execute(f"SELECT count(*) FROM {table} WHERE file_id = ?", (file_id,)).fetchone()[0]
        for table in ("sales", "quarantine")
    )


def _clear(db, file_id):
    # In steps: a single DELETE may list all its rows in memory first.
    for table in ("sales", "quarantine"):
        last = db.execute(f"SELECT max(position) FROM {table} WHERE file_id = ?", (file_id,)).fetchone()[0] or 0
        for begin in range(1, last + 1, 5000):
            db.execute(
                f"DELETE FROM {table} WHERE file_id = ? AND position BETWEEN ? AND ?",
                (file_id, begin, begin + 4999),
            )


def _clear_shops(db):
    last = db.execute("SELECT max(id) FROM shops").fetchone()[0] or 0
    for begin in range(1, last + 1, 5000):
        db.execute(
            "DELETE FROM shops WHERE id BETWEEN ? AND ?"
            " AND NOT EXISTS (SELECT 1 FROM sales WHERE shop_id = shops.id)",
            (begin, begin + 4999),
        )


def _insert(db, file_id, records):
    good = bad = 0
    execute = db.execute
    shops = {}
    def quarantine(position, reason):
        execute("INSERT INTO quarantine (file_id, position, reason) VALUES (?, ?, ?)",
                (file_id, position, reason))

    for position, record in records:
        try:
            id, day, shop, quantity, cents = check(record)
        except Bad as err:
            quarantine(position, err.args[0])
            bad += 1
            continue
        shop_id = shops.get(shop)
        if shop_id is None:
            execute("INSERT INTO shops (name) VALUES (?) ON CONFLICT (name) DO NOTHING", (shop,))
            shop_id = execute("SELECT id FROM shops WHERE name = ?", (shop,)).fetchone()[0]
            if len(shops) >= 500:
                shops.clear()
            shops[shop] = shop_id
        inserted = execute(
            "INSERT INTO sales (file_id, position, id, day, shop_id, quantity, cents)"
            " VALUES (?, ?, ?, ?, ?, ?, ?) ON CONFLICT (file_id, id) DO NOTHING",
            (file_id, position, id, day, shop_id, quantity, cents),
        ).rowcount
        if inserted:
            good += 1
        else:
            quarantine(position, "duplicate")
            bad += 1
    return good, bad


def _name(path):
    """The file's name, from its bytes: the settings of the machine may have misread them."""
    return os.fsencode(os.path.basename(path)).decode("utf-8", "backslashreplace")


def load(database, path):
    name = _name(path)
    with _connect(database, "rwc") as db:
        if not _has_tables(db):
            with _transaction(db):
                for statement in SCHEMA.split(";"):
                    db.execute(statement)
        try:
            return _load(db, name, path)
        except Refused:
            return "refused", 0, 0


def _load(db, name, path):
    reader = next((READERS[end] for end in READERS if name.endswith(end)), None)
    if reader is None:
        raise Refused("another end")
    try:
        stream = open(path, "rb")
    except (OSError, ValueError) as err:
        raise Refused(str(err)) from None
    with stream, _transaction(db):
        known = db.execute("SELECT id, sha256 FROM files WHERE name = ?", (name,)).fetchone()
        if known:
            source = Source(stream)
            for _ in source.bytes():
                pass
            if source.hash.hexdigest() == known[1]:
                return "unchanged", *_counts(db, known[0])
            try:
                stream.seek(0)
            except OSError as err:
                raise Refused(str(err)) from None
            file_id = known[0]
            _clear(db, file_id)
        else:
            file_id = db.execute("INSERT INTO files (name, sha256) VALUES (?, '')", (name,)).lastrowid
        source = Source(stream)
        counts = _insert(db, file_id, reader(source))
        if known:
            _clear_shops(db)
        db.execute("UPDATE files SET sha256 = ? WHERE id = ?", (source.hash.hexdigest(), file_id))
    return "replaced" if known else "loaded", *counts


def summary(database):
    if not os.path.exists(database):
        raise FileNotFoundError(f"no database: {database}")
    # writable: what a killed load has left must be rolled back
    with _connect(database, "rw") as db:
        if not _has_tables(db):
            raise FileNotFoundError(f"no database of sales: {database}")
        db.execute("BEGIN")
        count = {table: db.execute(f"SELECT count(*) FROM {table}").fetchone()[0]
                 for table in ("files", "sales", "quarantine")}
        reasons = dict(db.execute("SELECT reason, count(*) FROM quarantine GROUP BY reason ORDER BY reason"))
        # in two parts, as SQLite's integers have 64 bits
        shops = [
            (name, sales, quantity, high * 1_000_000 + low)
            for name, sales, quantity, high, low in db.execute(
                "SELECT shops.name, count(*), sum(quantity),"
                " sum(quantity * cents / 1000000), sum(quantity * cents % 1000000)"
                " FROM sales JOIN shops ON shops.id = sales.shop_id GROUP BY sales.shop_id"
            )
        ]
    shops.sort(key=lambda shop: (-shop[3], shop[0]))
    return {
        "files": count["files"],
        "good": count["sales"],
        "bad": count["quarantine"],
        "reasons": reasons,
        "shops": [
            {"shop": name, "sales": sales, "quantity": quantity,
             "revenue": f"{cents // 100}.{cents % 100:02d}"}
            for name, sales, quantity, cents in shops
        ],
    }


# ------------------------------------------------------------------- command

def main(words):
    try:
        if len(words) >= 3 and words[0] == "load":
            status = 0
            for path in words[2:]:
                result, good, bad = load(words[1], path)
                line = b"%s %d %d %s\n" % (result.encode(), good, bad, os.fsencode(os.path.basename(path)))
                sys.stdout.buffer.write(line)
                sys.stdout.buffer.flush()
                status = max(status, result == "refused")
            return int(status)
        if len(words) == 2 and words[0] == "summary":
            print(json.dumps(summary(words[1])))
            return 0
    except (sqlite3.Error, OSError) as err:
        print(f"pipeline: {err}", file=sys.stderr)
        return 1
    print("usage: pipeline.py load DATABASE FILE [FILE ...] | summary DATABASE", file=sys.stderr)
    return 2


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
