"""What the rest of the package did before, it still does."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from runpy import run_path
from typing import Any

import pytest

model: Any = run_path(str(Path(__file__).with_name("model.py")))

BAD_LINES = {
    "flat A 2": "too many or too few words",
    "flat A 2 61 9": "too many or too few words",
    "flat A two 61": "not a number: 'two'",
    "flat A 2 6.1": "not a number: '6.1'",
    "flat A ² 61": "not a number: '²'",
    "room A": "no such line: 'room'",
    "set colour red": "no such setting: 'colour'",
    "set comma maybe": "comma is yes or no, not 'maybe'",
    "set fee 1.234": "not an amount: '1.234'",
    "set fee -1": "not an amount: '-1'",
    "set fee": "too many or too few words",
    "tier gas - 1": "no such service: 'gas'",
    "tier power x 1": "not a number of units: 'x'",
    "tier power ² 1": "not a number of units: '²'",
    "tier power - 1,5": "not an amount: '1,5'",
    "tier": "too many or too few words",
    "read power P1 2024-02-30 5": "no such day: '2024-02-30'",
    "read power P1 20240230 5": "not a day: '20240230'",
    "read power P1 2024-2-3 5": "not a day: '2024-2-3'",
    "read power P1 2024-02-03 -5": "not a value: '-5'",
    "read power P1 2024-02-03 ²": "not a value: '²'",
    "read power P1 2024-02-03 5 guessed": "read or estimated, not 'guessed'",
    "read steam P1 2024-02-03 5": "no such service: 'steam'",
}
REFUSED = {
    # Nothing after these is wrong line by line, only as a whole.
    "flat A 1 50\nread power P1 2024-02-03 5\n": "the last tier must have no end",
    "tier water - 1\nread water W 2024-02-03 5\n": "nothing to share by",
    "flat A 0 50\ntier water - 1\nread water W 2024-02-03 5\n": "nothing to share by",
    "flat A 1 0\ntier heat - 1\nread heat H 2024-02-03 5\n": "nothing to share by",
    "flat A 1 9\ntier heat - 1\nread heat H 2024-02-03 5\nread heat H 2024-03-01 4\n": (
        "H, 1 Mar 2024: lower than before"
    ),
    "flat A 1 9\ntier water - 1\nread water W 2024-12-03 100000\n": (
        "W, 3 Dec 2024: more than 5 digits"
    ),
    "flat A 1 9\ntier power - 1\nread power P 2024-10-03 1000000\n": (
        "P, 3 Oct 2024: more than 6 digits"
    ),
}


def run(shell: Any, *words: str, stdin: bytes = b"") -> tuple[int, str, str]:
    result = shell.run(["python", "-m", "meterbill", *words], stdin=stdin)
    return result.status, bytes(result.out).decode(), bytes(result.err).decode()


def parsed(code: Any, text: str) -> Any:
    return code.new("meterbill:parse_house", text)


def test_statements_of_random_houses(code: Any, rng: Any) -> None:
    for _ in range(6):
        house = model["random_house"](rng)
        made = parsed(code, house.text())
        assert code.call("meterbill:house_statement", made) == house.statement()
        for name, _, _ in house.flats:
            found = code.call("meterbill:flat_statement", made, name)
            assert found == house.flat_statement(name)


def test_summaries_of_random_houses(code: Any, rng: Any) -> None:
    for _ in range(6):
        house = model["random_house"](rng)
        made = parsed(code, house.text())
        assert code.call("meterbill:summary_text", made) == house.summary()
        assert code.call(
            "meterbill:summary_text", house=made, width=7
        ) == house.summary(7)
        bills = code.call("meterbill.bills:bill_house", house=made)
        totals = code.call("meterbill.summary:totals", bills)
        assert list(totals.items()) == list(house.totals().items())


def test_a_summary_of_nothing_and_of_equal_sums(code: Any) -> None:
    def summary(text: str, width: int | None = None) -> Any:
        return code.call("meterbill:summary_text", parsed(code, text), width)

    text = "flat B 1 40\nflat A 1 40\ntier power - 100\nread power P 2024-01-01 5\n"
    assert summary("") == ""
    assert summary(text) == "B  0.00\nA  0.00\n"
    more = text + "read power P 2024-02-01 7\n"
    bars = "#" * 20
    assert summary(more) == f"B  1.00  {bars}\nA  1.00  {bars}\n"
    assert summary(more, 0) == "B  1.00\nA  1.00\n"


def test_bills_of_services_hold_what_they_did(code: Any, rng: Any) -> None:
    for service in ("power", "water", "heat"):
        house = model["random_house"](rng)
        wanted = house.bill(service)
        made = code.new(
            f"meterbill.{service}:bill",
            readings=model["make_readings"](code, house.readings[service]),
            tiers=model["make_tiers"](code, house.tiers[service]),
            flats=model["make_flats"](code, house.flats),
        )
        fields = [code.attr(made, n) for n in ("service", "unit", "units", "cost")]
        unit = model["UNITS"][service]
        assert fields == [service, unit, wanted.units, wanted.cost]
        shares = code.attr(made, "shares")
        assert list(shares.items()) == list(wanted.shares.items())
        plain = model["House"]()
        assert made.text() == plain.bill_text(wanted)
        settings = code.new("meterbill.config:Settings", currency="Fr.", comma=True)
        plain.currency, plain.comma = "Fr.", True
        assert made.text(settings=settings) == plain.bill_text(wanted)
        found = code.call("meterbill.statements:render_bill", made, settings)
        assert found == plain.bill_text(wanted)


def test_a_service_without_readings_uses_nothing(code: Any) -> None:
    tiers = model["make_tiers"](code, [(None, 100)])
    flats = model["make_flats"](code, [("A", 1, 1)])
    for service in ("power", "water", "heat"):
        bill = code.new(f"meterbill.{service}:bill", [], tiers, flats)
        assert [code.attr(bill, "units"), code.attr(bill, "cost")] == [0, 0]
        assert code.attr(bill, "shares") == {"A": 0}


def test_the_services_are_known_by_name(code: Any) -> None:
    assert code.call("meterbill.registry:service_names") == ["heat", "power", "water"]
    flat = code.new("meterbill:Flat", "A", 3, 61)
    for name, weight in (("heat", 61), ("power", 1), ("water", 3)):
        module = code.new("meterbill.registry:service", name)
        assert code.same_object(module, code.load(f"meterbill.{name}"))
        named = [code.attr(module, "NAME"), code.attr(module, "UNIT")]
        assert named == [name, model["UNITS"][name]]
        assert module.weight(flat) == weight
        assert code.call("meterbill.tariffs:unit_of", name) == named[1]
    other = code.load("meterbill.tables")
    code.call("meterbill.registry:register", name="gas", module=other)
    assert code.same_object(code.new("meterbill.registry:service", "gas"), other)
    assert len(code.call("meterbill.registry:service_names")) == 4
    for name in ("steam", "", "registry"):
        with code.raises("BillingError") as caught:
            code.call("meterbill.registry:service", name)
        assert caught.error.message == f"no such service: {name!r}"
        with code.raises("RateError") as caught:
            code.call("meterbill.tariffs:unit_of", name)
        assert caught.error.message == f"no such service: {name!r}"


@pytest.mark.parametrize("module", "power registry bills errors summary".split())
def test_each_module_can_be_imported_first(code: Any, module: str) -> None:
    code.load(f"meterbill.{module}")
    assert code.call("meterbill.registry:service_names") == ["heat", "power", "water"]


def test_bad_lines_are_said_as_before(code: Any) -> None:
    for line, problem in BAD_LINES.items():
        with code.raises("LineError") as caught:
            parsed(code, f"# fine\n\n{line}\nflat A 1 1 # also fine\n")
        assert caught.error.message == f"line 3: {problem}"
        assert caught.error.is_a("BillingError")
        assert caught.error.is_a("ValueError")


def test_houses_that_make_no_sense_are_refused_as_before(code: Any) -> None:
    for text, problem in REFUSED.items():
        for name in ("house_statement", "summary_text"):
            with code.raises("BillingError") as caught:
                code.call(f"meterbill:{name}", parsed(code, text))
            assert caught.error.message == problem
    with code.raises("BillingError") as caught:
        code.call("meterbill:flat_statement", parsed(code, "flat A 1 1"), "B")
    assert caught.error.message == "no such flat: 'B'"


def test_errors_keep_their_attributes(code: Any) -> None:
    for month, name in enumerate(model["MONTHS"], start=1):
        day = date(2023, month, 9)
        assert code.call("meterbill.days:show_day", day) == f"9 {name} 2023"
        error = code.new("meterbill.errors:ReadingError", "M", day, problem="odd")
        named = [code.attr(error, n) for n in ("meter", "day", "problem")]
        assert named == ["M", day, "odd"]
        assert code.attr(error, "args") == (f"M, 9 {name} 2023: odd",)
    error = code.new("meterbill:LineError", number=7, problem="odd")
    assert [code.attr(error, n) for n in ("number", "problem")] == [7, "odd"]
    assert code.attr(error, "args") == ("line 7: odd",)


def test_days_and_amounts_are_read_and_written_as_before(code: Any, rng: Any) -> None:
    one, other = date(2024, 2, 28), date(2025, 3, 1)
    assert code.call("meterbill.days:parse_day", "2024-02-28") == one
    assert code.call("meterbill.days:days_between", one, other) == 367
    assert code.call("meterbill.days:days_between", first=other, last=one) == -367
    for text in ("2024-13-01", "24-01-01", "2024-01-01 ", ""):
        with code.raises("DayError"):
            code.call("meterbill.days:parse_day", text)
    plain = model["House"]()
    comma = code.new("meterbill.config:Settings", comma=True)
    for cents in (0, 5, 99, 100, rng.randrange(10**7)):
        text = plain.cents(cents)
        assert code.call("meterbill.money:format_cents", cents) == text
        assert code.call("meterbill.money:parse_cents", text) == cents
        found = code.call("meterbill.money:format_cents", cents, settings=comma)
        assert found == text.replace(".", ",")
        found = code.call("meterbill.money:with_currency", cents, comma)
        assert found == text.replace(".", ",") + " EUR"
    assert code.call("meterbill.money:format_cents", -105) == "-1.05"
    assert code.call("meterbill.money:format_cents", -1) == "-0.01"
    for text, cents in (("12", 1200), ("12.5", 1250), ("0.05", 5)):
        assert code.call("meterbill.money:parse_cents", text) == cents


def test_settings_are_changed_one_by_one(code: Any) -> None:
    settings = code.new("meterbill.config:Settings")
    assert code.plain(settings) == {"currency": "EUR", "comma": False, "fee": 0}
    for key, value, held in (
        ("currency", "Fr.", "Fr."),
        ("comma", "yes", True),
        ("fee", "2.5", 250),
        ("comma", "no", False),
    ):
        settings = code.new("meterbill.config:with_setting", settings, key, value)
        assert code.attr(settings, key) == held
    assert code.plain(settings) == {"currency": "Fr.", "comma": False, "fee": 250}
    with code.raises("FrozenInstanceError"):
        code.set_attr(settings, "fee", 1)


def test_tariffs_are_described_as_before(code: Any, rng: Any) -> None:
    tier = code.new("meterbill.tariffs:parse_tier", "500", "28.5")
    assert code.plain(tier) == {"upto": 500, "price": 2850}
    tier = code.new("meterbill.tariffs:parse_tier", upto="-", price="0.07")
    assert code.plain(tier) == {"upto": None, "price": 7}
    tiers = [(3, 250), (None, 99)]
    made = model["make_tiers"](code, tiers)
    assert code.call("meterbill.tariffs:check_tiers", made) is None
    for service, unit in model["UNITS"].items():
        found = code.call("meterbill.tariffs:describe_tiers", service, made)
        assert found == [f"up to 3 {unit}: 2.50", "beyond: 0.99"]
    made = model["make_tiers"](code, [(1, 5), (2, 5), (None, 5)])
    assert code.call("meterbill.tariffs:check_tiers", tiers=made) is None
    with code.raises("RateError"):
        code.call("meterbill.tariffs:describe_tiers", "steam", [])


def test_readings_are_grouped_and_checked_as_before(code: Any, rng: Any) -> None:
    day = date(2024, 5, 6)
    made = code.call("meterbill.readings:parse_reading", "M", "2024-05-06", "12")
    assert model["rows_of"](code, [made]) == [("M", day, 12, "read")]
    for source in ("read", "estimated"):
        assert code.call("meterbill.checks:check_source", source) is None
    with code.raises("BillingError"):
        code.call("meterbill.checks:check_source", source="")
    rows = model["random_rows"](rng, "power")
    found = code.call("meterbill.readings:by_meter", model["make_readings"](code, rows))
    assert list(found) == sorted({row[0] for row in rows})
    for meter, group in found.items():
        mine = [row for row in rows if row[0] == meter]
        wanted = sorted(mine, key=lambda row: row[1])
        assert model["rows_of"](code, group) == wanted


def test_remarks_are_made_as_before(code: Any, rng: Any) -> None:
    assert code.value("meterbill.checks:LONG_GAP") == 400
    ordinal = date(2023, 1, 1).toordinal()
    for days in (399, 400, 401):
        rows = [("M", date.fromordinal(ordinal), 5, "read")]
        rows.append(("M", date.fromordinal(ordinal + days), 6, "estimated"))
        made = model["make_readings"](code, rows[::-1])
        assert code.call("meterbill.checks:remarks", made) == model["remarks"](rows)
    made = model["make_readings"](code, [("M", date(2024, 1, 1), 5, "read")])
    assert code.call("meterbill.checks:remarks", made) == ["M: only one reading"]
    assert code.call("meterbill.checks:remarks", []) == []


def test_commands_print_the_same_bytes(code: Any, shell: Any, rng: Any) -> None:
    house = model["random_house"](rng)
    shell.write("house.txt", house.text())
    flat = house.flats[0][0]
    wanted = {
        "statement house.txt": house.statement(),
        f"statement house.txt --flat {flat}": house.flat_statement(flat),
        "summary house.txt": house.summary(),
        "summary --width 50 house.txt": house.summary(50),
        "check house.txt": house.remarks(),
        "prices house.txt": house.prices(),
    }
    for command, printed in wanted.items():
        assert code.call("meterbill.cli:main", command.split()) == 0
        assert code.output() == printed, command
    assert run(shell, "statement", "house.txt") == (0, house.statement(), "")
    assert code.value("meterbill.cli:DEFAULT_WIDTH") == 20


def test_commands_on_houses_with_little_in_them(code: Any, shell: Any) -> None:
    shell.write("house.txt", "flat A 1 1\ntier power - 5\n")
    wanted = {
        "statement": "",
        "statement --flat A": "Flat A\ntotal  0.00 EUR\n",
        "summary": "",
        "check": "no remarks\n",
        "prices": "power beyond: 5.00\n",
    }
    for command, printed in wanted.items():
        argv = [*command.split(), "house.txt"]
        assert code.call("meterbill:main", argv) == 0
        assert code.output() == printed


def test_commands_refuse_as_before(code: Any, shell: Any) -> None:
    shell.write("house.txt", "flat A 1 1\nflat\n")
    problem = "meterbill: line 2: too many or too few words\n"
    assert run(shell, "summary", "house.txt") == (2, "", problem)
    for name, said in (
        ("house.txt", problem),
        ("none.txt", "meterbill: [Errno 2] No such file or directory: 'none.txt'\n"),
    ):
        assert code.call("meterbill:main", argv=["check", name]) == 2
        assert (code.output("out"), code.output("err")) == ("", said)


def test_the_version_is_told_as_before(code: Any, shell: Any) -> None:
    assert run(shell, "--version") == (0, "meterbill 1.4.0\n", "")
    assert code.value("meterbill:__version__") == "1.4.0"
    status, out, err = run(shell)
    assert (status, out) == (2, "")
    assert err.startswith("usage: meterbill ")
