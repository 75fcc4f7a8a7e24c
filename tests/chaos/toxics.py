"""What a fault proxy does to what passes through it, named as Toxiproxy names it.

Source: https://github.com/Shopify/toxiproxy#toxics. Delays are milliseconds, rates kilobytes a
second and the slicer's pause microseconds, as there; ``down`` is no toxic but the proxy switched
off.
"""

import random
from dataclasses import dataclass
from typing import ClassVar, Literal, TypeAlias

Stream: TypeAlias = Literal["upstream", "downstream"]
"""From the client to the server, or back."""


@dataclass(frozen=True, kw_only=True)
class Toxic:
    """One toxic as it is put on a proxy.

    Attributes:
        stream: the direction that it is on.
        toxicity: the share of the connections that suffer it, 0 to 1.
    """

    type: ClassVar[str]
    stream: Stream = "downstream"
    toxicity: float = 1.0

    def wait(self, size: int, luck: random.Random) -> float:
        """Seconds by which so many bytes come later."""
        del size, luck
        return 0.0

    def slices(self, data: bytes, luck: random.Random) -> list[bytes]:
        """The pieces in which bytes go on."""
        del luck
        return [data]


@dataclass(frozen=True, kw_only=True)
class Latency(Toxic):
    """All data comes later.

    Attributes:
        latency: milliseconds.
        jitter: milliseconds more or less.
    """

    type = "latency"
    latency: int
    jitter: int = 0

    def wait(self, size: int, luck: random.Random) -> float:
        """The latency, give or take the jitter."""
        del size
        return max(self.latency + luck.uniform(-self.jitter, self.jitter), 0) / 1000


@dataclass(frozen=True, kw_only=True)
class Bandwidth(Toxic):
    """A narrow line.

    Attributes:
        rate: kilobytes a second.
    """

    type = "bandwidth"
    rate: int

    def wait(self, size: int, luck: random.Random) -> float:
        """What the line takes for so many bytes."""
        del luck
        return size / (self.rate * 1000)


@dataclass(frozen=True, kw_only=True)
class SlowClose(Toxic):
    """The connection's end is passed on later.

    Attributes:
        delay: milliseconds.
    """

    type = "slow_close"
    delay: int


@dataclass(frozen=True, kw_only=True)
class Timeout(Toxic):
    """Nothing passes, and then the connection is closed.

    Attributes:
        timeout: milliseconds; 0 leaves it open until the toxic is taken away. What came meanwhile
            then goes on, where Toxiproxy drops it: no network loses the middle of a connection.
    """

    type = "timeout"
    timeout: int


@dataclass(frozen=True, kw_only=True)
class ResetPeer(Toxic):
    """The connection is reset (TCP RST).

    Attributes:
        timeout: milliseconds until then.
    """

    type = "reset_peer"
    timeout: int = 0


@dataclass(frozen=True, kw_only=True)
class Slicer(Toxic):
    """Data comes in small pieces.

    Attributes:
        average_size: bytes of a piece.
        size_variation: bytes more or less.
        delay: microseconds between two pieces.
    """

    type = "slicer"
    average_size: int
    size_variation: int = 0
    delay: int = 0

    def wait(self, size: int, luck: random.Random) -> float:
        """The pause behind a piece."""
        del size, luck
        return self.delay / 1_000_000

    def slices(self, data: bytes, luck: random.Random) -> list[bytes]:
        """Pieces of about the average size."""
        pieces = []
        while data:
            size = self.average_size + luck.randint(-self.size_variation, self.size_variation)
            pieces.append(data[: max(size, 1)])
            data = data[max(size, 1) :]
        return pieces


@dataclass(frozen=True, kw_only=True)
class LimitData(Toxic):
    """The connection is closed once so much has passed.

    Attributes:
        bytes: from the moment that the toxic is on.
    """

    type = "limit_data"
    bytes: int


TOXICS: tuple[type[Toxic], ...] = (
    Latency,
    Bandwidth,
    SlowClose,
    Timeout,
    ResetPeer,
    Slicer,
    LimitData,
)
