"""How much may be sent by chat, and what stops a transfer: rules that an owner can read, the same for everyone.

What an intent's `options` say is `TransferLimits`; the checks hold one transfer against them and what was sent before.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, time, timedelta
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, ValidationInfo, field_validator

from munshi.handlers.base import SlotError
from munshi.handlers.ledger import Moved
from munshi.handlers.money import MAX_RUPEES, money
from munshi.handlers.options import OptionError
from munshi.handlers.when import clock

DAY = timedelta(days=1)
"""Nothing that was sent longer ago is looked at."""

HOUR = timedelta(hours=1)
_NIGHT_BEGINS, _NIGHT_ENDS = time(23), time(6)

Rupees = Annotated[int, Field(strict=True, ge=1, le=MAX_RUPEES)]
Count = Annotated[int, Field(strict=True, ge=1, le=1_000_000)]
Minutes = Annotated[int, Field(strict=True, ge=0, le=1_440)]


class TransferLimits(BaseModel):
    """The options of a `fund_transfer` intent; sums in whole rupees.

    `kinds` are the kinds of account that money may be sent from, each with other words that customers have for it;
    `least` and `per_transfer` bound one transfer, `daily` all of a day, `night` one between 11 pm and 6 am, and
    `new_payee` all that goes to a payee in the 24 hours after it was added; in its first `cooling_minutes` nothing
    does. Above `code_above` a one-time code is asked for. `per_hour` transfers an hour and no more, the same sum to the
    same payee not within `repeat_minutes`, and none after `wrong_codes` wrong codes within an hour.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    kinds: Annotated[dict[str, tuple[str, ...]], Field(min_length=1)] = {
        "Savings": ("saving", "bachat"),
        "Current": ("chalu",),
    }
    least: Rupees = 1
    per_transfer: Rupees = 100_000
    daily: Rupees = 200_000
    new_payee: Rupees = 50_000
    night: Rupees = 25_000
    code_above: Annotated[int, Field(strict=True, ge=0, le=MAX_RUPEES)] = 5_000
    cooling_minutes: Minutes = 30
    per_hour: Count = 5
    repeat_minutes: Minutes = 10
    wrong_codes: Count = 5

    @field_validator("per_transfer", "daily", "new_payee", "night")
    @classmethod
    def _something_can_be_sent(cls, value: int, info: ValidationInfo) -> int:
        if value < info.data.get("least", 1):
            raise OptionError(f"'{info.field_name}' is below 'least': nothing could be sent.", "Give a higher sum.")
        return value


class RefusedError(SlotError):
    """A transfer that is not made. `suspicious`: a person is to look at it."""

    def __init__(self, key: str, *, suspicious: bool = False, **values: object) -> None:
        super().__init__(key, **values)
        self.suspicious = suspicious


@dataclass(frozen=True, slots=True)
class Wanted:
    """One transfer that is asked for. `to` names the payee as the ledger's memo does; `added_at` is when it came."""

    amount_paise: int
    to: str
    added_at: datetime
    now: datetime


def check_payee(limits: TransferLimits, added_at: datetime, now: datetime) -> None:
    """Raises RefusedError where nothing may be sent yet to a payee that was added then."""
    until = added_at + timedelta(minutes=limits.cooling_minutes)
    if now < until:
        raise RefusedError("transfer_cooling", time=_clock(until, now))


def check_sum(limits: TransferLimits, wanted: Wanted, past: Sequence[Moved], currency: str) -> None:
    """Hold a transfer against the limits. `past` is what the customer sent in the last day.

    Raises RefusedError with the reason, and with the range that is allowed where the sum is the reason.
    """
    most, key = min(_ceilings(limits, wanted, past))
    least = limits.least * 100
    if most < least:
        raise RefusedError(f"{key}_used")
    if not least <= wanted.amount_paise <= most:
        raise RefusedError(key, least=money(least, currency), most=money(most, currency))
    again = timedelta(minutes=limits.repeat_minutes)
    same = [one for one in past if (one.memo, one.amount_paise) == (wanted.to, wanted.amount_paise)]
    if same and wanted.now < same[-1].at + again:
        sent, later = (_clock(moment, wanted.now) for moment in (same[-1].at, same[-1].at + again))
        raise RefusedError("transfer_repeated", sent=sent, time=later)


def check_suspicion(limits: TransferLimits, wanted: Wanted, past: Sequence[Moved], wrong_codes: int) -> None:
    """Look for what a thief would do. `wrong_codes` counts those of the last hour. Raises RefusedError."""
    if wrong_codes >= limits.wrong_codes:
        raise RefusedError("transfer_wrong_codes", suspicious=True)
    if sum(one.at > wanted.now - HOUR for one in past) >= limits.per_hour:
        raise RefusedError("transfer_too_many", suspicious=True, count=limits.per_hour)


def _ceilings(limits: TransferLimits, wanted: Wanted, past: Sequence[Moved]) -> list[tuple[int, str]]:
    """What may be sent at most, in paise, for each reason."""
    midnight = wanted.now.replace(hour=0, minute=0, second=0, microsecond=0)
    today = sum(one.amount_paise for one in past if one.at >= midnight)
    found = [(limits.per_transfer * 100, "transfer_range"), (limits.daily * 100 - today, "transfer_range_today")]
    if wanted.now < wanted.added_at + DAY:
        sent = sum(one.amount_paise for one in past if one.memo == wanted.to and one.at >= wanted.added_at)
        found.append((limits.new_payee * 100 - sent, "transfer_range_new"))
    if wanted.now.time() >= _NIGHT_BEGINS or wanted.now.time() < _NIGHT_ENDS:
        found.append((limits.night * 100, "transfer_range_night"))
    return found


def _clock(moment: datetime, now: datetime) -> str:
    """The time of day in the business's zone, in which `now` is."""
    return clock(moment.astimezone(now.tzinfo).time())
