"""The forms of a HostedNumberOrder, read and checked."""

from collections.abc import Callable

from hosted_numbers.simulator import machine
from hosted_numbers.simulator import parameters as check
from hosted_numbers.simulator.config import SimulatorConfig
from hosted_numbers.simulator.errors import TwilioError, invalid, missing
from hosted_numbers.simulator.orders import NewOrder, OrderChanges
from hosted_numbers.simulator.parameters import Parameters


def read_create(form: Parameters, config: SimulatorConfig) -> NewOrder:
    """Read ``POST /HostedNumbers/HostedNumberOrders``.

    Raises:
        TwilioError: the code of the first parameter that is missing or wrong.
    """
    number = check.phone_number(form.required("PhoneNumber"))
    check.sms_capability(form.required("SmsCapability"))
    fields = _labels(form, config)
    _put(fields, form, "AddressSid", "address_sid", check.address_sid)
    _put(fields, form, "StatusCallbackUrl", "status_callback_url", check.url)
    _put(fields, form, "StatusCallbackMethod", "status_callback_method", check.method)
    fields["sms_settings"] = sms = dict[str, object]()
    _put(sms, form, "SmsUrl", "sms_url", check.url)
    _put(sms, form, "SmsMethod", "sms_method", check.method)
    _put(sms, form, "SmsFallbackUrl", "sms_fallback_url", check.url)
    _put(sms, form, "SmsFallbackMethod", "sms_fallback_method", check.method)
    _put(sms, form, "SmsApplicationSid", "sms_application_sid", check.application_sid)
    by_bill = fields.get("verification_type") == machine.PHONE_BILL
    if by_bill and "verification_document_sid" not in fields:
        raise missing("VerificationDocumentSid")
    account = form.text("AccountSid")
    return NewOrder(
        phone_number=number,
        account_sid=check.account_sid(account) if account is not None else None,
        fields=fields,
    )


def read_update(form: Parameters, config: SimulatorConfig) -> OrderChanges:
    """Read ``POST /HostedNumbers/HostedNumberOrders/{Sid}``; only what was sent changes.

    Raises:
        TwilioError: the code of the first parameter that is wrong; 22112 for a status that no
            customer may set; 20001 for a status and a code at once, where Twilio does not say
            which comes first.
    """
    fields = _labels(form, config)
    for name, attribute in (("FriendlyName", "friendly_name"), ("UniqueName", "unique_name")):
        if name in form:
            fields.setdefault(attribute, None)
    if "Extension" in form:
        fields["extension"] = check.extension(form.text("Extension") or "")
    _put(fields, form, "CallDelay", "call_delay", check.call_delay)
    status = form.text("Status")
    if status is not None and check.order_status(status) != machine.PENDING_VERIFICATION:
        raise TwilioError(22112)
    code = form.text("VerificationCode")
    if status is not None and code is not None:
        raise invalid("VerificationCode: not together with Status")
    return OrderChanges(fields=fields, status=status, verification_code=code)


def _labels(form: Parameters, config: SimulatorConfig) -> dict[str, object]:
    """The parameters that create and update share, by their name in ``Order``."""

    def friendly_name(value: str) -> str:
        return check.friendly_name(value, strict=config.strict_friendly_names)

    def document_sid(value: str) -> str:
        return check.document_sid(value, strict=config.strict_document_sids)

    fields: dict[str, object] = {}
    _put(fields, form, "FriendlyName", "friendly_name", friendly_name)
    _put(fields, form, "UniqueName", "unique_name", check.unique_name)
    _put(fields, form, "Email", "email", check.email)
    if "CcEmails" in form:
        fields["cc_emails"] = [check.email(each) for each in form.many("CcEmails")]
    _put(fields, form, "VerificationType", "verification_type", check.verification_type)
    _put(fields, form, "VerificationDocumentSid", "verification_document_sid", document_sid)
    return fields


def _put(
    fields: dict[str, object],
    form: Parameters,
    name: str,
    attribute: str,
    checked: Callable[[str], object],
) -> None:
    value = form.text(name)
    if value is not None:
        fields[attribute] = checked(value)
