"""A good client of the gateway: it names what it sends, and sends it again until it is answered."""

import asyncio
import json
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

import httpx

from tests.chaos.evidence import Act, Answered, Deed

ORDERS: Final = "/v1/hosted-number-orders"
IMPORTS: Final = "/v1/bulk-imports"

_AGAIN: Final = frozenset({408, 425, 429})
_FIRST_PAUSE: Final = 0.3
_LONGEST_PAUSE: Final = 5.0


@dataclass
class Backend:
    """What all people and backends of a run send their requests through.

    Attributes:
        http: leads to the gateway, with an API key.
        answers: every answer that came.
        deeds: every act, once it has an answer to rely on, or was given up.
    """

    http: httpx.AsyncClient
    answers: list[Answered] = field(default_factory=list)
    deeds: list[Deed] = field(default_factory=list)

    async def start(self, body: Mapping[str, Any], key: str) -> Deed:
        """Send an order until it is answered."""
        number = body["phone_number"]
        return await self._do(number, "start", ORDERS, key, content=_json(body))

    async def act(
        self, number: str, act: Act, key: str, body: Mapping[str, Any] | None = None
    ) -> Deed:
        """A person's act."""
        path = f"{ORDERS}/{number}/{_PATHS.get(act, act)}"
        matter = str(body["code"]) if act == "code" and body else ""
        return await self._do(number, act, path, key, content=_json(body or {}), matter=matter)

    async def provide(
        self, number: str, content: bytes, key: str, digest: str, type_: str = "utility_bill"
    ) -> Deed:
        """Hand in a file."""
        act: Act = "bill" if type_ == "utility_bill" else "document"
        path = f"{ORDERS}/{number}/documents?type={type_}"
        return await self._do(
            number, act, path, key, content=content, media="application/pdf", matter=digest
        )

    async def begin_import(self, rows: bytes, key: str) -> Deed:
        """Send a bulk file as JSON Lines."""
        return await self._do(
            "", "import", IMPORTS, key, content=rows, media="application/x-ndjson"
        )

    async def progress(self, number: str) -> dict[str, Any] | None:
        """Where an order stands; None where that cannot be told now, or there is none."""
        answer = await self._sent("GET", f"{ORDERS}/{number}", number)
        if answer is not None and answer.is_success:
            return dict(answer.json())
        # told to come again later, a good client does: all at once would keep a busy worker busy
        await asyncio.sleep(_wait(answer))
        return None

    async def open_orders(self) -> dict[str, tuple[str | None, str | None]] | None:
        """Status and need of each open order, as the lists have them; None where they fail."""
        found: dict[str, tuple[str | None, str | None]] = {}
        cursor: str | None = None
        while True:
            query = {"open": "true", "page_size": "1000"} | ({"cursor": cursor} if cursor else {})
            answer = await self._sent("GET", f"{ORDERS}?{httpx.QueryParams(query)}", "")
            if answer is None or not answer.is_success:
                return None
            page = answer.json()
            for row in page["orders"]:
                found[row["phone_number"]] = row["status"], row["waiting_for"]
            if not (cursor := page["next_cursor"]):
                return found

    async def _do(
        self,
        number: str,
        act: Act,
        path: str,
        key: str,
        *,
        content: bytes,
        media: str = "application/json",
        matter: str = "",
    ) -> Deed:
        headers = {"Idempotency-Key": key, "Content-Type": media}
        place = len(self.deeds)
        self.deeds.append(Deed(number, act, matter))  # stays so where the run ends before an answer
        pause, run_ids = _FIRST_PAUSE, set[str]()
        while True:
            answer = await self._sent("POST", path, number, content=content, headers=headers)
            if answer is not None and not _to_be_sent_again(answer):
                break
            await asyncio.sleep(max(_wait(answer), pause))
            pause = min(pause * 2, _LONGEST_PAUSE)
        told = answer.json()
        if answer.is_success and "run_id" in told:
            run_ids.add(told["run_id"])
        done = Deed(
            number=number,
            act=act,
            matter=matter,
            status=answer.status_code,
            taken=told.get("taken") if answer.is_success else False,
            reason=str(told.get("reason") or told.get("detail") or ""),
            run_ids=frozenset(run_ids),
        )
        self.deeds[place] = done
        return done

    async def _sent(
        self,
        method: str,
        path: str,
        number: str,
        *,
        content: bytes | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> httpx.Response | None:
        """One try; None where no answer came."""
        began = time.monotonic()
        try:
            answer = await self.http.request(method, path, content=content, headers=headers)
            told = answer.json()
        except (httpx.TransportError, json.JSONDecodeError):
            return None
        now = time.monotonic()
        what = f"{method} {path.partition('?')[0]}"
        self.answers.append(
            Answered(
                at=now,
                what=what.replace(number, "{number}") if number else what,
                status=answer.status_code,
                seconds=now - began,
                retry_after="retry-after" in answer.headers,
                code=str(told.get("code", "")) if isinstance(told, dict) else "",
            )
        )
        return answer


_PATHS: Final = {"code": "verification-code", "call": "verification-call"}


def _to_be_sent_again(answer: httpx.Response) -> bool:
    return answer.is_server_error or answer.status_code in _AGAIN


def _wait(answer: httpx.Response | None) -> float:
    """Seconds that an answer asks to wait."""
    asked = float(answer.headers.get("retry-after", 0)) if answer is not None else 0.0
    return min(asked, _LONGEST_PAUSE)


def _json(body: Mapping[str, Any]) -> bytes:
    return json.dumps(body).encode()
