from datetime import date

import pytest

from toolshed import Offer
from toolshed import Opening
from toolshed import WaitingList


def test_helpers_stand_first():
    waiting = WaitingList()
    for member in ("Jan", "Ana"):
        waiting.join("drill", member)
    for member in ("Eva", "Zoe"):
        waiting.join("drill", member, helper=True)
    assert waiting.queue("drill") == ["Eva", "Zoe", "Jan", "Ana"]
    assert waiting.queue("saw") == []


def test_who_comes_later_stands_later():
    waiting = WaitingList()
    for member in ("Ida", "Jan"):
        waiting.join("drill", member)
    waiting.leave("drill", "Ida")
    waiting.join("drill", "Ana")
    assert waiting.queue("drill") == ["Jan", "Ana"]


def test_nobody_waits_twice():
    waiting = WaitingList()
    waiting.join("drill", "Ana")
    with pytest.raises(ValueError):
        waiting.join("drill", "Ana", helper=True)
    with pytest.raises(ValueError):
        waiting.leave("saw", "Ana")


def test_the_first_gets_the_offer():
    waiting = WaitingList()
    waiting.join("drill", "Jan")
    offer = Offer("drill", "Jan", date(2024, 5, 20))
    assert waiting.offer("drill", date(2024, 5, 16), Opening()) == offer
    assert waiting.offer("drill", date(2024, 5, 16), Opening()) is None
