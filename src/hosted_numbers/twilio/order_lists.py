"""Lists of orders: of all, and of those on a document, narrowed in the same way."""

from collections.abc import AsyncIterator
from typing import Annotated, NotRequired

from pydantic import AfterValidator, Field, StringConstraints
from typing_extensions import TypedDict

from hosted_numbers.twilio import arguments, pages, parameters, sids
from hosted_numbers.twilio.connection import Connection
from hosted_numbers.twilio.models import HostedNumberOrder, HostedNumberOrderStatus


def _with_hyphens(word: str) -> str:
    return word.replace("_", "-")


class ListedOrder(TypedDict):
    """What a look at many orders needs of each.

    It is a dict, which is read and thrown away in two thirds of a model's time.

    Attributes:
        sid: HR and 32 hexadecimal digits.
        phone_number: E.164.
        status: Twilio's word in lower case with hyphens.
        unique_name: as given on create; Twilio forgets it after 30 days.
        signing_document_sid: PX…, set while the order is on an AuthorizationDocument.
    """

    sid: Annotated[str, Field(pattern=r"^HR[0-9a-fA-F]{32}$")]
    phone_number: NotRequired[str | None]
    status: Annotated[
        str,
        StringConstraints(min_length=1, strip_whitespace=True, to_lower=True),
        AfterValidator(_with_hyphens),
    ]
    unique_name: NotRequired[str | None]
    signing_document_sid: NotRequired[str | None]


class OrderFilters(TypedDict, total=False):
    """What a list of orders can be narrowed to; an order matches all that is given, exactly.

    Attributes:
        status: of the order (22111 for a word that is none).
        phone_number: E.164.
        incoming_phone_number_sid: PN….
        friendly_name: as given on create.
        unique_name: as given on create.
    """

    status: HostedNumberOrderStatus | str | None
    phone_number: str | None
    incoming_phone_number_sid: str | None
    friendly_name: str | None
    unique_name: str | None


def listed_orders(
    connection: Connection, operation: str, path: str, *, page_size: int, filters: OrderFilters
) -> AsyncIterator[HostedNumberOrder]:
    """Iterate over the orders of a list; see ``pages.listed``.

    Raises:
        InvalidArgumentError: a filter or ``page_size`` is malformed.
        TypeError: there is no such filter. Passing it over would list what was not asked for.
    """
    if unknown := filters.keys() - OrderFilters.__annotations__.keys():
        raise TypeError(f"no such filter: {', '.join(sorted(unknown))}")
    return pages.listed(
        connection,
        operation,
        path,
        pages.Page[HostedNumberOrder],
        page_size=page_size,
        filters=_checked(filters),
    )


def _checked(filters: OrderFilters) -> dict[str, parameters.Value]:
    return {
        "status": filters.get("status"),
        "phone_number": arguments.phone_number(filters.get("phone_number")),
        "incoming_phone_number_sid": sids.checked_optional_sid(
            "incoming_phone_number_sid",
            filters.get("incoming_phone_number_sid"),
            sids.INCOMING_PHONE_NUMBER,
        ),
        "friendly_name": arguments.friendly_name(filters.get("friendly_name")),
        "unique_name": arguments.unique_name(filters.get("unique_name")),
    }
