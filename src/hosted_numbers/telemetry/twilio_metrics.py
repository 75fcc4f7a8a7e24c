"""How Twilio answers, as metrics of the worker, and each call that went wrong in the log.

Labels are few and known: routes without SIDs, methods, statuses, and Twilio's codes as far as our
table has them. Neither a number nor a SID can be in one.
"""

import logging

from temporalio.common import MetricMeter

from hosted_numbers.telemetry.metric_names import TWILIO_DURATION
from hosted_numbers.twilio.calls import Call
from hosted_numbers.twilio.error_codes import MEANINGS
from hosted_numbers.twilio.errors import ServerError, TwilioError

_log = logging.getLogger(__name__)


class TwilioMetrics:
    """Counts the calls of one worker's Twilio client.

    Args:
        meter: of the worker's runtime (``sdk.set_up_sdk``).
    """

    def __init__(self, meter: MetricMeter) -> None:
        self._requests = meter.create_counter(
            "hosted_numbers_twilio_requests", "Requests to Twilio, by what became of them"
        )
        self._seconds = meter.create_histogram_float(
            TWILIO_DURATION, "How long Twilio took, in seconds"
        )
        self._up = meter.create_gauge(
            "hosted_numbers_twilio_up", "Whether Twilio answered the last request, however it did"
        )

    def __call__(self, call: Call) -> None:
        """Count one call."""
        where = {"route": call.route, "method": call.method}
        result = {"status": str(call.status or "none"), "twilio_code": _code(call.code)}
        self._requests.add(1, where | result)
        self._seconds.record(call.seconds, where)
        self._up.set(int(_answered(call)))
        if call.error is not None:
            _tell(call, call.error)


def _answered(call: Call) -> bool:
    """Whether Twilio is there: it said something of its own, be it a refusal."""
    if call.error is None:
        return True
    return call.status is not None and not isinstance(call.error, ServerError)


def _code(code: int | None) -> str:
    if code is None:
        return "none"
    return str(code) if code in MEANINGS else "other"


def _tell(call: Call, error: TwilioError) -> None:
    found: dict[str, str | int | float | None] = {
        "operation": call.operation,
        "method": call.method,
        "route": call.route,
        "outcome": error.outcome,
        "kind": type(error).__name__,
        "status": call.status,
        "twilio_code": call.code,
        "twilio_request_id": call.request_id,
        "duration_ms": round(call.seconds * 1000, 1),
    }
    known = {name: value for name, value in found.items() if value is not None}
    _log.info("Twilio did not do it", extra=known)
