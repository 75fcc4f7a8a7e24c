"""Orders that ended one way or another, and what is left of them."""

from dataclasses import dataclass
from pathlib import Path

from temporalio.api.common.v1 import WorkflowExecution
from temporalio.api.workflowservice.v1 import DeleteWorkflowExecutionRequest

from hosted_numbers.contract import Progress
from hosted_numbers.ids import order_workflow_id
from tests.orders import NUMBER
from tests.world import World, eventually


@dataclass(frozen=True)
class Keeping:
    """A world, and where it keeps what it knows."""

    world: World
    blobs: Path
    database: Path

    async def completed(self, number: str = NUMBER, **changes: object) -> Progress:
        """An order whose number is hosted."""
        verified = await self.world.verified(phone_number=number, **changes)
        await self.world.sign(verified)
        return await self.ended(number)

    async def ended(self, number: str = NUMBER) -> Progress:
        """The end of an order, once Temporal's lists show it, too."""
        result = await self.world.handle(number).result()
        await self.counted(f"WorkflowId = '{order_workflow_id(number)}' AND CloseTime IS NOT NULL")
        return result

    async def counted(self, query: str, least: int = 1) -> None:
        """Wait until Temporal's lists, which lag, show at least so many."""

        async def there() -> bool:
            return (await self.world.client.count_workflows(query)).count >= least

        await eventually(there)

    async def forget(self, number: str = NUMBER) -> None:
        """What the namespace's retention does to an order in the end."""
        description = await self.world.handle(number).describe()
        client = self.world.client
        await client.workflow_service.delete_workflow_execution(
            DeleteWorkflowExecutionRequest(
                namespace=client.namespace,
                workflow_execution=WorkflowExecution(
                    workflow_id=description.id, run_id=description.run_id
                ),
            )
        )
        query = f"WorkflowId = '{order_workflow_id(number)}'"

        async def gone() -> bool:
            listed = (await client.count_workflows(query)).count
            return listed == 0 and await self.world.orders.summary(number) is None

        await eventually(gone)
