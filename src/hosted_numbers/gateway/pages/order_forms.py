"""The acts on an order, as forms: carried out and led back, or shown again with what is wrong."""

from collections.abc import Awaitable, Callable
from http import HTTPStatus
from typing import Annotated, Final

from fastapi import APIRouter, Depends, Request
from pydantic import ValidationError
from starlette.responses import HTMLResponse, RedirectResponse, Response

from hosted_numbers.complaints import complaints
from hosted_numbers.contract import Answer
from hosted_numbers.documents.handover import check_open, handed_over
from hosted_numbers.documents.intake import TOO_LARGE
from hosted_numbers.documents.kinds import DocumentKind
from hosted_numbers.errors import (
    DocumentRefusedError,
    HostedNumbersError,
    InvalidRequestError,
    OrderEndedError,
    RefusedError,
)
from hosted_numbers.gateway.dependencies import Blobs, Files, Limits, Orders, PhoneNumber, Ui
from hosted_numbers.gateway.pages import forms
from hosted_numbers.gateway.pages.acts import Act
from hosted_numbers.gateway.pages.csrf import same_origin
from hosted_numbers.gateway.pages.desk import SignedIn
from hosted_numbers.gateway.pages.fields import AMENDMENT, Field, MistypedError, Typed, read
from hosted_numbers.gateway.pages.forms import Submitted
from hosted_numbers.gateway.pages.order_page import NOTHING_TYPED, Attempt, shown
from hosted_numbers.gateway.pages.sessions import Flash
from hosted_numbers.gateway.problems import Problem
from hosted_numbers.gateway.rate_limits import Kind
from hosted_numbers.validation import (
    NewAmendment,
    NewVerificationCallRequest,
    NewVerificationCodeEntry,
)

_REFUSALS: Final = (DocumentRefusedError, InvalidRequestError, OrderEndedError, RefusedError)
_CODE: Final = (Field("code", "Code"),)
_CALL: Final = (Field("extension", "Extension"), Field("call_delay", "Delay"))
_CHECK: Final = "Correct it and send it again; nothing was changed."


class Forms:
    """One order's forms: the request, the order, and whoever sends it.

    FastAPI makes one for each request.
    """

    def __init__(
        self,
        *,
        request: Request,
        phone_number: PhoneNumber,
        orders: Orders,
        ui: Ui,
        session: SignedIn,
        form: Submitted,
        limits: Limits,
    ) -> None:
        self.number = phone_number
        self.orders = orders
        self.form = form
        self._request = request
        self._ui = ui
        self._limits = limits
        self._session = session

    async def carried_out(
        self,
        act: Act,
        carry_out: Callable[[], Awaitable[Answer]],
        typed: Typed = NOTHING_TYPED,
        counted: Kind | None = None,
    ) -> Response:
        """Carry an act out; lead back to the order, or show the form again with the refusal.

        Args:
            act: which form it is.
            carry_out: does it.
            typed: what is shown again where it came to nothing.
            counted: the rate that it counts for.
        """
        try:
            if counted is not None:
                await self._limits.check(counted, self.number)
            came_to = await carry_out()
        except _REFUSALS as error:
            return await self.again(Attempt.refused(act, error, typed), _status(error))
        except Problem as problem:
            attempt = Attempt(act, problem.detail, problem.next_step, typed)
            answer = await self.again(attempt, problem.status)
            answer.headers.update(problem.headers or {})
            return answer
        if not came_to.taken:
            return await self.again(Attempt.refused(act, came_to, typed), HTTPStatus.CONFLICT)
        self._session.flashes.append(Flash(came_to.reason, came_to.next_step))
        return RedirectResponse(f"/orders/{self.number}", HTTPStatus.SEE_OTHER)

    async def mistyped(self, act: Act, typed: Typed) -> Response:
        """Show the form again with what is wrong in its fields."""
        reason = typed.errors.get("") or "Something in the form is not right."
        attempt = Attempt(act, reason, _CHECK, typed)
        return await self.again(attempt, HTTPStatus.UNPROCESSABLE_ENTITY)

    async def again(self, attempt: Attempt, status: int) -> HTMLResponse:
        """The order's page with an act that came to nothing."""
        progress = await self.orders.progress(self.number)
        return shown(self._request, progress, self._ui, attempt, status)


OnOrder = Annotated[Forms, Depends()]

router = APIRouter(
    prefix="/orders/{phone_number}",
    dependencies=[Depends(same_origin)],
    include_in_schema=False,
    default_response_class=HTMLResponse,
)


@router.post("/code")
async def enter_code(on: OnOrder) -> Response:
    """The code that was heard on the call. It is never shown again."""
    try:
        entry = read(NewVerificationCodeEntry, on.form, _CODE)
    except MistypedError as error:
        return await on.mistyped("code", Typed({}, error.typed.errors))
    return await on.carried_out(
        "code", lambda: on.orders.submit_verification_code(on.number, entry), counted="codes"
    )


@router.post("/call")
async def call_now(on: OnOrder) -> Response:
    """Have the number called now."""
    try:
        wish = read(NewVerificationCallRequest, on.form, _CALL)
    except MistypedError as error:
        return await on.mistyped("call", error.typed)
    return await on.carried_out(
        "call", lambda: on.orders.request_verification_call(on.number, wish)
    )


@router.post("/documents")
async def hand_in(on: OnOrder, files: Files, blobs: Blobs) -> Response:
    """The bill, or the image of a supporting document."""
    values = {name: forms.text(on.form, name) for name in ("type", "bill_date")}
    upload = forms.file(on.form, "file")
    if upload is None:
        return await on.mistyped("document", Typed(values, {"file": "Choose a file."}))
    try:
        kind = DocumentKind.model_validate({name: text for name, text in values.items() if text})
    except ValidationError as error:
        return await on.mistyped("document", Typed(values, dict(complaints(error))))

    async def taken_in() -> Answer:
        check_open(await on.orders.progress(on.number))
        document = await files.take_in(
            forms.pieces(upload), phone_number=on.number, most_bytes=kind.most_bytes
        )
        return await handed_over(
            document,
            kind,
            store=blobs,
            provide=lambda provided: on.orders.provide_document(on.number, provided),
        )

    return await on.carried_out("document", taken_in, Typed(values, {}), counted="uploads")


@router.post("/amend")
async def amend(on: OnOrder) -> Response:
    """Change who signs, how ownership is proven or how the number is set up."""
    try:
        amendment = read(NewAmendment, on.form, AMENDMENT)
    except MistypedError as error:
        return await on.mistyped("amend", error.typed)
    typed = Typed({field.name: forms.text(on.form, field.name) for field in AMENDMENT}, {})
    return await on.carried_out("amend", lambda: on.orders.amend(on.number, amendment), typed)


@router.post("/resume")
async def resume(on: OnOrder) -> Response:
    """Let an order that is on hold go on."""
    return await on.carried_out("resume", lambda: on.orders.resume(on.number))


@router.post("/cancel")
async def cancel(on: OnOrder) -> Response:
    """Give the order up."""
    return await on.carried_out("cancel", lambda: on.orders.cancel(on.number))


@router.post("/offboard")
async def offboard(on: OnOrder) -> Response:
    """Give the number of a completed order back, once it was typed again."""
    typed = forms.text(on.form, "confirm")
    if typed != on.number:
        errors = {"confirm": "That is another number than this order's."}
        return await on.mistyped("offboard", Typed({"confirm": typed}, errors))
    return await on.carried_out("offboard", lambda: on.orders.offboard(on.number))


def _status(error: HostedNumbersError) -> int:
    if error.code == TOO_LARGE:
        return HTTPStatus.REQUEST_ENTITY_TOO_LARGE
    if isinstance(error, DocumentRefusedError | InvalidRequestError):
        return HTTPStatus.UNPROCESSABLE_ENTITY
    return HTTPStatus.CONFLICT
