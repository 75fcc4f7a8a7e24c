"""Takes a run's traces, as a collector of OpenTelemetry does, and keeps them as they came."""

import contextlib
import socket
from collections.abc import Iterator
from dataclasses import dataclass, field
from threading import Thread

import uvicorn
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from deploy.processes import LOOPBACK

_PATH = "/v1/traces"


@dataclass
class Collector:
    """What was sent to one address.

    Attributes:
        endpoint: where traces are taken.
        spans: how many came.
    """

    endpoint: str
    spans: int = 0
    _bodies: list[bytes] = field(default_factory=list)

    @property
    def text(self) -> str:
        """All that came, as text that keeps each byte: names and values stand in it as they are."""
        return b"\n".join(self._bodies).decode("latin-1")

    async def take(self, request: Request) -> Response:
        """Keep one export."""
        body = await request.body()
        export = ExportTraceServiceRequest.FromString(body)
        self.spans += sum(
            len(scope.spans) for each in export.resource_spans for scope in each.scope_spans
        )
        self._bodies.append(body)
        return Response(media_type="application/x-protobuf")


@contextlib.contextmanager
def a_collector() -> Iterator[Collector]:
    """Take traces in a thread while the block runs."""
    with socket.create_server((LOOPBACK, 0)) as listener:
        collector = Collector(f"http://{LOOPBACK}:{listener.getsockname()[1]}{_PATH}")
        app = Starlette(routes=[Route(_PATH, collector.take, methods=["POST"])])
        server = uvicorn.Server(uvicorn.Config(app, log_config=None, lifespan="off"))
        thread = Thread(target=server.run, kwargs={"sockets": [listener]}, daemon=True)
        thread.start()
        try:
            yield collector
        finally:
            server.should_exit = True
            thread.join(timeout=10)
