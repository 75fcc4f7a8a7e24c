"""Spans without what is personal, whoever made them."""

from collections.abc import Mapping, Sequence
from typing import Final

from opentelemetry.sdk.trace import Event, ReadableSpan
from opentelemetry.sdk.trace.export import SpanExporter, SpanExportResult
from opentelemetry.trace import Status
from opentelemetry.util.types import AttributeValue

from hosted_numbers.telemetry.masking import without_personal_data

_WORDS: Final = frozenset({"exception.message", "exception.stacktrace"})
"""What an exception says of itself: it may hold what a person sent."""


class MaskedSpans(SpanExporter):
    """Hands spans on to another exporter, masked.

    Args:
        exporter: sends them.
    """

    def __init__(self, exporter: SpanExporter) -> None:
        self._exporter = exporter

    def export(self, spans: Sequence[ReadableSpan]) -> SpanExportResult:
        """Send the masked spans."""
        return self._exporter.export([_masked(span) for span in spans])

    def shutdown(self) -> None:
        """Send nothing more."""
        self._exporter.shutdown()

    def force_flush(self, timeout_millis: int = 30_000) -> bool:
        """Send what is waiting, within so many milliseconds."""
        return self._exporter.force_flush(timeout_millis)


def _masked(span: ReadableSpan) -> ReadableSpan:
    return ReadableSpan(
        name=without_personal_data(span.name),
        context=span.context,
        parent=span.parent,
        resource=span.resource,
        attributes=_attributes(span.attributes),
        events=[
            Event(each.name, _attributes(each.attributes), each.timestamp) for each in span.events
        ],
        links=span.links,
        kind=span.kind,
        status=Status(span.status.status_code),  # its description is the exception's message
        start_time=span.start_time,
        end_time=span.end_time,
        instrumentation_scope=span.instrumentation_scope,
    )


def _attributes(given: Mapping[str, AttributeValue] | None) -> dict[str, AttributeValue]:
    return {
        name: without_personal_data(value) if isinstance(value, str) else value
        for name, value in (given or {}).items()
        if name not in _WORDS
    }
