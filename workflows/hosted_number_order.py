"""The life of one HostedNumberOrder, from the request to ``completed`` or ``failed``.

The workflow shows, acts and waits; it decides nothing. What comes next is decided by the pure rules
of ``hosted_numbers.lifecycle``; a message only changes the state, and the loop does the rest. So a
status that Twilio skips, repeats or invents, a race between people, callbacks and timers, and a
crash between any two lines all take the same path.
"""

import asyncio
from datetime import datetime, timedelta
from typing import Any, Final

from temporalio import workflow
from temporalio.common import SearchAttributeKey
from temporalio.exceptions import ApplicationError, FailureError

from hosted_numbers import contract, messages, search_attributes, steps
from hosted_numbers.amendments import amendment_answer, amendment_settled
from hosted_numbers.contract import (
    Amendment,
    Answer,
    Cancellation,
    OrderChanged,
    Progress,
    Resumption,
)
from hosted_numbers.ids import document_disposal_id
from hosted_numbers.learning import learn
from hosted_numbers.lifecycle import Do, Wait, elapsed, next_step, starting
from hosted_numbers.notifications import heard
from hosted_numbers.order_state import OrderInput
from hosted_numbers.sharing import farewell
from hosted_numbers.standing import details, progress, standing
from hosted_numbers.steps import Trouble
from workflows import activity_calls, patches
from workflows.alarm import Alarm
from workflows.measuring import Measures
from workflows.policies import PACE
from workflows.telling import Telling
from workflows.verification import Verification

_MOVES: Final = (search_attributes.STATUS, search_attributes.WAITING_FOR)


@workflow.defn(name=contract.WORKFLOW_TYPE)
class HostedNumberOrderWorkflow(Verification, Telling):
    """One order for one phone number. Its result is its last ``Progress``."""

    @workflow.init
    def __init__(self, order: OrderInput) -> None:
        self.state = order.state(workflow.now())
        self._found_by: list[tuple[SearchAttributeKey[Any], str | datetime | None]] = []
        self._alarm = Alarm()
        self._measures = Measures(self.state)

    @workflow.run
    async def run(self, order: OrderInput) -> Progress:
        """Live the order's life; a cancelled workflow takes the order back before it ends."""
        del order  # taken up by __init__, before any message
        life = asyncio.create_task(self._live())
        try:
            await asyncio.shield(life)
        except asyncio.CancelledError:
            self.hear(Cancellation())
            await life
            if self.state.ended == "cancelled":
                raise
        return progress(self.state)

    async def _live(self) -> None:
        while step := next_step(self.state, PACE):
            self._show(step)
            if isinstance(step, Do):
                await self._do(step)
            else:
                self.tell()
                await self._continue_as_new_if_long()
                await self._wait(step)
        self._show(None)
        self.tell()
        await self._leave_group()
        await self.all_told()
        await workflow.wait_condition(workflow.all_handlers_finished)
        if self.state.files_taken:
            await self._dispose_of_files()

    async def _leave_group(self) -> None:
        """Let nobody wait for an order that has ended before the letter."""
        if (step := farewell(self.state)) is not None:
            try:
                await activity_calls.call(Do(*step))
            except FailureError as error:
                workflow.logger.warning("The group was not told of the end: %s", error)

    async def _dispose_of_files(self) -> None:
        """Leave the order's files to a workflow of their own, which deletes them in due time."""
        await workflow.start_child_workflow(
            contract.DISPOSAL_TYPE,
            steps.DocumentDisposal(
                phone_number=self.state.order.phone_number, ended_at=workflow.now()
            ),
            id=document_disposal_id(workflow.info().run_id),
            parent_close_policy=workflow.ParentClosePolicy.ABANDON,
            static_summary="Delete the order's files when their time is up",
        )

    async def _do(self, step: Do) -> None:
        self.state = starting(self.state)
        try:
            asked = step.activity == steps.PLACE_CALL and self.state.call_asked
            outcome = await activity_calls.call(step, asked=asked)
        except FailureError as error:
            outcome = activity_calls.trouble(error)
        if isinstance(outcome, Trouble):
            activity_calls.log_trouble(step, outcome)
        self.state = heard(self.state, outcome)
        learnt = learn(self.state, step, outcome, workflow.now(), PACE)
        self.state = patches.outcome_learnt(self.state, step, outcome, learnt)

    async def _wait(self, step: Wait) -> None:
        """Wait until something else comes next, or the time is up."""
        if self.state.edition == 1:
            await self._wait_by_itself(step)
            return
        self._alarm.ring_by(step.until, step.summary)
        await workflow.wait_condition(
            lambda: next_step(self.state, PACE) != step or self._alarm.rings()
        )
        if next_step(self.state, PACE) == step:
            self.state = elapsed(self.state, workflow.now(), PACE)

    async def _wait_by_itself(self, step: Wait) -> None:
        """The same with a timer for this wait alone, as orders of edition 1 have it."""
        try:
            await workflow.wait_condition(
                lambda: next_step(self.state, PACE) != step,
                timeout=max(step.until - workflow.now(), timedelta(milliseconds=1)),
                timeout_summary=step.summary,
            )
        except TimeoutError:
            self.state = elapsed(self.state, workflow.now(), PACE)

    async def _continue_as_new_if_long(self) -> None:
        """Start the history anew when the server says it is long; the state goes along."""
        if workflow.info().is_continue_as_new_suggested():
            await self.all_told()
            await workflow.wait_condition(workflow.all_handlers_finished)
            workflow.continue_as_new(OrderInput.continuing(self.state))

    def _show(self, step: Do | Wait | None) -> None:
        """Tell the Temporal UI and its lists where the order stands, and the metrics."""
        self._measures.see(self.state, workflow.now())
        if isinstance(step, Do) and workflow.get_current_details():
            return  # what an activity changes is over in seconds: lists show waits and ends
        workflow.set_current_details(details(self.state))
        if isinstance(step, Do):
            return
        stands = standing(self.state)
        found_by: list[tuple[SearchAttributeKey[Any], str | datetime | None]] = [
            (search_attributes.STATUS, self.state.status),
            (search_attributes.WAITING_FOR, stands.waiting_for),
            (search_attributes.ORDER_SID, self.state.sid),
            (search_attributes.DEADLINE, stands.deadline),
        ]
        news = [pair for pair in found_by if pair[1] is not None and pair not in self._found_by]
        if news:  # each upsert is an event and a billed action: only what changed
            if any(key in _MOVES for key, _ in news):
                news.append((search_attributes.SINCE, workflow.now()))
            workflow.upsert_search_attributes([key.value_set(value) for key, value in news])
            self._found_by = found_by

    @workflow.query(name=contract.PROGRESS)
    def progress(self) -> Progress:
        """Where the order stands."""
        return progress(self.state)

    @workflow.update(name=contract.READ_PROGRESS)
    def read_progress(self) -> None:
        """Where the order stands, told by the refusal of this update: see the contract."""

    @read_progress.validator
    def _tell_progress(self) -> None:
        told = progress(self.state)
        raise ApplicationError(told.reason, told, type=contract.READ_PROGRESS)

    @workflow.signal(name=contract.ORDER_CHANGED)
    def order_changed(self, hint: OrderChanged) -> None:
        """A machine's hint: look at Twilio."""
        self.take(hint)

    @workflow.update(name=contract.AMEND)
    async def amend(self, amendment: Amendment) -> Answer:
        """Change what the order says; the answer comes when Twilio has what it must be told."""
        self.take(amendment)
        before = self.state
        if not amendment_settled(before, before):
            await workflow.wait_condition(lambda: amendment_settled(self.state, before))
        return amendment_answer(self.state, before)

    @amend.validator
    def _check_amendment(self, amendment: Amendment) -> None:
        self.refuse(amendment)

    @workflow.signal(name=contract.AMEND)
    def hear_amendment(self, amendment: Amendment) -> None:
        """The same without an answer."""
        self.hear(amendment)

    @workflow.update(name=contract.RESUME)
    def resume(self, resumption: Resumption) -> Answer:
        """Go on: what held the order up is mended."""
        self.take(resumption)
        return messages.going_on_answer(self.state)

    @resume.validator
    def _check_resumption(self, resumption: Resumption) -> None:
        self.refuse(resumption)

    @workflow.signal(name=contract.RESUME)
    def hear_resumption(self, resumption: Resumption) -> None:
        """The same without an answer."""
        self.hear(resumption)

    @workflow.update(name=contract.CANCEL_ORDER)
    async def cancel_order(self, cancellation: Cancellation) -> Answer:
        """Take the order back at Twilio; the answer comes when it is gone, or kept."""
        self.take(cancellation)
        await workflow.wait_condition(lambda: messages.cancel_settled(self.state))
        return messages.cancel_answer(self.state)

    @cancel_order.validator
    def _check_cancellation(self, cancellation: Cancellation) -> None:
        self.refuse(cancellation)

    @workflow.signal(name=contract.CANCEL_ORDER)
    def hear_cancellation(self, cancellation: Cancellation) -> None:
        """The same without an answer."""
        self.hear(cancellation)
