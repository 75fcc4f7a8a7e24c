"""What the routes of bulk imports take and answer: explicit models, links added."""

from typing import Annotated, Any, Final, Self

from pydantic import BaseModel, ConfigDict, Field

from hosted_numbers.bulk.checking import Complaint
from hosted_numbers.bulk.contract import ImportProgress
from hosted_numbers.bulk.imports import NAME_LENGTH
from hosted_numbers.formats import CustomerReference
from hosted_numbers.gateway.dependencies import Places

PATH: Final = "/v1/bulk-imports"


class ImportQuery(BaseModel):
    """How a file is to be taken. An unknown parameter is refused: it would do nothing."""

    model_config = ConfigDict(extra="forbid")

    dry_run: Annotated[bool, Field(description="Check the file and start nothing")] = False
    skip_bad_rows: Annotated[
        bool, Field(description="Leave bad rows out, in place of refusing the file")
    ] = False
    name: Annotated[
        str | None, Field(max_length=NAME_LENGTH, description="What lists call the import")
    ] = None
    customer: CustomerReference | None = Field(
        default=None, description="All orders are this customer's; rows may leave it out"
    )


class ListQuery(BaseModel):
    """How many imports to list. An unknown parameter is refused: it would do nothing."""

    model_config = ConfigDict(extra="forbid")

    limit: Annotated[int, Field(ge=1, le=1000, description="The newest so many")] = 50


class ImportLinks(BaseModel):
    """Where to look next."""

    model_config = ConfigDict(serialize_by_alias=True, validate_by_name=True)

    self_: Annotated[str, Field(alias="self", description="The import here, relative to this API")]
    results: str = Field(description="What came of each row, relative to this API")
    page: str = Field(description="The operator's page of the import")


class ImportShown(ImportProgress):
    """Where an import stands."""

    links: ImportLinks

    @classmethod
    def of(cls, progress: ImportProgress, where: Places, **more: Any) -> Self:
        """The progress and the links."""
        path = f"{PATH}/{progress.id}"
        links = ImportLinks(
            self_=path,
            results=f"{path}/results",
            page=f"{where.public_url}/imports/{progress.id}",
        )
        return cls(**dict(progress), links=links, **more)


class ImportBegun(ImportShown):
    """The import that a file began, or that the same file had begun before."""

    created: bool = Field(description="False where this very file was taken before")
    warnings: tuple[Complaint, ...] = Field(
        default=(), description="What is allowed, and may not be meant"
    )


class ImportWithOrders(ImportShown):
    """Where an import and its orders stand."""

    orders: dict[str, int] = Field(
        description="Its orders as of a second ago: the open ones by Twilio's status, "
        "`not-at-twilio` before there is one; then `completed`, `failed` and `ended`"
    )


class ImportList(BaseModel):
    """Imports, newest first."""

    imports: list[ImportShown]
