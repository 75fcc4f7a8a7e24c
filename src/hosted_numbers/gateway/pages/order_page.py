"""The page of one order: where it stands, what it waits for, and the form that moves it on."""

from dataclasses import dataclass
from typing import Final

from fastapi import APIRouter, Request
from starlette.responses import HTMLResponse, JSONResponse

from hosted_numbers.contract import BILL, Answer, Progress
from hosted_numbers.documents.kinds import BILL_BYTES, SUPPORTING_DOCUMENT_BYTES
from hosted_numbers.errors import HostedNumbersError
from hosted_numbers.gateway.dependencies import Orders, PhoneNumber, TemporalUi, Ui
from hosted_numbers.gateway.pages import acts
from hosted_numbers.gateway.pages.acts import Act
from hosted_numbers.gateway.pages.fields import AMENDMENT, Typed
from hosted_numbers.gateway.pages.journey import journey
from hosted_numbers.gateway.pages.rendering import page

NOTHING_TYPED: Final = Typed({}, {})

router = APIRouter(include_in_schema=False, default_response_class=HTMLResponse)


@dataclass(frozen=True)
class Attempt:
    """An act that came to nothing, to be shown at its form with what was typed.

    Attributes:
        act: which form it was.
        reason: why it came to nothing.
        next_step: what to do about it.
        typed: what was typed, save for codes and files.
    """

    act: Act
    reason: str
    next_step: str
    typed: Typed = NOTHING_TYPED

    @classmethod
    def refused(
        cls, act: Act, why: HostedNumbersError | Answer, typed: Typed = NOTHING_TYPED
    ) -> "Attempt":
        """An act that the order, or the check of its file, did not take."""
        return cls(act, why.reason, why.next_step, typed)


@router.get("/orders/{phone_number}")
async def order(
    request: Request, phone_number: PhoneNumber, orders: Orders, ui: Ui
) -> HTMLResponse:
    """Where the number's newest order stands."""
    return shown(request, await orders.progress(phone_number), ui)


@router.get("/orders/{phone_number}/progress.json")
async def as_json(phone_number: PhoneNumber, orders: Orders) -> JSONResponse:
    """The same for programs and for whoever wants to see all of it."""
    return JSONResponse((await orders.progress(phone_number)).model_dump(mode="json"))


@router.get("/orders/{phone_number}/cancel")
async def cancellation(request: Request, phone_number: PhoneNumber, orders: Orders) -> HTMLResponse:
    """Whether it is meant: the step before an order is given up."""
    progress = await orders.progress(phone_number)
    return page(request.scope, "cancel.html", order=progress, ended=progress.phase in acts.ENDED)


def shown(
    request: Request,
    progress: Progress,
    ui: TemporalUi,
    attempt: Attempt | None = None,
    status: int = 200,
) -> HTMLResponse:
    """The page of an order, with an act that came to nothing where there was one."""
    number = progress.phone_number
    first, others = acts.primary(progress), acts.others(progress)
    if attempt is not None and attempt.act not in {first, *others}:
        others = (attempt.act, *others)
    return page(
        request.scope,
        "order.html",
        status,
        order=progress,
        legs=journey(progress),
        ended=progress.phase in acts.ENDED,
        primary=first,
        others=others,
        attempt=attempt,
        values={
            "amendment": AMENDMENT,
            "bill": BILL,
            "bill_bytes": BILL_BYTES,
            "document_types": acts.document_types(progress),
            "nothing": NOTHING_TYPED,
            "other_bytes": SUPPORTING_DOCUMENT_BYTES,
        },
        temporal_ui=ui.page(number),
        previous_run=f"{ui.page(number)}/{progress.previous_run_id}"
        if progress.previous_run_id
        else None,
    )
