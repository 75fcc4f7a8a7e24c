"""How often something may be done: the rates of the settings, counted in memory or in Redis.

``await limits.check("codes", phone_number)`` counts one more and returns, or raises the problem 429
with ``Retry-After``. A moving window is counted, so that no burst slips through between two
windows. Sources: ASVS V2.4.1, V6.3.1; RFC 6585 for 429.

Each kind and whom it counts:

- ``starts``: orders, by who starts them;
- ``codes``: verification codes, by the order's number. Whoever enters them, they are guesses at one
  secret, so the bound for each caller of an order lies within that of the order;
- ``uploads``: files, by the order's number;
- ``imports``: bulk files that are sent or checked, by who sends them;
- ``decodings``: requests to read payloads, by who reads them;
- ``sign-ins``: passwords, by the address that they come from; ten times as many from all addresses
  together.

A store that does not answer: codes and sign-ins are guesses at a secret, so they are refused with
503 until it does; starts, uploads, imports and decodings are let through, since an order, and a
look at it, matters more than its rate.
"""

import asyncio
import logging
import math
import time
from datetime import timedelta
from typing import Final, Literal, TypeAlias, cast

from limits import RateLimitItem, parse
from limits.aio.storage import Storage
from limits.aio.strategies import MovingWindowRateLimiter
from limits.errors import ConfigurationError, StorageError
from limits.storage import storage_from_string

from hosted_numbers.errors import SettingsError
from hosted_numbers.gateway.problems import RETRY_AFTER, Problem
from hosted_numbers.settings import Settings

_log = logging.getLogger(__name__)

Kind: TypeAlias = Literal["starts", "codes", "uploads", "imports", "decodings", "sign-ins"]

_GUESSES: Final = frozenset[Kind]({"codes", "sign-ins"})
_ALL_TOGETHER: Final = 10
_STORE_PATIENCE: Final = timedelta(seconds=1)
_WORDS: Final[dict[Kind, str]] = {
    "starts": "Too many orders were started.",
    "codes": "Too many codes were entered for this order.",
    "uploads": "Too many files were sent for this order.",
    "imports": "Too many bulk files were sent.",
    "decodings": "Payloads were read too often.",
    "sign-ins": "Too many passwords were tried.",
}


class RateLimits:
    """The rates by the settings.

    Args:
        settings: the rates, and where they are counted.
        patience: how long the store may take to answer.

    Raises:
        SettingsError: the store is of an unknown kind, or its package is not installed.
    """

    def __init__(self, settings: Settings, patience: timedelta = _STORE_PATIENCE) -> None:
        self._items: dict[Kind, RateLimitItem] = {
            "starts": parse(settings.hosted_numbers_rate_limit_starts),
            "codes": parse(settings.hosted_numbers_rate_limit_codes),
            "uploads": parse(settings.hosted_numbers_rate_limit_uploads),
            "imports": parse(settings.hosted_numbers_rate_limit_imports),
            "decodings": parse(settings.hosted_numbers_rate_limit_decodings),
            "sign-ins": parse(settings.hosted_numbers_rate_limit_sign_ins),
        }
        self._patience = patience.total_seconds()
        store = settings.hosted_numbers_rate_limit_store.get_secret_value()
        self._limiter = MovingWindowRateLimiter(_store(store))

    async def check(self, kind: Kind, *identity: str) -> None:
        """Count one more of a kind.

        Args:
            kind: what is done.
            identity: whom it counts for, as the module says.

        Raises:
            Problem: 429 with Retry-After, it is one too many; or 503, nobody can tell whether it
                is and it must not be let through.
        """
        item = self._items[kind]
        await self._count(kind, item, *identity)
        if kind == "sign-ins":
            all_together = type(item)(item.amount * _ALL_TOGETHER, item.multiples)
            await self._count(kind, all_together, "all addresses")

    async def _count(self, kind: Kind, item: RateLimitItem, *identity: str) -> None:
        try:
            async with asyncio.timeout(self._patience):
                if await self._limiter.hit(item, kind, *identity):
                    return
                reset = (await self._limiter.get_window_stats(item, kind, *identity)).reset_time
        except (StorageError, TimeoutError) as error:
            why = type(error).__name__
            told = {"limit": kind, "kind": why}
            _log.warning("The store of the rate limits does not answer: %s", why, extra=told)
            if kind in _GUESSES:
                raise _cannot_count() from None
            return
        _log.warning("Rate limit of %s reached", kind, extra={"limit": kind})
        raise _too_many(kind, item, max(1, math.ceil(reset - time.time())))


def _store(address: str) -> Storage:
    try:
        store = storage_from_string(f"async+{address}", wrap_exceptions=True)
    except (ConfigurationError, ValueError) as error:
        # Its words may hold the address, which may hold a password.
        raise SettingsError(
            f"The store of the rate limits cannot be used ({type(error).__name__}).",
            "Set HOSTED_NUMBERS_RATE_LIMIT_STORE to memory://, or to redis://host:port/0 with the "
            "package redis installed.",
        ) from None
    return cast("Storage", store)  # what async+ leads to


def _too_many(kind: Kind, item: RateLimitItem, seconds: int) -> Problem:
    window = timedelta(seconds=item.get_expiry())
    return Problem(
        429,
        "rate-limited",
        "Too many of these in a short time",
        detail=f"{_WORDS[kind]} {item.amount} are taken within {window}.",
        next_step=f"Try again in {seconds} seconds; nothing was started or changed.",
        headers={"Retry-After": str(seconds)},
    )


def _cannot_count() -> Problem:
    return Problem(
        503,
        "rate-limits-unavailable",
        "The rate limits cannot be counted",
        detail="The store of the rate limits does not answer, and without it nothing that could "
        "be a guess at a secret is let through.",
        next_step="Try again shortly; nothing was started or changed.",
        headers=RETRY_AFTER,
    )
