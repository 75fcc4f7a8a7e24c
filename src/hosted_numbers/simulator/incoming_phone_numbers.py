"""The IncomingPhoneNumber of a hosted number, over HTTP: to be looked at, and to be deleted.

Twilio makes it with the order and removes it with the order; deleting it off-boards a completed
order. Source: Twilio's pages HostedNumberOrder resource and IncomingPhoneNumber resource.
"""

from datetime import datetime
from email.utils import format_datetime
from typing import Final

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import BaseRoute, Route

from hosted_numbers.simulator.endpoints import Endpoint
from hosted_numbers.simulator.errors import not_found
from hosted_numbers.simulator.orders import Order

_VERSION: Final = "2010-04-01"
PATH: Final = f"/{_VERSION}/Accounts/{{account_sid}}/IncomingPhoneNumbers/{{sid}}.json"


class IncomingPhoneNumber(Endpoint):
    """Fetch and delete one number."""

    async def get(self, request: Request) -> Response:
        """Fetch it."""
        with self.simulator.turn():
            order = self._order(request)
        return JSONResponse(incoming_phone_number_resource(order))

    async def delete(self, request: Request) -> Response:
        """Give the number back: 204 without a body."""
        with self.simulator.turn() as now:
            self.simulator.world.release_number(self._order(request), now)
        return Response(status_code=204)

    def _order(self, request: Request) -> Order:
        numbers = self.simulator.world.orders.by_incoming_phone_number
        order = numbers.get(request.path_params["sid"])
        if order is None or order.account_sid != request.path_params["account_sid"]:
            raise not_found(request.url.path)
        return order


def incoming_phone_number_resource(order: Order) -> dict[str, object]:
    """The number as Twilio's oldest API writes it: dates by RFC 2822, ``uri`` without a host."""
    account, sms = order.account_sid, order.sms_settings
    sid = order.incoming_phone_number_sid
    return {
        "sid": sid,
        "account_sid": account,
        "phone_number": order.phone_number,
        "friendly_name": order.friendly_name or order.phone_number,
        "address_sid": order.address_sid,
        "api_version": _VERSION,
        "beta": False,
        "capabilities": {"voice": False, "sms": True, "mms": False, "fax": False},
        "date_created": _rfc_2822(order.date_created),
        "date_updated": _rfc_2822(order.date_updated),
        "origin": "hosted",
        "sms_application_sid": sms.get("sms_application_sid", ""),
        "sms_url": sms.get("sms_url", ""),
        "sms_method": sms.get("sms_method", "POST"),
        "sms_fallback_url": sms.get("sms_fallback_url", ""),
        "sms_fallback_method": sms.get("sms_fallback_method", "POST"),
        "status": "in-use",
        "status_callback": order.status_callback_url or "",
        "status_callback_method": order.status_callback_method,
        "uri": PATH.format(account_sid=account, sid=sid),
    }


def _rfc_2822(moment: datetime) -> str:
    return format_datetime(moment.replace(microsecond=0))


ROUTES: Final[list[BaseRoute]] = [Route(PATH, IncomingPhoneNumber)]
