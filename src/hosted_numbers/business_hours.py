"""When somebody is at a business line: nine to five, Monday to Friday, where the line is.

Where it is, the number's area code tells (phonenumbers); a toll-free number rings everywhere, so it
is called in hours that are business hours in all of its country. Public holidays are not known.

Not for workflow code: time zones change with the machine's data, so an activity asks.
"""

from datetime import UTC, datetime, time, timedelta
from typing import Final
from zoneinfo import ZoneInfo

import phonenumbers
from phonenumbers import timezone

_OPENS: Final = time(9)
_CLOSES: Final = time(17)
_SATURDAY: Final = 5
_STEP: Final = timedelta(minutes=15)
_LONGEST_SEARCH: Final = timedelta(days=7)
_CONTINENT: Final = ("America/New_York", "America/Los_Angeles")
"""Coast to coast: what a number is called by whose area code tells no place of its own."""
_MANY: Final = 5


def business_hours_from(phone_number: str, moment: datetime) -> datetime:
    """The first moment, from ``moment`` on, in the business hours of a line.

    Args:
        phone_number: E.164, US or Canada.
        moment: with its time zone.

    Returns:
        ``moment`` itself within business hours, else a full quarter of an hour, UTC.
    """
    zones = [ZoneInfo(name) for name in _zones(phone_number)]
    moment = moment.astimezone(UTC)
    if _open(moment, zones):
        return moment
    quarter = moment.replace(minute=moment.minute // 15 * 15, second=0, microsecond=0)
    for step in range(1, int(_LONGEST_SEARCH / _STEP)):
        if _open(later := quarter + step * _STEP, zones):
            return later
    return moment  # zones so far apart that they share no business hours


def _zones(phone_number: str) -> tuple[str, ...]:
    found = tuple(timezone.time_zones_for_number(phonenumbers.parse(phone_number)))
    unknown = not found or found == (timezone.UNKNOWN_TIMEZONE,)
    return _CONTINENT if unknown or len(found) > _MANY else found


def _open(moment: datetime, zones: list[ZoneInfo]) -> bool:
    here = [moment.astimezone(zone) for zone in zones]
    return all(each.weekday() < _SATURDAY and _OPENS <= each.time() < _CLOSES for each in here)
