"""Health: alive is this process, ready are Temporal and the blob store behind it."""

from typing import Final, Literal

from fastapi import APIRouter
from pydantic import BaseModel

from hosted_numbers.errors import BlobStoreError, TemporalUnavailableError
from hosted_numbers.gateway.dependencies import Blobs, Orders
from hosted_numbers.gateway.error_answers import documented

_WHEN_READY: Final = "Send requests again when this answers 200."

router = APIRouter(prefix="/health", tags=["health"])


class Health(BaseModel):
    """What a probe reads."""

    status: Literal["alive", "ready"]


@router.get("/live")
async def live() -> Health:
    """Whether the process answers; restart it when it does not."""
    return Health(status="alive")


@router.get("/ready", responses=documented(503))
async def ready(orders: Orders, blobs: Blobs) -> Health:
    """Whether Temporal and the blob store answer; send no requests while one does not."""
    if not await orders.reachable():
        raise TemporalUnavailableError("Temporal does not answer.", _WHEN_READY)
    if not await blobs.reachable():
        raise BlobStoreError("No file can be written to the blob store.", _WHEN_READY)
    return Health(status="ready")
