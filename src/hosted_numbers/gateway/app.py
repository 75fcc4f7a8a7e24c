"""The gateway as an ASGI application: its routes, its layers and what they are given."""

from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from functools import partial
from importlib.metadata import version

from fastapi import FastAPI

from hosted_numbers import sweeps, temporal
from hosted_numbers.blobs import BlobStore
from hosted_numbers.bulk.imports import BulkImports
from hosted_numbers.documents.intake import Intake
from hosted_numbers.documents.virus_scan import VirusScanner
from hosted_numbers.errors import SettingsError
from hosted_numbers.gateway import (
    bulk_routes,
    callbacks,
    codec_routes,
    document_routes,
    error_answers,
    events,
    health,
    openapi,
    order_routes,
)
from hosted_numbers.gateway.authentication import Authentication, Tokens
from hosted_numbers.gateway.coalescing import Coalescing
from hosted_numbers.gateway.codec_origins import CodecOrigins
from hosted_numbers.gateway.concurrency import RequestsAtOnce
from hosted_numbers.gateway.dependencies import TemporalUi
from hosted_numbers.gateway.echoes import Echoes
from hosted_numbers.gateway.envelope import Envelope
from hosted_numbers.gateway.figures import Counting
from hosted_numbers.gateway.idempotency import IdempotencyMemory
from hosted_numbers.gateway.limits import BodyLimit
from hosted_numbers.gateway.metrics import GatewayMetrics
from hosted_numbers.gateway.order_events import OrderEvents
from hosted_numbers.gateway.pages import forms, installation
from hosted_numbers.gateway.pages.problem_pages import ProblemPages
from hosted_numbers.gateway.rate_limits import RateLimits
from hosted_numbers.gateway.webhook import Webhook
from hosted_numbers.order_census import OrderCensus
from hosted_numbers.orders import HostedNumberOrders
from hosted_numbers.settings import Settings
from hosted_numbers.telemetry.tracing import tracing


def create_app(
    settings: Settings,
    orders: HostedNumberOrders | None = None,
    blobs: BlobStore | None = None,
    imports: BulkImports | None = None,
) -> FastAPI:
    """The gateway by its settings.

    Args:
        settings: must have an API key, the public address and the account's auth token; the
            gateway would be useless without the first, open to forged callbacks without the others.
        orders: what the routes call. None connects by the Temporal profile at startup, lazily, so
            that the gateway starts while Temporal is away.
        blobs: where files are kept. None opens the store that the settings name.
        imports: what the routes of bulk files call; None connects as the orders do.

    Raises:
        SettingsError: one of them is missing or wrong; it names the variable.
        BlobStoreError: the directory of the files cannot be made.
    """
    if not settings.hosted_numbers_api_keys:
        raise SettingsError(
            "The gateway has no API key, so nobody could use it.",
            "Set HOSTED_NUMBERS_API_KEYS to the SHA-256 of each key in hex, with commas between "
            "(hosted-numbers api-key makes one).",
        )
    app = FastAPI(
        title="hosted-numbers",
        summary="Hosts phone numbers on Twilio for SMS, one durable workflow per order",
        version=version("hosted-numbers"),
        lifespan=_connected(settings) if orders is None else None,
        docs_url=None,  # it loads scripts from elsewhere; the pages have one of their own
        redoc_url=None,
        redirect_slashes=False,
        generate_unique_id_function=openapi.operation_id,
    )
    metrics = app.state.metrics = GatewayMetrics()
    metrics.owing(lambda: app.state.echoes.owed if app.state.echoes else 0)
    app.state.orders = orders
    app.state.events = None if orders is None else OrderEvents(orders)
    app.state.echoes = None if orders is None else Echoes(orders, count=metrics.hint)
    app.state.idempotency = IdempotencyMemory()
    app.state.limits = RateLimits(settings)
    app.state.public_url = settings.public_url()
    app.state.blobs = blobs or _opened(settings)
    app.state.imports = imports
    scanner = VirusScanner.at(settings.hosted_numbers_clamd_address)
    app.state.intake = Intake(app.state.blobs, scanner=scanner)
    app.state.temporal_ui = TemporalUi(settings.hosted_numbers_temporal_ui_url, "default")
    app.state.webhook = Webhook.by_settings(settings)
    app.state.coalescing = Coalescing()
    app.state.codec_keys = codec_routes.keys_to_decode_with(settings)
    error_answers.install(app)
    for router in (
        order_routes.router,
        document_routes.router,
        bulk_routes.router,
        events.router,
        callbacks.router,
        codec_routes.router,
        health.router,
    ):
        app.include_router(router)
    operators = installation.install(app, settings)
    # The last one added is the outermost.
    app.add_middleware(
        BodyLimit,
        streamed=lambda scope: any(
            route.is_upload(scope) for route in (document_routes, bulk_routes, codec_routes, forms)
        ),
    )
    app.add_middleware(RequestsAtOnce, most=settings.hosted_numbers_requests_at_once)
    app.add_middleware(
        Authentication,
        keys=settings.hosted_numbers_api_keys,
        operator_of=operators,
        tokens=_tokens(settings),
    )
    if settings.hosted_numbers_codec_origins:
        app.add_middleware(CodecOrigins, origins=settings.hosted_numbers_codec_origins)
    https = settings.public_url().lower().startswith("https:")
    app.add_middleware(Envelope, https=https, observer=metrics.request)
    app.add_middleware(ProblemPages)
    openapi.describe(app)
    return app


def _tokens(settings: Settings) -> Tokens | None:
    if settings.hosted_numbers_codec_jwks_url is None:
        return None
    # Half a second of imports, for those who want it alone.
    from hosted_numbers.gateway.access_tokens import AccessTokens  # noqa: PLC0415 - see above

    return AccessTokens.by_settings(settings, settings.hosted_numbers_codec_jwks_url)


def _opened(settings: Settings) -> BlobStore:
    blobs = BlobStore.of(settings)
    blobs.discard_leftovers()
    return blobs


def _connected(settings: Settings) -> Callable[[FastAPI], AbstractAsyncContextManager[None]]:
    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        interceptors = tracing(settings, "gateway")
        client = await temporal.connect(settings, lazy=True, interceptors=interceptors)
        temporal.warn_without_keys(settings)
        app.state.orders = HostedNumberOrders(
            client,
            deadline=settings.temporal_deadline(),
            answer_deadline=settings.answer_deadline(),
        )
        app.state.imports = BulkImports(
            client,
            app.state.blobs,
            deadline=settings.temporal_deadline(),
        )
        app.state.temporal_ui = TemporalUi(
            settings.hosted_numbers_temporal_ui_url, client.namespace
        )
        app.state.events = OrderEvents(app.state.orders)
        app.state.echoes = Echoes(app.state.orders, count=app.state.metrics.hint)
        counting = Counting(
            OrderCensus(client, settings.temporal_deadline()),
            partial(sweeps.last_report, client),
            app.state.blobs,
        )
        with app.state.metrics.counting(counting):
            yield
        await app.state.events.close()

    return lifespan
