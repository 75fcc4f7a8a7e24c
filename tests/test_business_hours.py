"""When somebody is at the line, by area code: coasts, Alaska, toll-free, weekends, DST."""

from datetime import UTC, datetime

import pytest

from hosted_numbers.business_hours import business_hours_from

NEW_YORK = "+12125550123"
LOS_ANGELES = "+12135550123"
ALASKA = "+19075550123"
"""One area code, two time zones: Anchorage, and the Aleutians an hour behind it."""
TOLL_FREE = "+18005550123"


def at(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


@pytest.mark.parametrize(
    ("number", "moment", "opens"),
    [
        (NEW_YORK, "2026-03-03 13:59", "2026-03-03 14:00"),  # five to nine in the morning
        (NEW_YORK, "2026-03-03 14:00", "2026-03-03 14:00"),
        (NEW_YORK, "2026-03-03 18:07", "2026-03-03 18:07"),
        (NEW_YORK, "2026-03-03 21:59", "2026-03-03 21:59"),
        (NEW_YORK, "2026-03-03 22:00", "2026-03-04 14:00"),  # five o'clock: the next day
        (NEW_YORK, "2026-03-03 03:30", "2026-03-03 14:00"),  # still yesterday evening there
        (NEW_YORK, "2026-03-06 22:30", "2026-03-09 13:00"),  # over a weekend with a clock change
        (NEW_YORK, "2026-03-07 15:00", "2026-03-09 13:00"),  # Saturday
        (NEW_YORK, "2026-03-08 15:00", "2026-03-09 13:00"),  # Sunday, the day of the change
        (NEW_YORK, "2026-11-01 15:00", "2026-11-02 14:00"),  # Sunday, the change back
        (LOS_ANGELES, "2026-03-03 14:00", "2026-03-03 17:00"),
        (ALASKA, "2026-03-03 18:00", "2026-03-03 19:00"),  # nine in the Aleutians
        (ALASKA, "2026-03-04 02:00", "2026-03-04 19:00"),  # five in Anchorage
        (TOLL_FREE, "2026-03-03 15:00", "2026-03-03 17:00"),  # nine on the western coast
        (TOLL_FREE, "2026-03-03 21:45", "2026-03-03 21:45"),
        (TOLL_FREE, "2026-03-03 22:00", "2026-03-04 17:00"),  # five on the eastern coast
    ],
)
def test_the_next_business_hour_of_a_line(number: str, moment: str, opens: str) -> None:
    """Within business hours it is now, else when they open next in all of the line's zones."""
    assert business_hours_from(number, at(moment)) == at(opens)


def test_any_time_zone_may_be_asked_in() -> None:
    """The answer is the same moment, in UTC."""
    there = datetime.fromisoformat("2026-03-03T09:30:00-05:00")
    answer = business_hours_from(NEW_YORK, there)
    assert answer == there
    assert answer.tzinfo is UTC


def test_zones_without_a_common_hour_are_called_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """Rather than never, should an area code ever span the globe."""
    apart = ("America/New_York", "Asia/Tokyo")
    monkeypatch.setattr("phonenumbers.timezone.time_zones_for_number", lambda _: apart)
    assert business_hours_from(NEW_YORK, at("2026-03-03 04:00")) == at("2026-03-03 04:00")
