"""A run is drawn from its seed, whole, before anything starts."""

import itertools
import random
from collections import Counter

import pytest

from hosted_numbers.phone_numbers import hostable_phone_number
from hosted_numbers.validation import NewHostedNumberOrder
from tests.chaos.plan import LINKS, PARTS, Plan, plan_of
from tests.chaos.toxics import TOXICS

TRAITS = (
    *("imported", "doubled", "rival", "calls_again", "keys", "reads", "bill", "bad_bill"),
    *("amends", "mends_by_amending", "offboards", "cancels_at", "abandoned_at"),
    *("declines", "rejections", "wrong_codes"),
)
SIZES = (1, 0), (20, 1), (200, 3), (2000, 30)


def test_the_same_seed_draws_the_same_run() -> None:
    """Whatever luck the process had before; another seed draws another one."""
    first = plan_of(7, 200, 3)
    random.seed(1)
    again = plan_of(7, 200, 3)
    assert again == first
    assert [each.request for each in again.orders] == [each.request for each in first.orders]
    assert plan_of(8, 200, 3) != first


@pytest.mark.parametrize(("orders", "kills"), SIZES)
def test_a_run_has_the_size_that_was_asked_for(orders: int, kills: int) -> None:
    """Numbers that can be hosted, none twice; orders that the API takes."""
    plan = plan_of(3, orders, kills)
    numbers = [hostable_phone_number(each.number) for each in plan.orders]
    assert len(set(numbers)) == orders
    assert len(plan.kills) == kills
    for each in plan.orders:
        assert NewHostedNumberOrder.model_validate(each.request).phone_number == each.number


def test_faults_come_in_order_and_leave_the_end_in_peace() -> None:
    """So that what is left has time to heal before the last orders come."""
    plan = plan_of(4, 2000, 30)
    for events in (plan.kills, plan.bursts, plan.lockouts, plan.modes):
        moments = [event.at for event in events]
        assert moments == sorted(moments)
        assert 0 < moments[0] <= moments[-1] < 0.9
    assert all(0 <= kill.down <= 2 for kill in plan.kills)
    assert all(1 <= lockout.seconds <= 5 for lockout in plan.lockouts)


@pytest.mark.parametrize(("orders", "lockouts"), [(1, 1), (200, 1), (2000, 9)])
def test_twilio_refuses_our_credentials_now_and_then(orders: int, lockouts: int) -> None:
    """Once at least, in a run of any size."""
    assert len(plan_of(3, orders, 0).lockouts) == lockouts


def test_a_long_run_has_everything_in_it() -> None:
    """Each part is killed, each link suffers each toxic, each fate and trait occurs."""
    plan = plan_of(5, 2000, 30)
    kills = Counter(kill.part for kill in plan.kills)
    assert set(kills) == set(PARTS)
    assert min(kills.values()) >= 7
    assert {burst.link for burst in plan.bursts} == set(LINKS)
    assert {burst.kind for burst in plan.bursts} == {toxic.type for toxic in TOXICS} | {"down"}
    modes = {"normal", "lost", "duplicate", "shuffled", "late", "forged"}
    assert {change.mode for change in plan.modes} == modes
    fates = {each.number[-2:] for each in plan.orders if each.number[-4:-2] == "01"}
    assert {"10", "11", "12", "14", "15", "17", "18"} <= fates
    twists = {each.twist for each in plan.orders}
    assert twists == {"", "action-required", "failed", "quantum-review", "vanishes"}
    for trait in TRAITS:
        assert {bool(getattr(each, trait)) for each in plan.orders} == {True, False}, trait


def test_letter_groups_can_all_be_signed() -> None:
    """Five of a group, one signer; nobody forgets one, whose letter would wait for a day.

    They come one after another, so that few groups are incomplete at a time.
    """
    groups: dict[str, list[tuple[object, ...]]] = {}
    for each in plan_of(6, 200, 0).orders:
        if each.group is not None:
            assert not each.abandoned_at
            assert each.number[-4:] != "0118"
            same = tuple(each.request[name] for name in ("email", "customer", "loa_group_size"))
            groups.setdefault(each.group, []).append(same)
    assert len(groups) == 4
    came = [each.group for each in plan_of(6, 200, 0).orders]
    assert len([group for group, _ in itertools.groupby(came) if group]) == 4
    for members in groups.values():
        assert len(members) == 5
        assert set(members) == {members[0]}


def struck(plan: Plan, requests: int) -> float:
    """The share of POST requests that suffer, by the simulator's rule: the first that strikes."""
    luck = random.Random(1)  # noqa: S311  # repeatable, not secret
    hit = sum(
        any(luck.random() < rule["probability"] for rule in plan.rules) for _ in range(requests)
    )
    return hit / requests


@pytest.mark.parametrize("percent", [1.0, 5.0])
def test_twilio_s_requests_suffer_as_often_as_was_asked_for(percent: float) -> None:
    """All kinds of faults together; drawn between one and five percent where nobody says."""
    assert struck(plan_of(1, 1, 0, percent), 50_000) * 100 == pytest.approx(percent, rel=0.15)
    assert 1 <= plan_of(2, 1, 0).percent <= 5


def test_seeds_take_turns_with_and_without_the_status_sweep() -> None:
    """Lost callbacks are found by the one or by the orders themselves."""
    assert [plan_of(seed, 1, 0).swept for seed in (1, 2, 3)] == [True, False, True]
