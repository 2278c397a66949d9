"""Forms: ask for the missing slot, validate, correct, digress and come back, confirm, cancel, expire.

A form is a value: every step takes one and gives an outcome with the next one in it. What the outcome says to the
customer is the assistant's business.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from secrets import token_hex

from munshi.bot.consent import consent, is_correction
from munshi.handlers.base import Entity, Slot, SlotError

# Kinds whose values are the customer's own words: any message could be one, so a question is looked for first.
_FREE = frozenset({"text", "name", "product"})
_NUMERIC = frozenset({"quantity", "amount"})
_NUMBER = re.compile(r"(?<![\w.,-])\d+(?![\w-])")


@dataclass(frozen=True, slots=True)
class Form:
    """An unfinished request. `text` and `query` are those of the message that opened it, `id` tells it from others.

    `asking` names the slot asked for last; None while the whole is read back to be confirmed.
    """

    intent: str
    text: str
    query: str
    expires_at: datetime
    values: Mapping[str, str] = field(default_factory=dict)
    asking: str | None = None
    tries: int = 0
    id: str = field(default_factory=lambda: token_hex(8))


@dataclass(frozen=True, slots=True)
class Ready:
    """Everything is there (and confirmed, where that is needed): run the handler."""

    form: Form


@dataclass(frozen=True, slots=True)
class Ask:
    """A slot is missing; `problem` says why what was just given will not do."""

    form: Form
    slot: Slot
    problem: SlotError | None = None
    corrected: bool = False


@dataclass(frozen=True, slots=True)
class Confirm:
    """Everything is there: read it back and ask."""

    form: Form
    declined: bool = False


@dataclass(frozen=True, slots=True)
class Cancelled:
    """The customer does not want it any more."""

    form: Form


@dataclass(frozen=True, slots=True)
class GaveUp:
    """The same question was answered wrongly too often: a person is needed."""

    form: Form


@dataclass(frozen=True, slots=True)
class Digression:
    """The message is about something else; the form waits."""

    form: Form


Outcome = Ready | Ask | Confirm | Cancelled | GaveUp | Digression


class Dialogue:
    """The rules of a form. `slots` gives an intent's slots, `confirms` whether it must be confirmed first."""

    def __init__(
        self,
        slots: Callable[[str], Sequence[Slot]],
        confirms: Callable[[str], bool],
        *,
        lifetime: timedelta,
        max_tries: int,
    ) -> None:
        self._slots = slots
        self._confirms = confirms
        self._lifetime = lifetime
        self._max_tries = max_tries

    def open(self, intent: str, *, text: str, query: str, entities: Sequence[Entity], now: datetime) -> Outcome:
        """Start on an intent with what its message already gave."""
        form = Form(intent, text, query, now + self._lifetime)
        return self._advance(replace(form, values=self._take(form, entities).values))

    def answer(
        self, form: Form, text: str, entities: Sequence[Entity], *, is_question: Callable[[], bool], now: datetime
    ) -> Outcome:
        """What a message means to an open form. `is_question` tells whether it clearly asks for something else."""
        form = replace(form, expires_at=now + self._lifetime)
        said = consent(text)
        if said == "cancel":
            return Cancelled(form)
        if form.asking is None:
            return self._answer_confirmation(form, text, said, entities, is_question)
        return self._answer_slot(form, text, entities, is_question)

    def again(self, form: Form) -> Outcome:
        """Where the form stands, to take it up after something else."""
        return self._advance(form)

    def _answer_confirmation(
        self, form: Form, text: str, said: str | None, entities: Sequence[Entity], is_question: Callable[[], bool]
    ) -> Outcome:
        if said == "yes":
            return Ready(form)
        if said == "no":
            return Confirm(form, declined=True)
        correcting = is_correction(text)
        if correcting:
            entities = [*entities, *self._bare_number(form, text, entities)]
        taken = self._take(form, entities, replacing=correcting or not is_question())
        if taken.problem is not None and taken.slot is not None:
            return Ask(replace(form, asking=taken.slot.name), taken.slot, taken.problem)
        if taken.values != form.values:
            return self._advance(replace(form, values=taken.values), corrected=True)
        named = self._named(form, text)
        if named is not None:
            values = {name: value for name, value in form.values.items() if name != named.name}
            return self._advance(replace(form, values=values))
        if is_question():
            return Digression(form)
        tried = replace(form, tries=form.tries + 1)
        return GaveUp(tried) if tried.tries >= self._max_tries else Confirm(tried)

    def _answer_slot(
        self, form: Form, text: str, entities: Sequence[Entity], is_question: Callable[[], bool]
    ) -> Outcome:
        slot = next(slot for slot in self._slots(form.intent) if slot.name == form.asking)
        taken = self._take(form, entities, replacing=is_correction(text))
        if taken.values != form.values:
            corrected = any(taken.values.get(name) != value for name, value in form.values.items())
            return self._advance(replace(form, values=taken.values, tries=0), corrected=corrected)
        if taken.problem is not None:
            return self._wrong(form, slot, taken.problem)
        return self._answer_in_own_words(form, slot, text, is_question)

    def _answer_in_own_words(self, form: Form, slot: Slot, text: str, is_question: Callable[[], bool]) -> Outcome:
        said = consent(text)
        if slot.optional and said == "no":
            return self._fill(form, slot, "")
        if slot.kind in _FREE and is_question():
            return Digression(form)
        if slot.kind in _FREE and said is not None:
            return self._wrong(form, slot, SlotError(f"slot_invalid_{slot.kind}"))
        try:
            value = slot.validate(text)
        except SlotError as problem:
            return Digression(form) if is_question() else self._wrong(form, slot, problem)
        return self._fill(form, slot, value)

    def _fill(self, form: Form, slot: Slot, value: str) -> Outcome:
        return self._advance(replace(form, values={**form.values, slot.name: value}, tries=0))

    def _wrong(self, form: Form, slot: Slot, problem: SlotError) -> Outcome:
        tried = replace(form, tries=form.tries + 1)
        return GaveUp(tried) if tried.tries >= self._max_tries else Ask(tried, slot, problem)

    def _advance(self, form: Form, *, corrected: bool = False) -> Outcome:
        missing = next((slot for slot in self._slots(form.intent) if slot.name not in form.values), None)
        if missing is not None:
            return Ask(replace(form, asking=missing.name), missing, corrected=corrected)
        done = replace(form, asking=None, tries=0)
        return Confirm(done) if self._confirms(form.intent) else Ready(done)

    def _bare_number(self, form: Form, text: str, entities: Sequence[Entity]) -> list[Entity]:
        """The one number of a correction ("no, 60"), for the one slot that takes a number."""
        numbers = list(_NUMBER.finditer(text))
        kinds = [slot.kind for slot in self._slots(form.intent) if slot.kind in _NUMERIC]
        if len(numbers) != 1 or len(kinds) != 1 or any(entity.kind == kinds[0] for entity in entities):
            return []
        found = numbers[0]
        return [Entity(kinds[0], found.group(), found.group(), found.start(), found.end())]

    def _named(self, form: Form, text: str) -> Slot | None:
        """The slot the customer names to have it changed ("the quantity")."""
        words = text.casefold()
        return next((slot for slot in self._slots(form.intent) if slot.name.replace("_", " ") in words), None)

    def _take(self, form: Form, entities: Sequence[Entity], *, replacing: bool = False) -> _Taken:
        """Put entities into the slots of their kind: the slot asked for first, then the empty ones in order.

        `replacing` also lets an entity change a slot that is filled, where no empty one takes it.
        """
        values = dict(form.values)
        for entity in _unambiguous(entities):
            slot = self._slot_for(entity, form, values, replacing)
            if slot is None:
                continue
            try:
                values[slot.name] = slot.validate(entity.value)
            except SlotError as problem:
                return _Taken(form.values, slot, problem)
        return _Taken(values)

    def _slot_for(self, entity: Entity, form: Form, values: Mapping[str, str], replacing: bool) -> Slot | None:
        fitting = [slot for slot in self._slots(form.intent) if slot.kind == entity.kind]
        fitting.sort(key=lambda slot: slot.name != form.asking)
        empty = next((slot for slot in fitting if slot.name not in values), None)
        if empty is not None:
            return empty
        return fitting[0] if replacing and fitting else None


@dataclass(frozen=True, slots=True)
class _Taken:
    values: Mapping[str, str]
    slot: Slot | None = None
    problem: SlotError | None = None


def _unambiguous(entities: Sequence[Entity]) -> list[Entity]:
    """One entity for each span: where several share it, with the customer's own words for a value."""
    found: dict[tuple[str, int, int], list[Entity]] = {}
    for entity in entities:
        found.setdefault((entity.kind, entity.start, entity.end), []).append(entity)
    groups = found.values()
    return [group[0] if len(group) == 1 else replace(group[0], value=group[0].text) for group in groups]
