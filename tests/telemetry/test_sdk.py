"""The SDK's side: metrics at an address, the core's log in ours, and traces without data."""

import builtins
import logging
import socket
from collections.abc import Callable, Iterator, Sequence
from types import SimpleNamespace
from typing import Any

import httpx
import pytest
from opentelemetry.sdk.trace import ReadableSpan, TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor, SpanExporter, SpanExportResult
from temporalio import activity, runtime, workflow
from temporalio.contrib.opentelemetry import TracingInterceptor
from temporalio.runtime import Runtime

from deploy.processes import free_port
from hosted_numbers import process
from hosted_numbers.errors import SettingsError
from hosted_numbers.settings import Settings
from hosted_numbers.telemetry.interceptor import WorkerCorrelation
from hosted_numbers.telemetry.masked_spans import MaskedSpans
from hosted_numbers.telemetry.sdk import _telemetry, set_up_sdk
from hosted_numbers.telemetry.tracing import traced, tracing
from hosted_numbers.telemetry.worker import telemetry


@pytest.fixture(autouse=True)
def _as_before(monkeypatch: pytest.MonkeyPatch) -> None:
    """The SDK's state is the whole process's."""
    monkeypatch.setattr(runtime._runtime_ref, "_default_runtime", None)
    monkeypatch.setattr(activity.logger, "activity_info_on_message", True)
    monkeypatch.setattr(workflow.logger, "workflow_info_on_message", True)


@pytest.fixture
def port() -> Iterator[int]:
    """A port on loopback that is taken."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        yield listener.getsockname()[1]


async def test_a_worker_s_metrics_are_served(port: int) -> None:
    """The SDK's beside ours; nothing where no address is set."""
    own = free_port()
    settings = Settings(hosted_numbers_metrics_address=f"127.0.0.1:{own}")
    metrics, interceptors = telemetry(settings)
    assert [type(each) for each in interceptors] == [WorkerCorrelation]  # and no traces
    metrics._up.set(1)
    async with httpx.AsyncClient(trust_env=False) as prometheus:
        answer = await prometheus.get(f"http://127.0.0.1:{own}/metrics")
    assert "hosted_numbers_twilio_up" in answer.text
    assert own != port


def test_a_taken_port_is_named(port: int) -> None:
    """With the setting that says so."""
    with pytest.raises(SettingsError, match=f"127.0.0.1:{port}") as error:
        set_up_sdk(("127.0.0.1", port))
    assert "HOSTED_NUMBERS_METRICS_ADDRESS" in error.value.next_step


def test_the_sdk_s_default_is_ours() -> None:
    """Before the first client; what its loggers add comes as keys."""
    set_up_sdk()
    assert runtime._runtime_ref._default_runtime is Runtime.default()
    assert not activity.logger.activity_info_on_message
    assert not workflow.logger.workflow_info_on_message


@pytest.mark.security("S22")
def test_the_core_s_log_is_ours_without_its_fields(
    lines: Callable[[], list[dict[str, Any]]],
) -> None:
    """One of them is a failure's message."""
    logging_config = _telemetry(None).logging
    assert logging_config is not None
    assert logging_config.forwarding is not None
    entry = SimpleNamespace(
        target="temporalio_sdk_core",
        message="Failing workflow task",
        time=1_767_225_600.0,
        level=logging.WARNING,
        fields={"run_id": "01a20441-9096-74ca-8d77-24fb089ab0b9", "failure": "canary"},
    )
    logging_config.forwarding._on_logs([entry])

    [line] = lines()
    assert line["logger"] == "temporalio.core"
    assert line["event"] == "Failing workflow task"
    assert line["run_id"] == "01a20441-9096-74ca-8d77-24fb089ab0b9"
    assert line["timestamp"] == "2026-01-01T00:00:00.000Z"
    assert "canary" not in str(line)


class Sent(SpanExporter):
    """Remembers the spans that it was to send."""

    def __init__(self) -> None:
        self.spans: list[ReadableSpan] = []
        self.ended = False

    def export(self, spans: Sequence[ReadableSpan]) -> SpanExportResult:
        """Remember them."""
        self.spans += spans
        return SpanExportResult.SUCCESS

    def shutdown(self) -> None:
        """No more."""
        self.ended = True


@pytest.mark.security("S22")
def test_spans_are_masked() -> None:
    """Ids of workflows keep four digits; an exception is its type; links and times stay."""
    sent = Sent()
    provider = TracerProvider()
    provider.add_span_processor(SimpleSpanProcessor(MaskedSpans(sent)))
    tracer = provider.get_tracer("test")
    attributes: dict[str, str | int] = {
        "temporalWorkflowID": "hosted-number-order/+15017122661",
        "attempt": 2,
    }
    with (
        pytest.raises(ValueError, match="canary"),
        tracer.start_as_current_span("RunActivity:find", attributes=attributes),
    ):
        raise ValueError("canary@example.com")
    assert provider.force_flush()
    provider.shutdown()

    [span] = sent.spans
    assert span.name == "RunActivity:find"
    assert dict(span.attributes or {}) == {
        "temporalWorkflowID": "hosted-number-order/********2661",
        "attempt": 2,
    }
    [event] = span.events
    assert dict(event.attributes or {})["exception.type"] == "ValueError"
    assert "canary" not in span.to_json()
    assert not span.status.is_ok
    assert span.status.description is None
    assert sent.ended


def test_traces_are_made_where_they_are_wanted() -> None:
    """With an endpoint, and not without."""
    assert tracing(Settings(), "worker") == []
    endpoint = "http://127.0.0.1:1/v1/traces"
    [interceptor] = tracing(Settings(hosted_numbers_otlp_endpoint=endpoint), "worker")
    assert isinstance(interceptor, TracingInterceptor)


class LeftError(Exception):
    """The process is gone."""


async def test_the_last_spans_are_sent_when_the_process_ends(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """They wait for others for a few seconds, which it does not have any more."""

    def gone(code: int) -> None:
        raise LeftError(code)

    monkeypatch.setattr(process, "_last_acts", [])
    monkeypatch.setattr("os._exit", gone)
    sent = Sent()
    [interceptor] = traced(sent, "worker")
    assert isinstance(interceptor, TracingInterceptor)
    with interceptor.tracer.start_as_current_span("RunActivity:find"):
        pass
    assert sent.spans == []
    with pytest.raises(LeftError):
        process.leave(0)
    assert [span.name for span in sent.spans] == ["RunActivity:find"]
    assert sent.ended


def test_a_missing_extra_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    """With the command that installs it."""
    import_ = builtins.__import__

    def without(name: str, *rest: Any) -> Any:
        if name.startswith("opentelemetry"):
            raise ModuleNotFoundError(name)
        return import_(name, *rest)

    monkeypatch.setattr(builtins, "__import__", without)
    with pytest.raises(SettingsError, match="HOSTED_NUMBERS_OTLP_ENDPOINT") as error:
        tracing(Settings(hosted_numbers_otlp_endpoint="http://127.0.0.1:1/v1/traces"), "worker")
    assert "hosted-numbers[tracing]" in error.value.next_step
