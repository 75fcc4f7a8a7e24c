"""The first page: the pipeline, what needs a person now, and every order by search and filter."""

from typing import Annotated, Final, get_args
from urllib.parse import urlencode

from fastapi import APIRouter, Query, Request
from pydantic import BaseModel, BeforeValidator, ConfigDict, Field
from starlette.responses import HTMLResponse

from hosted_numbers.contract import WaitingFor
from hosted_numbers.errors import InvalidRequestError
from hosted_numbers.gateway import paging
from hosted_numbers.gateway.dependencies import Orders, Ui
from hosted_numbers.gateway.pages.desk import OfDesk
from hosted_numbers.gateway.pages.rendering import page
from hosted_numbers.order_lists import STATUSES, OrderLists, OrderPage
from hosted_numbers.problem_reports import QUERY

_ROWS: Final = 25

router = APIRouter(include_in_schema=False, default_response_class=HTMLResponse)


def _if_any(value: object) -> object:
    """An empty field of a form is an absent one."""
    return None if isinstance(value, str) and not value.strip() else value


IfAny = BeforeValidator(_if_any)
Typed = Annotated[str, Field(max_length=100)]
Cursor = Annotated[str, Field(max_length=8000)]


class Search(BaseModel):
    """What to list, as the form on the page sends it."""

    model_config = ConfigDict(extra="ignore")

    q: Annotated[Typed | None, IfAny] = None
    status: Annotated[Typed | None, IfAny] = None
    waiting_for: Annotated[WaitingFor | None, IfAny] = None
    open: Annotated[bool | None, IfAny] = None
    cursor: Annotated[Cursor | None, IfAny] = None

    @property
    def filters(self) -> str:
        """What is listed, whatever the page: the cursor is good for that alone."""
        return self.model_dump_json(include={"status", "waiting_for", "open"})

    @property
    def is_narrowed(self) -> bool:
        """Whether somebody looks for certain orders."""
        return bool(self.q or self.status or self.waiting_for or self.open or self.cursor)

    def after(self, cursor: bytes | None) -> str | None:
        """The link to the next page."""
        if cursor is None:
            return None
        asked = {
            "status": self.status,
            "waiting_for": self.waiting_for,
            "open": "true" if self.open else None,
            "cursor": paging.as_text(cursor, self.filters),
        }
        return f"/?{urlencode({name: value for name, value in asked.items() if value})}#orders"


@router.get("/")
async def overview(
    request: Request, search: Annotated[Search, Query()], orders: Orders, desk: OfDesk, ui: Ui
) -> HTMLResponse:
    """Where the orders stand and which of them need somebody."""
    picture = await desk.pipeline.picture(orders)
    trouble: InvalidRequestError | None = None
    try:
        rows = await _rows(search, orders.lists)
    except InvalidRequestError as error:
        rows, trouble = OrderPage((), None), error
    return page(
        request.scope,
        "overview.html",
        422 if trouble else 200,
        picture=picture,
        temporal_ui=ui,
        problems_query=QUERY,
        search=search,
        rows=rows.orders,
        more=None if search.q else search.after(rows.next_cursor),
        cut_off=search.q is not None and rows.next_cursor is not None,
        trouble=trouble,
        statuses=(*STATUSES, "completed", "failed"),
        kinds_of_need=get_args(WaitingFor),
    )


async def _rows(search: Search, lists: OrderLists) -> OrderPage:
    if search.q:
        return await lists.find(search.q, _ROWS * 2)
    return await lists.page(
        status=search.status,
        waiting_for=search.waiting_for,
        open_only=bool(search.open),
        page_size=_ROWS,
        cursor=paging.from_text(search.cursor, search.filters) if search.cursor else None,
    )
