"""What a fault run is to do, all of it drawn from a seed before anything starts.

Moments are shares of the run's progress, 0 to 1, so that the same plan hits the same phase of a run
on a quick machine and on a slow one. What the parts make of it is theirs: a run with the same seed
has the same orders, people, faults and kills, but no two runs interleave alike.
"""

import random
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, Final, Literal, TypeAlias

from hosted_numbers.phone_numbers import hostable_phone_number
from tests.chaos.toxics import (
    Bandwidth,
    Latency,
    LimitData,
    ResetPeer,
    Slicer,
    SlowClose,
    Stream,
    Timeout,
    Toxic,
)

PARTS: Final = ("worker", "gateway", "temporal", "simulator")
LINKS: Final = (
    "worker-simulator",
    "worker-temporal",
    "gateway-temporal",
    "client-gateway",
    "simulator-gateway",
)
"""Who calls whom, with a proxy in between."""

EMAIL_DOMAIN: Final = "canary.example.com"
TITLE: Final = "Canarytitle"
NAME: Final = "Canaryname"
WRONG_CODE: Final = "86753"
"""How a wrong code begins, of ten digits: nothing else in a log looks like it."""

_FATES: Final = {
    "": 52,
    "10": 4,  # refused as SMS-enabled
    "11": 4,  # hosted already
    "12": 6,  # needs action at the carrier
    "13": 2,  # the signer's fate, where the signer acts by himself: here a plain one
    "14": 6,  # the first call cannot be placed
    "15": 5,  # no call can be placed
    "16": 2,  # the reviewer's fate, the same
    "17": 5,  # the carrier refuses
    "18": 6,  # the first letter fails
}
_TWISTS: Final = {
    "": 84,
    "action-required": 5,
    "failed": 3,
    "quantum-review": 4,  # a status that no page of Twilio's knows
    "vanishes": 4,  # somebody deletes it there
}
_MODES: Final = {
    "normal": 30,
    "lost": 20,
    "duplicate": 15,
    "shuffled": 15,
    "late": 10,
    "forged": 10,
}
_GROUP: Final = 5
_IMPORTED: Final = 0.1
_GROUPED: Final = 0.1
_LAST_FAULT: Final = 0.88
"""No fault begins later, so that the end of a run is calm by itself."""

_LAST_LOSS: Final = 0.6
"""No news is lost later: it is found by looks that come ever more rarely, and CI has minutes."""

_LOSING: Final = frozenset({"lost", "forged", "late"})

CallbackMode: TypeAlias = Literal["normal", "lost", "duplicate", "shuffled", "late", "forged"]
WaitingFor: TypeAlias = Literal["verification-code", "signature", "document", ""]


@dataclass(frozen=True)
class OrderPlan:
    """One order, and what the people around it will do.

    Attributes:
        number: its phone number, whose last digits are its fate at Twilio.
        request: the body that the backend sends.
        imported: whether it comes by the bulk file.
        doubled: whether two clients send it at once.
        rival: whether somebody sends another order for the number while it is open.
        pause: seconds that a person takes before an act, about.
        wrong_codes: how many wrong codes are entered first.
        calls_again: whether another call is asked for before the first code is entered.
        keys: whether the code is keyed into the phone in place of being handed in.
        reads: whether the code is read from the API in place of being heard.
        bill: whether a bill is handed in although a code would do.
        bad_bill: whether something that is no bill is sent first.
        rejections: how many bills the reviewer rejects.
        declines: how many letters the signer declines.
        amends: whether a letter that is out is changed.
        mends_by_amending: what follows a decline: another signer, or the same letter again.
        twist: what happens to it at Twilio, beside its fate.
        cancels_at: what the order waits for when it is cancelled.
        abandoned_at: what it waits for when everybody forgets it.
        offboards: whether the number is given back in the end.
    """

    number: str
    request: dict[str, Any] = field(default_factory=dict, compare=False)
    imported: bool = False
    doubled: bool = False
    rival: bool = False
    pause: float = 0.0
    wrong_codes: int = 0
    calls_again: bool = False
    keys: bool = False
    reads: bool = False
    bill: bool = False
    bad_bill: bool = False
    rejections: int = 0
    declines: int = 0
    amends: bool = False
    mends_by_amending: bool = False
    twist: str = ""
    cancels_at: str = ""
    abandoned_at: str = ""
    offboards: bool = False

    @property
    def group(self) -> str | None:
        """The letter group that it is of."""
        name: str | None = self.request.get("loa_group")
        return name


@dataclass(frozen=True)
class Kill:
    """``kill -9`` of a part.

    Attributes:
        at: the run's progress.
        part: which one.
        down: seconds until it is started again.
    """

    at: float
    part: str
    down: float


@dataclass(frozen=True)
class Burst:
    """A toxic on a link for a while; without a toxic, the link is down.

    Attributes:
        at: the run's progress.
        link: which one.
        toxic: what it suffers.
        seconds: for how long.
    """

    at: float
    link: str
    toxic: Toxic | None
    seconds: float

    @property
    def kind(self) -> str:
        """The toxic's name, or ``down``."""
        return "down" if self.toxic is None else self.toxic.type


@dataclass(frozen=True)
class Lockout:
    """Twilio refuses our credentials for a while, as when somebody rotates them.

    Attributes:
        at: the run's progress.
        seconds: for how long.
    """

    at: float
    seconds: float


@dataclass(frozen=True)
class ModeChange:
    """Callbacks travel in another way from here on."""

    at: float
    mode: CallbackMode


@dataclass(frozen=True)
class Plan:
    """A whole run.

    Attributes:
        seed: where it comes from.
        percent: of Twilio's requests that suffer.
        swept: whether the status sweep looks for all orders; else each looks for itself.
        orders: in the order in which they come.
        kills: by progress, as are the rest.
        bursts: toxics.
        modes: of the callbacks.
        lockouts: of all requests to Twilio.
    """

    seed: int
    percent: float
    swept: bool
    orders: tuple[OrderPlan, ...]
    kills: tuple[Kill, ...]
    bursts: tuple[Burst, ...]
    modes: tuple[ModeChange, ...]
    lockouts: tuple[Lockout, ...]

    @property
    def rules(self) -> list[dict[str, Any]]:
        """The faults of Twilio's requests, for ``/_simulator/faults``, with their probabilities."""
        share = self.percent / 100 / len(_RULES)
        left = 1.0
        rules = []
        for rule in _RULES:
            # the first that strikes ends it, so each takes its share of what the others left
            rules.append({**rule, "probability": share / left})
            left -= share
        return rules


LOCKED_OUT: Final[dict[str, Any]] = {"action": "status", "status": 401}
"""The fault that each request suffers during a lockout."""

_RULES: Final[tuple[dict[str, Any], ...]] = (
    {"action": "status", "status": 429, "headers": {"Retry-After": "2"}},
    {"action": "status", "status": 500},
    {"action": "status", "status": 503, "body": "<html><h1>Service Unavailable</h1></html>"},
    {"action": "drop"},
    {"action": "commit-then-drop"},
    {"action": "commit-then-drop", "method": "POST"},
    {"action": "delay", "delay_seconds": 2.0},
    {"action": "garbage"},
    {"action": "truncate"},
    {"action": "slice", "delay_seconds": 0.002},
)


def plan_of(seed: int, orders: int, kills: int, percent: float | None = None) -> Plan:
    """Draw a run.

    Args:
        seed: the same seed and sizes give the same plan.
        orders: how many, 1 to 3,000.
        kills: how many.
        percent: of Twilio's requests that suffer; None draws it, 1 to 5.
    """
    drawn = _luck(seed, "percent").uniform(1, 5)
    return Plan(
        seed=seed,
        percent=round(drawn, 1) if percent is None else percent,
        swept=seed % 2 == 1,
        orders=_orders(_luck(seed, "orders"), orders),
        kills=_kills(_luck(seed, "kills"), kills),
        bursts=_bursts(_luck(seed, "bursts"), 4 + orders // 20),
        modes=_modes(_luck(seed, "modes"), 4 + orders // 25),
        lockouts=_lockouts(_luck(seed, "lockouts"), 1 + orders // 250),
    )


def _luck(seed: int, what: str) -> random.Random:
    """A stream of its own for each kind of choice, so that a change of one leaves the others."""
    return random.Random(f"{seed}/{what}")  # noqa: S311  # repeatable, not secret


def _orders(luck: random.Random, count: int) -> tuple[OrderPlan, ...]:
    imported, grouped = int(count * _IMPORTED), int(count * _GROUPED)
    grouped -= grouped % _GROUP
    alone = [_one_of(luck, _FATES) for _ in range(count - grouped)]
    # a letter that fails is one person's to mend for the whole group, at a terminal
    together = [fate for fate in (_one_of(luck, _FATES) for _ in range(grouped)) if fate != "18"]
    together += [""] * (grouped - len(together))
    plans = []
    for place, number in enumerate(_numbers(luck, together + alone)):
        if place < grouped:
            plans.append(_of_a_group(luck, number, place // _GROUP))
        elif place < grouped + imported:
            plans.append(_single(luck, number, imported=True))
        else:
            plans.append(_single(luck, number, imported=False))
    # those of a group come together: who waits for the others is still being played
    parties = [plans[first : first + _GROUP] for first in range(0, grouped, _GROUP)]
    parties += [[each] for each in plans[grouped:]]
    luck.shuffle(parties)
    return tuple(each for party in parties for each in party)


def _of_a_group(luck: random.Random, number: str, group: int) -> OrderPlan:
    """An order whose letter others share: it is verified or ends, else they would wait a day."""
    shared = {
        "email": f"group{group}@{EMAIL_DOMAIN}",
        "customer": "customer-0",
        "loa_group": f"group {group}",
        "loa_group_size": _GROUP,
    }
    return OrderPlan(
        number=number,
        request=_request(luck, number, **shared),
        imported=luck.random() < 0.3,
        pause=luck.uniform(0.2, 2),
        wrong_codes=luck.choice((0, 0, 1)),
    )


def _single(luck: random.Random, number: str, *, imported: bool) -> OrderPlan:
    by_bill = luck.random() < 0.15
    cancels = luck.random() < 0.08
    forgotten = not cancels and luck.random() < 0.07
    where = ("document" if by_bill else "verification-code", "signature")
    more: dict[str, Any] = {}
    if by_bill:
        more["verification_type"] = "phone-bill"
    elif luck.random() < 0.15:
        more["call_when"] = "asked"
    if not imported and luck.random() < 0.06:
        more["supporting_documents"] = [_REGISTRATION]
    if luck.random() < 0.3:
        more["friendly_name"] = f"{NAME} {number[-4:]}"
    return OrderPlan(
        number=number,
        request=_request(luck, number, **more),
        imported=imported,
        doubled=not imported and luck.random() < 0.1,
        rival=not imported and luck.random() < 0.05,
        pause=luck.expovariate(1 / 1.5),
        wrong_codes=luck.choice((0, 0, 0, 1, 2)),
        calls_again=luck.random() < 0.1,
        keys=luck.random() < 0.2,
        reads=luck.random() < 0.4,
        bill=luck.random() < 0.1,
        bad_bill=luck.random() < 0.3,
        rejections=luck.choice((0, 0, 1)),
        declines=luck.choice((0,) * 9 + (1,)),
        amends=luck.random() < 0.06,
        mends_by_amending=luck.random() < 0.5,
        twist=_one_of(luck, _TWISTS),
        cancels_at=luck.choice(where) if cancels else "",
        abandoned_at=luck.choice(where) if forgotten else "",
        offboards=luck.random() < 0.03,
    )


_REGISTRATION: Final = {
    "type": "business_registration",
    "attributes": {"business_name": "Example Inc."},
    "with_file": True,
}


def _request(luck: random.Random, number: str, **more: Any) -> dict[str, Any]:
    return {
        "phone_number": number,
        "email": f"owner{number[1:]}@{EMAIL_DOMAIN}",
        "address_sid": "AD" + "0" * 32,
        "contact_title": TITLE,
        "contact_phone_number": "+15017122662",
        "customer": f"customer-{luck.randrange(10)}",
        **more,
    }


def _numbers(luck: random.Random, fates: Sequence[str]) -> list[str]:
    """A number for each fate, none twice; those with a fate are of the range kept for fiction."""
    areas = [area for area in range(201, 990) if _exists(f"+1{area}5552000")]
    luck.shuffle(areas)
    taken: dict[str, int] = {}
    numbers = []
    for fate in fates:
        place = taken[fate] = taken.get(fate, -1) + 1
        area = areas[place % len(areas)]
        if fate and place >= len(areas):
            fate = ""  # noqa: PLW2901  # the range is used up: a plain one more
            place = taken[fate] = taken.get(fate, -1) + 1
        line = f"01{fate}" if fate else f"{2000 + place // len(areas):04}"
        numbers.append(f"+1{area}555{line}")
    return numbers


def _exists(number: str) -> bool:
    try:
        hostable_phone_number(number)
    except ValueError:
        return False
    return True


def _one_of(luck: random.Random, weights: dict[str, int]) -> str:
    return luck.choices(list(weights), list(weights.values()))[0]


def _kills(luck: random.Random, count: int) -> tuple[Kill, ...]:
    """Spread over the run, each part about as often as the others."""
    parts: list[str] = []
    while len(parts) < count:
        parts += luck.sample(PARTS, len(PARTS))
    span = _LAST_FAULT / max(count, 1)
    return tuple(
        Kill(
            at=round(0.04 + span * (place + luck.uniform(0, 0.9)) * 0.95, 4),
            part=part,
            down=luck.choice((0.0, luck.uniform(0, 2))),
        )
        for place, part in enumerate(parts[:count])
    )


def _bursts(luck: random.Random, count: int) -> tuple[Burst, ...]:
    bursts = [
        Burst(
            at=round(luck.uniform(0.02, _LAST_FAULT), 4),
            link=luck.choice(LINKS),
            toxic=_toxic(luck),
            seconds=luck.uniform(0.5, 4),
        )
        for _ in range(count)
    ]
    return tuple(sorted(bursts, key=lambda burst: burst.at))


def _toxic(luck: random.Random) -> Toxic | None:
    stream: Stream = luck.choice(("upstream", "downstream"))
    toxicity = luck.choice((1.0, 0.5))
    return luck.choice(
        (
            Latency(stream=stream, toxicity=toxicity, latency=luck.randint(50, 800), jitter=50),
            Bandwidth(stream=stream, toxicity=toxicity, rate=luck.randint(5, 100)),
            SlowClose(stream=stream, toxicity=toxicity, delay=luck.randint(100, 2000)),
            Timeout(stream=stream, toxicity=toxicity, timeout=luck.randint(100, 3000)),
            ResetPeer(stream=stream, toxicity=toxicity, timeout=luck.randint(0, 1000)),
            Slicer(
                stream=stream,
                toxicity=toxicity,
                average_size=luck.randint(50, 500),
                size_variation=40,
                delay=luck.randint(10, 2000),
            ),
            LimitData(stream=stream, toxicity=toxicity, bytes=luck.randint(0, 20_000)),
            None,
        )
    )


def _lockouts(luck: random.Random, count: int) -> tuple[Lockout, ...]:
    moments = sorted(round(luck.uniform(0.1, _LAST_FAULT), 4) for _ in range(count))
    return tuple(Lockout(at, luck.uniform(1, 5)) for at in moments)


def _modes(luck: random.Random, count: int) -> tuple[ModeChange, ...]:
    places = sorted(round(luck.uniform(0.02, _LAST_FAULT), 4) for _ in range(count))
    names: list[CallbackMode] = [
        "normal",
        "lost",
        "duplicate",
        "shuffled",
        "late",
        "forged",
    ]
    chosen = luck.choices(names, [_MODES[name] for name in names], k=count)
    changes = [ModeChange(at, mode) for at, mode in zip(places, chosen, strict=True)]
    kept = [each for each in changes if each.at < _LAST_LOSS or each.mode not in _LOSING]
    return tuple(sorted([*kept, ModeChange(_LAST_LOSS, "normal")], key=lambda each: each.at))
