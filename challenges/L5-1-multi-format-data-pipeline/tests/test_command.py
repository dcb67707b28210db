"""``python pipeline.py``: its output, its statuses, and its use of memory."""

from __future__ import annotations

import json
from pathlib import Path
from random import Random
from runpy import run_path
from typing import Any

import pytest

from pytest_overnight.grading import same

_model = run_path(str(Path(__file__).with_name("pipeline_model.py")))
Desk, Made, random_file, rows, summed = (
    _model[name] for name in ("Desk", "Made", "random_file", "rows", "summed")
)
FIELDS = _model["FIELDS"]
KINDS = ("csv", "jsonl", "json", "xml")
C_LOCALE = {"LC_ALL": "C", "PYTHONCOERCECLOCALE": "0", "PYTHONUTF8": "0"}
BOUND_MB = 16


@pytest.fixture
def desk(code: Any, clean: Any, shell: Any) -> Any:
    return Desk(code, clean, shell)


def run(shell: Any, *arguments: str, **options: Any) -> Any:
    return shell.run(["python", "pipeline.py", *arguments], **options)


def test_load_prints_a_line_for_each_file(desk: Any, rng: Random) -> None:
    made = {f"day-{kind}.{kind}": random_file(rng, kind, 12) for kind in KINDS}
    changed = random_file(rng, "xml", 9)
    for name, file in made.items():
        desk.shell.write(f"in/{name}", file.data)
    desk.shell.write("new/day-xml.xml", changed.data)
    names = rng.sample(list(made), 4)
    wanted = [f"loaded {len(f.sales)} {len(f.quarantine)}" for f in made.values()]
    said = dict(zip(made, wanted, strict=True))
    paths = [f"in/{name}" for name in names]
    result = run(desk.shell, "load", "sales.db", *paths)
    assert result.text.splitlines() == [f"{said[name]} {name}" for name in names]
    assert (result.status, result.err) == (0, b"")
    good, bad = changed.counts
    paths = ["in/day-csv.csv", "in/no.csv", "new/day-xml.xml", "samples/none.txt"]
    result = run(desk.shell, "load", "sales.db", *paths, "new/day-xml.xml")
    assert result.text.splitlines() == [
        f"un{said['day-csv.csv'].replace('loaded', 'changed')} day-csv.csv",
        "refused 0 0 no.csv",
        f"replaced {good} {bad} day-xml.xml",
        "refused 0 0 none.txt",
        f"unchanged {good} {bad} day-xml.xml",
    ]
    assert result.status == 1
    assert same(desk.summary(), summed(*[*made.values()][:3], changed))


def test_summary_prints_one_object(desk: Any, rng: Random) -> None:
    made = {f"day.{kind}": random_file(rng, kind, 40) for kind in KINDS}
    for name, file in made.items():
        desk.load(name, file.data)
    result = run(desk.shell, "summary", "sales.db")
    assert (result.status, result.err) == (0, b"")
    assert same(json.loads(result.out), summed(*made.values()))
    assert same(desk.summary(), summed(*made.values()))


def test_an_empty_summary(desk: Any) -> None:
    desk.load("none.csv", rows())
    assert same(desk.summary(), summed(Made(b"", [], [])))


def test_revenue_is_exact_and_orders_the_shops(desk: Any) -> None:
    # Large sums that differ by a cent.
    big = [(f"G{n}", "2024-03-01", "Big", "10000", "99999.99") for n in range(120)]
    big += [(f"H{n}", "2024-03-01", "Bigger", "10000", "99999.99") for n in range(120)]
    cent = [("H", "2024-03-01", "Bigger", "1", "0.01")]
    shops = ("b", "Z", "a", "Ä", "東", "🗼", "\uff21")
    small = [
        (f"S{n}{i}", "2024-03-01", shop, "3", "0.10")
        for n, shop in enumerate(shops)
        for i in range(3 - n % 2)
    ]
    # As much as b, in a sum that a float takes for less.
    small = [row for row in small if row[2] != "a"]
    small.append(("S", "2024-03-01", "a", "1", "0.90"))
    free = [("F", "2024-03-01", "Free", "5", "0")]
    desk.load("sums.csv", rows(*small, *big, *free, *cent))
    found = desk.summary()["shops"]
    assert [one["shop"] for one in found] == [
        *("Bigger", "Big", "a", "b", "東", "\uff21", "Z", "Ä", "🗼", "Free")
    ]
    assert [one["revenue"] for one in found] == [
        *("119999988000.01", "119999988000.00", "0.90", "0.90", "0.90", "0.90"),
        *("0.60", "0.60", "0.60", "0.00"),
    ]
    assert [one["quantity"] for one in found][-4:] == [6, 6, 6, 5]


def test_language_settings_do_not_matter(desk: Any) -> None:
    fields = ("A", "2024-03-01", "Łódź 🗼", "2", "0.25")
    text = json.dumps(dict(zip(FIELDS, fields, strict=True)), ensure_ascii=False)
    inner = "".join(
        f"<{name}>{value}</{name}>"
        for name, value in zip(FIELDS[1:], fields[1:], strict=True)
    )
    data = {
        "day.csv": rows(fields),
        "day.jsonl": text.encode(),
        "day.json": f"[{text}]".encode(),
        "day.xml": f'<sales><sale id="A">{inner}</sale></sales>'.encode(),
    }
    made = {
        name: Made(written, [(1 + (name == "day.csv"), *fields[:3], 2, 25)], [])
        for name, written in data.items()
    }
    for name, written in data.items():
        desk.shell.write(name, written)
    result = run(desk.shell, "load", "sales.db", *made, env=C_LOCALE)
    assert result.status == 0, result.text
    desk.holds(**{name.replace(".", "_"): file for name, file in made.items()})
    result = run(desk.shell, "summary", "sales.db", env=C_LOCALE)
    assert result.status == 0
    assert same(json.loads(result.out.decode("utf-8")), summed(*made.values()))


def test_no_summary_without_a_database(desk: Any) -> None:
    result = run(desk.shell, "summary", "none.db")
    assert (result.status, result.out) == (1, b"")
    with desk.code.raises("FileNotFoundError"):
        desk.code.call("pipeline:summary", "none.db")
    assert not desk.shell.exists("none.db")


def test_other_command_lines_end_with_status_2(shell: Any, rng: Random) -> None:
    other = [(), ("load",), ("load", "a.db"), ("summary",), ("summary", "a.db", "b")]
    for arguments in [*other, ("sum", "a.db"), ("a.db", "samples/monday.csv")]:
        result = run(shell, *arguments)
        assert (result.status, result.out) == (2, b""), arguments


def test_functions_print_nothing(desk: Any) -> None:
    desk.load("a.csv", rows(("A", "2024-03-01", "Graz", "1", "x")))
    desk.load("a.txt", b"")
    desk.summary()
    assert desk.code.output() == desk.code.output("err") == ""


# Memory

# Prints the address space of a Python with the modules loaded, in KiB: the least limit
# under which it can still take one page. Needs no /proc, which a box may hide.
MEASURE = """
import argparse, csv, dataclasses, datetime, decimal, hashlib, json, logging, mmap
import pathlib, re, resource, shutil, sqlite3, tempfile, typing, unicodedata
import xml.dom.pulldom, xml.etree.ElementTree, xml.sax
sqlite3.connect(":memory:").execute("SELECT 1")
hard = resource.getrlimit(resource.RLIMIT_AS)[1]
for kib in range(4096, 1 << 20, 256):
    resource.setrlimit(resource.RLIMIT_AS, (kib << 10, hard))
    try:
        mmap.mmap(-1, mmap.PAGESIZE)
    except OSError:
        continue
    print(kib)
    break
"""

# Three kinds of large file, each about 30 MB, written inside the box.
MAKE = {
    "csv": """
def parts():
    yield "note,id,day,shop,quantity,price\\n"
    for n in range(120_000):
        yield f"{NOTE[:100]},{n:0100d},2024-03-01,Graz,{n % 10},1.50\\n"
""",
    "jsonl": """
def parts():
    for n in range(3_500):
        yield f'{{"id": {n}, "note": "{NOTE}", "day": "2024-03-01", "shop": "Graz", '
        yield f'"quantity": {n % 10}, "price": 1.50}}\\n'
""",
    "xml": """
def parts():
    yield "<sales>\\n"
    for n in range(3_500):
        yield f'<sale id="{n}"><note>{NOTE}</note><day>2024-03-01</day>'
        yield f"<shop>Graz</shop><quantity>{n % 10}</quantity><price>1.50</price>"
        yield "</sale>\\n"
    yield "</sales>\\n"
""",
}
WRITE = """
NOTE = "left at the door; " * 444
with open("large.{kind}", "w") as file:
    file.writelines(parts())
"""


@pytest.mark.parametrize("kind", list(MAKE))
def test_a_large_file_needs_little_memory(desk: Any, kind: str) -> None:
    made = desk.shell.run(["python", "-c", MAKE[kind] + WRITE.format(kind=kind)])
    space = int(desk.shell.run(["python", "-c", MEASURE]).out)
    assert made.status == 0
    limit = f"ulimit -v {space + BOUND_MB * 1024}"
    command = f"{limit}; python pipeline.py load sales.db large.{kind}"
    result = desk.shell.run(command, limit=60.0)
    count = 120_000 if kind == "csv" else 3_500
    bad = count // 10
    wanted = f"loaded {count - bad} {bad} large.{kind}\n"
    assert result.text == wanted, result.err[-300:]
    query = "SELECT reason, COUNT(*), MIN(position), MAX(position) FROM quarantine"
    first = 2 if kind == "csv" else 1
    assert desk.query(f"{query} GROUP BY reason LIMIT 9") == [
        ("bad_quantity", bad, first, first + count - 10)
    ]
