"""A call back: who, on which number, and when, which is always a time at which the shop is open."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, time, timedelta
from typing import get_args

from sqlalchemy import Connection

from munshi.handlers.base import Button, Language, OutdatedError, Phrases, Reply, Slot, SlotError, SlotSpec, Turn
from munshi.handlers.opening import spans
from munshi.handlers.registry import HandlerConfig, Services
from munshi.handlers.slots import build, own_or
from munshi.handlers.tickets import open_ticket
from munshi.handlers.when import clock, day

_PARTS = {"morning": (time(0), time(12)), "afternoon": (time(12), time(16)), "evening": (time(16), time(23, 59, 59))}
_DAYS_AHEAD = 14


@dataclass(frozen=True, slots=True)
class CallTime:
    """A part of a day at which the shop is open, from `begins` to `ends`."""

    part: str
    begins: datetime
    ends: datetime

    @property
    def kept(self) -> str:
        """As it is kept in a slot, and told to the owner."""
        return f"{self.begins:%Y-%m-%d} {self.part} {self.begins:%H:%M}-{self.ends:%H:%M}"


class CallBack:
    """An `Action` that leaves a ticket."""

    def __init__(self, services: Services, config: HandlerConfig) -> None:
        self._records = services.records
        self._phrases = services.phrases
        self._when = _When(services.phrases)
        specs = (own_or(config.slots, SlotSpec(kind, kind)) for kind in ("name", "phone"))
        self.slots = (
            *(build(spec, services.phrases) for spec in specs),
            Slot("time", "choice", services.phrases.all("callback_ask_time"), choose=self._when),
        )

    def summary(self, turn: Turn) -> Reply:
        """Whom the shop will call, on which number, and when."""
        at = self._time(turn)
        text = self._phrases(
            "callback_summary",
            turn.language,
            name=turn.slots["name"],
            phone=turn.slots["phone"],
            time=self._when.label(at, turn.language),
        )
        return Reply(text, data={"time": at.kept})

    def execute(self, turn: Turn, db: Connection) -> Reply:
        """Leave the ticket and tell its reference."""
        at = self._time(turn)
        ticket = open_ticket(
            db,
            business=self._records.business,
            session_id=turn.session_id,
            customer_id=turn.customer_id,
            channel=turn.channel,
            kind="form",
            reason="Call back",
            summary=f"{turn.slots['name']}, {turn.slots['phone']}, {at.kept}",
            form=turn.slots,
        )
        text = self._phrases("collect_done", turn.language, reference=ticket.reference, business=turn.business.name)
        return Reply(text, data={"ticket": ticket.reference})

    def _time(self, turn: Turn) -> CallTime:
        at = next((at for at in call_times(turn) if at.kept == turn.slots["time"]), None)
        if at is None:
            raise OutdatedError("that time has gone by")
        return at


@dataclass(frozen=True, slots=True)
class _When:
    """The next morning, afternoon and evening at which the shop is open."""

    phrases: Phrases

    def __call__(self, turn: Turn, said: str) -> tuple[Button, ...]:
        times = tuple(call_times(turn))
        if not said:
            return tuple(self._button(at, turn.language) for at in times)
        words = said.casefold()
        found = [at for at in times if words == at.kept or any(name in words for name in self._names(at))]
        if not found:
            known = ", ".join(self.label(at, turn.language) for at in times)
            raise SlotError("slot_invalid_choice", choices=known)
        return tuple(self._button(at, turn.language) for at in found)

    def label(self, at: CallTime, language: str) -> str:
        """Evening, 21 Nov 2026, 4 pm – 8 pm."""
        part = self.phrases(f"part_{at.part}", language)
        return f"{part}, {day(at.begins.date())}, {clock(at.begins.time())} – {clock(at.ends.time())}"

    def _button(self, at: CallTime, language: str) -> Button:
        return Button(self.label(at, language), at.kept)

    def _names(self, at: CallTime) -> Iterator[str]:
        for language in get_args(Language):
            yield self.phrases(f"part_{at.part}", language).casefold()


def call_times(turn: Turn) -> Iterator[CallTime]:
    """The next of each part of a day at which the shop is open and which is not over."""
    profile, now = turn.business, turn.now.astimezone(turn.business.timezone)
    for part, (first, last) in _PARTS.items():
        days = (now.date() + timedelta(days=ahead) for ahead in range(_DAYS_AHEAD))
        open_ = (
            CallTime(
                part,
                datetime.combine(on, max(opens, first), profile.timezone),
                datetime.combine(on, min(closes, last), profile.timezone),
            )
            for on in days
            for opens, closes in spans(profile, on)
            if max(opens, first) < min(closes, last)
        )
        found = next((at for at in open_ if at.ends > now), None)
        if found is not None:
            yield found
