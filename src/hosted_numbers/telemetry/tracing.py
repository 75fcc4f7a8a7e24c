"""Traces, where somebody wants them: spans of the SDK's interceptor, sent by OTLP over HTTP.

They are masked as the log is: attributes by ``masking``, and of an exception nothing but its type
is sent. The SDK's older interceptor is right for orders that live for weeks: its spans of a
workflow are sent when something happens, not when the workflow ends.
"""

from typing import TYPE_CHECKING, Final

from temporalio.client import Interceptor

from hosted_numbers.errors import SettingsError
from hosted_numbers.process import at_the_end
from hosted_numbers.settings import Settings

if TYPE_CHECKING:
    from opentelemetry.sdk.trace.export import SpanExporter

_EXTRA: Final = "pip install 'hosted-numbers[tracing]'"


def tracing(settings: Settings, process: str) -> list[Interceptor]:
    """What has the calls of a client, and of the workers that use it, traced.

    Args:
        settings: name the endpoint; without one nothing is traced.
        process: names the service: ``hosted-numbers-`` and this.

    Raises:
        SettingsError: the extra ``tracing`` is not installed.
    """
    if settings.hosted_numbers_otlp_endpoint is None:
        return []
    try:
        from opentelemetry.exporter.otlp.proto.http.trace_exporter import (  # noqa: PLC0415 - an extra
            OTLPSpanExporter,
        )
    except ImportError:
        raise SettingsError(
            "HOSTED_NUMBERS_OTLP_ENDPOINT asks for traces, and what sends them is not installed.",
            f"Run: {_EXTRA}; or unset it.",
        ) from None
    return traced(OTLPSpanExporter(endpoint=settings.hosted_numbers_otlp_endpoint), process)


def traced(exporter: "SpanExporter", process: str) -> list[Interceptor]:
    """The same with an exporter of one's own, whose spans are masked before it has them."""
    from opentelemetry.sdk.resources import Resource  # noqa: PLC0415 - an extra
    from opentelemetry.sdk.trace import TracerProvider  # noqa: PLC0415 - an extra
    from opentelemetry.sdk.trace.export import BatchSpanProcessor  # noqa: PLC0415 - an extra
    from temporalio.contrib.opentelemetry import TracingInterceptor  # noqa: PLC0415 - an extra

    from hosted_numbers.telemetry.masked_spans import MaskedSpans  # noqa: PLC0415 - an extra

    provider = TracerProvider(
        resource=Resource.create({"service.name": f"hosted-numbers-{process}"}),
        shutdown_on_exit=False,
    )
    at_the_end(provider.shutdown)  # it sends what it has, which is a few seconds' spans
    provider.add_span_processor(BatchSpanProcessor(MaskedSpans(exporter)))
    return [TracingInterceptor(provider.get_tracer("hosted_numbers"))]
