"""Bills for the meters of a house, shared among its flats."""

from meterbill.bills import ServiceBill
from meterbill.bills import bill_house
from meterbill.cli import main
from meterbill.errors import BillingError
from meterbill.errors import DayError
from meterbill.errors import LineError
from meterbill.errors import RateError
from meterbill.errors import ReadingError
from meterbill.house import House
from meterbill.house import parse_house
from meterbill.models import Flat
from meterbill.models import Reading
from meterbill.models import Tier
from meterbill.statements import flat_statement
from meterbill.statements import house_statement
from meterbill.summary import summary_text
from meterbill.version import __version__

__all__ = [
    "BillingError",
    "DayError",
    "Flat",
    "House",
    "LineError",
    "RateError",
    "Reading",
    "ReadingError",
    "ServiceBill",
    "Tier",
    "__version__",
    "bill_house",
    "flat_statement",
    "house_statement",
    "main",
    "parse_house",
    "summary_text",
]
