"""The lives that are recorded: one per ending, and one per path that leads there.

A scenario leaves the workflow that it is about ended, or about to end, and answers its handle where
that is not the newest order of the number. Its name is the name of its history.
"""

from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta
from typing import Any, Final, TypeAlias

from temporalio.client import WorkflowHandle

from hosted_numbers import contract, steps
from hosted_numbers.contract import (
    Amendment,
    NotificationData,
    NotificationEvent,
    OrderChanged,
    Progress,
    SupportingDocumentRequest,
    VerificationCallRequest,
    VerificationCodeEntry,
)
from hosted_numbers.ids import (
    document_disposal_id,
    offboarding_workflow_id,
)
from hosted_numbers.notification_records import Notifications
from hosted_numbers.notifications import workflow_id
from tests.orders import NUMBER
from tests.world import World, eventually

Handle: TypeAlias = WorkflowHandle[Any, Any]
Scenario: TypeAlias = Callable[[World], Awaitable[Handle | None]]

BUSY_ONCE: Final = "+12125550114"
REFUSED: Final = "+12125550111"
ONE_LETTER: Final = "/HostedNumbers/AuthorizationDocuments/*"
SATURDAY: Final = 5
A_LOOK: Final = timedelta(seconds=100)


async def completed(world: World) -> None:
    """The plain way."""
    await world.sign(await world.verified())


async def wrong_code_and_second_call(world: World) -> None:
    """A wrong code, an expired one, a second call, the right one."""
    await world.start(call_when="asked")
    await world.until(waiting_for="verification-call")
    await world.orders.request_verification_call(NUMBER, VerificationCallRequest())
    waiting = await world.until(waiting_for="verification-code")
    await world.orders.submit_verification_code(NUMBER, VerificationCodeEntry(code="123456"))
    await world.pass_time(timedelta(minutes=11))
    await world.orders.request_verification_call(NUMBER, VerificationCallRequest(extension="1"))
    await code_entered(world, waiting)
    await _signed(world)


async def letter_amended(world: World) -> None:
    """The signer declines; the next one signs."""
    await world.sign(await world.verified(), "canceled")
    await world.until(waiting_for="operator")
    await world.orders.amend(NUMBER, Amendment(email="new@example.com"))
    await _signed(world)


async def amended_while_signing(world: World) -> None:
    """The letter that is out goes to another signer, and the order's name is changed."""
    await world.verified()
    amendment = Amendment(email="right@example.com", friendly_name="Front desk")
    await world.orders.amend(NUMBER, amendment)
    await _signed(world)


async def letter_withdrawn(world: World) -> None:
    """Somebody withdraws the letter in the console; resumed, it goes out again."""
    signing = await world.verified()
    sid = str(signing.authorization_document_sid)
    await world.twilio.authorization_documents.update(sid, status="opened")
    await world.env.sleep(A_LOOK)
    await world.until(waiting_for="operator")
    await world.orders.resume(NUMBER)
    await _signed(world)


async def letter_missing(world: World) -> None:
    """Twilio does not find the letter; resumed, a new one goes out."""
    signing = await world.verified()
    await world.fault("GET", ONE_LETTER, "status", status=404)
    await world.env.sleep(A_LOOK)
    await world.until(waiting_for="operator")
    world.callbacks.lost = True
    await world.tell(f"orders/{signing.sid}", status="verified")
    world.callbacks.lost = False
    await world.orders.resume(NUMBER)
    await world.well_again()
    await _signed(world)


async def bill(world: World) -> None:
    """Ownership is proven by a bill."""
    await world.start(verification_type="phone-bill")
    await world.until(waiting_for="document")
    await world.provide()
    await _approved(world)
    await _signed(world)


async def bill_rejected(world: World) -> None:
    """The first bill is rejected, the second is approved."""
    await world.start(verification_type="phone-bill")
    await world.until(waiting_for="document")
    await world.provide()
    first = await world.until(waiting_for="document-review")
    await world.review(first.document_sid, "rejected")
    await world.until(waiting_for="document")
    await world.provide()
    await _approved(world)
    await _signed(world)


async def switched_to_bill(world: World) -> None:
    """The calls are used up: a bill takes their place, named by its SID."""
    await world.start()
    await world.until(waiting_for="verification-code")
    for _ in range(2):
        await world.orders.request_verification_call(NUMBER, VerificationCallRequest())
    await world.pass_time(timedelta(minutes=11))
    await world.until(waiting_for="operator")
    await world.orders.amend(NUMBER, Amendment(verification_document_sid="RI" + "c" * 32))
    await _approved(world)
    await _signed(world)


async def supporting_documents(world: World) -> None:
    """One document is approved, one is rejected and replaced, one is looked for in vain."""
    wanted = [
        SupportingDocumentRequest(type="business_registration"),
        SupportingDocumentRequest(type="proof_of_address", with_file=True),
        SupportingDocumentRequest(type="tax_document"),
    ]
    await world.start(supporting_documents=wanted)
    await code_entered(world, await world.until(waiting_for="verification-code"))
    await world.until(waiting_for="document")
    await world.provide(type="proof_of_address")
    first, second, third = await _sids(world)
    await world.review_supporting(first, "approved")
    await world.review_supporting(second, "rejected")
    await world.twilio.supporting_documents.delete(str(third))
    await world.env.sleep(A_LOOK)
    await world.env.sleep(A_LOOK)
    await world.until(waiting_for="document")
    await world.provide(type="proof_of_address")
    await world.orders.amend(NUMBER, Amendment(supporting_documents=(wanted[2],)))
    for sid in (await _sids(world))[1:]:
        await world.review_supporting(sid, "approved")
    await world.env.sleep(timedelta(minutes=10))
    await _signed(world)


async def business_hours(world: World) -> None:
    """A call of a Saturday is planned for Monday; Twilio's steps wait to be told."""
    now = (await world.env.get_current_time()).astimezone(UTC)
    noon = now.replace(hour=12, minute=0, second=0, microsecond=0)
    await world.env.sleep(noon + timedelta(days=(SATURDAY - noon.weekday()) % 7 or 7) - now)
    await world.start(call_when="business-hours")
    waiting = await world.until(waiting_for="verification-call")
    if waiting.deadline is not None:
        await world.env.sleep(waiting.deadline - await world.env.get_current_time())
    await code_entered(world, await world.until(waiting_for="verification-code"))
    await world.until(waiting_for="signature", status="pending-loa")
    await world.orders.cancel(NUMBER)


async def busy_line(world: World) -> Handle:
    """The line is busy; two hours later it is not."""
    await world.start(phone_number=BUSY_ONCE)
    await world.until(BUSY_ONCE, waiting_for="verification-call")
    await world.env.sleep(timedelta(hours=2, minutes=1))
    await code_entered(world, await world.until(BUSY_ONCE, waiting_for="verification-code"))
    await world.sign(await world.until(BUSY_ONCE, waiting_for="signature", status="pending-loa"))
    return world.handle(BUSY_ONCE)


async def action_required(world: World) -> None:
    """Twilio's operations have the order for a while; it goes on by itself."""
    signing = await world.verified()
    problem = "Losing carrier rejected: name mismatch"
    await world.tell(f"orders/{signing.sid}", status="action-required", failure_reason=problem)
    await world.until(waiting_for="operator")
    await world.orders.resume(NUMBER)
    await world.until(waiting_for="operator")
    await world.tell(f"orders/{signing.sid}", status="quantum-review")
    await world.until(status="quantum-review")
    await world.tell(f"orders/{signing.sid}", status="completed")


async def failed(world: World) -> None:
    """Twilio fails the order at the carrier."""
    signing = await world.verified()
    await world.tell(f"orders/{signing.sid}", status="failed", failure_reason="SMS is enabled")


async def ordered_again(world: World) -> None:
    """The number's order before failed; this one names it, and completes."""
    await failed(world)
    await world.until(phase="failed")
    await completed(world)


async def overdue(world: World) -> None:
    """Nobody signs, and the order's deadline passes."""
    await world.verified(deadline_days=1)
    await world.env.sleep(timedelta(days=1, minutes=1))


async def reminded_and_overdue(world: World) -> None:
    """Nobody asks for the call in spite of a reminder."""
    await world.start(call_when="asked", deadline_days=2)
    await world.until(waiting_for="verification-call")
    await world.days_go_by(2)
    await world.env.sleep(timedelta(minutes=1))


async def cancelled(world: World) -> None:
    """A person cancels through the API."""
    await world.verified()
    await world.orders.cancel(NUMBER)


async def cancelled_on_hold(world: World) -> Handle:
    """Twilio refuses the create, and a person gives the order up."""
    await world.start(phone_number=REFUSED)
    await world.until(REFUSED, waiting_for="operator")
    await world.orders.cancel(REFUSED)
    return world.handle(REFUSED)


async def cancelled_in_the_ui(world: World) -> None:
    """A person cancels the workflow in the Temporal UI."""
    await world.verified()
    await world.handle().cancel()


async def troubled(world: World) -> None:
    """Lost answers, wrong credentials, a vanished order: on hold, then cancelled."""
    await world.fault("*", "*", "status", status=401, times=1)
    await world.fault("POST", "/HostedNumbers/HostedNumberOrders/*", "commit-then-drop", times=1)
    await world.start()
    await world.env.sleep(timedelta(minutes=2))
    waiting = await world.until(waiting_for="verification-code")
    await world.twilio.hosted_number_orders.delete(str(waiting.sid))
    await world.orders.order_changed(NUMBER, OrderChanged())
    await world.until(waiting_for="nothing")
    await world.env.sleep(A_LOOK)
    await world.until(waiting_for="operator")
    await world.orders.cancel(NUMBER)


async def offboarded(world: World) -> Handle:
    """A hosted number is given back."""
    await completed(world)
    await world.until(phase="completed")
    await world.orders.offboard(NUMBER)
    return world.client.get_workflow_handle(offboarding_workflow_id(NUMBER))


async def offboarding_refused(world: World) -> Handle:
    """Twilio does not take the number back: its order has vanished from the account's reach."""
    await completed(world)
    await world.until(phase="completed")
    await world.fault("DELETE", "*", "status", status=401, times=1)
    await world.orders.offboard(NUMBER)
    return world.client.get_workflow_handle(offboarding_workflow_id(NUMBER))


async def disposal(world: World) -> Handle:
    """The files of an order are deleted in their time."""
    await world.kept()
    handle: Handle = await world.client.start_workflow(
        contract.DISPOSAL_TYPE,
        steps.DocumentDisposal(phone_number=NUMBER, ended_at=datetime.now(UTC)),
        id=document_disposal_id("a-run"),
        task_queue=contract.TASK_QUEUE,
    )
    await handle.result()
    return handle


async def notification(world: World) -> Handle:
    """An event is delivered."""
    return await _notified(world)


async def notification_undelivered(world: World) -> Handle:
    """An event is given up, as the receiver of the world that records it wants no more."""
    return await _notified(world)


async def continued_as_new(world: World) -> None:
    """A history that the server finds long, and the run after it."""
    signing = await world.verified()
    for _ in range(6):
        await world.orders.order_changed(NUMBER, OrderChanged())
        await world.orders.progress(NUMBER)
    await world.sign(signing)


async def continued_with_documents(world: World) -> None:
    """The same with a bill under review and a supporting document beside it."""
    proof = SupportingDocumentRequest(type="proof_of_address")
    await world.start(verification_type="phone-bill", supporting_documents=[proof])
    await world.until(waiting_for="document")
    await world.provide()
    waiting = await world.until(waiting_for="document-review")
    for _ in range(8):
        await world.orders.order_changed(NUMBER, OrderChanged())
        await world.orders.progress(NUMBER)
    await world.review(waiting.document_sid, "approved")
    await world.until(status="verified")
    await world.review_supporting(waiting.supporting_documents[0].sid, "approved")
    await world.orders.order_changed(NUMBER, OrderChanged())
    await _signed(world)


async def waited_while_swept(world: World) -> None:
    """Weeks at the carrier: each week the order asks whether somebody sweeps."""
    signing = await world.verified()
    await world.tell(f"orders/{signing.sid}", status="carrier-processing")
    await world.until(waiting_for="carrier")
    await world.days_go_by(15)
    await world.tell(f"orders/{signing.sid}", status="completed")


SCENARIOS: Final[tuple[Scenario, ...]] = (
    completed,
    wrong_code_and_second_call,
    letter_amended,
    amended_while_signing,
    letter_withdrawn,
    letter_missing,
    bill,
    bill_rejected,
    switched_to_bill,
    supporting_documents,
    busy_line,
    action_required,
    failed,
    ordered_again,
    overdue,
    reminded_and_overdue,
    cancelled,
    cancelled_on_hold,
    cancelled_in_the_ui,
    troubled,
    offboarded,
    offboarding_refused,
    disposal,
)
"""Lived on the time-skipping server."""

TOLD: Final[tuple[Scenario, ...]] = (
    completed,
    failed,
    cancelled,
    cancelled_on_hold,
    reminded_and_overdue,
)
"""Lived once more with a backend that is told, as ``…_told``."""

EVENTS: Final[tuple[Scenario, ...]] = (notification, notification_undelivered)
"""Events on their way."""

SLOW: Final[tuple[Scenario, ...]] = (business_hours,)
"""Lived there too, where Twilio's steps wait to be told."""

SWEPT: Final[tuple[Scenario, ...]] = (waited_while_swept,)
"""Lived there too, with a sweep at work and a Twilio whose steps wait to be told."""

LONG: Final[tuple[Scenario, ...]] = (continued_as_new, continued_with_documents)
"""Lived on the dev server, which finds histories long early; each is recorded before and after."""


async def _notified(world: World) -> Handle:
    event = NotificationEvent(
        id="a-run/1",
        type="order.completed",
        timestamp=await world.env.get_current_time(),
        data=NotificationData(phone_number=NUMBER, phase="completed", waiting_for="nothing"),
    )
    await Notifications(world.client).send(event)
    return world.client.get_workflow_handle(workflow_id(event.id))


async def code_entered(world: World, waiting: Progress) -> None:
    code = VerificationCodeEntry(code=await world.code(waiting))
    await world.orders.submit_verification_code(waiting.phone_number, code)


async def _sids(world: World) -> list[str]:
    """Of the supporting documents, once Twilio has them all."""

    async def all_made() -> bool:
        progress = await world.orders.progress(NUMBER)
        return all(document.sid for document in progress.supporting_documents)

    await eventually(all_made)
    waiting = await world.until(waiting_for="document-review")
    return [str(document.sid) for document in waiting.supporting_documents]


async def _approved(world: World) -> None:
    waiting = await world.until(waiting_for="document-review", status="pending-verification")
    await world.review(waiting.document_sid, "approved")


async def _signed(world: World) -> None:
    await world.sign(await world.until(waiting_for="signature", status="pending-loa"))
