"""Money, lists of lines, the newest invoice, pages and stock, on seeded inputs."""

from __future__ import annotations

from random import Random
from typing import Any


def euros(cents: int) -> str:
    """Cents as the module writes them."""
    return f"{cents // 100}.{cents % 100:02d}"


def price_text(rng: Random, cents: int) -> str:
    """One of the ways to write a price."""
    ways = [euros(cents)]
    if cents % 10 == 0:
        ways.append(f"{cents // 100}.{cents % 100 // 10}")
    if cents % 100 == 0:
        ways.append(str(cents // 100))
    return rng.choice(ways)


def line_cents(quantity: int, cents: int, discount: int) -> int:
    """What a line costs, half a cent rounded up."""
    return (quantity * cents * (100 - discount) + 50) // 100


def new_line(code: Any, quantity: int, price: str, discount: int = 0) -> Any:
    """A line in the child."""
    return code.new("invoices:Line", "cup", quantity, price, discount)


def new_invoice(code: Any, number: str, *lines: Any) -> Any:
    """An invoice in the child, its lines given one way or the other."""
    return code.new("invoices:Invoice", number, "Ana", list(lines))


def item_names(code: Any, invoice: Any) -> list[str]:
    """The items of an invoice's lines, in order."""
    return [code.attr(line, "item") for line in code.attr(invoice, "lines")]


# Money


def test_a_line_is_exact_to_half_a_cent(code: Any, rng: Random) -> None:
    for _ in range(60):
        quantity = rng.randint(1, 40)
        cents = rng.randint(1, 20_000)
        discount = rng.choice([0, 5, 15, 25, 45, 50, 50, 50, 75, rng.randint(0, 100)])
        line = new_line(code, quantity, price_text(rng, cents), discount)
        expected = euros(line_cents(quantity, cents, discount))
        assert code.call("invoices:line_total", line) == expected


def test_half_a_cent_is_rounded_up_and_less_is_not(code: Any, rng: Random) -> None:
    for _ in range(40):
        cents = rng.randrange(1, 2_000_000, 2)
        half = new_line(code, 1, euros(cents), 50)
        assert code.call("invoices:line_total", half) == euros((cents + 1) // 2)
        whole = rng.randint(1, 9_999)
        under = new_line(code, 1, euros(whole * 100 + 1), 51)
        expected = euros(line_cents(1, whole * 100 + 1, 51))
        assert code.call("invoices:line_total", under) == expected


def test_large_lines_and_sums_are_exact(code: Any, rng: Random) -> None:
    for _ in range(10):
        lines, sum_cents = [], 0
        for _ in range(rng.randint(2, 6)):
            quantity = rng.randint(900_000, 1_000_000)
            cents = rng.randint(90_000_000_000, 99_999_999_999)
            discount = rng.randint(0, 9)
            lines.append(new_line(code, quantity, price_text(rng, cents), discount))
            expected = line_cents(quantity, cents, discount)
            assert code.call("invoices:line_total", lines[-1]) == euros(expected)
            sum_cents += expected
        assert new_invoice(code, "2024-1", *lines).total() == euros(sum_cents)


def test_a_total_is_the_sum_of_rounded_lines(code: Any, rng: Random) -> None:
    for _ in range(15):
        lines, sum_cents = [], 0
        for _ in range(rng.randint(3, 9)):
            cents = rng.randrange(1, 999, 2)
            lines.append(new_line(code, 1, euros(cents), 50))
            sum_cents += line_cents(1, cents, 50)
        assert new_invoice(code, "2024-1", *lines).total() == euros(sum_cents)


# Lists of lines


def test_invoices_made_without_lines_are_apart(code: Any, rng: Random) -> None:
    made = [code.new("invoices:Invoice", f"2024-{n}", "Ana") for n in range(1, 6)]
    counts = [0] * len(made)
    line = new_line(code, 1, "1")
    for _ in range(rng.randint(10, 20)):
        at = rng.randrange(len(made))
        made[at].add(line)
        counts[at] += 1
        assert [len(code.attr(one, "lines")) for one in made] == counts
    assert code.attr(code.new("invoices:Invoice", "2024-9", "Jan"), "lines") == []


def test_an_invoice_and_the_list_it_was_made_from_are_apart(
    code: Any, rng: Random
) -> None:
    items = ["cup", "pot", "sieve"][: rng.randint(1, 3)]
    for start in ([], items):
        lines = [code.new("invoices:Line", item, 1, "1") for item in start]
        given = code.make(lines)
        first = code.new("invoices:Invoice", "2024-1", "Ana", given)
        second = code.new("invoices:Invoice", "2024-2", "Ana", lines=given)
        first.add(code.new("invoices:Line", "late", 1, "1"))
        assert len(given) == len(start)
        assert item_names(code, first) == [*start, "late"]
        assert item_names(code, second) == start
        given.append(code.new("invoices:Line", "other", 1, "1"))
        assert item_names(code, first) == [*start, "late"]
        assert item_names(code, second) == start


# The newest invoice


def number_of(code: Any, invoice: Any) -> str:
    """The number of an invoice in the child."""
    number = code.attr(invoice, "number")
    assert type(number) is str
    return number


def test_the_newest_has_the_largest_running_number_of_the_last_year(
    code: Any, rng: Random
) -> None:
    for _ in range(25):
        years = rng.sample(range(1998, 2031), rng.randint(1, 3))
        numbers = [
            (rng.choice(years), rng.randint(1, 10 ** rng.randint(1, 5)))
            for _ in range(rng.randint(1, 9))
        ]
        made = [new_invoice(code, f"{year}-{running}") for year, running in numbers]
        year, running = max(numbers)
        found = number_of(code, code.call("invoices:newest", made))
        assert found == f"{year}-{running}"


def test_a_running_number_with_more_digits_is_newer_within_its_year_only(
    code: Any, rng: Random
) -> None:
    year = rng.randint(2000, 2030)
    high = 10 ** rng.randint(1, 4)
    low = rng.randint(high // 10 + 1, high - 1) if high > 10 else rng.randint(2, 9)
    numbers = [f"{year}-{high}", f"{year}-{low}", f"{year - 1}-{high * 100}"]
    for _ in range(4):
        rng.shuffle(numbers)
        made = [new_invoice(code, number) for number in numbers]
        assert number_of(code, code.call("invoices:newest", made)) == f"{year}-{high}"


# Pages


def test_pages_leave_nothing_out(code: Any, rng: Random) -> None:
    made = [new_invoice(code, f"2024-{n}") for n in range(1, 14)]
    for _ in range(40):
        count = rng.randint(0, len(made))
        size = rng.randint(1, 6)
        found = code.call("invoices:pages", made[:count], size)
        numbers = [[number_of(code, one) for one in page] for page in found]
        texts = [f"2024-{n}" for n in range(1, count + 1)]
        expected = [texts[at : at + size] for at in range(0, count, size)]
        assert numbers == expected


def test_the_last_page_may_hold_one_invoice(code: Any, rng: Random) -> None:
    for whole in range(4):
        size = rng.randint(2, 5)
        count = whole * size + 1
        made = [new_invoice(code, f"2024-{n}") for n in range(1, count + 1)]
        found = code.call("invoices:pages", made, size)
        assert [len(page) for page in found] == [size] * whole + [1]


# Stock


def test_each_check_knows_its_own_stock(code: Any, rng: Random) -> None:
    for _ in range(10):
        items = rng.sample(["cup", "pot", "sieve", "tea", "tin"], rng.randint(2, 5))
        stock = {item: rng.randint(0, 50) for item in items}
        checks = code.call("invoices:stock_checks", stock)
        assert list(checks) == items
        for item, left in stock.items():
            for quantity in (left - 1, left, left + 1, rng.randint(0, 60)):
                assert checks[item](quantity) is (quantity <= left)


def test_a_check_keeps_the_stock_it_was_made_with(code: Any, rng: Random) -> None:
    left = rng.randint(5, 50)
    stock = code.make({"cup": left, "pot": left + 1})
    checks = code.call("invoices:stock_checks", stock)
    stock["cup"] = 0
    del stock["pot"]
    stock["tea"] = 1000
    assert checks["cup"](left) is True
    assert checks["cup"](left + 1) is False
    assert checks["pot"](left + 1) is True
    assert checks["pot"](left + 2) is False
