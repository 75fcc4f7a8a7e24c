"""Proof of ownership, as people take part in it: a code, a call they ask for, a document.

Each act is an update, whose validator refuses it before it leaves a trace and whose answer tells
what came of it, with a signal twin for those who cannot wait for one.
"""

from temporalio import workflow

from hosted_numbers import contract, messages
from hosted_numbers.contract import (
    Answer,
    ProvidedDocument,
    VerificationCallRequest,
    VerificationCodeEntry,
)
from hosted_numbers.provided_documents import document_answer, document_settled
from workflows.listening import Listening


class Verification(Listening):
    """The messages of the verification phase."""

    @workflow.update(name=contract.SUBMIT_VERIFICATION_CODE)
    async def submit_verification_code(self, entry: VerificationCodeEntry) -> Answer:
        """Hand in the code that was heard; the answer says right, wrong or expired."""
        self.take(entry)
        ticket = messages.ticket_of(self.state, entry)
        await workflow.wait_condition(lambda: ticket in self.state.verdicts)
        return self.state.verdicts[ticket]

    @submit_verification_code.validator
    def _check_verification_code(self, entry: VerificationCodeEntry) -> None:
        self.refuse(entry)

    @workflow.signal(name=contract.SUBMIT_VERIFICATION_CODE)
    def hear_verification_code(self, entry: VerificationCodeEntry) -> None:
        """The same without an answer."""
        self.hear(entry)

    @workflow.update(name=contract.REQUEST_VERIFICATION_CALL)
    async def request_verification_call(self, request: VerificationCallRequest) -> Answer:
        """Have Twilio call the number; the answer comes when it does, or cannot."""
        self.take(request)
        await workflow.wait_condition(lambda: messages.call_settled(self.state))
        return messages.call_answer(self.state)

    @request_verification_call.validator
    def _check_verification_call(self, request: VerificationCallRequest) -> None:
        self.refuse(request)

    @workflow.signal(name=contract.REQUEST_VERIFICATION_CALL)
    def hear_verification_call(self, request: VerificationCallRequest) -> None:
        """The same without an answer."""
        self.hear(request)

    @workflow.update(name=contract.PROVIDE_DOCUMENT)
    async def provide_document(self, provided: ProvidedDocument) -> Answer:
        """Take a file of the blob store; the answer comes when Twilio has it, or refused it."""
        self.take(provided)
        ticket = self.state.tickets
        await workflow.wait_condition(lambda: document_settled(self.state, provided.type, ticket))
        return document_answer(self.state, provided.type, ticket)

    @provide_document.validator
    def _check_document(self, provided: ProvidedDocument) -> None:
        self.refuse(provided)

    @workflow.signal(name=contract.PROVIDE_DOCUMENT)
    def hear_document(self, provided: ProvidedDocument) -> None:
        """The same without an answer."""
        self.hear(provided)
