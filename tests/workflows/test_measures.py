"""What an order's life adds to the worker's metrics."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from temporalio import workflow
from temporalio.runtime import MetricBuffer, Runtime, TelemetryConfig

from hosted_numbers.order_state import Hold, OrderState, begin
from tests.orders import an_order
from workflows.measuring import Measures

NOON = datetime(2026, 1, 1, 12, tzinfo=UTC)
Seen = Callable[[], list[tuple[str, float, dict[str, Any]]]]


@pytest.fixture
def seen(monkeypatch: pytest.MonkeyPatch) -> Seen:
    """What was measured since the last look."""
    buffer = MetricBuffer(100)
    meter = Runtime(telemetry=TelemetryConfig(metrics=buffer)).metric_meter
    monkeypatch.setattr(workflow, "metric_meter", lambda: meter)

    def look() -> list[tuple[str, float, dict[str, Any]]]:
        return [
            (
                update.metric.name.removeprefix("hosted_numbers_"),
                update.value,
                {key: each for key, each in update.attributes.items() if key != "service_name"},
            )
            for update in buffer.retrieve_updates()
        ]

    return look


def state(**changes: object) -> OrderState:
    """An order that stands there."""
    return begin(an_order(), NOON, None).but(**changes)


def held(kind: str) -> Hold:
    """A hold."""
    return Hold(kind=kind, reason="canary", next_step="canary")


def test_time_in_a_status_is_measured_once_it_is_over(seen: Seen) -> None:
    """From the moment at which the order was seen there."""
    measures = Measures(state())
    measures.see(state(status="received"), NOON)
    measures.see(state(status="received", looks=1), NOON + timedelta(hours=1))
    assert seen() == []
    measures.see(state(status="pending-loa"), NOON + timedelta(hours=2))
    assert seen() == [("order_status_duration_seconds", 7200.0, {"status": "received"})]


def test_a_status_that_twilio_invents_adds_no_label(seen: Seen) -> None:
    """There could be any number of them."""
    measures = Measures(state())
    measures.see(state(status="quantum-review"), NOON)
    measures.see(state(status="completed"), NOON + timedelta(seconds=1))
    assert seen() == [("order_status_duration_seconds", 1.0, {"status": "other"})]


def test_a_run_that_goes_on_does_not_guess(seen: Seen) -> None:
    """How long the order had been there before it was continued as new is not known."""
    measures = Measures(state(status="testing", hold=held("overdue")))
    measures.see(state(status="testing", hold=held("overdue")), NOON)
    measures.see(state(status="completed"), NOON + timedelta(days=1))
    assert seen() == []


def test_holds_and_ends_are_counted_once(seen: Seen) -> None:
    """By their kind; the code that Twilio refused something with is no label."""
    measures = Measures(state())
    for _ in range(2):
        measures.see(state(hold=held("refused-22110")), NOON)
    measures.see(state(hold=held("credentials")), NOON)
    measures.see(state(), NOON)
    measures.see(state(ended="failed"), NOON)
    measures.see(state(ended="failed"), NOON)
    assert seen() == [
        ("holds", 1, {"reason": "refused"}),
        ("holds", 1, {"reason": "credentials"}),
        ("orders_ended", 1, {"phase": "failed"}),
    ]
