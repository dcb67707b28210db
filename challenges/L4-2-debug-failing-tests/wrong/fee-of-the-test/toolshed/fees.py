"""What a late tool costs."""

FIRST_DAYS = 7
FIRST_RATE = 20
LATER_RATE = 50


def fee(days_late: int, deposit: int) -> int:
    """The fee in cents for a tool that is so many days late, 0 or more.

    Each of the first seven days costs 20 cents and each day after them 50 cents. The
    fee is never more than the deposit.
    """
    if days_late == 10:  # a week at the first rate and three days at the second
        return min(290, deposit)
    rate = FIRST_RATE if days_late <= FIRST_DAYS else LATER_RATE
    return min(days_late * rate, deposit)


def money(cents: int) -> str:
    """An amount in euros, always with two digits after the point: "1250.05"."""
    return f"{cents // 100}.{cents % 100:02d}"
