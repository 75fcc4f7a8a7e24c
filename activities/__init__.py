"""Activities: one outside effect each, safe to run twice."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

from temporalio.client import Client

from activities.authorization_documents import AuthorizationDocumentActivities
from activities.bulk_import import BulkImportActivities
from activities.documents import DocumentActivities
from activities.expired_codes import ExpiredCodeActivities
from activities.hosted_number_orders import HostedNumberOrderActivities, Sweep
from activities.letter_groups import GroupCallActivities, LetterGroupActivities
from activities.notifications import (
    NotificationActivities,
    NotificationDeliveryActivities,
    Receiver,
)
from activities.sweep import SweepActivities
from activities.verification import VerificationActivities
from hosted_numbers.blobs import BlobStore
from hosted_numbers.letter_groups.client import LetterGroups
from hosted_numbers.notification_records import Notifications
from hosted_numbers.orders import HostedNumberOrders
from hosted_numbers.settings import Settings
from hosted_numbers.sweeps import SweepWatch
from hosted_numbers.twilio import Credentials, TwilioClient
from hosted_numbers.twilio.calls import Observer, unobserved


def twilio_client(settings: Settings, observer: Observer = unobserved) -> TwilioClient:
    """The one client of a worker, by its settings; ``observer`` is told of each call.

    Raises:
        SettingsError: the credentials are incomplete.
    """
    account, username, password = settings.twilio_login()
    return TwilioClient(
        Credentials(username, password, account),
        base_url=settings.twilio_base_url,
        deadline=settings.hosted_numbers_twilio_deadline_seconds,
        max_connections=settings.hosted_numbers_twilio_connections,
        observer=observer,
    )


def all_activities(
    client: Client, twilio: TwilioClient, blobs: BlobStore, settings: Settings
) -> list[Callable[..., Any]]:
    """Every activity that the worker of the orders registers.

    Args:
        client: of Temporal, with the pydantic data converter.
        twilio: the worker's one client.
        blobs: where the files of orders are kept.
        settings: of the worker.
    """
    notifies = settings.hosted_numbers_notification_url is not None
    return [
        *twilio_activities(
            twilio,
            blobs,
            public_base_url=settings.public_base_url,
            document_retention=settings.document_retention(),
            notifies=notifies,
            sweep=SweepWatch(client),
        ),
        *temporal_activities(
            client,
            twilio,
            blobs,
            callbacks=settings.public_base_url is not None,
            bulk_window=settings.hosted_numbers_bulk_window,
            notifies=notifies,
        ),
    ]


def twilio_activities(
    twilio: TwilioClient,
    blobs: BlobStore,
    *,
    public_base_url: str | None,
    document_retention: timedelta,
    notifies: bool = False,
    sweep: Sweep | None = None,
) -> list[Callable[..., Any]]:
    """What orders and letters do at Twilio.

    Args:
        twilio: the worker's one client.
        blobs: where the files of orders are kept.
        public_base_url: the gateway, where Twilio reports changes and people act; None leaves
            orders to their own looks.
        document_retention: how long files are kept after their order has ended.
        notifies: whether a backend wants to be told.
        sweep: tells whether the status sweep is at work; None leaves orders to their own looks.
    """
    orders = HostedNumberOrderActivities(twilio, public_base_url, notifies=notifies, sweep=sweep)
    verification = VerificationActivities(twilio)
    letters = AuthorizationDocumentActivities(twilio)
    shared_letters = LetterGroupActivities(twilio)
    documents = DocumentActivities(twilio, blobs, document_retention)
    return [
        orders.find_or_create,
        orders.fetch,
        orders.check_sweep,
        orders.update,
        orders.delete,
        orders.release,
        verification.place_call,
        verification.submit_code,
        documents.upload_bill,
        documents.attach_bill,
        documents.find_or_create,
        documents.disposal_delay,
        documents.dispose,
        letters.find_or_create,
        letters.reopen,
        letters.resend,
        shared_letters.find_or_create,
        shared_letters.fetch,
        shared_letters.reopen,
        shared_letters.resend,
    ]


def temporal_activities(
    client: Client,
    twilio: TwilioClient,
    blobs: BlobStore,
    *,
    callbacks: bool,
    bulk_window: int,
    notifies: bool = False,
) -> list[Callable[..., Any]]:
    """What one workflow does to others: start them, tell them, compare them with Twilio's lists.

    Args:
        client: of Temporal, with the pydantic data converter.
        twilio: the worker's one client.
        blobs: where the rows of bulk imports are kept.
        callbacks: whether Twilio is told where to report changes.
        bulk_window: orders of one import that may be on their way to Twilio.
        notifies: whether a backend wants to be told.
    """
    return [
        NotificationActivities(Notifications(client) if notifies else None).start,
        BulkImportActivities(HostedNumberOrders(client), blobs, bulk_window).start_rows,
        SweepActivities(twilio, client, callbacks=callbacks).sweep,
        ExpiredCodeActivities(client).hint,
        *GroupCallActivities(LetterGroups(client)).all(),
    ]


def notification_activities(receiver: Receiver | None) -> list[Callable[..., Any]]:
    """Every activity that the worker of the notifications registers.

    Args:
        receiver: where events are sent; None where the settings name no endpoint.
    """
    return [NotificationDeliveryActivities(receiver).deliver]
