"""What the tests of the codec endpoint share: a gateway that has it, and payloads for it."""

import hashlib
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import httpx
from fastapi import FastAPI
from google.protobuf.json_format import MessageToDict, ParseDict
from pydantic import SecretStr
from temporalio.api.common.v1 import Payload, Payloads

from hosted_numbers import converter
from hosted_numbers.encryption.key_ring import Key, KeyRing
from hosted_numbers.gateway.app import create_app
from tests.gateway.orders_in_memory import KEY, OrdersInMemory, settings_of_gateway

UI = "http://127.0.0.1:8233"
ORIGIN = {"Origin": UI}
NAMESPACE = {"X-Namespace": "default"}
DECODE = "/codec/default/decode"
SECRET = "owner@canary.example.com"
OLD, NEW = Key("old", b"o" * 32), Key("new", b"n" * 32)
ENTRIES = [
    {"sha256": hashlib.sha256(name.encode()).hexdigest(), "name": name, "scopes": scopes}
    for name, scopes in {
        KEY: ["admin"],
        "reader": ["payloads:decode"],
        "shop": ["orders:read", "orders:write"],
    }.items()
]


def gateway_that_decodes(**changes: object) -> FastAPI:
    """A gateway with the endpoint on, for the namespace ``default``."""
    settings = {
        "hosted_numbers_api_keys": json.dumps(ENTRIES),
        "hosted_numbers_codec_origins": UI,
        "hosted_numbers_encryption_keys": SecretStr(f"{NEW},{OLD}"),
    }
    return create_app(settings_of_gateway(**settings | changes), OrdersInMemory())


@asynccontextmanager
async def asking(app: FastAPI, key: str | None = "reader") -> AsyncIterator[httpx.AsyncClient]:
    """A client, with an API key or without."""
    async with httpx.AsyncClient(
        transport=httpx.ASGITransport(app),
        base_url="http://gateway.test",
        headers={"Authorization": f"Bearer {key}"} if key else {},
    ) as client:
        yield client


async def encrypted(*values: Any, key: Key = NEW, namespace: str = "default") -> dict[str, Any]:
    """The body that asks for these values, encrypted as a worker does it."""
    payloads = await converter.encrypting(KeyRing(str(key)), namespace).encode(values)
    return body_of(*payloads)


def body_of(*payloads: Payload) -> dict[str, Any]:
    """Payloads as the protocol writes them."""
    written: dict[str, Any] = MessageToDict(Payloads(payloads=payloads))
    return written


async def values_of(answer: httpx.Response) -> list[Any]:
    """What the decoded payloads of an answer say."""
    assert answer.status_code == 200, answer.text
    payloads = ParseDict(answer.json(), Payloads()).payloads
    return await converter.DATA_CONVERTER.decode(payloads)
