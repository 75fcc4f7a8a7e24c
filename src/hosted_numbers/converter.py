"""How values are written down in Temporal: as the SDK's pydantic converter does it, but slimmer.

What is None is left out: a quarter of an order's history was nulls, which each event carries, each
worker reads and Temporal keeps for weeks. Each field that may be None has None as its default, so
what is read is what was written (``tests/test_converter.py``).

And all workflows of a process share one converter: the SDK makes one for each workflow that a
worker has in its cache, and pydantic's builds its own readers of types anew in each.

With a key ring, all of it is encrypted on its way out: arguments, results, memos, headers, the
words that the Temporal UI shows, and what failures say.
"""

from dataclasses import replace
from typing import Any, Final

from pydantic_core import to_json
from temporalio.api.common.v1 import Payload
from temporalio.contrib.pydantic import (
    PydanticJSONPlainPayloadConverter,
    PydanticPayloadConverter,
    pydantic_data_converter,
)
from temporalio.converter import (
    CompositePayloadConverter,
    DataConverter,
    DefaultFailureConverterWithEncodedAttributes,
)

from hosted_numbers.encryption.codec import EncryptionCodec, KeylessCodec
from hosted_numbers.encryption.key_ring import KeyRing


class _Slim(PydanticJSONPlainPayloadConverter):
    def to_payload(self, value: Any) -> Payload | None:
        """JSON without the fields that are None."""
        written = to_json(value, exclude_none=True)
        return Payload(metadata={"encoding": self.encoding.encode()}, data=written)


_SHARED: Final = tuple(
    _Slim() if isinstance(each, PydanticJSONPlainPayloadConverter) else each
    for each in PydanticPayloadConverter().converters.values()
)


class SlimPayloadConverter(CompositePayloadConverter):
    """Pydantic's payload converter, whose parts are the same in each instance."""

    def __init__(self) -> None:
        super().__init__(*_SHARED)


DATA_CONVERTER: Final[DataConverter] = replace(
    pydantic_data_converter, payload_converter_class=SlimPayloadConverter
)
"""Without encryption, and blind to what is encrypted: for values that never were in Temporal."""


def converter_of(keys: KeyRing | None, namespace: str) -> DataConverter:
    """The converter of an installation.

    Args:
        keys: the installation's; None where it has none, as on a developer's machine.
        namespace: Temporal's, which each payload is bound to.
    """
    if keys is None:
        return replace(DATA_CONVERTER, payload_codec=KeylessCodec())
    return encrypting(keys, namespace)


def encrypting(keys: KeyRing, namespace: str) -> DataConverter:
    """The converter of an installation with keys.

    Args:
        keys: the installation's.
        namespace: Temporal's, which each payload is bound to.
    """
    return replace(
        DATA_CONVERTER,
        payload_codec=EncryptionCodec(keys, namespace),
        failure_converter_class=DefaultFailureConverterWithEncodedAttributes,
    )
