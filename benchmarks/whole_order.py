"""The product itself: real worker, real API requests, orders from their start to ``completed``."""

import asyncio
from collections.abc import AsyncIterator, Coroutine
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any, Final

from temporalio.client import WorkflowHandle

from benchmarks.machine import Place
from benchmarks.outside import Twilio, an_order, new_number
from hosted_numbers.contract import OrderChanged, Progress, VerificationCodeEntry
from hosted_numbers.errors import RefusedError
from hosted_numbers.gateway.echoes import Echoes
from hosted_numbers.ids import order_workflow_id
from hosted_numbers.orders import HostedNumberOrders

Order = WorkflowHandle[object, Progress]

_PATIENT: Final = timedelta(seconds=30)
"""A full machine takes its time, and a hint that is lost would look like an order that is slow."""


@dataclass
class Drive:
    """Drives orders as a gateway and a person do, with the library that both are built on.

    Each callback of Twilio becomes a hint to its order, unless it is an echo. When a phone rings,
    the person hands the code in at once.

    Attributes:
        place: where the orders live.
        twilio: where they are ordered.
        orders: the library.
        enters_codes: whether the person does.
    """

    place: Place
    twilio: Twilio
    orders: HostedNumberOrders
    enters_codes: bool = True
    _ours: set[str] = field(default_factory=set)
    _echoes: Echoes = field(init=False)
    _tasks: set[asyncio.Task[object]] = field(default_factory=set)

    def __post_init__(self) -> None:
        self._echoes = Echoes(self.orders)

    async def hear(self, number: str, status: str) -> None:
        """Pass a callback on."""
        if number not in self._ours:
            return
        self._later(self._echoes.pass_on(number, OrderChanged(status=status)))
        if status == "pending-verification" and self.enters_codes:
            self._later(self.enter_code(number))

    def _later(self, what: Coroutine[Any, Any, object]) -> None:
        task = asyncio.create_task(what)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def enter_code(self, number: str) -> None:
        """Hand the right code in."""
        entry = VerificationCodeEntry(code=self.twilio.code(number))
        while True:
            try:
                answer = await self.orders.submit_verification_code(number, entry)
            except RefusedError:  # the order has not heard Twilio's answer to its call yet
                await asyncio.sleep(0.05)
            else:
                if not answer.taken:
                    raise AssertionError(answer.reason)
                return

    async def start(self, **changes: object) -> Order:
        """Start one order."""
        number = new_number()
        self._ours.add(number)
        await self.orders.start(an_order(number, **changes))
        return self.place.client.get_workflow_handle(
            order_workflow_id(number), result_type=Progress
        )

    async def live(self) -> str:
        """One order from its start to ``completed``; its workflow."""
        handle = await self.start()
        progress = await handle.result()
        if progress.phase != "completed":
            raise AssertionError(f"{handle.id} ended {progress.phase}: {progress.reason}")
        return handle.id


@asynccontextmanager
async def driven(
    place: Place, twilio: Twilio, *, enters_codes: bool = True
) -> AsyncIterator[Drive]:
    """Callbacks of Twilio drive the orders that are started here."""
    drive = Drive(place, twilio, HostedNumberOrders(place.client, deadline=_PATIENT), enters_codes)
    with twilio.callbacks.also(drive.hear):
        yield drive
