"""Twilio's paths for papers: Documents and SupportingDocuments, over HTTP.

At Twilio a supporting document comes with its file to another host than without. Here one port
serves both, told apart by the type of the body.
"""

from typing import Final

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import BaseRoute, Route

from hosted_numbers.simulator import paperwork, upload_forms
from hosted_numbers.simulator.endpoints import Endpoint, origin, read_form
from hosted_numbers.simulator.errors import not_found
from hosted_numbers.simulator.paging import read_page_request, render_page
from hosted_numbers.simulator.resources import (
    SUPPORTING_DOCUMENTS,
    document_resource,
    supporting_document_resource,
)
from hosted_numbers.simulator.supporting_documents import SupportingDocument
from hosted_numbers.simulator.uploads import MULTIPART, media_type

DOCUMENTS: Final = "/v1/Documents"


class DocumentCollection(Endpoint):
    """Upload documents; nothing else can be done with them."""

    async def post(self, request: Request) -> Response:
        """Take a file in: 201, also for an empty one, with an empty ``mime_type``."""
        new = await upload_forms.read_document(request, self.simulator.config)
        with self.simulator.turn() as now:
            document = paperwork.create_document(self.simulator.world, new, now)
        return JSONResponse(document_resource(document), 201)


class SupportingDocumentCollection(Endpoint):
    """Create and list supporting documents."""

    async def post(self, request: Request) -> Response:
        """Create one, with its file or without: 201."""
        if media_type(request) == MULTIPART:
            config = self.simulator.config
            new = await upload_forms.read_supporting_upload(request, config)
        else:
            new = upload_forms.read_supporting_create(await read_form(request))
        with self.simulator.turn() as now:
            document = paperwork.create_supporting_document(self.simulator.world, new, now)
        return JSONResponse(supporting_document_resource(document, origin(request)), 201)

    async def get(self, request: Request) -> Response:
        """List them all."""
        page = read_page_request(request.query_params)
        base_url = origin(request)
        with self.simulator.turn():
            envelope = render_page(
                self.simulator.world.supporting_documents,
                lambda document: not document.deleted,
                page,
                url=base_url + request.url.path,
                filters={},
                resource=lambda document: supporting_document_resource(document, base_url),
                key="results",
            )
        return JSONResponse(envelope)


class SupportingDocumentInstance(Endpoint):
    """Fetch, update and delete one supporting document."""

    async def get(self, request: Request) -> Response:
        """Fetch it."""
        with self.simulator.turn():
            document = self._document(request)
        return JSONResponse(supporting_document_resource(document, origin(request)))

    async def post(self, request: Request) -> Response:
        """Change what the form names."""
        form = await read_form(request)
        with self.simulator.turn() as now:
            document = self._document(request)
            changes = upload_forms.read_supporting_update(form)
            paperwork.update_supporting_document(self.simulator.world, document, changes, now)
        return JSONResponse(supporting_document_resource(document, origin(request)))

    async def delete(self, request: Request) -> Response:
        """Delete it: 204 without a body."""
        with self.simulator.turn() as now:
            paperwork.delete_supporting_document(self.simulator.world, self._document(request), now)
        return Response(status_code=204)

    def _document(self, request: Request) -> SupportingDocument:
        sid = request.path_params["sid"]
        document = self.simulator.world.supporting_documents.get(sid)
        if document is None or document.deleted:
            raise not_found(request.url.path)
        return document


ROUTES: Final[list[BaseRoute]] = [
    Route(DOCUMENTS, DocumentCollection),
    Route(SUPPORTING_DOCUMENTS, SupportingDocumentCollection),
    Route(f"{SUPPORTING_DOCUMENTS}/{{sid}}", SupportingDocumentInstance),
]
