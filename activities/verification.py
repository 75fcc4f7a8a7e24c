"""Proof of ownership at Twilio: place the call, hand in the code."""

from typing import Final

from temporalio import activity

from activities.failures import twilio_failures
from activities.snapshots import snapshot
from hosted_numbers import steps
from hosted_numbers.steps import CallPlacement, CodeSubmission, OrderSnapshot
from hosted_numbers.twilio import RefusedError, TwilioClient

WRONG_OR_EXPIRED: Final = 22113
NO_CODE_EXPECTED: Final = 22114

_UNVERIFIED: Final = frozenset({"received", "pending-verification", "action-required", "failed"})


class VerificationActivities:
    """The verification call of one order."""

    def __init__(self, twilio: TwilioClient) -> None:
        self._twilio = twilio

    @activity.defn(name=steps.PLACE_CALL)
    async def place_call(self, placement: CallPlacement) -> OrderSnapshot:
        """Have Twilio call the number: it does so on Status=pending-verification.

        Not safe to run twice, as each run rings a real phone; its policy gives it one attempt, and
        after an unknown outcome the workflow looks at the order before it decides to call again.
        """
        with twilio_failures():
            return snapshot(
                await self._twilio.hosted_number_orders.update(
                    placement.sid,
                    status="pending-verification",
                    extension=placement.extension,
                    call_delay=placement.call_delay,
                    verification_type=placement.verification_type,
                )
            )

    @activity.defn(name=steps.SUBMIT_CODE)
    async def submit_code(self, submission: CodeSubmission) -> OrderSnapshot:
        """Hand in the code that a person heard, and say whether it was right.

        Safe to run twice: after a lost answer Twilio says 'no code expected' (22114), and the
        order, looked at anew, tells whether the first one was right.
        """
        orders = self._twilio.hosted_number_orders
        with twilio_failures():
            try:
                order = await orders.update(submission.sid, verification_code=submission.code)
            except RefusedError as error:
                if error.code not in {WRONG_OR_EXPIRED, NO_CODE_EXPECTED}:
                    raise
                order = await orders.fetch(submission.sid)
                right = error.code == NO_CODE_EXPECTED and order.status not in _UNVERIFIED
                return snapshot(order, code_accepted=right)
            return snapshot(order, code_accepted=True)
