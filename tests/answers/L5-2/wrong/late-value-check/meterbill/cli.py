"""The command line."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

from meterbill.checks import remarks
from meterbill.errors import BillingError
from meterbill.house import House
from meterbill.house import parse_house
from meterbill.registry import service_names
from meterbill.statements import flat_statement
from meterbill.statements import house_statement
from meterbill.summary import DEFAULT_WIDTH
from meterbill.summary import summary_text
from meterbill.tariffs import describe_tiers
from meterbill.version import __version__

__all__ = ["DEFAULT_WIDTH", "main"]


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command; return 0, or 2 when the input cannot be used."""
    options = _parser().parse_args(argv)
    try:
        text = Path(options.file).read_text(encoding="utf-8")
        sys.stdout.write(options.run(parse_house(text), options))
    except (BillingError, OSError) as error:
        print(f"meterbill: {error}", file=sys.stderr)
        return 2
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="meterbill")
    version = f"meterbill {__version__}"
    parser.add_argument("--version", action="version", version=version)
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    for name, run in COMMANDS.items():
        command = commands.add_parser(name, help=run.__doc__)
        command.add_argument("file", metavar="FILE", help="a house file")
        command.set_defaults(run=run)
        if name == "statement":
            command.add_argument("--flat", metavar="NAME", help="only this flat")
        if name == "summary":
            command.add_argument("--width", type=int, help="length of the bars")
    return parser


def _statement(house: House, options: argparse.Namespace) -> str:
    """print the bills"""
    if options.flat is None:
        return house_statement(house)
    return flat_statement(house, options.flat)


def _summary(house: House, options: argparse.Namespace) -> str:
    """print who pays how much"""
    return summary_text(house, options.width)


def _check(house: House, options: argparse.Namespace) -> str:
    """print remarks about odd readings"""
    lines = []
    for name in sorted(house.readings):
        lines += [f"{name} {remark}\n" for remark in remarks(house.readings[name])]
    return "".join(lines) or "no remarks\n"


def _prices(house: House, options: argparse.Namespace) -> str:
    """print the tariffs"""
    lines = []
    for name in service_names():
        tiers = describe_tiers(name, house.tiers.get(name, []))
        lines += [f"{name} {tier}\n" for tier in tiers]
    return "".join(lines)


COMMANDS = {
    "statement": _statement,
    "summary": _summary,
    "check": _check,
    "prices": _prices,
}
