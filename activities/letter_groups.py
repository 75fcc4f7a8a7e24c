"""Letters that many orders share: orders and their group tell each other; the letter at Twilio."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from typing import Any, Final, NamedTuple

from temporalio import activity

from activities.failures import twilio_failures
from activities.letters import found_letter, reopened
from hosted_numbers import steps as order_steps
from hosted_numbers.contract import OrderChanged
from hosted_numbers.letter_groups import steps
from hosted_numbers.letter_groups.client import LetterGroups
from hosted_numbers.letter_groups.contract import Joining, Leaving
from hosted_numbers.letter_groups.state import ALIVE
from hosted_numbers.letter_groups.steps import (
    LetterChange,
    LetterLookup,
    LetterNews,
    LetterRequest,
    LetterSnapshot,
)
from hosted_numbers.order_documents import MISSING
from hosted_numbers.steps import GroupCall, GroupTold
from hosted_numbers.twilio import (
    AuthorizationDocument,
    HostedNumberOrder,
    NotFoundError,
    RefusedError,
    TwilioClient,
)

ORDER_NOT_TAKEN: Final = 22101

_SAMPLE: Final = 3
"""Orders that are looked at before a letter is sent: a letter that is out has them all."""

_AT_ONCE: Final = 10
_TOLD_AT_ONCE: Final = 25
_PAGE: Final = 1000


class GroupCallActivities:
    """What an order tells its group."""

    def __init__(self, groups: LetterGroups) -> None:
        self._groups = groups

    def all(self) -> tuple[Callable[..., Awaitable[Any]], ...]:
        """Every activity of it."""
        return self.join, self.leave, self.tell

    @activity.defn(name=order_steps.JOIN_LETTER_GROUP)
    async def join(self, call: GroupCall) -> GroupTold:
        """Tell the group that the order waits. Safe to run twice: it says where the order is."""
        joining = Joining(
            phone_number=call.phone_number,
            sid=call.sid or "",
            size=call.size,
            voided_document_sid=call.voided_document_sid,
        )
        await self._groups.join(call.group, call.letter, joining, customer=call.customer)
        return GroupTold(group=call.group)

    @activity.defn(name=order_steps.LEAVE_LETTER_GROUP)
    async def leave(self, call: GroupCall) -> GroupTold:
        """Tell the group that the order does not need the letter. Safe to run twice."""
        leaving = Leaving(phone_number=call.phone_number, size=call.size)
        await self._groups.leave(
            call.group, call.letter, leaving, customer=call.customer, joined=call.joined
        )
        return GroupTold(group=call.group)

    @activity.defn(name=steps.TELL_ORDERS)
    async def tell(self, news: LetterNews) -> None:
        """Have orders look at Twilio, some at a time.

        Safe to run twice: a hint is no more than that. A repeated try goes on after the orders that
        the heartbeat counted.
        """
        told = int(next(iter(activity.info().heartbeat_details), 0))
        hint = OrderChanged(status=news.status)
        while told < len(news.phone_numbers):
            some = news.phone_numbers[told : told + _TOLD_AT_ONCE]
            await asyncio.gather(*(self._groups.tell_order(number, hint) for number in some))
            told += len(some)
            activity.heartbeat(told)


class _Sorted(NamedTuple):
    """A group's orders, as Twilio has them one by one."""

    free: list[str]
    """May be put on a letter."""
    on: dict[str, list[str]]
    """Are on a letter that lives, by its SID."""


class LetterGroupActivities:
    """The letter of a group at Twilio: one AuthorizationDocument for many orders."""

    def __init__(self, twilio: TwilioClient) -> None:
        self._twilio = twilio

    @activity.defn(name=steps.FIND_OR_CREATE_LETTER)
    async def find_or_create(self, request: LetterRequest) -> LetterSnapshot:
        """Send the letter out for signature, unless it is out.

        Safe to run twice: a create mails a legal document, so each try first looks at some of the
        orders, and one that follows another also among the documents that the signer has. Where
        Twilio refuses an order (22101), each is looked at, and those that can be on no letter are
        left out.
        """
        with twilio_failures():
            if found := await self._found(request):
                return found
            try:
                return _snapshot(await self._create(request, request.order_sids))
            except RefusedError as error:
                if error.code != ORDER_NOT_TAKEN:
                    raise
                return await self._without_strangers(request, error)

    @activity.defn(name=steps.FETCH_LETTER)
    async def fetch(self, lookup: LetterLookup) -> LetterSnapshot:
        """What Twilio says of the letter. Only reads."""
        with twilio_failures():
            letter = await found_letter(self._twilio, lookup.document_sid)
            return _snapshot(letter) if letter else _missing(lookup.document_sid)

    @activity.defn(name=steps.REOPEN_LETTER)
    async def reopen(self, lookup: LetterLookup) -> LetterSnapshot:
        """Withdraw the letter from its signer, so that it can be changed.

        Safe to run twice: a withdrawn letter is left as it is, and so is one that was signed.
        """
        with twilio_failures():
            letter = await found_letter(self._twilio, lookup.document_sid)
            if letter is None:
                return _missing(lookup.document_sid)
            return _snapshot(await reopened(self._twilio, letter))

    @activity.defn(name=steps.RESEND_LETTER)
    async def resend(self, change: LetterChange) -> LetterSnapshot:
        """Change a withdrawn letter and send it again, for the orders that are still in.

        Safe to run twice: nobody but this sends a withdrawn letter, so one that is out was sent by
        an earlier try and is not mailed again.
        """
        with twilio_failures():
            letter = await found_letter(self._twilio, change.document_sid)
            if letter is None:
                return _missing(change.document_sid)
            if letter.status != "opened":
                return _snapshot(letter)
            try:
                return _snapshot(await self._send(change, change.order_sids))
            except RefusedError as error:
                if error.code != ORDER_NOT_TAKEN:
                    raise
                sorted_out = await self._sorted(change.order_sids)
                kept = [*sorted_out.on.get(letter.sid, ()), *sorted_out.free]
                if not kept or len(kept) == len(change.order_sids):
                    raise
                left_out = tuple(sid for sid in change.order_sids if sid not in kept)
                return _snapshot(await self._send(change, kept), left_out=left_out)

    async def _found(self, request: LetterRequest) -> LetterSnapshot | None:
        """The letter that an earlier try sent, and which orders are not on it."""
        sample = (await self._sorted(request.order_sids[:_SAMPLE])).on
        for sid in sample:
            if found := await self._adopted(request, sid):
                return found
        if not request.in_doubt and activity.info().attempt == 1:
            return None
        for email in request.emails:
            async for letter in self._twilio.authorization_documents.list(email=email):
                if letter.status in ALIVE and (found := await self._adopted(request, letter.sid)):
                    return found
        return None

    async def _adopted(self, request: LetterRequest, sid: str) -> LetterSnapshot | None:
        """A letter as the group's own: it lives, went to the group's signer, and has its orders."""
        documents = self._twilio.authorization_documents
        activity.heartbeat()
        letter = await found_letter(self._twilio, sid)
        emails = {email.casefold() for email in request.emails}
        if letter is None or (letter.email or "").casefold() not in emails:
            return None
        dependents = documents.dependent_hosted_number_orders(sid, page_size=_PAGE)
        on_it = {order.sid async for order in dependents}
        if not on_it & set(request.order_sids):
            return None
        left_over = tuple(sid for sid in request.order_sids if sid not in on_it)
        return _snapshot(letter, left_over=left_over)

    async def _without_strangers(
        self, request: LetterRequest, refused: RefusedError
    ) -> LetterSnapshot:
        """Send the letter for those orders alone that Twilio can take, or find who has it."""
        sorted_out = await self._sorted(request.order_sids)
        for sid in sorted_out.on:
            if found := await self._adopted(request, sid):
                return found
        left_out = tuple(sid for sid in request.order_sids if sid not in sorted_out.free)
        if not left_out:
            raise refused
        if not sorted_out.free:
            return LetterSnapshot(left_out=left_out)
        return _snapshot(await self._create(request, sorted_out.free), left_out=left_out)

    async def _sorted(self, sids: Sequence[str]) -> _Sorted:
        """Look at each order, a few at a time, and at each letter that they are on once."""
        turns = asyncio.Semaphore(_AT_ONCE)

        async def look(sid: str) -> HostedNumberOrder | None:
            async with turns:
                activity.heartbeat()
                try:
                    return await self._twilio.hosted_number_orders.fetch(sid)
                except NotFoundError:
                    return None

        orders = [order for order in await asyncio.gather(*map(look, sids)) if order is not None]
        letters = {order.signing_document_sid for order in orders} - {None}
        living = {sid for sid in letters if sid and await self._lives(sid)}
        found = _Sorted([], {})
        for order in orders:
            letter = order.signing_document_sid
            if letter in living and letter is not None:
                found.on.setdefault(letter, []).append(order.sid)
            elif order.status in {"verified", "pending-loa"}:
                found.free.append(order.sid)
        return found

    async def _lives(self, sid: str) -> bool:
        activity.heartbeat()
        letter = await found_letter(self._twilio, sid)
        return letter is not None and letter.status in ALIVE

    async def _create(self, request: LetterRequest, sids: Sequence[str]) -> AuthorizationDocument:
        activity.heartbeat()
        return await self._twilio.authorization_documents.create(
            hosted_number_order_sids=sids,
            address_sid=request.address_sid,
            email=request.email,
            contact_title=request.contact_title,
            contact_phone_number=request.contact_phone_number,
            cc_emails=request.cc_emails,
        )

    async def _send(self, change: LetterChange, sids: Sequence[str]) -> AuthorizationDocument:
        activity.heartbeat()
        return await self._twilio.authorization_documents.update(
            change.document_sid,
            hosted_number_order_sids=sids,
            address_sid=change.address_sid,
            email=change.email,
            contact_title=change.contact_title,
            contact_phone_number=change.contact_phone_number,
            cc_emails=change.cc_emails or None,  # none: Twilio cannot clear them
            status="signing",
        )


def _snapshot(
    letter: AuthorizationDocument,
    *,
    left_out: tuple[str, ...] = (),
    left_over: tuple[str, ...] = (),
) -> LetterSnapshot:
    return LetterSnapshot(
        sid=letter.sid, status=letter.status, left_out=left_out, left_over=left_over
    )


def _missing(sid: str) -> LetterSnapshot:
    return LetterSnapshot(sid=sid, status=MISSING)
