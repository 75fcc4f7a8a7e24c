"""The Temporal SDK of a process: its metrics for Prometheus, its own log in ours.

The SDK's core is not Python. It serves its metrics by itself, at an address of its own, and a
worker's own go the same way. What the core has to say comes to the logger ``temporalio.core``.
"""

import logging
from typing import Final

from temporalio import activity, workflow
from temporalio.common import MetricMeter
from temporalio.runtime import (
    LogForwardingConfig,
    LoggingConfig,
    PrometheusConfig,
    Runtime,
    TelemetryConfig,
    TelemetryFilter,
)

from hosted_numbers.errors import SettingsError
from hosted_numbers.telemetry.metric_names import BUCKETS

_FILTER: Final = TelemetryFilter(core_level="WARN", other_level="ERROR")


def set_up_sdk(metrics_address: tuple[str, int] | None = None) -> MetricMeter:
    """Prepare the SDK of this process, before its first client is made.

    Args:
        metrics_address: IP address and port to serve ``/metrics`` at; None for no metrics.

    Returns:
        What makes metrics that are served there.

    Raises:
        SettingsError: the address cannot be listened on.
    """
    # where a line was written comes as keys; in the message it would be there twice
    activity.logger.activity_info_on_message = False
    workflow.logger.workflow_info_on_message = False
    try:
        runtime = Runtime(telemetry=_telemetry(metrics_address))
    except (RuntimeError, ValueError) as error:
        if metrics_address is None:
            raise
        host, port = metrics_address
        raise SettingsError(
            f"Metrics cannot be served at {host}:{port}: {_words(error)}.",
            "Set HOSTED_NUMBERS_METRICS_ADDRESS to an address that is free, or end what listens "
            "there.",
        ) from None
    Runtime.set_default(runtime, error_if_already_set=False)
    return runtime.metric_meter


def _telemetry(metrics_address: tuple[str, int] | None) -> TelemetryConfig:
    core = LogForwardingConfig(
        logger=logging.getLogger("temporalio.core"),
        append_target_to_name=False,
        prepend_target_on_message=False,
        append_log_fields_to_message=False,  # the message of a failure is one of them
    )
    return TelemetryConfig(
        logging=LoggingConfig(_FILTER, forwarding=core),
        metrics=None if metrics_address is None else _prometheus(*metrics_address),
    )


def _prometheus(host: str, port: int) -> PrometheusConfig:
    return PrometheusConfig(
        bind_address=f"[{host}]:{port}" if ":" in host else f"{host}:{port}",
        counters_total_suffix=True,
        unit_suffix=True,
        durations_as_seconds=True,
        histogram_bucket_overrides=BUCKETS,
    )


def _words(error: Exception) -> str:
    """The end of the core's words, where the system's own reason stands."""
    return str(error).rsplit(": ", maxsplit=1)[-1].rstrip(".")
