"""The telemetry of a worker process, set up in one go."""

from temporalio.client import Interceptor

from hosted_numbers.settings import Settings
from hosted_numbers.telemetry.interceptor import WorkerCorrelation
from hosted_numbers.telemetry.sdk import set_up_sdk
from hosted_numbers.telemetry.tracing import tracing
from hosted_numbers.telemetry.twilio_metrics import TwilioMetrics


def telemetry(settings: Settings) -> tuple[TwilioMetrics, list[Interceptor]]:
    """Prepare the SDK of a worker, before its first client is made.

    Returns:
        What counts the calls of its Twilio client, and what its Temporal client is made with.

    Raises:
        SettingsError: its metrics cannot be served where the settings say, or its traces not sent.
    """
    meter = set_up_sdk(settings.metrics_address())
    return TwilioMetrics(meter), [*tracing(settings, "worker"), WorkerCorrelation()]
