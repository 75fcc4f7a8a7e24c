"""Activities: one outside effect each, safe to run twice."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

from activities.authorization_documents import AuthorizationDocumentActivities
from activities.documents import DocumentActivities
from activities.hosted_number_orders import HostedNumberOrderActivities
from activities.notifications import (
    NotificationActivities,
    NotificationDeliveryActivities,
    Receiver,
)
from activities.verification import VerificationActivities
from hosted_numbers.blobs import BlobStore
from hosted_numbers.notification_records import Notifications
from hosted_numbers.settings import Settings
from hosted_numbers.twilio import Credentials, TwilioClient


def twilio_client(settings: Settings) -> TwilioClient:
    """The one client of a worker, by its settings.

    Raises:
        SettingsError: the credentials are incomplete.
    """
    account, username, password = settings.twilio_login()
    return TwilioClient(
        Credentials(username, password, account),
        base_url=settings.twilio_base_url,
        deadline=settings.hosted_numbers_twilio_deadline_seconds,
        max_connections=settings.hosted_numbers_twilio_connections,
    )


def all_activities(
    twilio: TwilioClient,
    blobs: BlobStore,
    *,
    public_base_url: str | None,
    document_retention: timedelta,
    notifications: Notifications | None = None,
) -> list[Callable[..., Any]]:
    """Every activity that the worker of the orders registers.

    Args:
        twilio: the worker's one client.
        blobs: where the files of orders are kept.
        public_base_url: the gateway, where Twilio reports changes and people act; None leaves
            orders to their own looks.
        document_retention: how long files are kept after their order has ended.
        notifications: where events are handed over; None where no backend wants to be told.
    """
    notifies = notifications is not None
    orders = HostedNumberOrderActivities(twilio, public_base_url, notifies=notifies)
    verification = VerificationActivities(twilio)
    letters = AuthorizationDocumentActivities(twilio)
    documents = DocumentActivities(twilio, blobs, document_retention)
    telling = NotificationActivities(notifications)
    return [
        orders.find_or_create,
        orders.fetch,
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
        telling.start,
    ]


def notification_activities(receiver: Receiver | None) -> list[Callable[..., Any]]:
    """Every activity that the worker of the notifications registers.

    Args:
        receiver: where events are sent; None where the settings name no endpoint.
    """
    return [NotificationDeliveryActivities(receiver).deliver]
