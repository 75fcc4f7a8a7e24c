"""The options that several order commands share, with the word on each."""

from typing import Annotated

import typer

Number = Annotated[str, typer.Argument(help="The number as E.164, such as +15017122661.")]
Email = Annotated[str | None, typer.Option(help="Owner of the number, who signs the LOA.")]
CcEmail = Annotated[list[str] | None, typer.Option(help="Also told of the LOA; may be repeated.")]
AddressSid = Annotated[str | None, typer.Option(help="Twilio Address of the owner, AD….")]
ContactTitle = Annotated[str | None, typer.Option(help="Title of the person who signs.")]
ContactPhone = Annotated[str | None, typer.Option(help="Phone of the person who signs, E.164.")]
Extension = Annotated[
    str | None, typer.Option(help="Keyed after pick-up: digits, #, *, w waits half a second.")
]
CallDelay = Annotated[int | None, typer.Option(help="Seconds before dialling, 0 to 30.")]
FriendlyName = Annotated[str | None, typer.Option(help="Up to 64 characters.")]
SmsUrl = Annotated[str | None, typer.Option(help="Twilio asks it for each message.")]
SmsFallbackUrl = Annotated[str | None, typer.Option(help="When sms_url fails.")]
Method = Annotated[str | None, typer.Option(help="GET or POST.")]
SmsApplicationSid = Annotated[str | None, typer.Option(help="AP…, goes before the URLs.")]
BillDate = Annotated[
    str | None,
    typer.Option(metavar="YYYY-MM-DD", help="The date on the bill, of the last 30 days."),
]
LoaGroup = Annotated[
    str | None, typer.Option(help="Orders of one group, signer and address share one LOA.")
]
LoaGroupSize = Annotated[
    int | None, typer.Option(help="Orders of the group: the LOA goes out when all are ready.")
]
Sure = Annotated[bool, typer.Option("--yes", "-y", help="Do not ask.")]


def given(**fields: object) -> dict[str, object]:
    """The fields that were given: an option that is absent, or a list without a member, is not."""
    return {name: value for name, value in fields.items() if value is not None and value != []}
