"""Histograms of ours that the SDK's core keeps, and their buckets, in seconds."""

from collections.abc import Mapping, Sequence
from typing import Final

TWILIO_DURATION: Final = "hosted_numbers_twilio_request_duration_seconds"
STATUS_DURATION: Final = "hosted_numbers_order_status_duration_seconds"

_HOUR: Final = 3_600.0
_DAY: Final = 24 * _HOUR

BUCKETS: Final[Mapping[str, Sequence[float]]] = {
    TWILIO_DURATION: (0.05, 0.1, 0.2, 0.35, 0.5, 0.75, 1.0, 1.5, 2.5, 5.0, 10.0, 30.0, 60.0),
    STATUS_DURATION: (
        *(60.0, 300.0, 900.0, _HOUR, 4 * _HOUR),
        *(_DAY, 2 * _DAY, 4 * _DAY, 7 * _DAY, 14 * _DAY, 30 * _DAY),
    ),
}
