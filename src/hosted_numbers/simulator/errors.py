"""Twilio's errors as the simulator answers them, and its own refusal to start.

Codes and their meaning: https://www.twilio.com/docs/api/errors. Twilio does not publish the HTTP
status of the 22xxx range; the simulator answers 400. The Documents API words its errors in a shape
of its own, and documents one code, 70002.
"""

from typing import Final

HTTP_STATUS: Final = {20003: 401, 20004: 405, 20404: 404, 20429: 429, 20500: 500, 20503: 503}
"""Codes whose HTTP status is not 400."""

MESSAGES: Final = {
    18024: "The file cannot be processed",
    20003: "Authenticate",
    20004: "Method not allowed",
    20429: "Too Many Requests",
    20500: "An internal server error has occurred",
    20503: "Service unavailable",
    21646: "SupportingDocument cannot be deleted in its present status",
    22100: "Maximum verification attempts reached, contact support to reset them",
    22101: "HostedNumberOrderSids are missing, malformed, unknown or not verified",
    22102: "PhoneNumber is not a valid E.164 number",
    22103: "PhoneNumber is in a country that is not supported",
    22104: "Email address is not valid",
    22105: "URL is not valid",
    22106: "HTTP method must be GET or POST",
    22107: "AuthorizationDocument cannot be changed in its present status",
    22108: "SmsApplicationSid is not valid",
    22109: "AddressSid is not valid",
    22110: "PhoneNumber cannot be hosted",
    22111: "Status is not a HostedNumberOrder status",
    22112: "Status cannot be applied to the HostedNumberOrder",
    22113: "VerificationCode is wrong or has expired",
    22114: "HostedNumberOrder cannot be verified in its present status",
    22115: "UniqueName is not valid",
    22116: "FriendlyName is too long",
    22117: "Extension may only contain digits, #, * and w",
    22118: "VerificationDocumentSid is not valid",
    22119: "SmsCapability must be true",
    22120: "VerificationType must be phone-call or phone-bill",
    22121: "PhoneNumber is not in use yet",
    22122: "Status of an AuthorizationDocument can only be set to opened or signing",
    22123: "The verification call could not be placed",
    22207: "Attributes is not a JSON object",
    22208: "Status and Attributes cannot be updated together",
    22209: "Status is not valid, or does not allow the change",
    22210: "Type is missing or not valid",
    22211: "FriendlyName is missing",
    70002: "Document type not found",
}
"""What each code says when the place that raises it adds nothing."""


class TwilioError(Exception):
    """A request that Twilio refuses.

    Args:
        code: Twilio's error code, for instance 22113.
        message: what the answer says; by default the code's own sentence.
    """

    def __init__(self, code: int, message: str | None = None) -> None:
        self.code = code
        self.message = message if message is not None else MESSAGES[code]
        self.status = HTTP_STATUS.get(code, 400)
        super().__init__(f"{code}: {self.message}")

    def body(self) -> dict[str, object]:
        """The JSON body of the ordinary Twilio APIs."""
        return {
            "code": self.code,
            "message": self.message,
            "more_info": f"https://www.twilio.com/docs/errors/{self.code}",
            "status": self.status,
        }


class DocumentsApiError(TwilioError):
    """A request that the Documents API refuses; its page shows this shape for 70002."""

    def body(self) -> dict[str, object]:
        """The JSON body of the Documents API."""
        return {
            "message": self.message,
            "code": self.code,
            "user_error": True,
            "http_status_code": self.status,
            "params": {},
        }


def not_found(path: str) -> TwilioError:
    """404 with 20404, as every Twilio API says it."""
    return TwilioError(20404, f"The requested resource {path} was not found")


def missing(parameter: str) -> TwilioError:
    """400 with 20001 for a required parameter that did not come."""
    return TwilioError(20001, f"Missing required parameter {parameter} in the post body")


def invalid(parameter: str) -> TwilioError:
    """400 with 20001 for a value for which Twilio has no code of its own."""
    return TwilioError(20001, f"Invalid parameter {parameter}")


class ControlError(Exception):
    """A control path that cannot do what it is asked.

    Args:
        status: HTTP status of the answer.
        message: one sentence for the person who asked.
    """

    def __init__(self, status: int, message: str) -> None:
        self.status = status
        self.message = message
        super().__init__(message)


class SimulatorRefused(RuntimeError):  # noqa: N818 - the name that the command line catches
    """The simulator will not start here; the message says why and what to change."""
