"""Sales files of four formats in, one SQLite database and a summary out."""

import csv
import hashlib
import json
import re
import sqlite3
import sys
import unicodedata
from collections.abc import Iterator
from contextlib import closing
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

FIELDS = ("id", "day", "shop", "quantity", "price")
USAGE = "usage: pipeline.py load DATABASE FILE [FILE ...] | summary DATABASE"
ENCODING = "utf-8-sig"
SCHEMA = """
CREATE TABLE IF NOT EXISTS files (
    id INTEGER PRIMARY KEY, name TEXT UNIQUE, sha256 TEXT);
CREATE TABLE IF NOT EXISTS shops (id INTEGER PRIMARY KEY, name TEXT UNIQUE);
CREATE TABLE IF NOT EXISTS sales (
    file_id INTEGER, position INTEGER, id TEXT, day TEXT, shop_id INTEGER,
    quantity INTEGER, cents INTEGER, UNIQUE (file_id, id));
CREATE TABLE IF NOT EXISTS quarantine (
    file_id INTEGER, position INTEGER, reason TEXT);
"""

Record = tuple[int, Any]
"""Position and fields; the fields of a malformed record are no dict."""


class BadRecord(Exception):
    """Its argument is the reason code."""


# Reading: one record at a time, never the whole file (but for JSON)


def strict(name: str) -> None:
    raise ValueError(f"{name} is not JSON")


def parse_json(text: str) -> Any:
    """The value; numbers stay the text by which they are written."""
    return json.loads(text, parse_int=str, parse_float=str, parse_constant=strict)


def read_csv(path: Path) -> Iterator[Record]:
    # Split at LF only: a CR within quotes is text and ends no line.
    with path.open(encoding=ENCODING, newline="\n") as file:
        lines = file.readlines()
        rows = csv.reader(lines)
        header = next(rows, [])
        if any(header.count(name) != 1 for name in FIELDS):
            raise ValueError("no proper header")
        position = 2
        for row in rows:
            if row:
                complete = len(row) == len(header)
                yield position, dict(zip(header, row)) if complete else None
            # A row may have many lines; the next begins after the last of them.
            position = rows.line_num + 1


def read_json_lines(path: Path) -> Iterator[Record]:
    with path.open(encoding=ENCODING, newline="\n") as file:
        for position, line in enumerate(file, 1):
            if line.strip():
                try:
                    yield position, parse_json(line)
                except ValueError:
                    yield position, None


def read_json(path: Path) -> Iterator[Record]:
    elements = parse_json(path.read_text(encoding=ENCODING))
    if not isinstance(elements, list):
        raise ValueError("no array")
    return enumerate(elements, 1)


def read_xml(path: Path) -> Iterator[Record]:
    depth = position = 0
    for event, element in ElementTree.iterparse(path, ("start", "end")):
        if event == "start":
            if depth == 0:
                root = element
                if root.tag != "sales":
                    raise ValueError("another root")
            depth += 1
            continue
        depth -= 1
        if depth == 1:
            if element.tag == "sale":
                position += 1
                fields = {child.tag: child.text for child in element}
                yield position, fields | {"id": element.get("id")}
            root.clear()


READERS = {
    ".csv": read_csv,
    ".jsonl": read_json_lines,
    ".json": read_json,
    ".xml": read_xml,
}


# Fields: the stored value, or None for a bad one


def sale_id(text: str) -> str | None:
    return text.upper() if re.fullmatch("[A-Za-z0-9-]{1,100}", text) else None


def day(text: str) -> str | None:
    if match := re.fullmatch(r"(..)\.(..)\.(....)", text):
        text = "-".join(match.group(3, 2, 1))
    if not re.fullmatch("20[0-9]{2}-[0-9]{2}-[0-9]{2}", text):
        return None
    try:
        date.fromisoformat(text)
    except ValueError:
        return None
    return text


def shop(text: str) -> str | None:
    name = " ".join(unicodedata.normalize("NFC", text).split())
    return name if len(name) <= 40 else None


def number(text: str, decimals: str, least: int, most: int) -> Decimal | None:
    """``decimals`` is the pattern of what may follow the whole part."""
    if not re.fullmatch(f"([0-9]+|[0-9]{{1,3}}(,[0-9]{{3}})+){decimals}", text):
        return None
    value = Decimal(text.replace(",", ""))
    return value if least <= value <= most else None


def quantity(text: str) -> int | None:
    value = number(text, "", 1, 10_000)
    return None if value is None else int(value)


def cents(text: str) -> int | None:
    value = number(text, r"(\.[0-9]{1,2})?", 0, 100_000)
    return None if value is None else int(value * 100)


NORMALISE = {
    "id": sale_id,
    "day": day,
    "shop": shop,
    "quantity": quantity,
    "price": cents,
}


def normalised(fields: Any) -> list[Any]:
    """The five stored values; raises :class:`BadRecord`."""
    if not isinstance(fields, dict):
        raise BadRecord("malformed")
    values = [fields.get(name) for name in FIELDS]
    values = [v.strip() if isinstance(v, str) else v for v in values]
    if None in values or "" in values:
        raise BadRecord("missing")
    stored = []
    for name, value in zip(FIELDS, values):
        stored.append(NORMALISE[name](value) if isinstance(value, str) else None)
        if stored[-1] is None:
            raise BadRecord(f"bad_{name}")
    return stored


# The database


def load(database: str, path: str) -> tuple[str, int, int]:
    """Load one file: its status, the number of good and of bad records."""
    with closing(sqlite3.connect(database)) as db:
        db.executescript(SCHEMA)
        try:
            with db:
                return load_file(db, Path(path))
        except (OSError, ValueError, ElementTree.ParseError):
            return "refused", 0, 0


def load_file(db: sqlite3.Connection, path: Path) -> tuple[str, int, int]:
    if path.suffix not in READERS:
        raise ValueError("unknown format")
    with path.open("rb") as file:
        digest = hashlib.file_digest(file, "sha256").hexdigest()
    query = "SELECT id, sha256 FROM files WHERE name = ?"
    file_id, known = db.execute(query, (path.name,)).fetchone() or (None, None)
    if known == digest:
        return "unchanged", *counts(db, file_id)
    if file_id is not None:
        db.execute("DELETE FROM sales WHERE file_id = ?", (file_id,))
        db.execute("DELETE FROM quarantine WHERE file_id = ?", (file_id,))
        db.execute("DELETE FROM files WHERE id = ?", (file_id,))
    insert = "INSERT INTO files (name, sha256) VALUES (?, ?)"
    new_id = db.execute(insert, (path.name, digest)).lastrowid
    for position, fields in READERS[path.suffix](path):
        try:
            store(db, new_id, position, *normalised(fields))
        except BadRecord as bad:
            row = (new_id, position, *bad.args)
            db.execute("INSERT INTO quarantine VALUES (?, ?, ?)", row)
    db.execute("DELETE FROM shops WHERE id NOT IN (SELECT shop_id FROM sales)")
    return "loaded" if known is None else "replaced", *counts(db, new_id)


def store(
    db: sqlite3.Connection,
    file_id: int | None,
    position: int,
    sale: str,
    day: str,
    shop: str,
    quantity: int,
    cents: int,
) -> None:
    """Raises :class:`BadRecord` when the file has this sale already."""
    db.execute("INSERT OR IGNORE INTO shops (name) VALUES (?)", (shop,))
    # The index finds duplicates, so that no set of ids has to be kept in memory.
    added = db.execute(
        "INSERT OR IGNORE INTO sales SELECT ?, ?, ?, ?, id, ?, ? FROM shops"
        " WHERE name = ?",
        (file_id, position, sale, day, quantity, cents, shop),
    )
    if added.rowcount == 0:
        raise BadRecord("duplicate")


def counts(db: sqlite3.Connection, file_id: int | None) -> tuple[int, int]:
    """Good and bad records of a file."""
    good, bad = (
        db.execute(f"SELECT COUNT(*) FROM {table} WHERE file_id = ?", (file_id,))
        for table in ("sales", "quarantine")
    )
    return good.fetchone()[0], bad.fetchone()[0]


def summary(database: str) -> dict[str, Any]:
    """What the database holds, in all and by shop."""
    if not Path(database).exists():
        raise FileNotFoundError(database)
    with closing(sqlite3.connect(database)) as db:
        reasons = dict(
            db.execute("SELECT reason, COUNT(*) FROM quarantine GROUP BY reason")
        )
        shops = db.execute(
            "SELECT name, COUNT(*), SUM(quantity), SUM(quantity * cents) AS revenue"
            " FROM sales JOIN shops ON shops.id = shop_id"
            " GROUP BY shops.id ORDER BY revenue DESC, name"
        ).fetchall()
        (files,) = db.execute("SELECT COUNT(*) FROM files").fetchone()
    return {
        "files": files,
        "good": sum(sales for _, sales, _, _ in shops),
        "bad": sum(reasons.values()),
        "reasons": reasons,
        "shops": [
            {"shop": n, "sales": s, "quantity": q, "revenue": money(r)}
            for n, s, q, r in shops
        ],
    }


def money(cents: int) -> str:
    return f"{cents // 100}.{cents % 100:02d}"


# The commands


def main(arguments: list[str]) -> int:
    match arguments:
        case ["load", database, first, *others]:
            return load_all(database, [first, *others])
        case ["summary", database]:
            try:
                print(json.dumps(summary(database)))
            except FileNotFoundError as error:
                print(f"no such database: {error}", file=sys.stderr)
                return 1
            return 0
    print(USAGE, file=sys.stderr)
    return 2


def load_all(database: str, paths: list[str]) -> int:
    refused = False
    for path in paths:
        status, good, bad = load(database, path)
        print(status, good, bad, Path(path).name)
        refused |= status == "refused"
    return int(refused)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
