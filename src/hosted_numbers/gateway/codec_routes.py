"""The codec endpoint: the Temporal UI and its command line read encrypted payloads through it.

The protocol is Temporal's (docs.temporal.io/codec-server): ``{"payloads": […]}`` as protobuf's
JSON, there and back; the namespace in the path, or in ``X-Namespace``. Nothing is encoded: who acts
does so through the API or the pages, which check what they are given.

It is off where the settings name no origin of the Temporal UI. Each call leaves one line in the
log, whatever came of it: who, which namespace, how many payloads, which keys; never what is in
them.
"""

import asyncio
import logging
import re
from dataclasses import dataclass
from typing import Annotated, Final

from fastapi import APIRouter, Depends, Request
from google.protobuf.json_format import MessageToJson, Parse, ParseError
from starlette.responses import Response
from starlette.types import Scope
from temporalio.api.common.v1 import Payloads

from hosted_numbers.encryption.codec import EncryptionCodec, key_ids
from hosted_numbers.encryption.key_ring import KeyRing
from hosted_numbers.errors import DecryptionError, SettingsError
from hosted_numbers.gateway.authentication import CODEC
from hosted_numbers.gateway.dependencies import Limits, Ui
from hosted_numbers.gateway.problems import CLOSE, Problem
from hosted_numbers.gateway.scopes import MayDecode, Scoped
from hosted_numbers.settings import Settings

_log = logging.getLogger(__name__)

BODY_BYTES: Final = 4_000_000
"""Temporal takes payloads of 2 MiB, which base64 makes a third longer."""
MOST_PAYLOADS: Final = 1_000
_DECODE: Final = re.compile(re.escape(CODEC) + "([^/]+/)?decode")
_SANE: Final = re.compile(r"[A-Za-z0-9._-]{1,64}")

router = APIRouter(prefix=CODEC.rstrip("/"), route_class=Scoped, include_in_schema=False)


def keys_to_decode_with(settings: Settings) -> KeyRing | None:
    """The keys of the endpoint; None where it is off.

    Raises:
        SettingsError: it is on, and there are no keys; or it is off, and told whom to let in.
    """
    if not settings.hosted_numbers_codec_origins:
        if settings.hosted_numbers_codec_jwks_url is not None:
            raise SettingsError(
                "HOSTED_NUMBERS_CODEC_JWKS_URL is set, and the codec endpoint is off.",
                "Set HOSTED_NUMBERS_CODEC_ORIGINS to the origin of the Temporal UI.",
            )
        return None
    keys = settings.key_ring()
    if keys is None:
        raise SettingsError(
            "HOSTED_NUMBERS_CODEC_ORIGINS is set, and there are no keys to decode with.",
            "Set HOSTED_NUMBERS_ENCRYPTION_KEYS_FILE as the worker has it, or unset the origins.",
        )
    return keys


def is_upload(scope: Scope) -> bool:
    """Whether the body of a request may be a large one, which its route reads by itself."""
    return scope["method"] == "POST" and bool(_DECODE.fullmatch(scope["path"]))


@dataclass
class _Asked:
    """What the log has of one call."""

    namespace: str = "unnamed"
    payloads: int = 0
    keys: str = "none"


def _keys(request: Request) -> KeyRing:
    """The keys, where the endpoint is on.

    Raises:
        Problem: 404, it is off.
    """
    keys: KeyRing | None = request.app.state.codec_keys
    if keys is None:
        raise Problem(
            404,
            "codec-endpoint-off",
            "The codec endpoint is off",
            detail="This gateway decodes no payloads.",
            next_step="Set HOSTED_NUMBERS_CODEC_ORIGINS to the origin of the Temporal UI.",
        )
    return keys


@router.post("/decode")
@router.post("/{namespace}/decode")
async def decode(
    caller: MayDecode,
    request: Request,
    ui: Ui,
    limits: Limits,
    keys: Annotated[KeyRing, Depends(_keys)],
) -> Response:
    """The payloads as they were before they were encrypted; others come as they are."""
    asked, outcome = _Asked(), "failed"
    try:
        _check_namespace(request, ui.namespace, asked)
        await limits.check("decodings", caller.kind, caller.name)
        payloads = await _payloads(request)
        asked.payloads = len(payloads.payloads)
        asked.keys = ", ".join(sorted(map(_sane, key_ids(payloads.payloads)))) or "none"
        answer = await _decoded(payloads, EncryptionCodec(keys, ui.namespace))
        outcome = "done"
    except Problem as refusal:
        outcome = refusal.code
        raise
    finally:
        _log.log(
            logging.INFO if outcome == "done" else logging.WARNING,
            "Decoding by %s %s, namespace %s, %d payloads, keys %s: %s",
            caller.kind,
            caller.name,
            asked.namespace,
            asked.payloads,
            asked.keys,
            outcome,
            extra={
                "principal": f"{caller.kind} {caller.name}",
                "namespace": asked.namespace,
                "count": asked.payloads,
                "key_id": asked.keys,
                "outcome": outcome,
            },
        )
    return answer


@router.post("/encode")
@router.post("/{namespace}/encode")
async def encode(_caller: MayDecode) -> Response:
    """There is no such thing here; this says so to whoever has sent an input through Temporal.

    Raises:
        Problem: 404, always.
    """
    raise Problem(
        404,
        "nothing-encodes",
        "Nothing is encoded here",
        detail="The gateway decodes payloads and encodes none.",
        next_step="Act through the operator's pages, the API or 'hosted-numbers order'. What must "
        "go through Temporal's command line goes there without --codec-endpoint.",
    )


def _check_namespace(request: Request, own: str, asked: _Asked) -> None:
    """Let only the gateway's own namespace pass, wherever and however often it is named."""
    named = set(request.headers.getlist("x-namespace"))
    if (in_path := request.path_params.get("namespace")) is not None:
        named.add(in_path)
    asked.namespace = ", ".join(sorted(map(_sane, named))) or "unnamed"
    if named != {own}:
        raise Problem(
            403,
            "foreign-namespace",
            "Payloads of this namespace are not decoded here",
            detail="The gateway decodes payloads of its own Temporal namespace alone, and the "
            "request names another one, or none.",
            next_step="Name the gateway's TEMPORAL_NAMESPACE in X-Namespace or in the path.",
        )


async def _payloads(request: Request) -> Payloads:
    declared = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if declared != "application/json":
        raise Problem(
            415,
            "unsupported-media-type",
            "The body is of a type that is not taken here",
            detail="The body is declared as something else than JSON.",
            next_step="Send it with Content-Type: application/json.",
            headers=CLOSE,
        )
    body = bytearray()
    async for piece in request.stream():
        body += piece
        if len(body) > BODY_BYTES:
            raise Problem(
                413,
                "body-too-large",
                "The body is too large",
                detail=f"A body of payloads has at most {BODY_BYTES} bytes.",
                next_step="Send fewer payloads at once.",
                headers=CLOSE,
            )
    try:
        payloads = await asyncio.to_thread(Parse, bytes(body), Payloads())
    except (ParseError, ValueError, RecursionError):
        raise _unreadable() from None
    if len(payloads.payloads) > MOST_PAYLOADS:
        raise Problem(
            413,
            "too-many-payloads",
            "Too many payloads at once",
            detail=f"A request has at most {MOST_PAYLOADS} payloads.",
            next_step="Send fewer payloads at once.",
        )
    return payloads


async def _decoded(payloads: Payloads, codec: EncryptionCodec) -> Response:
    try:
        decoded = Payloads(payloads=await codec.decode(payloads.payloads))
    except DecryptionError as error:
        raise Problem(
            422,
            "payload-not-decoded",
            "A payload does not decrypt",
            detail=error.reason,
            next_step=error.next_step,
        ) from None
    text = await asyncio.to_thread(MessageToJson, decoded, indent=None)
    return Response(text, media_type="application/json")


def _unreadable() -> Problem:
    return Problem(
        400,
        "payloads-unreadable",
        "The body is no list of payloads",
        detail="The body cannot be read as Temporal's {\"payloads\": […]} in protobuf's JSON.",
        next_step="Give this address to Temporal's UI or command line as its codec endpoint.",
    )


def _sane(name: str) -> str:
    """A name as the log may have it."""
    return name if _SANE.fullmatch(name) else "(of no known form)"
