"""The variants of an order that are measured against each other, ready to be run many times."""

import asyncio
import contextlib
import itertools
import sys
import time
import uuid
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from statistics import median
from typing import Any

from benchmarks import bare, dbos_orders, naive, same_shape
from benchmarks.line import Caller, listening
from benchmarks.machine import FROM_HERE, Machine, Place
from benchmarks.outside import Twilio, new_number
from benchmarks.same_shape import Shape
from benchmarks.whole_order import driven


@dataclass
class Rate:
    """Measures how many orders a second a variant brings to their end.

    Attributes:
        machine: the processes whose CPU is noted beside it.
        one: lives one order; it answers the workflow's id.
        orders: how many, all at once.
        cpu: milliseconds per order of each process, of each run; ``outside`` is this process.
        ids: the workflows of the last run.
    """

    machine: Machine
    one: Callable[[], Awaitable[str]]
    orders: int
    cpu: list[dict[str, float]] = field(default_factory=list)
    ids: list[str] = field(default_factory=list)

    async def __call__(self) -> float:
        """Run once; orders per second."""
        before, own = self.machine.cpu(), time.process_time()
        began = time.perf_counter()
        self.ids = await asyncio.gather(*(self.one() for _ in range(self.orders)))
        took = time.perf_counter() - began
        spent = {name: total - before[name] for name, total in self.machine.cpu().items()}
        spent["outside"] = time.process_time() - own
        self.cpu.append({name: round(1000 * each / self.orders, 1) for name, each in spent.items()})
        return self.orders / took

    def usual_cpu(self) -> dict[str, float]:
        """The median of each process that had something to do in a usual run."""
        usual = {name: median(run.get(name, 0.0) for run in self.cpu) for name in self.cpu[-1]}
        return {name: each for name, each in usual.items() if each}


@contextlib.asynccontextmanager
async def whole(place: Place, twilio: Twilio, orders: int) -> AsyncIterator[Rate]:
    """The product: its worker, its library, callbacks as hints."""
    await place.worker("whole")
    async with driven(place, twilio) as drive:
        yield Rate(place.machine, drive.live, orders)


@contextlib.asynccontextmanager
async def smallest(place: Place, orders: int) -> AsyncIterator[Rate]:
    """``benchmarks.bare``."""
    await a_worker(place, "bare", bare.QUEUE)

    async def one() -> str:
        handle = await place.plain.start_workflow(
            bare.Bare.run, id=f"bare/{uuid.uuid4()}", task_queue=bare.QUEUE
        )
        await handle.signal(bare.Bare.tell)
        await handle.result()
        return handle.id

    yield Rate(place.machine, one, orders)


@contextlib.asynccontextmanager
async def shaped(place: Place, shapes: Sequence[Shape], orders: int) -> AsyncIterator[Rate]:
    """``benchmarks.same_shape``, each order in its turn of the shapes of whole ones."""
    path = place.deployment.state / "line"
    tasks: set[asyncio.Task[None]] = set()
    turns = itertools.cycle(shapes)

    def hear(words: dict[str, Any]) -> None:
        send = same_shape.send_messages(
            place.plain, words["workflow"], words["signals"], code=words["code"]
        )
        task = asyncio.create_task(send)
        tasks.add(task)
        task.add_done_callback(_heard(tasks))

    async def one() -> str:
        handle = await place.plain.start_workflow(
            same_shape.SameShape.run,
            next(turns),
            id=f"same-shape/{uuid.uuid4()}",
            task_queue=same_shape.QUEUE,
        )
        await handle.result()
        return handle.id

    async with listening(path, hear):
        await a_worker(place, "same_shape", same_shape.QUEUE, **{same_shape.LINE: str(path)})
        yield Rate(place.machine, one, orders)


def _heard(tasks: set[asyncio.Task[None]]) -> Callable[[asyncio.Task[None]], None]:
    def done(task: asyncio.Task[None]) -> None:
        tasks.discard(task)
        task.exception()  # a hint to an order that has just ended finds nobody, as in the product

    return done


@contextlib.asynccontextmanager
async def first_try(place: Place, twilio: Twilio, orders: int) -> AsyncIterator[Rate]:
    """``benchmarks.naive``; the one callback that is heard is the phone's ringing."""
    environment = place.deployment.environment("twilio")
    await a_worker(place, "naive", naive.QUEUE, **environment)
    naive_ones: set[str] = set()

    async def hear(number: str, status: str) -> None:
        if status == "pending-verification" and number in naive_ones:
            handle = place.plain.get_workflow_handle(f"naive/{number}")
            await handle.signal("hear_code", twilio.code(number))

    async def one() -> str:
        number = new_number()
        naive_ones.add(number)
        handle = await place.plain.start_workflow(
            "NaiveOrder", number, id=f"naive/{number}", task_queue=naive.QUEUE
        )
        await handle.result()
        return handle.id

    with twilio.callbacks.also(hear):
        yield Rate(place.machine, one, orders)


async def a_worker(place: Place, name: str, queue: str, **environment: str) -> None:
    """Start the worker of a variant: ``bare``, ``same_shape`` or ``naive``."""
    command = [sys.executable, "-m", "benchmarks.working", name]
    temporal = place.deployment.environment("temporal")
    await place.run(name, command, queue, **temporal, **environment)


@contextlib.asynccontextmanager
async def on_dbos(place: Place, twilio: Twilio, orders: int) -> AsyncIterator[Rate]:
    """``benchmarks.dbos_orders``, in a process of its own beside the same Twilio."""
    folder = place.deployment.state
    ends: dict[str, asyncio.Future[str]] = {}
    ready = asyncio.Event()

    def hear(words: dict[str, Any]) -> None:
        if number := words.get("ended"):
            ends.pop(number).set_result(words["status"])
        else:
            ready.set()

    async def up() -> bool:
        return ready.is_set()

    async with listening(folder / "dbos-out", hear):
        settings = {
            dbos_orders.IN: str(folder / "dbos-in"),
            dbos_orders.OUT: str(folder / "dbos-out"),
            dbos_orders.DATABASE: str(folder / "dbos.db"),
            **FROM_HERE,
            **place.deployment.environment("twilio"),
        }
        command = [sys.executable, "-m", "benchmarks.dbos_orders"]
        await place.machine.start("dbos", command, settings, up)
        with contextlib.closing(Caller(folder / "dbos-in")) as caller:

            async def tell(number: str, status: str) -> None:
                if number in ends and status in dbos_orders.TOPICS:
                    rings = status == "pending-verification"
                    message = twilio.code(number) if rings else status
                    caller.say(number=number, topic=status, message=message)

            async def one() -> str:
                number = new_number()
                end = ends[number] = asyncio.get_running_loop().create_future()
                caller.say(number=number)
                if await end != "completed":
                    raise AssertionError(f"{number} ended {end.result()}")
                return number

            with twilio.callbacks.also(tell):
                yield Rate(place.machine, one, orders)
