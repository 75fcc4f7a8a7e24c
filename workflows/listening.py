"""How the workflow of an order takes messages: refuse, take, or hear and note."""

from temporalio import workflow
from temporalio.exceptions import ApplicationError

from hosted_numbers import messages
from hosted_numbers.contract import Message
from hosted_numbers.order_state import OrderState
from workflows import patches


class Listening:
    """The state of an order and the three ways in which a message reaches it."""

    state: OrderState

    def refuse(self, message: Message) -> None:
        """Validate an update: a refusal tells why and what to do, and leaves no history event.

        Raises:
            ApplicationError: the message is not taken now; details are reason and next step.
        """
        if refusal := messages.refusal(self.state, message, workflow.now()):
            raise ApplicationError(refusal.reason, refusal.reason, refusal.next_step)

    def take(self, message: Message) -> None:
        """Take a message that was found right, or a machine's hint."""
        self.state = patches.message_taken(
            self.state, messages.taken(self.state, message, workflow.now())
        )

    def hear(self, message: Message) -> None:
        """Take a signal, which nobody can refuse: a refusal becomes a line in the timeline."""
        if refusal := messages.refusal(self.state, message, workflow.now()):
            self.state = self.state.noting(workflow.now(), f"Not taken: {refusal.reason}")
        else:
            self.take(message)
