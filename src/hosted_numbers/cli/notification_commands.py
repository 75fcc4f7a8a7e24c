"""``hosted-numbers notifications …``: the words of each command; they act in its sibling."""

from typing import TYPE_CHECKING, Annotated

import typer

from hosted_numbers.cli.lazily import lazily
from hosted_numbers.cli.order_options import Sure
from hosted_numbers.cli.terminal import Output, OutputOption, outcome

if TYPE_CHECKING:
    from hosted_numbers.cli import notification_actions as actions
else:
    actions = lazily("hosted_numbers.cli.notification_actions")

commands = typer.Typer(
    name="notifications",
    help="See the events that were sent to your backend, and send them again.",
    no_args_is_help=True,
)

_MOMENT = "A moment such as 2026-03-02T09:00 (UTC unless it says otherwise), or 90m, 2h, 3d ago."
Since = Annotated[str | None, typer.Option(metavar="WHEN", help=f"From then on. {_MOMENT}")]
Until = Annotated[str | None, typer.Option(metavar="WHEN", help="Up to then; now by default.")]
Failed = Annotated[bool, typer.Option("--failed", help="Only those that came to nothing.")]


@commands.command("list")
def list_notifications(
    *,
    failed: Failed = False,
    since: Since = None,
    until: Until = None,
    limit: Annotated[int, typer.Option(min=1, help="How many events at most.")] = 50,
    output: OutputOption = Output.TABLE,
) -> None:
    """The events, newest first: delivered, on their way, or failed."""
    with outcome():
        actions.list_notifications(
            failed=failed, since=since, until=until, limit=limit, output=output
        )


@commands.command()
def replay(
    *,
    event_id: Annotated[
        str | None, typer.Argument(help="One event, by its id (the webhook-id header).")
    ] = None,
    since: Since = None,
    until: Until = None,
    failed: Failed = False,
    sure: Sure = False,
) -> None:
    """Send an event, or those of a range, again: the same words under the same id."""
    with outcome():
        if event_id is not None:
            actions.replay_one(event_id, alone=since is None and until is None and not failed)
        else:
            actions.replay_range(since=since, until=until, failed=failed, sure=sure)
