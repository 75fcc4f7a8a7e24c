"""The collector of a fault run, with what processes send their traces by."""

from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor

from tests.chaos.collector import a_collector


def test_what_is_sent_can_be_searched() -> None:
    """Names and values stand in the text as they are."""
    with a_collector() as collector:
        provider = TracerProvider()
        exporter = OTLPSpanExporter(endpoint=collector.endpoint)
        provider.add_span_processor(SimpleSpanProcessor(exporter))
        for name in ("first", "second"):
            with provider.get_tracer("test").start_as_current_span(
                name, attributes={"owner": "x@canary.example.com"}
            ):
                pass
        provider.shutdown()
    assert collector.spans == 2
    assert collector.text.count("x@canary.example.com") == 2
