"""Loading again: what is unchanged, what is replaced, what survives a broken load."""

from __future__ import annotations

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
KINDS = ("csv", "jsonl", "json", "xml")
DISK_BLOCKS = 1024
"""Of 512 bytes: no file of a command may grow beyond 512 KiB."""


@pytest.fixture
def desk(code: Any, clean: Any, shell: Any) -> Any:
    return Desk(code, clean, shell)


def put(desk: Any, status: str, name: str, made: Any) -> None:
    """Load a file of these bytes: this must come of it."""
    assert tuple(desk.load(name, made.data)) == (status, *made.counts)


def two(first: str, second: str) -> Any:
    """A CSV file of two sales in these shops."""
    records = [
        ("A", "2024-03-01", first, "1", "1"),
        ("B", "2024-03-01", second, "1", "1"),
    ]
    good = [
        (at, sale, "2024-03-01", shop, 1, 100)
        for at, sale, shop in ((2, "A", first), (3, "B", second))
    ]
    return Made(rows(*records), good, [])


def many(count: int, broken: bool) -> bytes:
    """An XML file of many sales, and perhaps no end."""
    rest = (
        "<day>2024-03-01</day><shop>Linz</shop><quantity>1</quantity><price>1</price>"
    )
    sales = "".join(f'<sale id="{n:064d}">{rest}</sale>\n' for n in range(count))
    return f"<sales>\n{sales}{'' if broken else '</sales>'}".encode()


def test_the_same_file_again_changes_nothing(desk: Any, rng: Random) -> None:
    made = {f"a_{kind}": random_file(rng, kind, 15) for kind in KINDS}
    for status in ("loaded", "unchanged", "unchanged"):
        for name in rng.sample(list(made), 4):
            put(desk, status, name.replace("_", "."), made[name])
        desk.holds(**made)
        assert same(desk.summary(), summed(*made.values()))


def test_a_changed_file_takes_the_place_of_the_old_one(desk: Any, rng: Random) -> None:
    old = {f"a_{kind}": random_file(rng, kind, 20) for kind in KINDS}
    held = {"first_csv": two("Graz", "Wien"), **old}
    for name, made in held.items():
        put(desk, "loaded", name.replace("_", "."), made)
    for name in rng.sample(list(old), 4):
        kind = name.partition("_")[2]
        held[name] = random_file(rng, kind, rng.choice([9, 15, 30]))
        put(desk, "replaced", f"a.{kind}", held[name])
        desk.holds(**held)
    for name, made in old.items():  # and back
        put(desk, "replaced", name.replace("_", "."), made)
        put(desk, "unchanged", name.replace("_", "."), made)
    desk.holds(**held | old)


def test_bytes_tell_a_change_and_nothing_else_does(desk: Any) -> None:
    touch = ["touch", "-d", "2024-03-01 12:00:00", "a.csv"]
    old, new = two("Graz", "Linz"), two("Graz", "Lenz")
    for status, made in (("loaded", old), ("replaced", new), ("unchanged", new)):
        desk.shell.write("a.csv", made.data)
        desk.shell.run(touch)
        assert tuple(desk.load_as_it_is("a.csv")) == (status, 2, 0)
        desk.holds(a_csv=made)
    desk.shell.run(["touch", "-d", "2024-04-01 12:00:00", "a.csv"])
    assert tuple(desk.load_as_it_is("a.csv")) == ("unchanged", 2, 0)
    # Other bytes with the same records are a change, too.
    new.data += b"\n"
    put(desk, "replaced", "a.csv", new)
    desk.holds(a_csv=new)


def test_a_file_is_known_by_its_name_without_folders(desk: Any) -> None:
    old, new = two("Graz", "Linz"), two("Wien", "Linz")
    put(desk, "loaded", "in/a.csv", old)
    put(desk, "unchanged", "a.csv", old)
    put(desk, "replaced", "in/deep/a.csv", new)
    desk.holds(a_csv=new)
    assert tuple(desk.load_as_it_is("a.csv")) == ("replaced", 2, 0)
    desk.holds(a_csv=old)


def test_the_same_bytes_under_another_name_are_another_file(desk: Any) -> None:
    made = two("Graz", "Linz")
    put(desk, "loaded", "a.csv", made)
    put(desk, "loaded", "b.csv", made)
    desk.holds(a_csv=made, b_csv=made)
    assert same(desk.summary(), summed(made, made))


def test_shops_without_sales_go_and_others_stay(desk: Any) -> None:
    other = two("Wien", "Graz")
    put(desk, "loaded", "a.csv", two("Graz", "Linz"))
    put(desk, "loaded", "b.csv", other)
    new = Made(two("Enns", "Graz").data.replace(b"B,", b"A,"), [], [])
    new.sales, new.quarantine = [two("Enns", "Graz").sales[0]], [(3, "duplicate")]
    put(desk, "replaced", "a.csv", new)
    desk.holds(a_csv=new, b_csv=other)
    # The shop of a duplicate has no sale by it.
    new.data = new.data.replace(b"Graz", b"Melk")
    put(desk, "replaced", "a.csv", new)
    desk.holds(a_csv=new, b_csv=other)
    nothing = Made(rows(), [], [])
    put(desk, "replaced", "a.csv", nothing)
    desk.holds(a_csv=nothing, b_csv=other)


def test_the_shop_of_a_duplicate_is_not_kept(desk: Any) -> None:
    made = two("Graz", "Linz")
    made.data = made.data.replace(b"B,", b"A,")
    made.sales, made.quarantine = made.sales[:1], [(3, "duplicate")]
    put(desk, "loaded", "a.csv", made)
    desk.holds(a_csv=made)


def test_a_file_broken_at_its_end_leaves_what_was_there(desk: Any) -> None:
    made = two("Graz", "Wien")
    put(desk, "loaded", "first.csv", made)
    before = Made(many(3, broken=False), [], [])
    before.sales = [
        (n + 1, f"{n:064d}", "2024-03-01", "Linz", 1, 100) for n in range(3)
    ]
    put(desk, "loaded", "a.xml", before)
    assert tuple(desk.load("a.xml", many(12_000, broken=True))) == ("refused", 0, 0)
    desk.holds(first_csv=made, a_xml=before)
    put(desk, "unchanged", "a.xml", before)
    # Nor does a file come in by halves that was not there before.
    assert tuple(desk.load("b.xml", many(9, broken=True))) == ("refused", 0, 0)
    desk.holds(first_csv=made, a_xml=before)


def test_a_full_disk_leaves_what_was_there(desk: Any) -> None:
    made = two("Graz", "Wien")
    put(desk, "loaded", "first.csv", made)
    before = Made(many(1, broken=False), [], [])
    before.sales = [(1, "0" * 64, "2024-03-01", "Linz", 1, 100)]
    put(desk, "loaded", "a.xml", before)
    desk.shell.write("a.xml", many(12_000, broken=False))
    command = f"ulimit -f {DISK_BLOCKS}; python pipeline.py load sales.db a.xml"
    assert b"replaced" not in desk.shell.run(command).out
    desk.holds(first_csv=made, a_xml=before)
    assert tuple(desk.load_as_it_is("a.xml")) == ("replaced", 12_000, 0)
    assert desk.summary()["shops"][0] == {
        "shop": "Linz",
        "sales": 12_000,
        "quantity": 12_000,
        "revenue": "12000.00",
    }
