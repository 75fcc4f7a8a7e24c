"""Which phone numbers Twilio can host: E.164, US or Canada, landline or toll-free.

Source: Twilio's HostedNumberOrder page ("landline or toll-free US & Canada numbers") and error
codes 22102, 22103 and 22110. Whether a number is a mobile cannot be read off a North American
number, so this refuses only what no carrier's records could make hostable.
"""

import re
from typing import Final

import phonenumbers

_E164: Final = re.compile(r"^\+[1-9][0-9]{6,14}$")
_NORTH_AMERICA: Final = 1
_REGIONS: Final = frozenset({"US", "CA"})
_UNHOSTABLE: Final = {
    phonenumbers.PhoneNumberType.PREMIUM_RATE: "a premium-rate number",
    phonenumbers.PhoneNumberType.PAGER: "a pager",
    phonenumbers.PhoneNumberType.PERSONAL_NUMBER: "a personal number that follows its owner",
    phonenumbers.PhoneNumberType.VOIP: "a VoIP number",
    phonenumbers.PhoneNumberType.MOBILE: "a mobile number",
    phonenumbers.PhoneNumberType.UAN: "a company-wide access number",
    phonenumbers.PhoneNumberType.VOICEMAIL: "a voicemail number",
}


def hostable_phone_number(text: str) -> str:
    """Check that a number could be hosted and return it unchanged.

    Args:
        text: the number as sent; only E.164 is taken, such as ``+15017122661``.

    Raises:
        ValueError: it says in one sentence what is wrong with the number.
    """
    parsed = _parse(text)
    if parsed.country_code != _NORTH_AMERICA:
        raise ValueError("Twilio hosts numbers of the US and Canada only, which begin with +1.")
    if not phonenumbers.is_valid_number(parsed):
        raise ValueError("No such number can exist in the US or Canada: check its digits.")
    if phonenumbers.region_code_for_number(parsed) not in _REGIONS:
        raise ValueError("Twilio hosts numbers of the US and Canada only, no other +1 country's.")
    if kind := _UNHOSTABLE.get(phonenumbers.number_type(parsed)):
        raise ValueError(f"Twilio hosts landline and toll-free numbers only; this is {kind}.")
    return text


def dialable_phone_number(text: str) -> str:
    """Check that a number of any country could be called, and return it unchanged.

    Raises:
        ValueError: it says in one sentence what is wrong with the number.
    """
    if not phonenumbers.is_possible_number(_parse(text)):
        raise ValueError("No such number can exist: check its digits.")
    return text


def masked(phone_number: str) -> str:
    """The number with all but its last four digits hidden, for logs."""
    return "*" * max(len(phone_number) - 4, 0) + phone_number[-4:]


def _parse(text: str) -> phonenumbers.PhoneNumber:
    if not _E164.fullmatch(text):
        raise ValueError(
            "A phone number is written as E.164: a plus sign, the country code and the digits, "
            "without spaces, such as +15017122661."
        )
    try:
        return phonenumbers.parse(text)
    except phonenumbers.NumberParseException:
        raise ValueError("The country code of this number does not exist.") from None
