"""The receiver of docs/notifications.md, run as it stands there."""

import re
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, get_args

import httpx
import pytest

from hosted_numbers.contract import NotificationData, NotificationEvent, NotificationType
from hosted_numbers.delivery import NotTakenError, SigningReceiver
from hosted_numbers.endpoints import Endpoint
from tests.orders import NUMBER

PAGE = (Path(__file__).parents[1] / "docs" / "notifications.md").read_text(encoding="utf-8")
KEY = "whsec_" + "c2VjcmV0" * 4


def test_page_lists_every_type() -> None:
    """And no other."""
    rows = [row.split("|")[1] for row in PAGE.splitlines() if row.startswith("| `order.")]
    assert set(re.findall(r"`([^`]+)`", " ".join(rows))) == set(get_args(NotificationType))


def test_example_is_an_event() -> None:
    """With every field that is sent."""
    [example] = re.findall(r"\n(\{\"id\".*?\}\})\n```", PAGE, re.DOTALL)
    event = NotificationEvent.model_validate_json(example)
    assert event.type in get_args(NotificationType)
    assert set(NotificationData.model_fields) == event.data.model_fields_set
    assert f"webhook-id: {event.id}" in PAGE


@pytest.fixture
def receiver(monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
    """What the page's program defines."""
    [program] = re.findall(r"```python\n(.*?)```", PAGE, re.DOTALL)
    monkeypatch.setenv("WEBHOOK_SECRET", KEY)
    names: dict[str, Any] = {}
    exec(compile(program, "docs/notifications.md", "exec"), names)  # noqa: S102 - our own page
    return names


def sending(receiver: dict[str, Any], key: str) -> SigningReceiver:
    """Our side, towards the page's program without a network."""
    return SigningReceiver(
        Endpoint(httpx.URL("http://127.0.0.1/hook"), (key,), development=True),
        transport=lambda: httpx.ASGITransport(app=receiver["app"]),
    )


EVENT = NotificationEvent(
    id="a-run/1-0000",
    type="order.completed",
    timestamp=datetime(2026, 3, 2, 9, 0, tzinfo=UTC),
    data=NotificationData(phone_number=NUMBER, phase="completed", waiting_for="nothing"),
)


@pytest.mark.security("S20")
async def test_receiver_takes_what_we_send(receiver: dict[str, Any]) -> None:
    """Once, however often it comes."""
    for _ in range(2):
        assert await sending(receiver, KEY).deliver(EVENT, datetime.now(UTC)) == 204
    assert receiver["seen"] == {EVENT.id: EVENT.model_dump(mode="json")}


@pytest.mark.security("S20")
@pytest.mark.parametrize(("key", "minutes"), [("whsec_" + "b3RoZXJz" * 4, 0), (KEY, -6), (KEY, 6)])
async def test_receiver_refuses_all_else(receiver: dict[str, Any], key: str, minutes: int) -> None:
    """Another's key, and what was signed six minutes ago or ahead."""
    with pytest.raises(NotTakenError, match="401"):
        await sending(receiver, key).deliver(EVENT, datetime.now(UTC) + timedelta(minutes=minutes))
    assert receiver["seen"] == {}
