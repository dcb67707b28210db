"""Reading files: bad rows, and names in every alphabet, on seeded inputs."""

from __future__ import annotations

from random import Random
from typing import Any

import pytest

from pytest_overnight.grading import CodeError

HEADING = "number,customer,item,quantity,price,discount\n"
LETTERS = "äßéñøžŁΩЖяאض中日한🫖"


def item_names(code: Any, invoice: Any) -> list[str]:
    """The items of an invoice's lines, in order."""
    return [code.attr(line, "item") for line in code.attr(invoice, "lines")]


def word(rng: Random) -> str:
    """A name that needs more than ASCII."""
    return "".join(rng.choice(LETTERS + "abc ") for _ in range(6)) + rng.choice(LETTERS)


def row(rng: Random, number: int, customer: str = "Ana") -> str:
    """A good row of a file."""
    return f"2024-{number},{customer},cup,{rng.randint(1, 9)},{rng.randint(1, 99)},0\n"


# Bad rows


BAD = [
    "2024-{n},Ana,cup,1,3.35",
    "2024-{n},Ana,cup,1,3.35,0,0",
    "2024-0{n},Ana,cup,1,3.35,0",
    "24-{n},Ana,cup,1,3.35,0",
    "2024-{n},Ana,cup,0,3.35,0",
    '2024-{n},Ana,cup,1,"3,35",0',
    "2024-{n},Ana,cup,1,3.355,0",
    "2024-{n},Ana,cup,1,-3.35,0",
    "2024-{n},Ana,cup,1,3.35,101",
    "2024-{n},Ana,cup,1,3.35,",
]


def test_a_bad_row_stops_the_whole_file(code: Any, shell: Any, rng: Random) -> None:
    for bad in BAD:
        rows = [row(rng, n) for n in range(1, rng.randint(4, 9))]
        at = rng.randint(0, len(rows))
        rows.insert(at, bad.format(n=rng.randint(1, 9)) + "\n")
        for _ in range(rng.randint(1, 3)):
            rows.insert(rng.randint(0, at), "\n")
            at += 1
        rows.append("bad, too\n")
        shell.write("rows.csv", (HEADING + "".join(rows)).encode())
        with pytest.raises(CodeError) as caught:
            code.call("invoices:load", "rows.csv")
        assert caught.value.type == "RowError", bad
        assert caught.value.is_a("ValueError")
        assert caught.value.message.startswith(f"line {at + 2}: ")


# Letters


def test_names_come_as_they_were_written(code: Any, shell: Any, rng: Random) -> None:
    names = [word(rng) for _ in range(12)]
    rows = [f"2024-{n},{name},{name[::-1]},1,2,0\n" for n, name in enumerate(names, 1)]
    shell.write("names.csv", (HEADING + "".join(rows)).encode())
    loaded = code.call("invoices:load", "names.csv")
    assert [code.attr(invoice, "customer") for invoice in loaded] == names
    items = [item_names(code, invoice) for invoice in loaded]
    assert items == [[name[::-1]] for name in names]


def test_a_byte_order_mark_is_no_part_of_the_data(
    code: Any, shell: Any, rng: Random
) -> None:
    name = word(rng)
    shell.write("mark.csv", b"\xef\xbb\xbf" + (HEADING + row(rng, 7, name)).encode())
    (invoice,) = code.call("invoices:load", "mark.csv")
    assert code.attr(invoice, "number") == "2024-7"
    assert code.attr(invoice, "customer") == name


def test_bytes_that_are_no_utf8_are_refused(code: Any, shell: Any, rng: Random) -> None:
    for broken in (b"Zo\xeb", b"Zo\xc3", bytes([rng.randint(0x80, 0xBF)]) + b"oe"):
        rows = [row(rng, n).encode() for n in range(1, 5)]
        rows.insert(rng.randint(0, 4), b"2024-9," + broken + b",cup,1,2,0\n")
        shell.write("broken.csv", HEADING.encode() + b"".join(rows))
        with pytest.raises(CodeError) as caught:
            code.call("invoices:load", "broken.csv")
        assert caught.value.type == "UnicodeDecodeError"


def test_the_language_settings_do_not_matter(shell: Any, rng: Random) -> None:
    name = word(rng)
    data = (HEADING + row(rng, 1, name)).encode()
    shell.write("names.csv", data)
    use = """if True:
        import invoices
        loaded = invoices.load("names.csv")
        print(ascii(loaded[0].customer))
        invoices.save("again.csv", loaded)
    """
    plain = {"LC_ALL": "C", "PYTHONCOERCECLOCALE": "0", "PYTHONUTF8": "0"}
    result = shell.run(["python", "-c", use], env=plain)
    assert result.out.decode().strip() == ascii(name)
    assert shell.read("again.csv") == data


def test_saved_names_are_loaded_again(code: Any, rng: Random) -> None:
    names = [word(rng) for _ in range(5)]
    line = code.new("invoices:Line", "cup", 1, "2")
    made = [
        code.new("invoices:Invoice", f"2024-{n}", name, [line])
        for n, name in enumerate(names, 1)
    ]
    code.call("invoices:save", "again.csv", made)
    loaded = code.call("invoices:load", "again.csv")
    assert [code.attr(invoice, "customer") for invoice in loaded] == names
