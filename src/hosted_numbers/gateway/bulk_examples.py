"""Examples of bulk files and what is answered to them; none holds a real person."""

from typing import Any, Final

from hosted_numbers.bulk.template import template

_ID: Final = "5f6d0e4c8b1a42d79c3e0f5a6b7c8d9e"
_PATH: Final = f"/v1/bulk-imports/{_ID}"

CSV: Final = template("csv")
RESULTS: Final = (
    "line,phone_number,outcome,code,reason\r\n"
    "2,+15017122661,started,,\r\n"
    "3,+15017122662,refused,order-already-open,Another order for +15017122662 is open.\r\n"
)
SHOWN: Final[dict[str, Any]] = {
    "id": _ID,
    "name": "march.csv",
    "customer": "customer-4711",
    "status": "running",
    "rows": 1000,
    "left_out": 0,
    "started": 598,
    "already_open": 1,
    "refused": 1,
    "began_at": "2026-03-02T09:00:00Z",
    "links": {
        "self": _PATH,
        "results": f"{_PATH}/results",
        "page": f"https://numbers.example.com/imports/{_ID}",
    },
}
BEGUN: Final = SHOWN | {"started": 0, "already_open": 0, "refused": 0, "created": True}
WITH_ORDERS: Final = SHOWN | {"orders": {"not-at-twilio": 120, "received": 30, "completed": 448}}
LIST: Final = {"imports": [SHOWN]}
REPORT: Final[dict[str, Any]] = {
    "rows": 1000,
    "bad_rows": 1,
    "readable": True,
    "loa_groups": 5,
    "errors": [
        {
            "line": 17,
            "field": "phone_number",
            "message": "No such number can exist in the US or Canada: check its digits.",
        }
    ],
    "warnings": [],
}
