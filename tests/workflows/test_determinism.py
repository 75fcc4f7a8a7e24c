"""Workflows do what they do by their inputs alone, so that each replay comes to the same."""

from temporalio.worker.workflow_sandbox import SandboxedWorkflowRunner, SandboxRestrictions

from hosted_numbers.contract import Amendment, VerificationCodeEntry
from tests.orders import NUMBER
from tests.world import a_server, a_world_on

OF_OTHERS = ("annotated_types", "pydantic", "pydantic_core")
"""Libraries that are too dear to import anew; pydantic looks at the clock and at files then."""


async def test_whole_order_lives_in_the_strict_sandbox() -> None:
    """Neither workflows nor rules touch clock, chance, files, network or what others may change."""
    restrictions = SandboxRestrictions.default.with_passthrough_modules(*OF_OTHERS)
    async with (
        await a_server() as env,
        a_world_on(env) as world,
        world.working(workflow_runner=SandboxedWorkflowRunner(restrictions=restrictions)),
    ):
        await world.start()
        waiting = await world.until(waiting_for="verification-code")
        await world.orders.amend(NUMBER, Amendment(contact_title="Director"))
        code = VerificationCodeEntry(code=await world.code(waiting))
        assert (await world.orders.submit_verification_code(NUMBER, code)).taken
        await world.sign(await world.until(waiting_for="signature", status="pending-loa"))
        assert (await world.handle().result()).phase == "completed"
