"""What a message puts into the slots of a form: entities, mentions of what is on offer, a bare number."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace

from munshi.bot.consent import fold
from munshi.bot.form import Form
from munshi.bot.mentions import Words, called, marked_by, mentioned, value_of
from munshi.bot.spoken_numbers import bare_numbers
from munshi.handlers.base import Button, Entity, Slot, SlotError, Turn

_NUMERIC = frozenset({"quantity", "amount"})


def _never() -> bool:
    return False


@dataclass(frozen=True, slots=True)
class Said:
    """A message as a form hears it: its `turn`, without slots, and `gloss`, its words in English.

    The offsets of the turn's entities are those of `raw`. `is_question` tells whether it is clearly about something
    else, `asks_about_it` whether it is a question about the form's own matter, to which there is an answer.
    """

    turn: Turn
    raw: str
    gloss: str = ""
    is_question: Callable[[], bool] = _never
    asks_about_it: Callable[[], bool] = _never

    @property
    def text(self) -> str:
        """Its words in their normal form."""
        return self.turn.text


@dataclass(frozen=True, slots=True)
class Taken:
    """The values after a message. `slot` is one that it left open: for a `problem`, or several `options`."""

    values: Mapping[str, str]
    slot: Slot | None = None
    problem: SlotError | None = None
    options: tuple[Button, ...] = ()


def fit(slot: Slot, turn: Turn, values: Mapping[str, str], said: str) -> tuple[Button, ...]:
    """What words may mean for a slot beside the other `values`, one thing or several. Raises SlotError for nothing."""
    if slot.choose is None:
        return (Button(said, slot.validate(said)),)
    found = slot.choose(_beside(slot, turn, values), said) if said.strip() else ()
    if not found:
        raise unfit(slot, turn, values)
    return found


def unfit(slot: Slot, turn: Turn, values: Mapping[str, str]) -> SlotError:
    """That something is no value of a slot; what a choice is between is told with it."""
    if slot.kind != "choice":
        return SlotError(f"slot_invalid_{slot.kind}")
    choices = slot.choices or tuple(button.label for button in offered(slot, turn, values))
    return SlotError("slot_invalid_choice", choices=", ".join(choices)) if choices else SlotError("slot_invalid_text")


def offers(slot: Slot, turn: Turn, values: Mapping[str, str]) -> tuple[Button, ...]:
    """What may stand in a slot beside the other `values`, none where anything may. Raises SlotError where nothing."""
    return () if slot.choose is None else slot.choose(_beside(slot, turn, values), "")


def offered(slot: Slot, turn: Turn, values: Mapping[str, str]) -> tuple[Button, ...]:
    """As `offers`, but none as well where nothing may."""
    try:
        return offers(slot, turn, values)
    except SlotError:
        return ()


def _beside(slot: Slot, turn: Turn, values: Mapping[str, str]) -> Turn:
    return replace(turn, slots={name: value for name, value in values.items() if name != slot.name})


def take(form: Form, slots: Sequence[Slot], said: Said, *, replacing: bool = False, numbers: bool = False) -> Taken:
    """Put what a message holds into the slots: the one asked for first, then the empty ones in order.

    `replacing` also lets it change a slot that is filled, where no empty one takes it. With `numbers` a number that
    stands alone counts for the one slot that it can be meant for.
    """
    filling = _Filling(form, slots, said, replacing, dict(form.values))
    filling.take_entities()
    filling.take_mentions()
    if numbers:
        filling.take_number()
    return filling.taken


@dataclass(slots=True)
class _Filling:
    form: Form
    slots: Sequence[Slot]
    said: Said
    replacing: bool
    values: dict[str, str]
    left: Taken | None = None
    done: set[str] = field(default_factory=set)

    @property
    def taken(self) -> Taken:
        return Taken(self.values) if self.left is None else replace(self.left, values=self.values)

    def take_entities(self) -> None:
        for entity in _unambiguous(self.said.turn.entities):
            slot = self._slot_for(entity)
            if slot is not None:
                self._put(slot, entity.value)

    def take_mentions(self) -> None:
        """The values on offer that the message speaks of, in its own words or else in English ones."""
        choosing = sorted((slot for slot in self.slots if slot.choose is not None), key=self._asked_last)
        for words in self._words():
            for slot in choosing:
                if slot.name in self.done or not (self._is_open(slot) or self.replacing):
                    continue
                if not words.cued and self._is_cued_less(slot, choosing):
                    continue
                others = [other for other in self.slots if other is not slot]
                found = mentioned(words, slot, offered(slot, self.said.turn, self.values), others)
                if found:
                    self._settle(slot, found)
                    words = words.without(found)

    def _is_cued_less(self, slot: Slot, choosing: Sequence[Slot]) -> bool:
        """Whether the message has a cue, and it is that of other slots."""
        said = fold(self.said.text).split()
        cued = [each for each in choosing if any(word in said for cue in each.cues for word in fold(cue).split())]
        return bool(cued) and slot not in cued

    def take_number(self) -> None:
        numbers = [number for number in self._numbers() if number not in self.form.values.values()]
        slot = self._numeric_slot()
        if len(numbers) == 1 and slot is not None:
            self._put(slot, numbers[0])

    def _put(self, slot: Slot, text: str) -> None:
        try:
            self._settle(slot, fit(slot, self.said.turn, self.values, text))
        except SlotError as problem:
            self.left = self.left or Taken({}, slot, problem)
            self.done.add(slot.name)

    def _settle(self, slot: Slot, found: tuple[Button, ...]) -> None:
        """Keep the one value found, or leave the slot to be asked for."""
        again = slot.name in self.done and value_of(found[0]) == self.form.values.get(slot.name)
        if again:  # "not 500 but 300", "300, not 500": what it held before is named, not given
            return
        self.done.add(slot.name)
        if len(found) == 1:
            self.values[slot.name] = value_of(found[0])
        else:
            self.left = self.left or Taken({}, slot, options=found)

    def _is_open(self, slot: Slot) -> bool:
        return slot.name not in self.values or slot.name == self.form.asking

    def _asked_last(self, slot: Slot) -> bool:
        return slot.name != self.form.asking

    def _slot_for(self, entity: Entity) -> Slot | None:
        fitting = sorted((slot for slot in self.slots if slot.kind == entity.kind), key=self._asked_last)
        raw = self.said.raw
        if len(fitting) > 1 and raw[entity.start : entity.end] == entity.text:
            before, after = fold(raw[: entity.start]).split(), fold(raw[entity.end :]).split()
            marked = marked_by(before, after, fitting) or self._called(fitting)
            fitting = fitting if marked is None else [marked]
        empty = next((slot for slot in fitting if self._is_open(slot)), None)
        if empty is not None:
            return empty
        return fitting[0] if self.replacing and fitting else None

    def _called(self, slots: Sequence[Slot]) -> Slot | None:
        """The one of several slots that the message names."""
        named = called(self.said.text, slots)
        return named[0] if len(named) == 1 else None

    def _words(self) -> Iterator[Words]:
        """The message's words without what was an entity; then the new ones of its gloss, whose order is another."""
        kinds = {slot.kind for slot in self.slots}
        rest = list(self.said.raw)
        for entity in self.said.turn.entities:
            if entity.kind in kinds and self.said.raw[entity.start : entity.end] == entity.text:
                rest[entity.start : entity.end] = " " * (entity.end - entity.start)
        yield Words(tuple(fold("".join(rest)).split()))
        told = set(fold(self.said.raw).split())
        gloss = tuple(word for word in fold(self.said.gloss).split() if word not in told and not word[0].isdecimal())
        yield Words(gloss, cued=False)

    def _numbers(self) -> list[str]:
        """The numbers that are no part of an entity that a slot takes."""
        kinds = {slot.kind for slot in self.slots}
        spans = [(each.start, each.end) for each in self.said.turn.entities if each.kind in kinds]
        found = bare_numbers(self.said.raw, hindi=self.said.turn.language != "en")
        return [each.value for each in found if not any(start < each.end and each.start < end for start, end in spans)]

    def _numeric_slot(self) -> Slot | None:
        """The slot that a number by itself is meant for: the one asked for, the one that is named, the only one."""
        numeric = [slot for slot in self.slots if slot.kind in _NUMERIC]
        asked = next((slot for slot in numeric if slot.name == self.form.asking), None)
        slot = self._called(numeric) or asked or (numeric[0] if len(numeric) == 1 else None)
        if slot is None or slot.name in self.done:
            return None
        return slot if self._is_open(slot) or self.replacing else None


def _unambiguous(entities: Sequence[Entity]) -> list[Entity]:
    """One entity for each span: where several share it, with the customer's own words for a value."""
    found: dict[tuple[str, int, int], list[Entity]] = {}
    for entity in entities:
        found.setdefault((entity.kind, entity.start, entity.end), []).append(entity)
    groups = found.values()
    return [group[0] if len(group) == 1 else replace(group[0], value=group[0].text) for group in groups]
