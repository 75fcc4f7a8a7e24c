"""The gateway as an ASGI application: its routes, its layers and what they are given."""

from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from datetime import timedelta
from importlib.metadata import version
from typing import Any

from fastapi import FastAPI

from hosted_numbers import temporal
from hosted_numbers.blobs import BlobStore
from hosted_numbers.documents.intake import Intake
from hosted_numbers.errors import SettingsError
from hosted_numbers.gateway import (
    callbacks,
    document_routes,
    error_answers,
    health,
    order_routes,
    problems,
)
from hosted_numbers.gateway.authentication import Authentication
from hosted_numbers.gateway.dependencies import TemporalUi, Webhook
from hosted_numbers.gateway.envelope import Envelope
from hosted_numbers.gateway.limits import BodyLimit
from hosted_numbers.orders import HostedNumberOrders
from hosted_numbers.settings import Settings


def create_app(
    settings: Settings,
    orders: HostedNumberOrders | None = None,
    blobs: BlobStore | None = None,
) -> FastAPI:
    """The gateway by its settings.

    Args:
        settings: must have an API key, the public address and the account's auth token; the
            gateway would be useless without the first, open to forged callbacks without the others.
        orders: what the routes call. None connects by the Temporal profile at startup, lazily, so
            that the gateway starts while Temporal is away.
        blobs: where files are kept. None opens the store that the settings name.

    Raises:
        SettingsError: one of them is missing or wrong; it names the variable.
        BlobStoreError: the directory of the files cannot be made.
    """
    if not settings.hosted_numbers_api_keys:
        raise SettingsError(
            "The gateway has no API key, so nobody could use it.",
            "Set HOSTED_NUMBERS_API_KEYS to the SHA-256 of each key in hex, with commas between.",
        )
    app = FastAPI(
        title="hosted-numbers",
        summary="Hosts phone numbers on Twilio for SMS, one durable workflow per order",
        version=version("hosted-numbers"),
        lifespan=_connected(settings) if orders is None else None,
        redoc_url=None,
        redirect_slashes=False,
        swagger_ui_oauth2_redirect_url=None,
    )
    app.state.orders = orders
    app.state.blobs = blobs or _opened(settings)
    app.state.intake = Intake(app.state.blobs)
    app.state.temporal_ui = TemporalUi(settings.hosted_numbers_temporal_ui_url, "default")
    app.state.webhook = Webhook(settings.public_url(), settings.webhook_token())
    error_answers.install(app)
    for router in (
        order_routes.router,
        document_routes.router,
        callbacks.router,
        health.router,
    ):
        app.include_router(router)
    # The last one added is the outermost.
    app.add_middleware(BodyLimit, streamed=document_routes.is_upload)
    app.add_middleware(Authentication, digests=settings.hosted_numbers_api_keys)
    app.add_middleware(Envelope)
    _describe_problems(app)
    return app


def _opened(settings: Settings) -> BlobStore:
    blobs = BlobStore.at(settings.hosted_numbers_blob_store)
    blobs.discard_leftovers()
    return blobs


def _connected(settings: Settings) -> Callable[[FastAPI], AbstractAsyncContextManager[None]]:
    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        client = await temporal.connect(lazy=True)
        app.state.orders = HostedNumberOrders(
            client,
            deadline=timedelta(seconds=settings.hosted_numbers_temporal_deadline_seconds),
            answer_deadline=timedelta(seconds=settings.hosted_numbers_answer_deadline_seconds),
        )
        app.state.temporal_ui = TemporalUi(
            settings.hosted_numbers_temporal_ui_url, client.namespace
        )
        yield

    return lifespan


def _describe_problems(app: FastAPI) -> None:
    """Have OpenAPI tell the errors' true media type, which FastAPI gives no word for."""
    described = app.openapi

    def openapi() -> dict[str, Any]:
        if app.openapi_schema is None:
            for path in described()["paths"].values():
                for operation in path.values():
                    for status, answer in operation["responses"].items():
                        if status >= "400":
                            answer["content"] = {
                                problems.MEDIA_TYPE: answer["content"].pop("application/json")
                            }
        return described()

    app.openapi = openapi  # type: ignore[method-assign] # FastAPI's documented way to extend it
