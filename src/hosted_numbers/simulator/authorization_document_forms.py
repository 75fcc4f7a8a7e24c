"""The forms of an AuthorizationDocument, read and checked."""

from collections.abc import Callable
from typing import Final

from hosted_numbers.simulator import machine
from hosted_numbers.simulator import parameters as check
from hosted_numbers.simulator.authorization_documents import (
    DocumentChanges,
    NewAuthorizationDocument,
)
from hosted_numbers.simulator.errors import TwilioError
from hosted_numbers.simulator.parameters import Parameters
from hosted_numbers.simulator.sids import is_sid

_FIELDS: Final[dict[str, tuple[str, Callable[[str], str]]]] = {
    "AddressSid": ("address_sid", check.address_sid),
    "Email": ("email", check.email),
    "ContactTitle": ("contact_title", str),
    "ContactPhoneNumber": ("contact_phone_number", check.contact_number),
}
"""Single-valued parameters, their name in ``AuthorizationDocument``, and the check of each."""

_POSTABLE: Final = frozenset({machine.OPENED, machine.SIGNING})


def read_create(form: Parameters) -> NewAuthorizationDocument:
    """Read ``POST /HostedNumbers/AuthorizationDocuments``.

    Raises:
        TwilioError: 22101 for the order SIDs; else the code of the first parameter that is missing
            or wrong.
    """
    order_sids = _order_sids(form)
    fields = {
        attribute: checked(form.required(name)) for name, (attribute, checked) in _FIELDS.items()
    }
    return NewAuthorizationDocument(order_sids=order_sids, cc_emails=_cc_emails(form), **fields)


def read_update(form: Parameters) -> DocumentChanges:
    """Read ``POST /HostedNumbers/AuthorizationDocuments/{Sid}``; only what was sent changes.

    Raises:
        TwilioError: 22122 for a status that no customer may set; 22101 for the order SIDs; else
            the code of the first parameter that is wrong.
    """
    status = form.text("Status")
    fields: dict[str, object] = {}
    for name, (attribute, checked) in _FIELDS.items():
        value = form.text(name)
        if value is not None:
            fields[attribute] = checked(value)
    if "CcEmails" in form:
        fields["cc_emails"] = _cc_emails(form)
    return DocumentChanges(
        fields=fields,
        order_sids=_order_sids(form) if "HostedNumberOrderSids" in form else None,
        status=check.document_status(status, _POSTABLE) if status is not None else None,
    )


def _order_sids(form: Parameters) -> list[str]:
    sids = form.many("HostedNumberOrderSids")
    if not sids or not all(is_sid(sid, "HR") for sid in sids):
        raise TwilioError(22101)
    return sids


def _cc_emails(form: Parameters) -> list[str]:
    return [check.email(each) for each in form.many("CcEmails")]
