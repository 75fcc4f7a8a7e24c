"""What ``order bill`` does: the gateway's checks, in this process."""

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any, Final

from hosted_numbers.blobs import BlobStore
from hosted_numbers.cli.order_actions import act, e164
from hosted_numbers.cli.terminal import Output
from hosted_numbers.complaints import checked
from hosted_numbers.contract import Answer
from hosted_numbers.documents.handover import check_open, handed_over
from hosted_numbers.documents.intake import Intake
from hosted_numbers.documents.kinds import DocumentKind
from hosted_numbers.documents.virus_scan import VirusScanner
from hosted_numbers.errors import InvalidRequestError
from hosted_numbers.orders import HostedNumberOrders
from hosted_numbers.settings import Settings

_PIECE: Final = 65_536


def provide(number: str, file: str, fields: dict[str, Any], output: Output) -> None:
    """Check a file, keep it in the blob store and give it to the order."""
    e164(number)
    kind = checked(DocumentKind, fields)
    path = Path(file)
    if not path.is_file():
        raise InvalidRequestError(
            "There is no such file.", "Correct the path; nothing was kept or changed."
        )

    async def hand_in(orders: HostedNumberOrders, phone_number: str) -> Answer:
        check_open(await orders.progress(phone_number))
        settings = Settings.read()
        store = BlobStore.of(settings)
        scanner = VirusScanner.at(settings.hosted_numbers_clamd_address)
        document = await Intake(store, scanner=scanner).take_in(
            _content(path), phone_number=phone_number, most_bytes=kind.most_bytes
        )
        return await handed_over(
            document,
            kind,
            store=store,
            provide=lambda provided: orders.provide_document(phone_number, provided),
        )

    act(number, output, hand_in)


async def _content(path: Path) -> AsyncIterator[bytes]:
    """The file's content, piece by piece.

    Raises:
        InvalidRequestError: it cannot be read.
    """
    try:
        with path.open("rb") as file:
            while piece := file.read(_PIECE):
                yield piece
    except OSError:
        raise InvalidRequestError(
            "The file cannot be read.", "Check its rights; nothing was kept or changed."
        ) from None
