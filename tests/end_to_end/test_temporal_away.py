"""Temporal is away for long, in the middle of everything: nothing is lost, and all goes on."""

import asyncio
import os
import time
from typing import Final

import httpx
import pytest

from deploy import local
from tests.end_to_end.product import Parts, Product, eventually, new_number, replay

pytestmark = [pytest.mark.processes, pytest.mark.timeout(400)]

# a minute, as operators know it, by hand: TEMPORAL_AWAY_SECONDS=60
AWAY: Final = float(os.environ.get("TEMPORAL_AWAY_SECONDS", "15"))
ENTERED: Final = 9
"""Answers until which the code is entered, too: three times."""


@pytest.fixture
def deployment(unsigned: tuple[local.Deployment, Parts]) -> tuple[local.Deployment, Parts]:
    """One whose signer waits until Temporal is away."""
    return unsigned


@pytest.mark.fault("F03")
@pytest.mark.fault("F26")
async def test_orders_outlive_a_long_absence_of_temporal(product: Product, number: str) -> None:
    """Backends are told to come again, Twilio moves on meanwhile, and one order stays one."""
    waiting, late, moving = number, new_number(), new_number()
    await product.started(waiting)
    code = await product.heard_code(await product.until(waiting, waiting_for="verification-code"))
    await product.started(moving)
    reached = await product.until(moving, waiting_for="verification-code")
    moving_code = await product.heard_code(reached)
    assert (await product.act(moving, "verification-code", code=moving_code)).status_code == 200
    letter = await product.letter(moving)
    product.parts.kill("temporal")
    await product.sign_letter(letter)
    back = time.monotonic() + AWAY

    refused = 0
    while time.monotonic() < back:
        asked = [product.order(late), product.gateway.get("/health/ready")]
        if refused < ENTERED:  # more codes in a minute are refused as guessing
            asked.append(product.act(waiting, "verification-code", code=code))
        answers = await asyncio.gather(*asked)
        for answer in answers:
            assert answer.status_code == httpx.codes.SERVICE_UNAVAILABLE, answer.text
            assert int(answer.headers["retry-after"]) > 0
        refused += len(answers)
        product.parts.check()  # worker and gateway stay up all the time
    assert refused >= 6

    async def carried() -> bool:
        return (await product.at_twilio(moving))["status"] in {"testing", "completed"}

    await eventually(carried)  # the carrier acts by itself

    await product.parts.again("temporal")
    await product.until(waiting)
    assert (await product.order(late)).status_code in {200, 201}
    lives = (product.lives(each, patience=200) for each in (waiting, late, moving))
    await asyncio.gather(product.sign(waiting), product.sign(late), *lives)
    await product.held_once(waiting, late, moving)
    await replay(product, [waiting, late, moving])
