"""``hosted-numbers gateway|simulator|setup``: the words of each command."""

from typing import TYPE_CHECKING, Annotated

import typer

from hosted_numbers.cli.lazily import lazily
from hosted_numbers.cli.terminal import Output, OutputOption, extra, outcome
from hosted_numbers.simulator.fates import describe_fates

if TYPE_CHECKING:
    from hosted_numbers.cli import process_actions as actions
    from hosted_numbers.cli import setup_actions
else:
    actions = lazily("hosted_numbers.cli.process_actions")
    setup_actions = lazily("hosted_numbers.cli.setup_actions")

Host = Annotated[str, typer.Option(help="The address to listen on.")]
Port = Annotated[int, typer.Option(min=0, max=65_535, help="The port to listen on.")]


def gateway(host: Host = "127.0.0.1", port: Port = 8080) -> None:
    """Run the HTTP gateway: the API for backends, and Twilio's callbacks.

    It needs HOSTED_NUMBERS_API_KEYS, PUBLIC_BASE_URL and TWILIO_AUTH_TOKEN, and finds Temporal by
    TEMPORAL_ADDRESS or a profile.
    """
    with outcome(), extra("gateway"):
        actions.run_gateway(host, port)


def simulator(
    *,
    host: Host = "127.0.0.1",
    port: Port = 8081,
    account_sid: Annotated[
        str | None, typer.Option(help="AC…; else TWILIO_ACCOUNT_SID.", show_default=False)
    ] = None,
    auth_token: Annotated[
        str | None,
        typer.Option(help="Else TWILIO_AUTH_TOKEN, which no process list shows."),
    ] = None,
    people: Annotated[
        str, typer.Option(help="Who acts unasked: all, none, or some of owner,signer,reviewer.")
    ] = "none",
    pace: Annotated[
        float, typer.Option(min=0, help="Seconds that each step of Twilio and of a person takes.")
    ] = 1.0,
    state: Annotated[
        str | None, typer.Option(help="SQLite file to keep everything in; else in memory.")
    ] = None,
    strict_document_sids: Annotated[
        bool,
        typer.Option(
            "--strict-document-sids", help="Take no RD… as proof of ownership, only RI… (22118)."
        ),
    ] = False,
) -> None:
    """Run a stand-in for Twilio's APIs around hosted numbers, for this machine."""
    with outcome(), extra("gateway"):
        actions.run_simulator(
            host=host,
            port=port,
            account_sid=account_sid,
            auth_token=auth_token,
            people=people,
            pace=pace,
            state=state,
            strict_document_sids=strict_document_sids,
        )


def setup(
    *,
    check: Annotated[bool, typer.Option("--check", help="Only say what is missing.")] = False,
    output: OutputOption = Output.TABLE,
) -> None:
    """Register the search attributes in the Temporal namespace, and make the sweep's Schedule.

    It may be repeated: it also brings the Schedule to what HOSTED_NUMBERS_SWEEP_SECONDS says.
    """
    with outcome():
        setup_actions.set_up(output, check=check)


def add_to(application: typer.Typer) -> None:
    """Put the commands into the tree."""
    epilog = f"Numbers with a fate:\n\n{describe_fates()}"
    application.command(epilog=epilog)(simulator)
    application.command()(gateway)
    application.command()(setup)
