"""Twilio's paths: HostedNumberOrders, AuthorizationDocuments and their dependents, over HTTP."""

import re
from typing import Final

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import BaseRoute, Route

from hosted_numbers.simulator import authorization_document_forms, machine, order_forms
from hosted_numbers.simulator import parameters as check
from hosted_numbers.simulator.authorization_documents import AuthorizationDocument
from hosted_numbers.simulator.catalog import Catalog
from hosted_numbers.simulator.endpoints import Endpoint, has, origin, read_filters, read_form
from hosted_numbers.simulator.errors import invalid, not_found
from hosted_numbers.simulator.orders import Order
from hosted_numbers.simulator.paging import read_page_request, render_page
from hosted_numbers.simulator.resources import (
    AUTHORIZATION_DOCUMENTS,
    DEPENDENTS,
    ORDERS,
    authorization_document_resource,
    dependent_resource,
    order_resource,
)
from hosted_numbers.simulator.runtime import Simulator

_ORDER_FILTERS: Final = {
    "Status": "status",
    "PhoneNumber": "phone_number",
    "IncomingPhoneNumberSid": "incoming_phone_number_sid",
    "FriendlyName": "friendly_name",
    "UniqueName": "unique_name",
}
_DOCUMENT_FILTERS: Final = {"Email": "email", "Status": "status"}
_SID_IN_PATH: Final = re.compile(r"(?<=/)[A-Z]{2}[0-9a-fA-F]{32}(?=/|\.json$|$)")


def route_label(path: str) -> str:
    """A path with every SID in it written ``{sid}``."""
    return _SID_IN_PATH.sub("{sid}", path)


class OrderCollection(Endpoint):
    """Create and list orders."""

    async def post(self, request: Request) -> Response:
        """Create an order: 201."""
        new = order_forms.read_create(await read_form(request), self.simulator.config)
        with self.simulator.turn() as now:
            order = self.simulator.world.create_order(new, now)
        return JSONResponse(order_resource(order, origin(request)), 201)

    async def get(self, request: Request) -> Response:
        """List orders, filtered by exact values."""
        filters = _order_filters(request)
        page = read_page_request(request.query_params)
        base_url = origin(request)
        with self.simulator.turn():
            catalog = self.simulator.world.orders.candidates(
                filters.get("PhoneNumber"), filters.get("UniqueName")
            )
            envelope = render_page(
                catalog,
                has(filters, _ORDER_FILTERS),
                page,
                url=base_url + request.url.path,
                filters=filters,
                resource=lambda order: order_resource(order, base_url),
            )
        return JSONResponse(envelope)


class OrderInstance(Endpoint):
    """Fetch, update and delete one order."""

    async def get(self, request: Request) -> Response:
        """Fetch it."""
        with self.simulator.turn():
            order = self._order(request)
        return JSONResponse(order_resource(order, origin(request)))

    async def post(self, request: Request) -> Response:
        """Change what the form names."""
        form = await read_form(request)
        with self.simulator.turn() as now:
            order = self._order(request)
            changes = order_forms.read_update(form, self.simulator.config)
            self.simulator.world.update_order(order, changes, now)
        return JSONResponse(order_resource(order, origin(request)))

    async def delete(self, request: Request) -> Response:
        """Delete it: 204 without a body."""
        with self.simulator.turn() as now:
            self.simulator.world.delete_order(self._order(request), now)
        return Response(status_code=204)

    def _order(self, request: Request) -> Order:
        order = self.simulator.world.orders.listed.get(request.path_params["sid"])
        if order is None:
            raise not_found(request.url.path)
        return order


class DocumentCollection(Endpoint):
    """Create and list authorization documents."""

    async def post(self, request: Request) -> Response:
        """Create and mail one: 201."""
        new = authorization_document_forms.read_create(await read_form(request))
        with self.simulator.turn() as now:
            document = self.simulator.world.create_authorization_document(new, now)
        return JSONResponse(authorization_document_resource(document, origin(request)), 201)

    async def get(self, request: Request) -> Response:
        """List documents, filtered by exact values."""
        filters = read_filters(request, _DOCUMENT_FILTERS)
        if filters.get("Status", machine.SIGNING) not in machine.DOCUMENT_STATUSES:
            raise invalid("Status")
        page = read_page_request(request.query_params)
        base_url = origin(request)
        with self.simulator.turn():
            envelope = render_page(
                self.simulator.world.authorization_documents,
                has(filters, _DOCUMENT_FILTERS),
                page,
                url=base_url + request.url.path,
                filters=filters,
                resource=lambda document: authorization_document_resource(document, base_url),
            )
        return JSONResponse(envelope)


class DocumentInstance(Endpoint):
    """Fetch and update one document; the preview API has no DELETE for it."""

    async def get(self, request: Request) -> Response:
        """Fetch it."""
        with self.simulator.turn():
            document = _document(self.simulator, request)
        return JSONResponse(authorization_document_resource(document, origin(request)))

    async def post(self, request: Request) -> Response:
        """Change what the form names, withdraw it or mail it again."""
        form = await read_form(request)
        with self.simulator.turn() as now:
            document = _document(self.simulator, request)
            changes = authorization_document_forms.read_update(form)
            self.simulator.world.update_authorization_document(document, changes, now)
        return JSONResponse(authorization_document_resource(document, origin(request)))


class Dependents(Endpoint):
    """The orders on a document."""

    async def get(self, request: Request) -> Response:
        """List them, filtered by exact values."""
        filters = _order_filters(request)
        page = read_page_request(request.query_params)
        with self.simulator.turn():
            world = self.simulator.world
            envelope = render_page(
                Catalog(world.orders_on(_document(self.simulator, request))),
                has(filters, _ORDER_FILTERS),
                page,
                url=origin(request) + request.url.path,
                filters=filters,
                resource=dependent_resource,
            )
        return JSONResponse(envelope)


ROUTES: Final[list[BaseRoute]] = [
    Route(ORDERS, OrderCollection),
    Route(f"{ORDERS}/{{sid}}", OrderInstance),
    Route(AUTHORIZATION_DOCUMENTS, DocumentCollection),
    Route(f"{AUTHORIZATION_DOCUMENTS}/{{sid}}", DocumentInstance),
    Route(f"{AUTHORIZATION_DOCUMENTS}/{{sid}}/{DEPENDENTS}", Dependents),
]


def _document(simulator: Simulator, request: Request) -> AuthorizationDocument:
    document = simulator.world.authorization_documents.get(request.path_params["sid"])
    if document is None:
        raise not_found(request.url.path)
    return document


def _order_filters(request: Request) -> dict[str, str]:
    filters = read_filters(request, _ORDER_FILTERS)
    if "Status" in filters:
        check.order_status(filters["Status"])
    return filters
