"""A file that is kept, given to its order; deleted again where the order surely did not take it."""

import logging
from collections.abc import Awaitable, Callable

from hosted_numbers.blobs import BlobStore
from hosted_numbers.contract import Answer, Progress, ProvidedDocument, StoredDocument
from hosted_numbers.documents.kinds import DocumentKind
from hosted_numbers.errors import (
    BlobStoreError,
    InvalidRequestError,
    OrderEndedError,
    OrderNotFoundError,
    RefusedError,
)

_log = logging.getLogger(__name__)

# After any other error the order may have taken it: then the file stays, and goes with the order.
_SURELY_NOT_TAKEN = (InvalidRequestError, OrderEndedError, OrderNotFoundError, RefusedError)


def check_open(progress: Progress) -> None:
    """Whether an order might take a file at all, before the file is read.

    Raises:
        OrderEndedError: it has ended.
    """
    if progress.phase in {"cancelled", "completed", "failed"}:
        raise OrderEndedError(
            "The order has ended and takes no documents.",
            "Read its progress, or start a new order.",
        )


async def handed_over(
    document: StoredDocument,
    kind: DocumentKind,
    *,
    store: BlobStore,
    provide: Callable[[ProvidedDocument], Awaitable[Answer]],
) -> Answer:
    """Give a kept file to its order.

    Args:
        document: the file.
        kind: what it is.
        store: where it is kept.
        provide: sends it to the order (``HostedNumberOrders.provide_document``).

    Raises:
        RefusedError: the order does not take it; the file is deleted again, as it is after
            ``OrderNotFoundError`` and ``OrderEndedError``.
        HostedNumbersError: whether the order took it is unknown; the file stays.
    """
    provided = ProvidedDocument(document=document, type=kind.type, bill_date=kind.bill_date)
    try:
        return await provide(provided)
    except _SURELY_NOT_TAKEN:
        try:
            await store.delete(document.blob)
        except BlobStoreError as error:
            told = {"code": error.code}
            _log.warning(
                "A refused document stays until its order is tidied up: %s", error.code, extra=told
            )
        raise
