"""Health: alive is this process, ready is Temporal behind it."""

from typing import Literal

from fastapi import APIRouter
from pydantic import BaseModel

from hosted_numbers.errors import TemporalUnavailableError
from hosted_numbers.gateway.dependencies import Orders
from hosted_numbers.gateway.error_answers import documented

router = APIRouter(prefix="/health", tags=["health"])


class Health(BaseModel):
    """What a probe reads."""

    status: Literal["alive", "ready"]


@router.get("/live")
async def live() -> Health:
    """Whether the process answers; restart it when it does not."""
    return Health(status="alive")


@router.get("/ready", responses=documented(503))
async def ready(orders: Orders) -> Health:
    """Whether Temporal answers; send no requests while it does not."""
    if not await orders.reachable():
        raise TemporalUnavailableError(
            "Temporal does not answer.", "Send requests again when this answers 200."
        )
    return Health(status="ready")
