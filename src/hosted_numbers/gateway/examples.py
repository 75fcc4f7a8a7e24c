"""Examples of bodies and answers, as the API's description shows them; none holds a real person."""

from typing import Any, Final

_NUMBER: Final = "+15017122661"
_LINKS: Final = {
    "self": f"/v1/hosted-number-orders/{_NUMBER}",
    "events": f"/v1/hosted-number-orders/{_NUMBER}/events",
    "page": "https://numbers.example.com/orders/%2B15017122661",
    "temporal_ui": "https://temporal.example.com/namespaces/default/workflows/"
    "hosted-number-order%2F%2B15017122661",
}
_FULL_ORDER: Final[dict[str, Any]] = {
    "phone_number": _NUMBER,
    "email": "owner@example.com",
    "address_sid": "AD00000000000000000000000000000001",
    "contact_title": "Owner",
    "contact_phone_number": "+15017122662",
}
_RUN: Final = "0196d2a4-7c1e-7f53-9a59-4c0d8f3b7a11"
_ORDER_SID: Final = "HR00000000000000000000000000000001"

ORDERS: Final[dict[str, Any]] = {
    "least": {"summary": "What is required", "value": _FULL_ORDER},
    "call when asked": {
        "summary": "With an extension, called when a person asks for it",
        "value": _FULL_ORDER
        | {
            "friendly_name": "Front desk",
            "cc_emails": ["office@example.com"],
            "sms_url": "https://example.com/sms",
            "extension": "ww101",
            "call_when": "asked",
            "customer": "customer-4711",
        },
    },
    "one letter for many": {
        "summary": "One of forty orders that one person signs for at once",
        "value": _FULL_ORDER
        | {
            "loa_group": "spring-2026",
            "loa_group_size": 40,
        },
    },
}
CODES: Final[dict[str, Any]] = {"heard": {"summary": "As it was heard", "value": {"code": "0471"}}}
CALLS: Final[dict[str, Any]] = {
    "as the order says": {"summary": "As the order says", "value": {}},
    "to an extension": {"summary": "To an extension", "value": {"extension": "ww101"}},
}
AMENDMENTS: Final[dict[str, Any]] = {
    "signer": {
        "summary": "Another person signs",
        "value": {"email": "director@example.com", "contact_title": "Director"},
    }
}
NOTHING: Final[dict[str, Any]] = {"nothing": {"summary": "Nothing to say", "value": {}}}
CONFIRMATIONS: Final[dict[str, Any]] = {
    "sure": {"summary": "The number again", "value": {"confirm": _NUMBER}}
}

STARTED: Final[dict[str, Any]] = {
    "phone_number": _NUMBER,
    "workflow_id": f"hosted-number-order/{_NUMBER}",
    "run_id": _RUN,
    "links": _LINKS,
}
ANSWER: Final[dict[str, Any]] = {
    "taken": True,
    "reason": "The code is right: the number is verified.",
    "next_step": "Wait for the letter of authorization to be signed.",
    "attempts_left": 2,
}
PROGRESS: Final[dict[str, Any]] = {
    "phone_number": _NUMBER,
    "sid": _ORDER_SID,
    "status": "pending-verification",
    "phase": "verification",
    "waiting_for": "verification-code",
    "reason": "Twilio called the number and read out a code.",
    "next_step": "Enter the code that was heard.",
    "deadline": "2026-03-31T09:00:00Z",
    "attempts_used": 1,
    "attempts_left": 2,
    "timeline": [{"at": "2026-03-02T09:00:00Z", "what": "The order was started."}],
    "links": _LINKS,
}
LIST: Final[dict[str, Any]] = {
    "orders": [
        {
            "phone_number": _NUMBER,
            "workflow_id": f"hosted-number-order/{_NUMBER}",
            "run_id": _RUN,
            "open": False,
            "started_at": "2026-03-02T09:00:00Z",
            "closed_at": "2026-03-09T14:20:00Z",
            "status": "completed",
            "waiting_for": "nothing",
            "sid": _ORDER_SID,
            "customer": "customer-4711",
            "deadline": "2026-04-07T14:00:00Z",
            "since": "2026-03-09T14:20:00Z",
            "links": _LINKS,
        }
    ],
    "next_cursor": "c29tZSBvcGFxdWUgdGV4dA",
}
"""FastAPI leaves null out of examples, so this one has none."""
