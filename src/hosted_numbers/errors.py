"""The errors that a backend, the gateway and the CLI meet, each with the next step.

HostedNumbersError            .code .reason .next_step
├── InvalidRequestError       what was sent is malformed; nothing was started or changed
│   └── IdempotencyKeyReusedError  its Idempotency-Key was used for something else
├── OrderNotFoundError        no order was ever started for the number, or its history expired
├── OrderAlreadyOpenError     another order for the number is open
├── RefusedError              the order's workflow said no: not now, not in this state
├── OrderEndedError           the order has ended; nothing can be changed
├── NoWorkerError             Temporal took the message, and no worker answered in time
├── TemporalUnavailableError  Temporal itself could not be reached in time
├── DocumentRefusedError      a file that was sent is none that Twilio could take
├── BlobStoreError            the store of the files does not do its work
│   ├── BlobMissingError      it has no file of that name
│   └── BlobStoreFullError    it has no room for another file
├── VirusScannerError         whether a file is clean cannot be said now
├── DecryptionError           what is stored does not decrypt: damaged, or from elsewhere
│   └── UnknownEncryptionKeyError  its key is not on this process's ring
└── SettingsError             the configuration is incomplete or contradicts itself
"""


class HostedNumbersError(Exception):
    """The root. ``str()`` gives the reason and the next step, for people.

    Attributes:
        code: stable name for programs, such as ``order-not-found``.
        reason: one sentence on what is wrong.
        next_step: one sentence on what to do.
    """

    code = "error"

    def __init__(self, reason: str, next_step: str) -> None:
        super().__init__(reason, next_step)
        self.reason = reason
        self.next_step = next_step

    def __str__(self) -> str:
        return f"{self.reason} {self.next_step}".strip()


class InvalidRequestError(HostedNumbersError):
    """What was sent is malformed; nothing was started and nothing was changed."""

    code = "invalid-request"


class IdempotencyKeyReusedError(InvalidRequestError):
    """The caller named an earlier request by the same idempotency key, and it was another one."""

    code = "idempotency-key-reused"

    def __init__(self) -> None:
        super().__init__(
            "The Idempotency-Key was sent before with another request.",
            "Use a new key for each thing that is to be done; nothing was started or changed.",
        )


class OrderNotFoundError(HostedNumbersError):
    """No order is known for the number."""

    code = "order-not-found"


class OrderAlreadyOpenError(HostedNumbersError):
    """Another order for the number is open.

    Attributes:
        phone_number: E.164, whose order is open.
        workflow_id: the open order's workflow.
    """

    code = "order-already-open"

    def __init__(self, phone_number: str, workflow_id: str) -> None:
        super().__init__(
            f"Another order for {phone_number} is open, as {workflow_id}.",
            "Watch that order, amend it, or cancel it before you send a different one.",
        )
        self.phone_number = phone_number
        self.workflow_id = workflow_id


class RefusedError(HostedNumbersError):
    """The order does not take this message in the state that it is in; nothing was changed."""

    code = "refused"


class OrderEndedError(HostedNumbersError):
    """The order has ended and takes no more messages."""

    code = "order-ended"


class NoWorkerError(HostedNumbersError):
    """No worker answered in time; what was sent may still be carried out."""

    code = "no-worker"


class TemporalUnavailableError(HostedNumbersError):
    """Temporal could not be reached in time; try again."""

    code = "temporal-unavailable"


class DocumentRefusedError(HostedNumbersError):
    """A file that was sent is none that Twilio could take; nothing of it was kept.

    Args:
        code: what is wrong with it, for programs: ``document-…``.
        reason: the same in a sentence, without anything that stands in the file.
        next_step: how to get a file that is taken.
    """

    code = "document-refused"

    def __init__(self, code: str, reason: str, next_step: str) -> None:
        super().__init__(reason, next_step)
        self.code = code


class BlobStoreError(HostedNumbersError):
    """The store of the files does not do its work; try again once it does."""

    code = "blob-store-unavailable"


class BlobMissingError(BlobStoreError):
    """The store has no file of that name (any more)."""

    code = "blob-missing"


class BlobStoreFullError(BlobStoreError):
    """There is no room for another file; nothing of it was kept."""

    code = "blob-store-full"


class VirusScannerError(HostedNumbersError):
    """The virus scanner gave no verdict on a file; nothing of it was kept."""

    code = "virus-scanner-unavailable"


class DecryptionError(HostedNumbersError):
    """What is stored does not decrypt: it is damaged, or was written for another place.

    Attributes:
        key_id: the key that it names, which is no secret.
    """

    code = "not-decryptable"

    def __init__(self, key_id: str) -> None:
        super().__init__(
            f"What is stored under the encryption key {key_id} does not decrypt: it is damaged, "
            "or was written for another namespace or order.",
            "Compare TEMPORAL_NAMESPACE and the key with those of the process that wrote it.",
        )
        self.key_id = key_id


class UnknownEncryptionKeyError(DecryptionError):
    """The key of what is stored is not on this process's ring; it waits until the key is back."""

    code = "unknown-encryption-key"

    def __init__(self, key_id: str) -> None:
        HostedNumbersError.__init__(
            self,
            f"The encryption key {key_id} is not among HOSTED_NUMBERS_ENCRYPTION_KEYS.",
            "Put the key back on the ring; nothing is lost meanwhile.",
        )
        self.key_id = key_id


class SettingsError(HostedNumbersError):
    """A setting is missing or contradicts another; the message names the variable."""

    code = "settings"
