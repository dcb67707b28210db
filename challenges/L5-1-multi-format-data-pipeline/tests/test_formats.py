"""The four formats: what is a record, where it lies, what is refused."""

from __future__ import annotations

import json
from pathlib import Path
from random import Random
from runpy import run_path
from typing import Any

import pytest

from pytest_overnight.grading import same

_model = run_path(str(Path(__file__).with_name("pipeline_model.py")))
Desk, Made, random_file, rows = (
    _model[name] for name in ("Desk", "Made", "random_file", "rows")
)
FIELDS, MARK, MALFORMED = _model["FIELDS"], _model["MARK"], _model["MALFORMED"]
KINDS = ("csv", "jsonl", "json", "xml")
GOOD = ("A", "2024-03-01", "Graz", "1", "2.50")


@pytest.fixture
def desk(code: Any, clean: Any, shell: Any) -> Any:
    return Desk(code, clean, shell)


def sale(position: int, name: str = "A", shop: str = "Graz") -> tuple[Any, ...]:
    """What becomes of ``GOOD``."""
    return (position, name, "2024-03-01", shop, 1, 250)


def record(**changed: Any) -> dict[str, Any]:
    return dict(zip(FIELDS, GOOD, strict=True)) | changed


def element(name: str = "A", shop: str = "<shop>Graz</shop>") -> str:
    rest = "<day>2024-03-01</day><quantity>1</quantity><price>2.50</price>"
    return f'<sale id="{name}">{shop}{rest}</sale>'


def loaded(desk: Any, name: str, data: bytes | str, made: Any) -> None:
    """The file is loaded and the database holds just what it must."""
    made.data = data.encode() if isinstance(data, str) else data
    assert tuple(desk.load(name, made.data)) == ("loaded", *made.counts)
    desk.holds(**{name.replace(".", "_"): made})


@pytest.mark.parametrize("kind", KINDS)
def test_good_and_bad_records_of_a_random_file(
    desk: Any, rng: Random, kind: str
) -> None:
    made = random_file(rng, kind)
    loaded(desk, f"random.{kind}", made.data, made)


def test_a_byte_order_mark_is_no_part_of_the_data(desk: Any) -> None:
    texts = {
        "csv": rows(GOOD).decode(),
        "jsonl": json.dumps(record()),
        "json": json.dumps([record()]),
        "xml": f"<sales>{element()}</sales>",
    }
    held = {}
    for kind, text in texts.items():
        good = [sale(2 if kind == "csv" else 1)]
        held[f"mark_{kind}"] = made = Made(MARK + text.encode(), good, [])
        assert tuple(desk.load(f"mark.{kind}", made.data)) == ("loaded", 1, 0), kind
    desk.holds(**held)


def test_a_file_without_records_is_loaded(desk: Any) -> None:
    held = {}
    for kind, text in zip(
        KINDS, (rows().strip(), b"", b"[]", b"<sales/>"), strict=True
    ):
        held[f"none_{kind}"] = Made(text, [], [])
        assert tuple(desk.load(f"none.{kind}", text)) == ("loaded", 0, 0), kind
    desk.holds(**held)


# CSV


def test_a_csv_position_is_the_line_where_the_row_begins(desk: Any) -> None:
    data = (
        "note,id,day,shop,quantity,price\n"
        "\n"
        '"one\ntwo\n\n",A,2024-03-01,Graz,1,2.50\n'
        "\n\n"
        '"one\r\ntwo",B,2024-03-01,Graz,x,2.50\r\n'
        '"",C,2024-03-01,"Graz\n",1,2.50\n'
        ',a,2024-03-01,Graz,1,"2.50"'
    )
    bad = [(9, "bad_quantity"), (13, "duplicate")]
    loaded(desk, "lines.csv", data, Made(b"", [sale(3), sale(11, "C")], bad))


def test_csv_columns_are_known_by_their_names(desk: Any) -> None:
    data = (
        'Shop,price,"shop",till,quantity,id,till,day\n'
        "Linz,2.50,Graz,9,1,A,8,2024-03-01\n"
    )
    loaded(desk, "columns.csv", data, Made(b"", [sale(2)], []))


def test_a_csv_row_of_another_length_is_malformed(desk: Any) -> None:
    long, short = (*GOOD, ""), GOOD[:-1]
    data = rows(long, GOOD, short, ("A",), ("B", *GOOD[1:]))
    bad = [(2, "malformed"), (4, "malformed"), (5, "malformed")]
    loaded(desk, "length.csv", data, Made(b"", [sale(3), sale(6, "B")], bad))


# JSON


def test_empty_lines_of_json_lines_are_counted(desk: Any) -> None:
    one, other = json.dumps(record()), json.dumps(record(id="B"))
    data = f"\n\r\n{one}\r\n\n\n{other}"
    loaded(desk, "empty.jsonl", data, Made(b"", [sale(3), sale(6, "B")], []))


def test_json_lines_that_are_no_objects_are_malformed(desk: Any, rng: Random) -> None:
    broken = [*MALFORMED, '{"id": Infinity}', json.dumps(record()) + ", "]
    rng.shuffle(broken)
    lines = [(line, json.dumps(record(id=f"S{n}"))) for n, line in enumerate(broken)]
    data = "".join(f"{line}\n{good}\n" for line, good in lines)
    bad = [(2 * n + 1, "malformed") for n in range(len(broken))]
    good = [sale(2 * n + 2, f"S{n}") for n in range(len(broken))]
    loaded(desk, "broken.jsonl", data, Made(b"", good, bad))


def test_only_line_feeds_end_a_line_of_json(desk: Any) -> None:
    ends = "\u2028 \u2029 \u0085 \u00a0".split(" ")
    records = [record(id=f"S{n}", shop=f"Bad{end}Ischl") for n, end in enumerate(ends)]
    data = "\n".join(json.dumps(one, ensure_ascii=False) for one in records)
    good = [sale(n + 1, f"S{n}", "Bad Ischl") for n in range(len(ends))]
    loaded(desk, "ends.jsonl", data, Made(b"", good, []))


def test_a_lone_carriage_return_ends_no_line(desk: Any) -> None:
    one, other = json.dumps(record()), json.dumps(record(id="B"))
    data = one.replace(", ", ",\r ") + "\r\n\r\n" + other.replace(": ", ":\r")
    lines = Made(data.encode(), [sale(1), sale(3, "B")], [])
    text = rows(GOOD).decode() + '"B\r",2024-03-01,"Gr\raz",1,2.50\r\n'
    quoted = Made((text + ",,,,\n").encode(), [sale(2), sale(3, "B", "Gr az")], [])
    quoted.quarantine = [(4, "missing")]
    assert tuple(desk.load("cr.jsonl", lines.data)) == ("loaded", 2, 0)
    assert tuple(desk.load("cr.csv", quoted.data)) == ("loaded", 2, 1)
    desk.holds(cr_jsonl=lines, cr_csv=quoted)


NUMBERS = {
    # id, quantity and price as JSON → stored id, quantity and cents, or the reason
    '17, "quantity": 3, "price": 19.99': ("17", 3, 1999),
    '"A", "quantity": 10000, "price": 1.1': ("A", 10_000, 110),
    '"B", "quantity": 1, "price": 0.29': ("B", 1, 29),
    '"C", "quantity": 1, "price": 99999.99': ("C", 1, 9_999_999),
    '"D", "quantity": 1, "price": 2.50': ("D", 1, 250),
    '"E", "quantity": 1, "price": 1.000': "bad_price",
    '"F", "quantity": 1, "price": 1e2': "bad_price",
    '"G", "quantity": 1, "price": -0': "bad_price",
    '"H", "quantity": 1.0, "price": 1': "bad_quantity",
    '"I", "quantity": 1e0, "price": 1': "bad_quantity",
    '"J", "quantity": 100000000000000000000000, "price": 1': "bad_quantity",
    '1.5, "quantity": 1, "price": 1': "bad_id",
}


def test_a_json_number_is_the_text_by_which_it_is_written(desk: Any) -> None:
    objects = [
        f'{{"day": "2024-03-01", "shop": "Graz", "id": {text}}}' for text in NUMBERS
    ]
    made = Made("\n".join(objects).encode(), [], [])
    for position, outcome in enumerate(NUMBERS.values(), 1):
        if isinstance(outcome, str):
            made.quarantine.append((position, outcome))
        else:
            name, quantity, cents = outcome
            stored = (position, name, "2024-03-01", "Graz", quantity, cents)
            made.sales.append(stored)
    array = Made(f"[{','.join(objects)}]".encode(), made.sales, made.quarantine)
    desk.load("numbers.jsonl", made.data)
    desk.load("numbers.json", array.data)
    desk.holds(numbers_jsonl=made, numbers_json=array)


def test_other_json_types_are_bad_values(desk: Any) -> None:
    cases = [(name, value) for name in FIELDS for value in (True, False, [], {}, ["1"])]
    records = [record(**{name: value}) for name, value in cases]
    data = json.dumps([record(), *records])
    bad = [(n, f"bad_{name}") for n, (name, _) in enumerate(cases, 2)]
    loaded(desk, "types.json", data, Made(b"", [sale(1)], bad))


# XML


def test_only_children_of_the_root_are_sales(desk: Any) -> None:
    data = (
        f"<sales><info>{element('I')}</info>{element()}<sold>{element('S')}</sold>"
        f"<!-- {element('C')} --><sale/><group><sales>{element('G')}</sales></group>"
        f"<sale id='B'>{element('N')}</sale>{element('D')}</sales>"
    )
    bad = [(2, "missing"), (3, "missing")]
    loaded(desk, "nested.xml", data, Made(b"", [sale(1), sale(4, "D")], bad))


def test_xml_text_is_what_the_markup_means(desk: Any) -> None:
    shops = {
        "Tom &amp; Sons": "Tom & Sons",
        "<![CDATA[<Graz>]]>": "<Graz>",
        "&#x141;&#243;d&#378;": "Łódź",
        " \n Graz\n": "Graz",
    }
    sales = [element(f"S{n}", f"<shop>{s}</shop>") for n, s in enumerate(shops)]
    data = f"<sales>\n{'<other/>'.join(sales)}</sales>"
    good = [sale(n + 1, f"S{n}", shop) for n, shop in enumerate(shops.values())]
    loaded(desk, "text.xml", data, Made(b"", good, []))


def test_an_xml_id_is_an_attribute(desk: Any) -> None:
    inner = element().replace(' id="A"', "").replace("<day>", "<id>A</id><day>")
    both = element("B").replace("<day>", "<id>A</id><day>")
    outer = element().replace("<sale ", "<sale shop='Linz' day='x' ")
    data = f"<sales id='A'>{inner}{both}{outer}</sales>"
    made = Made(b"", [sale(2, "B"), sale(3)], [(1, "missing")])
    loaded(desk, "id.xml", data, made)


# Refused


REFUSED = {
    "other.txt": rows(GOOD),
    "other": rows(GOOD),
    "other.csv.gz": rows(GOOD),
    "empty.csv": b"",
    "lacks.csv": b"id,day,shop,quantity\nA,2024-03-01,Graz,1\n",
    "twice.csv": b"id,day,shop,quantity,price,id\nA,2024-03-01,Graz,1,2,B\n",
    "case.csv": b"ID,day,shop,quantity,price\nA,2024-03-01,Graz,1,2\n",
    "latin.csv": rows(GOOD) + "B,2024-03-01,Orléans,1,2\n".encode("latin-1"),
    "latin.jsonl": json.dumps(record()).encode() + b'\n{"id": "\xe9"}\n',
    "latin.json": b'[{"id": "\xe9"}]',
    "latin.xml": f"<sales>{element()}<a>\xe9</a></sales>".encode("latin-1"),
    "object.json": json.dumps(record()).encode(),
    "text.json": b'"A"',
    "empty.json": b"",
    "cut.json": json.dumps([record()]).encode()[:-1],
    "nan.json": b'[{"id": NaN}]',
    "lines.json": b"[]\n[]\n",
    "empty.xml": b"",
    "cut.xml": f"<sales>{element()}".encode(),
    "root.xml": f"<sale>{element()}</sale>".encode(),
    "after.xml": f"<sales>{element()}</sales><sales/>".encode(),
    "bare.xml": f"<sales>{element()} Tom & Sons</sales>".encode(),
}


def test_files_that_cannot_be_read_are_refused(desk: Any) -> None:
    made = Made(rows(GOOD), [sale(2)], [])
    loaded(desk, "first.csv", made.data, made)
    for name, data in REFUSED.items():
        assert tuple(desk.load(name, data)) == ("refused", 0, 0), name
    for name in ("not-there.csv", "samples"):
        assert tuple(desk.load_as_it_is(name)) == ("refused", 0, 0), name
    desk.holds(first_csv=made)


def test_the_example_of_the_instruction(desk: Any) -> None:
    data = (
        "id,day,shop,quantity,price,note\n"
        'a-1,2024-03-01,Graz,"1,000",2.50,\n'
        "\n"
        'a-2,01.03.2024, Graz ,2,"2,50",\n'
        'A-1,2024-03-02,Graz,1,3,"late,\n'
        'very late"\n'
        "a-3,2024-03-02,Graz,1\n"
    )
    good = [(2, "A-1", "2024-03-01", "Graz", 1000, 250)]
    bad = [(4, "bad_price"), (5, "duplicate"), (7, "malformed")]
    made = Made(b"", good, bad)
    loaded(desk, "example.csv", data, made)
    revenue = {"shop": "Graz", "sales": 1, "quantity": 1000, "revenue": "2500.00"}
    reasons = {"bad_price": 1, "duplicate": 1, "malformed": 1}
    wanted = {"files": 1, "good": 1, "bad": 3, "reasons": reasons, "shops": [revenue]}
    assert same(desk.summary(), wanted)
