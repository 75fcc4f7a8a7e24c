"""How old a bill may be: thirty days, and tomorrow at most."""

from datetime import date, timedelta

import pytest

from hosted_numbers.bills import bill_complaint

TODAY = date(2026, 3, 2)


@pytest.mark.parametrize("age", [-1, 0, 1, 30])
def test_a_bill_of_the_last_thirty_days_is_taken(age: int) -> None:
    """Up to thirty days old; one of tomorrow was printed where the day has begun already."""
    assert bill_complaint(TODAY - timedelta(days=age), TODAY) is None


@pytest.mark.parametrize(("age", "why"), [(31, "2026-01-30"), (-2, "in the future")])
def test_an_old_bill_and_one_of_the_future_are_complained_of(age: int, why: str) -> None:
    """From the thirty-first day on, or from the day after tomorrow."""
    complaint = bill_complaint(TODAY - timedelta(days=age), TODAY)
    assert complaint is not None
    assert why in complaint


def test_a_bill_without_a_date_is_left_to_twilio() -> None:
    """Nobody said how old it is, so nothing is wrong with it."""
    assert bill_complaint(None, TODAY) is None
