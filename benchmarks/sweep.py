"""Rows 5 and 6: what the status sweep asks of Twilio, of a worker's CPU and of Temporal."""

import dataclasses
import json
import time
import uuid
from datetime import UTC, datetime, timedelta
from statistics import median
from typing import Final

from rich.console import Console
from temporalio.client import Client
from temporalio.testing import ActivityEnvironment

from activities.hinting import AT_ONCE
from activities.sweep import SweepActivities
from benchmarks.costs import PAGE, per_hour
from benchmarks.listed_twilio import STATUS, Listed, a_listed_twilio
from benchmarks.machine import a_place
from benchmarks.results import Goal, Result, figure, ratios
from benchmarks.rounds import by_turns
from benchmarks.shown_orders import Stored, open_orders, start
from hosted_numbers.sweeping import SweepReport, SweepTask
from hosted_numbers.twilio import TwilioClient

OPEN: Final = 2_000
SCALED: Final = 100_000
LISTED: Final = 10_000
CHANGED: Final = 500


async def sweep(twilio: TwilioClient, client: Client, *, full: bool = False) -> SweepReport:
    """One sweep by the product's activity, of a worker that gave no hints yet."""
    activities = SweepActivities(twilio, client, callbacks=True, grace=timedelta(0))
    environment = ActivityEnvironment()
    now = datetime.now(UTC)
    environment.info = dataclasses.replace(environment.info, started_time=now)
    report: SweepReport = await environment.run(activities.sweep, SweepTask(at=now, full=full))
    return report


async def row_5(console: Console) -> list[Result]:
    """Count the requests of sweeps over open orders, and scale them by pages."""
    async with a_place() as place, a_listed_twilio(OPEN) as twilio:
        await open_orders(place.client, OPEN)
        counted = []
        for full in (False, True):
            before = await twilio.requests()
            report = await sweep(twilio.client, place.client, full=full)
            counted.append(await twilio.requests() - before)
            if report.open_orders != OPEN or report.requests != counted[-1]:
                raise AssertionError(f"{report!r} does not fit {counted[-1]} requests")
        quiet = report
        await twilio.move(CHANGED, "testing")
        lost = await sweep(twilio.client, place.client)
    listing, with_all = counted
    hourly = with_all - listing
    paged = listing * SCALED // OPEN
    figures = {
        "quiet": per_hour(quiet, paged, hourly),
        "lost": per_hour(lost, paged, hourly),
    }
    console.print(
        f"  {OPEN} open: {listing} requests a sweep, {hourly} more once an hour; "
        f"{lost.signalled} of {CHANGED} changes told",
        highlight=False,
    )
    blind = (
        f"Counted with {OPEN:,} open orders in one status, scaled by pages of {PAGE}; the rule "
        "that spaces sweeps is the product's, asked at each tick of a week. Each status in use "
        "adds a page that is not full, and orders in pending-loa a list of letters."
    )
    details = {
        "requests_of_a_sweep": listing,
        "more_once_an_hour": hourly,
        "sweep_requests_per_hour": figures,
    }
    return [
        Result(
            5,
            f"API requests per hour with {SCALED:,} open orders, callbacks on",
            Goal("<=", 100),
            [figures["quiet"]],
            blind,
            details,
        ),
        Result(
            5,
            "the same with all callbacks lost, a sweep a minute; and 1 for each change",
            Goal("<=", 6000),
            [figures["lost"]],
            blind,
            details,
        ),
    ]


async def row_6(repetitions: int, console: Console) -> list[Result]:
    """The CPU of a sweep, and how fast it tells orders that changed."""
    return [
        await _cpu_of_a_sweep(repetitions, console),
        await _signals_against_starts(repetitions, console),
    ]


async def _cpu_of_a_sweep(repetitions: int, console: Console) -> Result:
    async with a_listed_twilio(LISTED) as twilio:
        stored = Stored(LISTED)
        raw = await _raw_pages(twilio)

        async def sweeping_cpu() -> float:
            began = time.process_time()
            report = await sweep(twilio.client, stored.client())
            took = time.process_time() - began
            if sum(report.listed.values()) != LISTED or report.signalled:
                raise AssertionError(repr(report))
            return took

        async def decoding_cpu() -> float:
            began = time.process_time()
            for page in raw:
                json.loads(page)
            return time.process_time() - began

        await sweeping_cpu()
        figures = await by_turns(
            {"sweep": sweeping_cpu, "json.loads": decoding_cpu}, repetitions, console
        )
    return Result(
        6,
        f"sweep of {LISTED:,} open orders, client CPU",
        Goal("<=", 0.15, "s"),
        figures["sweep"],
        "Twilio's pages are real; the rows of Temporal's visibility store come from memory, where "
        "they are decoded but not waited for. Seconds of one core of this machine: beside it, "
        "the file has the ratio to json.loads of the same pages.",
        {"against_json_loads": ratios(figures["sweep"], figures["json.loads"])},
    )


async def _raw_pages(twilio: Listed) -> list[bytes]:
    path: str | None = f"/HostedNumbers/HostedNumberOrders?Status={STATUS}&PageSize={PAGE}"
    pages = []
    while path:
        pages.append(await twilio.raw(path))
        following = json.loads(pages[-1])["meta"]["next_page_url"]
        path = following.removeprefix(twilio.origin) if following else None
    return pages


async def _signals_against_starts(repetitions: int, console: Console) -> Result:
    alone: list[float] = []
    async with a_place() as place, a_listed_twilio(CHANGED) as twilio:
        await open_orders(place.client, CHANGED)

        async def seconds(status: str, told: int) -> float:
            await twilio.move(CHANGED, status)
            began = time.perf_counter()
            report = await sweep(twilio.client, place.client)
            took = time.perf_counter() - began
            if report.signalled != told:
                raise AssertionError(repr(report))
            return took

        async def signals() -> float:
            lists = await seconds(STATUS, 0)
            whole = await seconds("testing", CHANGED)
            alone.append(CHANGED / (whole - lists))
            return CHANGED / whole

        async def starts() -> float:
            began = time.perf_counter()
            await start(place.client, [f"start/{uuid.uuid4()}" for _ in range(CHANGED)], "none")
            return CHANGED / (time.perf_counter() - began)

        await signals()
        alone.clear()
        figures = await by_turns({"signals": signals, "starts": starts}, repetitions, console)
    telling = ratios(alone, figures["starts"])
    return Result(
        6,
        f"changed orders signalled per second by a sweep, against start_workflow, {AT_ONCE} at "
        "once",
        Goal(">=", 3),
        ratios(figures["signals"], figures["starts"]),
        "No worker takes the tasks up, and the sweep's pause of 5 s for callbacks on their way is "
        "left out; its lists and its second look at each order are in it. Without what a sweep "
        f"takes in which nothing changed, its lists, it is {figure(median(telling))} starts.",
        {"per_second": figures, "without_lists": telling},
    )
