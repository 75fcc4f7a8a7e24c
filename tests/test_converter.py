"""What Temporal keeps of an order is slim, and is read as it was written."""

import importlib
import pkgutil
from collections.abc import Iterator
from datetime import UTC, datetime
from types import NoneType
from typing import Any, get_args

import pytest
from temporalio.contrib.pydantic import pydantic_data_converter

import activities
import hosted_numbers
import workflows
from hosted_numbers.contract import HostedNumberOrderRequest, Message
from hosted_numbers.converter import DATA_CONVERTER, SlimPayloadConverter
from hosted_numbers.order_state import OrderInput, OrderState
from tests.orders import NOW, an_order


def kinds(of: type[Message] = Message) -> Iterator[type[Message]]:
    """All that travels to or from workflows."""
    for each in of.__subclasses__():
        yield each
        yield from kinds(each)


def nullable(annotation: Any) -> bool:
    """Whether a field may be None."""
    return annotation is NoneType or any(nullable(each) for each in get_args(annotation))


def test_what_may_be_none_is_none_where_it_is_left_out() -> None:
    """Else it would be read as something else than what was written."""
    for package in (hosted_numbers, activities, workflows):
        for module in pkgutil.walk_packages(package.__path__, f"{package.__name__}."):
            if not module.name.endswith("__main__"):
                importlib.import_module(module.name)
    found = [
        (kind.__qualname__, name, field.default)
        for kind in kinds()
        for name, field in kind.model_fields.items()
        if nullable(field.annotation)
    ]
    assert len(found) > 50
    assert [each for each in found if each[2] is not None] == []


def an_order_state() -> OrderState:
    """As it is carried from one run to the next."""
    return OrderInput.of(an_order(), previous_run_id=None).state(datetime.now(UTC))


@pytest.mark.parametrize("value", [an_order(), an_order_state()], ids=["order", "state"])
async def test_nulls_are_not_written(value: Message) -> None:
    """Nor are they missed."""
    (payload,) = await DATA_CONVERTER.encode([value])
    assert b"null" not in payload.data
    assert await DATA_CONVERTER.decode([payload], [type(value)]) == [value]


async def test_what_was_written_with_nulls_is_read_the_same() -> None:
    """By releases before 0.4.0, and by clients of other makes."""
    order = an_order()
    (payload,) = await pydantic_data_converter.encode([order])
    assert b"null" in payload.data
    assert await DATA_CONVERTER.decode([payload], [HostedNumberOrderRequest]) == [order]


async def test_values_that_are_no_fields_stay() -> None:
    """None itself, and in a list or a mapping."""
    values = [None, [None, 1], {"a": None}, NOW]
    payloads = await DATA_CONVERTER.encode(values)
    hints: list[type] = [type(None), list[int | None], dict[str, None], datetime]
    assert await DATA_CONVERTER.decode(payloads, hints) == values


def test_workflows_share_one_converter() -> None:
    """The SDK makes an instance for each."""
    one, other = SlimPayloadConverter(), SlimPayloadConverter()
    assert all(
        mine is theirs
        for mine, theirs in zip(one.converters.values(), other.converters.values(), strict=True)
    )
