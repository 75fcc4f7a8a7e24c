"""Callbacks that are worth a hint to their order, and no more hints than need be.

When an order is created, has a call placed, hands a code in or sends its letter, Twilio answers
with the new status and calls back with it as well. To pass that on would be an event, mostly a
workflow task and a billed action for no news, several times in each order's life. So a callback
about such a status waits for a moment, in which the order notes what it was answered, and is then
compared with that.

A hint says no more than "look at Twilio". So what comes for an order while another hint is held
back, or is on its way, goes together with it or with the next one.

Twilio calls back once. So what could not be told, as Temporal was away, is told when it is back.

Twilio is answered within a second. What takes longer is done behind the answer: the order has not
shown itself yet, as its worker is busy or gone, or the machine has much to do.
"""

import asyncio
import contextlib
import logging
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Final

from temporalio.service import RPCError

from hosted_numbers.contract import OrderChanged
from hosted_numbers.errors import TemporalUnavailableError
from hosted_numbers.order_lists import OrderSummary
from hosted_numbers.orders import HostedNumberOrders

_log = logging.getLogger(__name__)

PATIENCE: Final = timedelta(seconds=0.5)
"""A person who keyed the code into the phone waits as long for the letter."""

ANSWERED: Final = timedelta(seconds=0.7)
"""No callback waits longer, unless Temporal is known to be away: that is what it is told then."""

_MOMENTS: Final = 4
"""So often is an order waited for that has not shown itself yet: it is busy with its first acts."""

_OWN: Final = ("received", "pending-verification", "verified", "pending-loa")
"""What an order's own acts lead to, one after another."""

MOST_OWED: Final = 100_000
"""Orders that are still to be told, a number each; the status sweep finds the news of any other."""

_FIRST_PAUSE: Final = timedelta(seconds=1)
_LONGEST_PAUSE: Final = timedelta(seconds=15)

_LAST_WORDS: Final = timedelta(seconds=1)

_JUST_NOW: Final = timedelta(seconds=30)
"""So soon, nothing leads back: no signer has declined the letter."""


class Echoes:
    """Passes callbacks on to the orders of one gateway, except what an order knows already.

    Args:
        orders: who is told.
        patience: how long a callback is held back that may be an echo.
        count: is told what became of each hint: ``told``, ``known`` (an echo), ``unknown`` (no open
            order), ``owed``, and of that later ``told-late`` or ``lost``.
    """

    def __init__(
        self,
        orders: HostedNumberOrders,
        patience: timedelta = PATIENCE,
        count: Callable[[str], None] = lambda _: None,
    ) -> None:
        self._orders = orders
        self._count = count
        self._patience = patience.total_seconds()
        self._rounds: dict[str, _Round] = {}
        self._owed: dict[str, None] = {}
        self._paying: asyncio.Task[None] | None = None
        self._telling: dict[asyncio.Task[bool], _Round] = {}

    async def pass_on(self, phone_number: str, hint: OrderChanged) -> bool:
        """Tell an order that it may have moved, unless it knows.

        Returns:
            Whether there is an open order. True as well where that takes longer to find out.

        Raises:
            TemporalUnavailableError: the order could not be told yet; it is, once that is possible.
                While one is owed a hint already, this is waited for.
        """
        last = self._rounds.get(phone_number)
        if last is None or last.gone:
            last = self._rounds[phone_number] = _Round(last)
            last.told = asyncio.create_task(self._tell(phone_number, last), name="hint")
            self._telling[last.told] = last
            last.told.add_done_callback(self._was_told)
        last.join(hint.status)
        return await last.answer(None if self._owed else ANSWERED)

    @property
    def owed(self) -> int:
        """How many orders are still to be told."""
        return len(self._owed)

    async def close(self) -> None:
        """Tell at once what can be told; the status sweep finds what is left, or is still owed."""
        for these in self._telling.values():
            these.hurry()
        if self._telling:
            await asyncio.wait(self._telling, timeout=_LAST_WORDS.total_seconds())
        left = [*self._telling, *([self._paying] if self._paying is not None else [])]
        for task in left:
            task.cancel()
        await asyncio.gather(*left, return_exceptions=True)

    def _was_told(self, telling: asyncio.Task[bool]) -> None:
        """Nobody may wait for it any more; what Temporal was away for is owed already."""
        del self._telling[telling]
        error = None if telling.cancelled() else telling.exception()
        if error is not None and not isinstance(error, TemporalUnavailableError):
            _log.warning("A hint is lost: %s", type(error).__name__)

    async def _tell(self, phone_number: str, these: "_Round") -> bool:
        try:
            await these.turn()
            for moment in range(_MOMENTS):
                waited = these.age if moment == 0 else 0.0
                if await these.is_news(self._patience - waited):
                    break
                order = await self._orders.summary(phone_number)
                if order is None or not order.open:
                    self._count("unknown")
                    return False
                if all(_is_echo(each, order) for each in these.statuses):
                    self._count("known")
                    return True
                if order.status is not None:
                    break
                these.later.set()
            these.gone = True
            is_open = await self._orders.order_changed(phone_number, these.hint())
            self._count("told" if is_open else "unknown")
            return is_open  # noqa: TRY300 - the order is owed nothing any more
        except TemporalUnavailableError:
            self._owe(phone_number)
            raise
        finally:
            these.gone = True
            if self._rounds.get(phone_number) is these:
                del self._rounds[phone_number]

    def _owe(self, phone_number: str) -> None:
        self._count("owed")
        if len(self._owed) < MOST_OWED:
            self._owed[phone_number] = None
        if self._paying is None or self._paying.done():
            self._paying = asyncio.create_task(self._pay(), name="hints that are owed")

    async def _pay(self) -> None:
        pause = _FIRST_PAUSE
        while self._owed:
            await asyncio.sleep(pause.total_seconds())
            pause = min(2 * pause, _LONGEST_PAUSE)
            with contextlib.suppress(TemporalUnavailableError):
                while phone_number := next(iter(self._owed), None):
                    try:
                        await self._orders.order_changed(phone_number, OrderChanged())
                    except RPCError as error:
                        kind = error.status.name
                        _log.warning("A hint that was owed is lost: %s", kind, extra={"kind": kind})
                        self._count("lost")
                    else:
                        self._count("told-late")
                    del self._owed[phone_number]


class _Round:
    """Callbacks about one order that become one hint.

    Attributes:
        statuses: what they say.
        gone: whether their hint is on its way, so that no other can join.
        later: set when there is an open order, and it is told behind the answer.
        told: whether there is an open order, once that is known.
    """

    told: asyncio.Task[bool]

    def __init__(self, before: "_Round | None") -> None:
        self.statuses: set[str | None] = set()
        self.gone = False
        self.later = asyncio.Event()
        if before is not None and before.later.is_set():
            self.later.set()  # it waits for that one
        self._before = before
        self._began = asyncio.get_running_loop().time()
        self._news = asyncio.Event()

    @property
    def age(self) -> float:
        """Seconds since the first callback of the round, while it waited for its turn."""
        return asyncio.get_running_loop().time() - self._began

    def join(self, status: str | None) -> None:
        """One more callback."""
        self.statuses.add(status)
        if status not in _OWN:
            self._news.set()

    async def answer(self, within: timedelta | None) -> bool:
        """Whether there is an open order, as soon as that is known; True if it is not in time."""
        later = asyncio.create_task(self.later.wait())
        seconds = within.total_seconds() if within is not None else None
        try:
            # Waits, and cancels nothing: who leaves must not take the answer from the others.
            await asyncio.wait(
                [self.told, later], timeout=seconds, return_when=asyncio.FIRST_COMPLETED
            )
        finally:
            later.cancel()
        return self.told.result() if self.told.done() else True

    def hurry(self) -> None:
        """Wait for the order no more."""
        self._news.set()

    async def turn(self) -> None:
        """Wait until the hint before is told."""
        if self._before is not None:
            await asyncio.wait([self._before.told])
            self._before = None

    async def is_news(self, patience: float) -> bool:
        """Whether something comes within seconds that an order does not lead to by itself."""
        try:
            async with asyncio.timeout(patience):
                return await self._news.wait()
        except TimeoutError:
            return False

    def hint(self) -> OrderChanged:
        """What the order is told: the status, where all say the same."""
        return OrderChanged(status=next(iter(self.statuses)) if len(self.statuses) == 1 else None)


def _is_echo(status: str | None, order: OrderSummary) -> bool:
    """Whether the order stands there, or has come further just now."""
    if order.status == status:
        return True
    just_now = order.since is not None and datetime.now(UTC) - order.since < _JUST_NOW
    return just_now and status in _OWN and order.status in _OWN[_OWN.index(status) :]
