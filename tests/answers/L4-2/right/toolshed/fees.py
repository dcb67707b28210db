"""What a late tool costs."""

FIRST_DAYS = 7
FIRST_RATE = 20
LATER_RATE = 50


def fee(days_late: int, deposit: int) -> int:
    """The fee in cents for a tool that is so many days late, 0 or more.

    Each of the first seven days costs 20 cents and each day after them 50 cents. The
    fee is never more than the deposit.
    """
    first = min(days_late, FIRST_DAYS)
    later = days_late - first
    return min(first * FIRST_RATE + later * LATER_RATE, deposit)


def money(cents: int) -> str:
    """An amount in euros, always with two digits after the point: "1250.05"."""
    return f"{cents // 100}.{cents % 100:02d}"
