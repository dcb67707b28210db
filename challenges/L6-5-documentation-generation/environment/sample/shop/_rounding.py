"""Not for customers."""


def to_cents(amount: float) -> int:
    return int(amount + 0.5)
