"""One Letter of Authorization (LOA) for the orders of a group: one person signs once for all.

Like the workflow of an order, it shows, acts and waits; the pure rules of
``hosted_numbers.letter_groups`` decide. Orders join when they are verified and look at Twilio
themselves when they are told that their letter moved.
"""

from typing import Any

from temporalio import workflow
from temporalio.exceptions import ApplicationError, FailureError

from hosted_numbers import contract, search_attributes
from hosted_numbers.contract import Answer, Message, Resumption
from hosted_numbers.letter_groups import contract as names
from hosted_numbers.letter_groups.contract import (
    Joining,
    Leaving,
    LetterAmendment,
    LetterProgress,
    SendNow,
)
from hosted_numbers.letter_groups.learning import learn
from hosted_numbers.letter_groups.messages import act_answer, act_settled, refusal, taken
from hosted_numbers.letter_groups.rules import elapsed, next_step, starting
from hosted_numbers.letter_groups.standing import details, progress, standing
from hosted_numbers.letter_groups.state import GroupInput
from hosted_numbers.lifecycle import Do, Wait
from workflows import activity_calls, letter_calls
from workflows.alarm import Alarm
from workflows.policies import GROUP_PACE


@workflow.defn(name=contract.LETTER_GROUP_TYPE)
class AuthorizationDocumentWorkflow:
    """The letters of one group. Its result is its last ``LetterProgress``."""

    @workflow.init
    def __init__(self, group: GroupInput) -> None:
        self.state = group.state(workflow.now(), GROUP_PACE.window)
        self._found_by: dict[Any, str] = {}
        self._alarm = Alarm()

    @workflow.run
    async def run(self, group: GroupInput) -> LetterProgress:
        """Live until every letter is signed and no order waits; a later one begins a new run."""
        del group  # taken up by __init__, before any message
        while next_step(self.state, GROUP_PACE) is not None:
            await self._live()
            await workflow.wait_condition(workflow.all_handlers_finished)
        return progress(self.state)

    async def _live(self) -> None:
        while step := next_step(self.state, GROUP_PACE):
            self._show(step)
            if isinstance(step, Do):
                await self._do(step)
            else:
                await self._continue_as_new_if_long()
                await self._wait(step)
        self._show(None)

    async def _do(self, step: Do) -> None:
        self.state = starting(self.state, step)
        try:
            outcome = await letter_calls.call(step)
        except FailureError as error:
            outcome = activity_calls.trouble(error)
            activity_calls.log_trouble(step, outcome)
        self.state = learn(self.state, step, outcome, workflow.now(), GROUP_PACE)

    async def _wait(self, step: Wait) -> None:
        """Wait until something else comes next, or the time is up."""
        self._alarm.ring_by(step.until, step.summary)
        await workflow.wait_condition(
            lambda: next_step(self.state, GROUP_PACE) != step or self._alarm.rings()
        )
        if next_step(self.state, GROUP_PACE) == step:
            self.state = elapsed(self.state, workflow.now(), GROUP_PACE)

    async def _continue_as_new_if_long(self) -> None:
        """Start the history anew when the server says it is long; the state goes along."""
        if workflow.info().is_continue_as_new_suggested():
            await workflow.wait_condition(workflow.all_handlers_finished)
            group = GroupInput(key=self.state.key, letter=self.state.letter, carried=self.state)
            workflow.continue_as_new(group)

    def _show(self, step: Do | Wait | None) -> None:
        """Tell the Temporal UI and its lists where the group stands."""
        workflow.set_current_details(details(self.state))
        if isinstance(step, Do):
            return  # what an activity changes is over in seconds: lists show waits and ends
        stands = standing(self.state)
        found_by: dict[Any, str] = {
            search_attributes.STATUS: stands.status,
            search_attributes.WAITING_FOR: stands.waiting_for,
        }
        if found_by != self._found_by:
            since = search_attributes.SINCE.value_set(workflow.now())
            workflow.upsert_search_attributes(
                [*(key.value_set(value) for key, value in found_by.items()), since]
            )
            self._found_by = found_by

    def _take(self, message: Message) -> None:
        self.state = taken(self.state, message, workflow.now(), GROUP_PACE)

    def _hear(self, message: Message) -> None:
        """Take a signal, which nobody can refuse: a refusal becomes a line in the timeline."""
        if refused := refusal(self.state, message):
            self.state = self.state.noting(workflow.now(), f"Not taken: {refused.reason}")
        else:
            self._take(message)

    def _refuse(self, message: Message) -> None:
        if refused := refusal(self.state, message):
            raise ApplicationError(refused.reason, refused.reason, refused.next_step)

    async def _act(self, message: Message) -> Answer:
        """Take a person's message; the answer comes when Twilio has what it must be told."""
        self._take(message)
        if not act_settled(self.state):
            await workflow.wait_condition(lambda: act_settled(self.state))
        return act_answer(self.state)

    @workflow.query(name=names.PROGRESS)
    def progress(self) -> LetterProgress:
        """Where the group stands."""
        return progress(self.state)

    @workflow.update(name=names.READ_PROGRESS)
    def read_progress(self) -> None:
        """Where the group stands, told by the refusal of this update: see the orders' contract."""

    @read_progress.validator
    def _tell_progress(self) -> None:
        told = progress(self.state)
        raise ApplicationError(told.reason, told, type=names.READ_PROGRESS)

    @workflow.signal(name=names.JOIN)
    def join(self, joining: Joining) -> None:
        """An order is verified and waits for the letter."""
        self._take(joining)

    @workflow.signal(name=names.LEAVE)
    def leave(self, leaving: Leaving) -> None:
        """An order has ended, or goes another way."""
        self._take(leaving)

    @workflow.update(name=names.SEND_NOW)
    async def send_now(self, message: SendNow) -> Answer:
        """Send the letter to those who wait, without the others."""
        return await self._act(message)

    @send_now.validator
    def _check_send_now(self, message: SendNow) -> None:
        self._refuse(message)

    @workflow.signal(name=names.SEND_NOW)
    def hear_send_now(self, message: SendNow) -> None:
        """The same without an answer."""
        self._hear(message)

    @workflow.update(name=names.RESUME)
    async def resume(self, resumption: Resumption) -> Answer:
        """Go on: a letter that nobody can sign any more is issued anew, to all who are still in."""
        return await self._act(resumption)

    @resume.validator
    def _check_resumption(self, resumption: Resumption) -> None:
        self._refuse(resumption)

    @workflow.signal(name=names.RESUME)
    def hear_resumption(self, resumption: Resumption) -> None:
        """The same without an answer."""
        self._hear(resumption)

    @workflow.update(name=names.AMEND)
    async def amend(self, amendment: LetterAmendment) -> Answer:
        """Change who signs: a letter that is out is withdrawn, changed and sent again."""
        return await self._act(amendment)

    @amend.validator
    def _check_amendment(self, amendment: LetterAmendment) -> None:
        self._refuse(amendment)

    @workflow.signal(name=names.AMEND)
    def hear_amendment(self, amendment: LetterAmendment) -> None:
        """The same without an answer."""
        self._hear(amendment)
