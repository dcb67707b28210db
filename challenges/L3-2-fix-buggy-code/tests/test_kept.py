"""What invoices.py did right from the start, and its signatures."""

from __future__ import annotations

import ast
from random import Random
from typing import Any

import pytest

from pytest_overnight.grading import CodeError
from pytest_overnight.grading import same

HEADING = b"number,customer,item,quantity,price,discount\n"

# Function → its parameters in order; a question mark says that it may be left out.
SIGNATURES = {
    "Invoice.__init__": "self number customer lines?",
    "Invoice.add": "self line",
    "Invoice.total": "self",
    "line_total": "line",
    "newest": "invoices",
    "pages": "invoices size",
    "stock_checks": "stock",
    "parse_row": "row number",
    "load": "path",
    "save": "path invoices",
    "statement": "invoices size?",
}


def functions(tree: ast.Module) -> dict[str, ast.arguments]:
    """The functions of a module and of its classes, by dotted name."""
    found = {}
    for node in tree.body:
        inner = node.body if isinstance(node, ast.ClassDef) else [node]
        prefix = f"{node.name}." if isinstance(node, ast.ClassDef) else ""
        for one in inner:
            if isinstance(one, ast.FunctionDef):
                found[prefix + one.name] = one.args
    return found


def written(arguments: ast.arguments) -> str:
    """Parameters as in ``SIGNATURES``; other kinds of parameter are spelled out."""
    names = [one.arg for one in arguments.args]
    first = len(names) - len(arguments.defaults)
    text = [name + "?" * (at >= first) for at, name in enumerate(names)]
    text += [f"{one.arg}/" for one in arguments.posonlyargs]
    text += [f"*,{one.arg}" for one in arguments.kwonlyargs]
    text += ["*"] if arguments.vararg else []
    text += ["**"] if arguments.kwarg else []
    return " ".join(text)


def shown(code: Any, invoices: list[Any]) -> list[tuple[Any, ...]]:
    """Invoices of the child as plain data."""
    return [
        (
            code.attr(one, "number"),
            code.attr(one, "customer"),
            [tuple(code.plain(line).values()) for line in code.attr(one, "lines")],
        )
        for one in invoices
    ]


def make(code: Any, number: str, customer: str, *lines: tuple[Any, ...]) -> Any:
    """An invoice in the child with these lines."""
    invoice = code.new("invoices:Invoice", number, customer, [])
    for line in lines:
        invoice.add(code.new("invoices:Line", *line))
    return invoice


def test_the_signatures_are_unchanged(files: Any) -> None:
    found = functions(files.tree("invoices.py"))
    for name, expected in SIGNATURES.items():
        if name == "Invoice.__init__" and name not in found:
            continue  # made by a decorator; called both ways in the tests of lists
        assert name in found, f"{name} is not defined in invoices.py"
        assert written(found[name]) == expected, name


def test_every_parameter_can_be_named(code: Any, shell: Any) -> None:
    shell.write("in.csv", HEADING + b"2024-1,Ana,cup,2,3.50,0\n")
    line = code.new("invoices:Line", item="cup", quantity=2, price="3.50", discount=0)
    invoice = code.new("invoices:Invoice", number="2024-1", customer="Ana", lines=[])
    invoice.add(line=line)
    assert code.call("invoices:line_total", line=line) == "7.00"
    assert shown(code, [code.call("invoices:newest", invoices=[invoice])])
    assert len(code.call("invoices:pages", invoices=[invoice] * 4, size=2)) == 2
    assert code.call("invoices:stock_checks", stock={"cup": 3})["cup"](3) is True
    row = ["2024-1", "Ana", "cup", "2", "3.50", "0"]
    assert code.call("invoices:parse_row", row=row, number=2)[:2] == ("2024-1", "Ana")
    assert len(code.call("invoices:load", path="in.csv")) == 1
    code.call("invoices:save", path="out.csv", invoices=[invoice])
    text = code.call("invoices:statement", invoices=[invoice] * 2, size=2)
    assert text == "Page 1 of 1\n" + "2024-1  Ana  7.00\n" * 2


def test_an_invoice_without_lines_costs_nothing(code: Any) -> None:
    assert make(code, "2024-1", "Ana").total() == "0.00"


def test_plain_amounts_are_as_before(code: Any, rng: Random) -> None:
    for _ in range(20):
        quantity, price = rng.randint(1, 99), rng.randint(0, 999)
        text = rng.choice([f"{price}", f"{price}.0", f"{price}.00"])
        lines = [("cup", quantity, text), ("pot", 1, "2.25", 100)]
        expected = f"{quantity * price}.00"
        assert make(code, "2024-1", "Ana", *lines).total() == expected


def test_the_newest_of_equals_is_the_first(code: Any) -> None:
    older, first = make(code, "2024-5", "Ana"), make(code, "2024-7", "Jan")
    second, last = make(code, "2024-7", "Eva"), make(code, "2023-8", "Ida")
    for invoices in ([older, first, second, last], [first, last, second, older]):
        assert code.same_object(code.call("invoices:newest", invoices), first)
    assert code.same_object(
        code.call("invoices:newest", [second, older, first]), second
    )


def test_the_newest_of_none_is_none(code: Any) -> None:
    assert code.call("invoices:newest", []) is None


def test_a_page_must_hold_one(code: Any) -> None:
    made = [make(code, "2024-1", "Ana")]
    for invoices in ([], made, made * 2):
        for size in (0, -1):
            with pytest.raises(CodeError) as caught:
                code.call("invoices:pages", invoices, size)
            assert caught.value.type == "ValueError"


def test_no_stock_needs_no_checks(code: Any) -> None:
    assert code.call("invoices:stock_checks", {}) == {}


def test_a_row_becomes_a_line(code: Any, rng: Random) -> None:
    for quantity in (1, rng.randint(2, 999_999), 1_000_000):
        price = rng.choice(["0", "12.5", "999999999.99", "007.30"])
        discount = rng.choice([0, 7, 99, 100])
        fields = ["2024-30", "Ana", "tea, green", str(quantity), price, str(discount)]
        number, customer, line = code.call("invoices:parse_row", fields, 2)
        assert (number, customer) == ("2024-30", "Ana")
        expected = ["tea, green", quantity, price, discount]
        assert same(list(code.plain(line).values()), expected)


BAD_FIELDS = {
    0: ["", "2024", "2024-0", "2024-07", "224-1", "2024-1 ", "x"],
    3: ["", "0", "-1", "1.0", "1000001", "02", "x"],
    4: ["", ".5", "1.", "1.234", "-1", "1,5", "1e3", "1234567890"],
    5: ["", "101", "-1", "5%", "1.5", "200"],
}


def test_a_bad_field_is_a_row_error(code: Any, rng: Random) -> None:
    for at, texts in BAD_FIELDS.items():
        number = rng.randint(2, 5000)
        for bad in texts:
            fields = ["2024-1", "Ana", "cup", "2", "3.50", "0"]
            fields[at] = bad
            with pytest.raises(CodeError) as caught:
                code.call("invoices:parse_row", fields, number)
            assert caught.value.type == "RowError", (at, bad)
            assert caught.value.message.startswith(f"line {number}: ")


def test_rows_of_one_number_are_one_invoice(code: Any, shell: Any) -> None:
    rows = (
        b"2024-10,Ana,cup,1,3.5,0\n\n2024-9,Jan,tin,2,1.00,5\r\n"
        b'2024-10,Eva,"tea, green",3,12,10\n'
    )
    shell.write("in.csv", HEADING + rows)
    expected = [
        ("2024-10", "Ana", [("cup", 1, "3.5", 0), ("tea, green", 3, "12", 10)]),
        ("2024-9", "Jan", [("tin", 2, "1.00", 5)]),
    ]
    assert shown(code, code.call("invoices:load", "in.csv")) == expected


def test_a_file_needs_its_heading(code: Any, shell: Any) -> None:
    other = HEADING.replace(b"item", b"what")
    for start in (b"", b"2024-1,Ana,cup,1,2,0\n", other, b"\n"):
        shell.write("in.csv", start)
        with pytest.raises(CodeError) as caught:
            code.call("invoices:load", "in.csv")
        assert caught.value.type == "RowError", start
        assert caught.value.message.startswith("line 1: ")


def test_a_heading_alone_is_no_invoice(code: Any, shell: Any) -> None:
    shell.write("in.csv", HEADING)
    assert code.call("invoices:load", "in.csv") == []


def test_a_missing_file_is_an_os_error(code: Any) -> None:
    with pytest.raises(CodeError) as caught:
        code.call("invoices:load", "nothing-here.csv")
    assert caught.value.is_a("OSError")


def test_a_saved_file_has_its_exact_bytes(code: Any, shell: Any) -> None:
    made = [
        make(code, "2024-2", "Zoë", ("tea, green", 2, "3.5", 10), ("cup", 1, "4")),
        make(code, "2024-3", "Ana"),
        make(code, "2024-1", "Жан", ('"tin"', 1_000_000, "0.01", 100)),
    ]
    code.call("invoices:save", "out.csv", made)
    rows = (
        '2024-2,Zoë,"tea, green",2,3.5,10\n2024-2,Zoë,cup,1,4,0\n'
        '2024-1,Жан,"""tin""",1000000,0.01,100\n'
    )
    assert shell.read("out.csv") == HEADING + rows.encode()


def test_a_statement_goes_page_by_page(code: Any) -> None:
    made = [make(code, f"2024-{n}", "Ana", ("cup", n, "2.5")) for n in range(1, 25)]
    lines = [
        f"2024-{n}  Ana  {n * 250 // 100}.{n * 50 % 100:02d}\n" for n in range(1, 25)
    ]
    pages = [lines[:10], lines[10:20], lines[20:]]
    heads = [f"Page {n} of 3\n" for n in (1, 2, 3)]
    expected = "".join(
        head + "".join(page) for head, page in zip(heads, pages, strict=True)
    )
    assert same(code.call("invoices:statement", made), expected)
    short = code.call("invoices:statement", made[:5], 3)
    assert short == "".join(["Page 1 of 2\n", *lines[:3], "Page 2 of 2\n", *lines[3:5]])
    assert code.call("invoices:statement", []) == ""
