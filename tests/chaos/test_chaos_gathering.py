"""What is read of an order whose deadline passes while a run is read."""

from datetime import UTC, datetime, timedelta
from typing import Any, cast

import pytest

from hosted_numbers.contract import Progress
from hosted_numbers.orders import HostedNumberOrders
from tests.chaos.gathering import standing
from tests.orders import NUMBER


class Slow:
    """An order that learns at the third look that its time is up, or never does."""

    def __init__(self, *, learns: bool) -> None:
        self.learns = learns
        self.looks = 0

    async def progress(self, number: str) -> Progress:
        """Where it stands."""
        assert number == NUMBER
        self.looks += 1
        later = timedelta(days=1 if self.learns and self.looks > 2 else -1)
        stands: dict[str, Any] = {"deadline": datetime.now(UTC) + later}
        return Progress.model_construct(None, **stands)


@pytest.mark.parametrize("learns", [True, False])
async def test_an_order_may_take_a_moment_to_learn_that_its_time_is_up(*, learns: bool) -> None:
    """What does not learn it is told as it is, so that the checker sees it."""
    order = Slow(learns=learns)
    patience = timedelta(seconds=30 if learns else 1)
    found = await standing(cast("HostedNumberOrders", order), NUMBER, patience)
    assert found.deadline is not None
    assert (found.deadline > datetime.now(UTC)) is learns
    assert order.looks == 3 or (order.looks > 1 and not learns)
