"""What may be sent: the rules alone, without a database."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from munshi.handlers.ledger import Moved
from munshi.handlers.transfer_limits import (
    DAY,
    RefusedError,
    TransferLimits,
    Wanted,
    check_payee,
    check_sum,
    check_suspicion,
)

NOON = datetime(2026, 11, 23, 12, tzinfo=ZoneInfo("Asia/Kolkata"))
LIMITS = TransferLimits(per_transfer=1_000, daily=2_500, new_payee=600, night=200, code_above=100)
OLD = NOON - timedelta(days=90)


def refusal(
    rupees: int, past: Sequence[Moved] = (), *, added_at: datetime = OLD, now: datetime = NOON
) -> RefusedError | None:
    try:
        check_payee(LIMITS, added_at, now)
        check_sum(LIMITS, Wanted(rupees * 100, "P1", added_at, now), past, "INR")
    except RefusedError as error:
        return error
    return None


def sent(rupees: int, minutes_ago: int, to: str = "P2") -> Moved:
    return Moved(to, rupees * 100, NOON - timedelta(minutes=minutes_ago))


@pytest.mark.parametrize("rupees", [1, 999, 1_000])
def test_what_is_within_every_limit_is_let_through(rupees: int) -> None:
    assert refusal(rupees) is None


@pytest.mark.parametrize("rupees", [0, 1_001, 10**9])
def test_a_sum_out_of_range_is_told_the_range(rupees: int) -> None:
    refused = refusal(rupees)
    assert refused is not None
    assert refused.values == {"least": "₹1", "most": "₹1,000"}


def test_a_days_sums_are_counted_together_from_midnight() -> None:
    today = [sent(1_000, 30), sent(1_000, 60 * 11)]
    refused = refusal(501, today)
    assert refused is not None
    assert (refused.key, refused.values["most"]) == ("transfer_range_today", "₹500")
    assert refusal(500, today) is None
    assert refusal(501, [sent(1_000, 30), sent(1_000, 60 * 13)]) is None
    used = refusal(1, [sent(1_000, 30), sent(1_500, 40)])
    assert used is not None
    assert used.key == "transfer_range_today_used"


def test_a_new_payee_gets_nothing_at_first_and_little_for_a_day() -> None:
    cooling = refusal(1, added_at=NOON - timedelta(minutes=29))
    assert cooling is not None
    assert (cooling.key, cooling.values["time"]) == ("transfer_cooling", "12:01 pm")
    new = NOON - timedelta(hours=23)
    assert refusal(600, added_at=new) is None
    split = refusal(301, [sent(300, 20, "P1")], added_at=new)
    assert split is not None
    assert (split.key, split.values["most"]) == ("transfer_range_new", "₹300")
    assert refusal(1_000, [sent(300, 20, "P1")], added_at=NOON - DAY) is None


@pytest.mark.parametrize(("hour", "refused"), [(22, False), (23, True), (0, True), (5, True), (6, False)])
def test_at_night_less_can_be_sent(hour: int, refused: bool) -> None:
    assert (refusal(201, now=NOON.replace(hour=hour)) is not None) is refused


def test_the_same_again_must_wait() -> None:
    again = refusal(300, [sent(300, 9, "P1")])
    assert again is not None
    assert again.values == {"sent": "11:51 am", "time": "12:01 pm"}
    assert refusal(301, [sent(300, 9, "P1")]) is None
    assert refusal(300, [sent(300, 9, "P2")]) is None
    assert refusal(300, [sent(300, 10, "P1")]) is None


def test_what_a_thief_would_do_goes_to_a_person() -> None:
    wanted = Wanted(100, "P1", OLD, NOON)
    check_suspicion(LIMITS, wanted, [sent(1, 10)] * 4 + [sent(1, 60)] * 9, wrong_codes=4)
    for past, wrong in ([sent(1, 10)] * 5, 0), ([], 5):
        with pytest.raises(RefusedError) as caught:
            check_suspicion(LIMITS, wanted, past, wrong)
        assert caught.value.suspicious


@pytest.mark.parametrize(
    "options",
    [
        {"per_transfer": 0}, {"daily": -5}, {"daily": "lots"}, {"daily": 10.5}, {"daily": True}, {"typo": 5},
        {"per_hour": 0}, {"cooling_minutes": -1}, {"kinds": {}}, {"kinds": ["Savings"]}, {"least": 100, "night": 50},
        {"daily": 10**15},
    ],
)  # fmt: skip
def test_limits_that_make_no_sense_are_refused(options: dict[str, object]) -> None:
    with pytest.raises(ValidationError):
        TransferLimits.model_validate(options)


@given(
    past=st.lists(st.tuples(st.integers(1, 1_000), st.integers(0, 1_430), st.sampled_from(["P1", "P2"])), max_size=8),
    rupees=st.integers(0, 3_000),
    age=st.integers(0, 60 * 30),
    hour=st.integers(0, 23),
)
def test_whatever_passes_keeps_every_limit(past: list[tuple[int, int, str]], rupees: int, age: int, hour: int) -> None:
    now = NOON.replace(hour=hour)
    moved = [Moved(to, sum_ * 100, now - timedelta(minutes=ago)) for sum_, ago, to in sorted(past, key=lambda p: -p[1])]
    added_at = now - timedelta(minutes=age)
    if refusal(rupees, moved, added_at=added_at, now=now) is not None:
        return
    today = sum(one.amount_paise for one in moved if one.at.date() == now.date())
    assert 1 <= rupees <= (1_000 if 6 <= hour < 23 else 200)
    assert today + rupees * 100 <= 250_000
    assert age >= 30
    if age < 24 * 60:
        there = sum(one.amount_paise for one in moved if one.memo == "P1" and one.at >= added_at)
        assert there + rupees * 100 <= 60_000
