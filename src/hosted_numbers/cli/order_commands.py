"""``hosted-numbers order …``: the words of each command. What they do is in ``order_actions``."""

from typing import TYPE_CHECKING, Annotated

import typer

from hosted_numbers.cli.lazily import lazily
from hosted_numbers.cli.order_options import (
    AddressSid,
    BillDate,
    CallDelay,
    CcEmail,
    ContactPhone,
    ContactTitle,
    Email,
    Extension,
    FriendlyName,
    LoaGroup,
    LoaGroupSize,
    Method,
    Number,
    SmsApplicationSid,
    SmsFallbackUrl,
    SmsUrl,
    Sure,
    given,
)
from hosted_numbers.cli.terminal import Output, OutputOption, extra, outcome

if TYPE_CHECKING:
    from hosted_numbers.cli import document_actions
    from hosted_numbers.cli import order_actions as actions
else:
    actions = lazily("hosted_numbers.cli.order_actions")
    document_actions = lazily("hosted_numbers.cli.document_actions")

commands = typer.Typer(
    name="order", help="Start, help, watch and cancel orders.", no_args_is_help=True
)


@commands.command()
def create(
    *,
    phone_number: Annotated[
        str | None, typer.Option(help="The number to host, E.164, US or Canada.")
    ] = None,
    email: Email = None,
    address_sid: AddressSid = None,
    contact_title: ContactTitle = None,
    contact_phone_number: ContactPhone = None,
    friendly_name: FriendlyName = None,
    cc_email: CcEmail = None,
    sms_url: SmsUrl = None,
    sms_method: Method = None,
    sms_fallback_url: SmsFallbackUrl = None,
    sms_fallback_method: Method = None,
    sms_application_sid: SmsApplicationSid = None,
    account_sid: Annotated[
        str | None, typer.Option(help="Subaccount AC… to host the number in.")
    ] = None,
    verification_type: Annotated[
        str | None, typer.Option(help="phone-call or phone-bill: how ownership is proven.")
    ] = None,
    bill_date: BillDate = None,
    extension: Extension = None,
    call_delay: CallDelay = None,
    call_when: Annotated[
        str | None,
        typer.Option(
            help="now: as soon as Twilio is ready. business-hours: then, but in those of the "
            "line. asked: when asked."
        ),
    ] = None,
    customer: Annotated[str | None, typer.Option(help="Your own reference.")] = None,
    loa_group: LoaGroup = None,
    loa_group_size: LoaGroupSize = None,
    deadline_days: Annotated[
        int | None, typer.Option(help="Days without a change after which the order ends.")
    ] = None,
    file: Annotated[
        str | None,
        typer.Option("--file", "-f", help="The order as JSON, - for stdin; options go before it."),
    ] = None,
    output: OutputOption = Output.TABLE,
) -> None:
    """Start an order. Sent twice, it is started once.

    Required, as options or in the file: phone number, email, address SID, contact title, contact
    phone number. Supporting documents stand in the file alone.
    """
    fields = given(
        phone_number=phone_number,
        email=email,
        address_sid=address_sid,
        contact_title=contact_title,
        contact_phone_number=contact_phone_number,
        friendly_name=friendly_name,
        cc_emails=cc_email,
        sms_url=sms_url,
        sms_method=sms_method,
        sms_fallback_url=sms_fallback_url,
        sms_fallback_method=sms_fallback_method,
        sms_application_sid=sms_application_sid,
        account_sid=account_sid,
        verification_type=verification_type,
        bill_date=bill_date,
        extension=extension,
        call_delay=call_delay,
        call_when=call_when,
        customer=customer,
        loa_group=loa_group,
        loa_group_size=loa_group_size,
        deadline_days=deadline_days,
    )
    with outcome():
        actions.create(fields, file, output)


@commands.command()
def show(number: Number, output: OutputOption = Output.TABLE) -> None:
    """Where an order stands, what it waits for, and who does what by when."""
    with outcome():
        actions.show(number, output)


@commands.command("list")
def list_orders(
    *,
    status: Annotated[str | None, typer.Option(help="Twilio's status, such as received.")] = None,
    waiting_for: Annotated[
        str | None, typer.Option(help="Such as verification-code, signature or operator.")
    ] = None,
    customer: Annotated[str | None, typer.Option(help="Your own reference.")] = None,
    open_only: Annotated[bool, typer.Option("--open", help="Leave out ended orders.")] = False,
    limit: Annotated[int, typer.Option(min=1, help="How many orders at most.")] = 50,
    output: OutputOption = Output.TABLE,
) -> None:
    """The orders, newest first."""
    with outcome():
        actions.list_orders(
            status=status,
            waiting_for=waiting_for,
            customer=customer,
            open_only=open_only,
            limit=limit,
            output=output,
        )


@commands.command()
def watch(number: Number, output: OutputOption = Output.TABLE) -> None:
    """Follow an order until it ends: exit 0 if it completed, 1 if it failed or was cancelled."""
    with outcome():
        actions.watch(number, output)


@commands.command()
def code(
    number: Number,
    code: Annotated[
        str | None,
        typer.Argument(help="4 to 10 digits; - reads stdin; without it you are asked."),
    ] = None,
    output: OutputOption = Output.TABLE,
) -> None:
    """Hand in the code that was heard on the verification call."""
    with outcome():
        actions.submit_code(number, code, output)


@commands.command()
def call(
    number: Number,
    extension: Extension = None,
    call_delay: CallDelay = None,
    output: OutputOption = Output.TABLE,
) -> None:
    """Have the number called now. A real phone rings, and Twilio allows few calls."""
    with outcome():
        actions.call(number, given(extension=extension, call_delay=call_delay), output)


@commands.command()
def bill(
    number: Number,
    file: Annotated[str, typer.Argument(help="A PDF, JPEG or PNG, of up to 10,000,000 bytes.")],
    *,
    document_type: Annotated[
        str | None,
        typer.Option(
            "--type",
            metavar="TYPE",
            help="utility_bill, which proves ownership, or a supporting document's type.",
            show_default="utility_bill",
        ),
    ] = None,
    bill_date: Annotated[
        str | None,
        typer.Option("--date", metavar="YYYY-MM-DD", help="On the bill, of the last 30 days."),
    ] = None,
    output: OutputOption = Output.TABLE,
) -> None:
    """Hand in the bill that proves ownership, or the image of a supporting document.

    It is checked here and kept in HOSTED_NUMBERS_BLOB_STORE, which the worker must reach as well.
    """
    with outcome(), extra("documents"):
        document_actions.provide(
            number, file, given(type=document_type, bill_date=bill_date), output
        )


@commands.command()
def amend(
    number: Number,
    *,
    email: Email = None,
    contact_title: ContactTitle = None,
    contact_phone_number: ContactPhone = None,
    address_sid: AddressSid = None,
    cc_email: CcEmail = None,
    extension: Extension = None,
    call_delay: CallDelay = None,
    friendly_name: FriendlyName = None,
    unique_name: Annotated[str | None, typer.Option(help="Up to 128 characters.")] = None,
    sms_url: SmsUrl = None,
    sms_method: Method = None,
    sms_fallback_url: SmsFallbackUrl = None,
    sms_fallback_method: Method = None,
    sms_application_sid: SmsApplicationSid = None,
    verification_document_sid: Annotated[
        str | None, typer.Option(help="A bill that Twilio has already, RI… or RD….")
    ] = None,
    output: OutputOption = Output.TABLE,
) -> None:
    """Change who signs, how ownership is proven or how messages go; what is not given stays."""
    fields = given(
        email=email,
        contact_title=contact_title,
        contact_phone_number=contact_phone_number,
        address_sid=address_sid,
        cc_emails=cc_email,
        extension=extension,
        call_delay=call_delay,
        friendly_name=friendly_name,
        unique_name=unique_name,
        sms_url=sms_url,
        sms_method=sms_method,
        sms_fallback_url=sms_fallback_url,
        sms_fallback_method=sms_fallback_method,
        sms_application_sid=sms_application_sid,
        verification_document_sid=verification_document_sid,
    )
    with outcome():
        actions.amend(number, fields, output)


@commands.command()
def resume(number: Number, output: OutputOption = Output.TABLE) -> None:
    """Let an order that is on hold go on, once what was in the way is mended."""
    with outcome():
        actions.resume(number, output)


@commands.command()
def cancel(
    number: Number,
    *,
    yes: Sure = False,
    output: OutputOption = Output.TABLE,
) -> None:
    """Give an order up and take it back at Twilio."""
    with outcome():
        actions.cancel(number, output, sure=yes)


@commands.command()
def offboard(
    number: Number,
    *,
    yes: Sure = False,
    output: OutputOption = Output.TABLE,
) -> None:
    """Give the number of a completed order back for good; you are asked to type it again."""
    with outcome():
        actions.offboard(number, output, sure=yes)
