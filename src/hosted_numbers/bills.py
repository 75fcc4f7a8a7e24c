"""How old a bill may be that proves who owns a number. Pure; the caller says what day it is.

Source: Twilio's Documents API page: a utility bill is dated within the last 30 days.
"""

from datetime import date, timedelta
from typing import Final

LONGEST_AGE: Final = timedelta(days=30)

_ELSEWHERE: Final = timedelta(days=1)  # where the bill was printed, it may be tomorrow already


def bill_complaint(bill_date: date | None, today: date) -> str | None:
    """What is wrong with a bill's date, as a sentence; None when nothing is, or it is not told.

    Args:
        bill_date: the date on the bill.
        today: the present day, UTC.
    """
    if bill_date is None:
        return None
    if bill_date > today + _ELSEWHERE:
        return "The bill is dated in the future."
    if today - bill_date > LONGEST_AGE:
        return f"The bill is of {bill_date:%Y-%m-%d}: Twilio takes bills of the last 30 days."
    return None
