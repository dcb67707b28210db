"""``python inventory.py SCRIPT``: the same to the byte as before."""

from __future__ import annotations

from pathlib import Path
from random import Random
from runpy import run_path
from typing import Any

_reference = run_path(str(Path(__file__).with_name("inventory_model.py")))
Model, random_script = _reference["Model"], _reference["random_script"]

# What the program wrote before anybody touched it.
WEEK = b"""\
# Rounding, order, errors
item W1 Washer
item b7 bolt
item B3 Bolt
item A9 Angle bracket, 40 mm
receive W1 1 0.0002
receive W1 1 0.0001
receive B3 1 0.0040
receive B3 1 0.0041
receive b7 5 0.0090
receive A9 1200 12.3456
ship b7 1
ship b7 5
low
value
undo
currency CHF
ship b7 5
ship A9 1000
ship A9 1 1
report
undo
receive A9 1.5 2
receive Z1 -1 x
receive Z1 -1 0
ship A9 0
item W1
item W1 again
  sell W1
report
history W1
history   # all
"""
WEEK_OUT = b"""\
added W1
added b7
added B3
added A9
W1: 1 in stock at 0.0002
W1: 2 in stock at 0.0002
B3: 1 in stock at 0.0040
B3: 2 in stock at 0.0040
b7: 5 in stock at 0.0090
A9: 1200 in stock at 12.3456
b7: 4 in stock, shipped for EUR 0.01
W1: 2
B3: 2
b7: 4
EUR 14,814.77
undone: b7
b7: 0 in stock, shipped for CHF 0.05
A9: 200 in stock, shipped for CHF 12,345.60
SKU      NAME                QUANTITY       COST        VALUE
A9       Angle bracket, 40 mm       200    12.3456     2,469.12
B3       Bolt                       2     0.0040         0.01
b7       bolt                       0     0.0090         0.00
W1       Washer                     2     0.0002         0.00
4 items, total CHF 2,469.13
undone: A9
SKU      NAME                QUANTITY       COST        VALUE
A9       Angle bracket, 40 mm      1200    12.3456    14,814.72
B3       Bolt                       2     0.0040         0.01
b7       bolt                       0     0.0090         0.00
W1       Washer                     2     0.0002         0.00
4 items, total CHF 14,814.73
   1 item     W1           +0
   5 receive  W1           +1
   6 receive  W1           +1
   1 item     W1           +0
   2 item     b7           +0
   3 item     B3           +0
   4 item     A9           +0
   5 receive  W1           +1
   6 receive  W1           +1
   7 receive  B3           +1
   8 receive  B3           +1
   9 receive  b7           +5
  10 receive  A9        +1200
  11 ship     b7           -1
  12 undo     b7           +0
  13 ship     b7           -5
  14 ship     A9        -1000
  15 undo     A9           +0
"""
WEEK_ERR = b"""\
line 13: not enough stock: b7 has 4, wanted 5
line 20: bad command: ship
line 23: not a number: 1.5
line 24: not a number: x
line 25: unknown item: Z1
line 26: quantity must be positive: 0
line 27: bad command: item
line 28: item exists: W1
line 29: bad command: sell
"""


def run(shell: Any, *arguments: str, stdin: bytes = b"") -> tuple[int, bytes, bytes]:
    result = shell.run(["python", "inventory.py", *arguments], stdin=stdin)
    return result.status, result.out, result.err


def expect(got: tuple[int, bytes, bytes], want: tuple[int, bytes, bytes]) -> None:
    """Compare line by line: a difference of whole texts is slow to show."""
    for name, one, other in zip(("output", "error"), got[1:], want[1:], strict=True):
        lines = zip(one.split(b"\n"), other.split(b"\n"), strict=False)
        for number, (line, wanted) in enumerate(lines, 1):
            assert line == wanted, f"line {number} of standard {name}"
        assert len(one) == len(other), f"length of standard {name}"
    assert got[0] == want[0], "exit status"


def test_a_recorded_script_gives_the_recorded_bytes(shell: Any) -> None:
    shell.write("week 1.txt", WEEK)
    expect(run(shell, "week 1.txt"), (1, WEEK_OUT, WEEK_ERR))
    expect(run(shell, "-", stdin=WEEK), (1, WEEK_OUT, WEEK_ERR))


def test_random_scripts_give_the_same_bytes(shell: Any, rng: Random) -> None:
    for number in range(6):
        script = random_script(rng, rng.randrange(120))
        shell.write(f"{number}.txt", script)
        expect(run(shell, f"{number}.txt"), Model().script(script))


def test_exit_statuses_are_the_same(shell: Any) -> None:
    script = "item A1 Bolt\nreceive A1 6 0.0075\n\nship A1 2\n# done\nundo\nvalue"
    status, out, err = Model().script(script)
    assert status == 0
    expect(run(shell, "-", stdin=script.encode()), (0, out, err))
    expect(run(shell, "-"), (0, b"", b""))
    usage = b"usage: python inventory.py SCRIPT\n"
    expect(run(shell), (2, b"", usage))
    expect(run(shell, "-", "-", stdin=b"value\n"), (2, b"", usage))
    expect(run(shell, "no such.txt"), (2, b"", b"cannot read no such.txt\n"))
