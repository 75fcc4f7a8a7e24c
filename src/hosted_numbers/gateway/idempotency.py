"""``Idempotency-Key``: a request that is sent again with the same key is carried out once.

As Stripe has it, and named as in the IETF's draft "The Idempotency-Key HTTP Header Field". What is
durable is Temporal's: an order keeps the key that started it in its memo, and the update of an act
is named by its key, so that it is taken once and answered alike (``HostedNumberOrders``). This
holds when the gateway was killed, and with several gateways.

Beside it this process remembers what each key was used for, to find one that is used for something
else; for 24 hours, and the newest 10,000 keys. A key counts from the first answer that is no
problem: what was refused may be mended and sent again under its key.
"""

import hashlib
import logging
import time
from collections import OrderedDict
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from typing import Annotated, Any, Final

from fastapi import Depends, Header, Request, Response
from pydantic import AfterValidator

from hosted_numbers.errors import IdempotencyKeyReusedError
from hosted_numbers.gateway.principals import Principal
from hosted_numbers.gateway.scopes import known

_log = logging.getLogger(__name__)

REPLAYED: Final = "Idempotency-Replayed"
REPLAYED_HEADER: Final[dict[str, Any]] = {
    REPLAYED: {
        "description": "true where this was answered before under the same Idempotency-Key",
        "schema": {"type": "string", "enum": ["true"]},
    }
}
"""What the description of an answer says of it."""

_LIFE: Final = timedelta(hours=24)
_MOST: Final = 10_000
_LONGEST: Final = 255
_VISIBLE: Final = range(0x21, 0x7F)


@dataclass
class _Use:
    """What a key was used for."""

    fingerprint: str
    since: float
    under_way: int = 0
    answered: bool = False


class IdempotencyMemory:
    """What each key was used for, while this process lives.

    Args:
        clock: seconds that only ever go on.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._uses: OrderedDict[str, _Use] = OrderedDict()

    def __len__(self) -> int:
        return len(self._uses)

    @contextmanager
    def using(self, identity: str, fingerprint: str) -> Iterator[bool]:
        """Use a key for a request; the key is forgotten where the request comes to an error.

        Args:
            identity: the caller's key.
            fingerprint: what it is used for.

        Yields:
            Whether this very request was answered before.

        Raises:
            IdempotencyKeyReusedError: the key was used for another request.
        """
        self._forget()
        use = self._uses.setdefault(identity, _Use(fingerprint, self._clock()))
        if use.fingerprint != fingerprint:
            raise IdempotencyKeyReusedError
        use.under_way += 1
        try:
            yield use.answered
            use.answered = True
        finally:
            use.under_way -= 1
            if not use.answered and not use.under_way and self._uses.get(identity) is use:
                del self._uses[identity]

    def _forget(self) -> None:
        """Let go of what is too old; the newest use is about to come."""
        oldest = self._clock() - _LIFE.total_seconds()
        while self._uses:
            use = next(iter(self._uses.values()))
            if use.since > oldest and len(self._uses) < _MOST:
                return
            self._uses.popitem(last=False)


def _visible(key: str) -> str:
    if not 1 <= len(key) <= _LONGEST or any(ord(each) not in _VISIBLE for each in key):
        raise ValueError("An idempotency key is 1 to 255 visible ASCII characters, such as a UUID.")
    return key


Key = Annotated[
    str | None,
    Header(
        alias="Idempotency-Key",
        description="1 to 255 visible ASCII characters, new for each thing that is to be done. "
        "Sent again with the same key, the request is carried out once and answered alike.",
        json_schema_extra={"pattern": "^[!-~]{1,255}$"},
        examples=["7f9c24e8-3b0a-4a6e-8f39-0c6cf5e7d2b1"],
    ),
    AfterValidator(lambda key: None if key is None else _visible(key)),
]


async def _once(request: Request, response: Response, key: Key = None) -> AsyncIterator[str | None]:
    with _used(request, response, key, hashlib.sha256(await request.body()).hexdigest()) as named:
        yield named


async def _file_once(
    request: Request, response: Response, key: Key = None
) -> AsyncIterator[str | None]:
    with _used(request, response, key, "a file") as named:
        yield named


@contextmanager
def _used(request: Request, response: Response, key: str | None, body: str) -> Iterator[str | None]:
    """Note what the caller's key is used for; the answer says whether it was answered before."""
    if key is None:
        yield None
        return
    memory: IdempotencyMemory = request.app.state.idempotency
    identity = identity_of(known(request), key)
    asked = f"{request.method} {request.url.path}?{request.url.query} {body}"
    with memory.using(identity, hashlib.sha256(asked.encode()).hexdigest()) as replayed:
        if replayed:
            response.headers[REPLAYED] = "true"
            _log.info("Asked again with its key")
        yield identity


Once = Annotated[str | None, Depends(_once, scope="function")]
"""The identity of the request's key, for ``HostedNumberOrders``; None without a key. The key counts
before the answer goes out, so that nobody can be quicker than that."""

FileOnce = Annotated[str | None, Depends(_file_once, scope="function")]
"""The same where the body is a file. The file is not part of what the key was used for: it is
streamed, and by the time that all of it is known it is checked and kept."""


def identity_of(caller: Principal, key: str) -> str:
    """SHA-256 of a caller and their key, in hex: two callers never share a key."""
    return hashlib.sha256(f"{caller.kind}\0{caller.name}\0{key}".encode()).hexdigest()
