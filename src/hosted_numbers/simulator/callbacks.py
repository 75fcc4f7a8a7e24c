"""Twilio's status callbacks: which go out for a change, when, and what each looks like. Pure.

Source: Twilio's page HostedNumberOrder resource, section status callbacks, and
https://www.twilio.com/docs/usage/security#validating-requests for the signature.
"""

import ipaddress
import random
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Literal
from urllib.parse import urlencode, urlsplit

from hosted_numbers.simulator.config import SimulatorConfig
from hosted_numbers.simulator.orders import Order
from hosted_numbers.twilio.signatures import (
    SIGNATURE_HEADER,
    SIGNED_WITH_HEADER,
    SignedWith,
    sign,
)

CallbackMode = Literal["normal", "lost", "duplicate", "shuffled", "late", "forged"]

LOST = "lost"
UNREACHABLE = "unreachable"
NOT_LOOPBACK = "not-loopback"

RETRY_AFTER = timedelta(seconds=1)
"""Wait before the first retry; doubled for each further one."""


@dataclass(frozen=True, slots=True)
class Delivery:
    """One callback that is still to go out."""

    order_sid: str
    phone_number: str
    status: str
    method: str
    url: str
    due: datetime
    genuine: bool = True
    tries: int = 0


@dataclass(frozen=True, slots=True)
class CallbackSent:
    """One try of a callback and its outcome: an HTTP status, or one of the words above."""

    order_sid: str
    status: str
    at: datetime
    outcome: str


@dataclass(frozen=True, slots=True)
class Outgoing:
    """The HTTP request of one callback; ``form`` is empty for GET."""

    method: str
    url: str
    form: dict[str, str]
    headers: dict[str, str]


def deliveries(
    order: Order,
    status: str,
    at: datetime,
    *,
    mode: CallbackMode,
    config: SimulatorConfig,
    chance: random.Random,
) -> list[Delivery]:
    """The callbacks that one status change causes; none where the order has no URL.

    ``lost`` causes none either: the caller writes it down. ``forged`` sends one with a wrong
    signature in place of the genuine one.
    """
    if order.status_callback_url is None or mode == "lost":
        return []
    delay = 0.0
    if mode == "late":
        delay = config.callback_late_by
    elif mode == "shuffled":
        delay = chance.uniform(0, config.callback_shuffle_window)
    delivery = Delivery(
        order_sid=order.sid,
        phone_number=order.phone_number,
        status=status,
        method=order.status_callback_method,
        url=order.status_callback_url,
        due=at + timedelta(seconds=delay),
        genuine=mode != "forged",
    )
    return [delivery, delivery] if mode == "duplicate" else [delivery]


def retry(delivery: Delivery, outcome: str, now: datetime, allowed: int) -> Delivery | None:
    """The same callback once more, later; None after a 2xx or when the tries are used up."""
    if outcome.startswith("2") or outcome == NOT_LOOPBACK or delivery.tries >= allowed:
        return None
    return replace(
        delivery, tries=delivery.tries + 1, due=now + RETRY_AFTER * 2 ** min(delivery.tries, 10)
    )


def outgoing(delivery: Delivery, config: SimulatorConfig) -> Outgoing:
    """The request of a delivery, signed with the shared key, or else with the auth token."""
    form = {
        "Status": delivery.status,
        "HostedNumberOrderSid": delivery.order_sid,
        "PhoneNumber": delivery.phone_number,
    }
    url = delivery.url.partition("#")[0]
    if delivery.method == "GET":
        url += ("&" if urlsplit(url).query else "?") + urlencode(form)
        form = {}
    secret, headers = config.auth_token, {}
    signer = SignedWith("HMAC_SHA1")
    if config.webhook_secret is not None:
        secret, signer = config.webhook_secret, SignedWith("HMAC_SHA256", config.webhook_key)
        headers = {SIGNED_WITH_HEADER: str(signer)}
    text = secret.get_secret_value()
    if not delivery.genuine:
        text = f"not {text}"
    headers[SIGNATURE_HEADER] = sign(text, url, form, algorithm=signer.algorithm)
    return Outgoing(delivery.method, url, form, headers)


def may_reach(url: str, also: frozenset[str]) -> bool:
    """Whether a callback may go to ``url``: this machine, or a host that was allowed by name.

    A simulator on a developer's machine must not call strangers, whatever an order says.
    """
    host = urlsplit(url).hostname or ""
    if host in also or host == "localhost" or host.endswith(".localhost"):
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False
