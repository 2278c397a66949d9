"""The rules of a form: ask for the missing slot, validate, correct, digress and come back, confirm, cancel, expire.

A form is a value: every step takes one and gives an outcome with the next one in it. What the outcome says to the
customer is the assistant's business.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta

from munshi.bot.consent import Consent, consent, is_correction
from munshi.bot.filling import Said, Taken, fit, offered, offers, take, unfit
from munshi.bot.form import Ask, Cancelled, Confirm, Digression, Form, GaveUp, Outcome, Ready, Stuck
from munshi.bot.mentions import called, picked, value_of
from munshi.bot.orders import asks
from munshi.handlers.base import Button, Slot, SlotError, Turn

# Kinds whose values are the customer's own words: any message could be one, so a question is looked for first.
_FREE = frozenset({"text", "name", "product"})
_FEW_WORDS = 3


class Dialogue:
    """The rules of a form. `slots` gives an intent's slots, `confirms` whether it must be confirmed first.

    `stops` tells whether the intent stops something, so that "band karo" does not call it off.
    """

    def __init__(
        self,
        slots: Callable[[str], Sequence[Slot]],
        confirms: Callable[[str], bool],
        *,
        lifetime: timedelta,
        max_tries: int,
        stops: Callable[[str], bool] = lambda _intent: False,
    ) -> None:
        self._slots = slots
        self._confirms = confirms
        self._lifetime = lifetime
        self._max_tries = max_tries
        self._stops = stops

    def begin(self, intent: str, *, text: str, query: str, now: datetime) -> Form:
        """An empty form for an intent; `text` and `query` are those of the message that asks for it."""
        return Form(intent, text, query, now + self._lifetime)

    def fill(self, form: Form, said: Said) -> Outcome:
        """Start on a form with what its message gave."""
        return self._went(form, take(form, self._slots(form.intent), said, numbers=True), said.turn)

    def answer(self, form: Form, said: Said, *, shown: bool, now: datetime) -> Outcome:
        """What a message means to an open form. `shown` tells whether it was read back just before."""
        form = replace(form, expires_at=now + self._lifetime)
        option = picked(form.options, said.text)
        consented = None if option is not None else consent(said.text, stops=self._stops(form.intent))
        if consented == "cancel":
            return Cancelled(form)
        if form.asking is None:
            return self._answer_confirmation(form, said, consented, shown=shown)
        slot = next(slot for slot in self._slots(form.intent) if slot.name == form.asking)
        if option is not None:
            return self._answer_in_words(form, slot, said, value_of(option), None)
        return self._answer_slot(form, slot, said, consented)

    def again(self, form: Form, turn: Turn) -> Outcome:
        """Where the form stands, to take it up after something else."""
        return self._advance(form, turn)

    def _answer_confirmation(self, form: Form, said: Said, consented: Consent | None, *, shown: bool) -> Outcome:
        if consented == "yes":
            return Ready(form) if shown else self._advance(form, said.turn)
        if consented == "no":
            return Confirm(form, declined=True)
        changed = self.change(form, said, freely=not shown)
        if changed is not None:
            return changed
        if said.is_question():
            return Digression(form)
        if said.asks_about_it():
            return Digression(form, about_it=True)
        tried = replace(form, tries=form.tries + 1)
        return GaveUp(tried) if tried.tries >= self._max_tries else Confirm(tried)

    def change(self, form: Form, said: Said, *, freely: bool = False) -> Outcome | None:
        """What a message makes of a full form that it corrects; None where it corrects nothing.

        `freely` is set where a change was asked for: what it says is one then, even if it looks like a question.
        """
        correcting = freely or is_correction(said.text)
        replacing = correcting or not said.is_question()
        taken = take(form, self._slots(form.intent), said, replacing=replacing, numbers=replacing)
        if taken.slot is not None or taken.values != form.values:
            return self._went(form, taken, said.turn)
        named = called(said.text, self._slots(form.intent))
        if named and (correcting or len(said.text.split()) <= _FEW_WORDS):
            return self._ask(form, named[0], said.turn)
        return None

    def _answer_slot(self, form: Form, slot: Slot, said: Said, consented: Consent | None) -> Outcome:
        correcting = is_correction(said.text)
        taken = take(form, self._slots(form.intent), said, replacing=correcting, numbers=correcting)
        if taken.slot is not None or taken.values != form.values:
            # "do you deliver to Pune" only sounds like the delivery that was not asked for.
            beside = taken.slot is None and taken.values.get(slot.name) == form.values.get(slot.name)
            if beside and not correcting and asks(said.raw) and (said.is_question() or said.asks_about_it()):
                return Digression(form, about_it=not said.is_question())
            return self._went(form, taken, said.turn)
        return self._answer_in_words(form, slot, said, said.text, consented)

    def _answer_in_words(self, form: Form, slot: Slot, said: Said, text: str, consented: Consent | None) -> Outcome:
        if slot.optional and consented == "no":
            return self._advance(_with(form, slot, ""), said.turn)
        own = slot.kind in _FREE and slot.choose is None
        if own and said.is_question():
            return Digression(form)
        if (own or slot.choose is not None) and consented is not None:
            return self._wrong(form, slot, unfit(slot, said.turn, form.values), said.turn)
        try:
            found = fit(slot, said.turn, form.values, text)
        except SlotError as problem:
            return self._misunderstood(form, slot, problem, said)
        if len(found) > 1 and found == form.options:
            return self._wrong(form, slot, SlotError("slot_several"), said.turn)
        if len(found) > 1:
            return self._ask(form, slot, said.turn, options=found)
        return self._advance(_with(form, slot, value_of(found[0])), said.turn)

    def _misunderstood(self, form: Form, slot: Slot, problem: SlotError, said: Said) -> Outcome:
        """An answer that will not do: a question about something else, a number among other words, or wrong."""
        if said.is_question():
            return Digression(form)
        taken = take(form, self._slots(form.intent), said, numbers=True)
        if taken.slot is not None or taken.values != form.values:
            return self._went(form, taken, said.turn)
        if said.asks_about_it():
            return Digression(form, about_it=True)
        return self._wrong(form, slot, problem, said.turn)

    def _went(self, form: Form, taken: Taken, turn: Turn) -> Outcome:
        """Go on with what a message gave: all that fits is kept, and what does not is asked for."""
        corrected = any(taken.values.get(name) != value for name, value in form.values.items())
        tries = form.tries if taken.values == form.values else 0
        form = replace(form, values=taken.values, tries=tries)
        if taken.slot is None:
            return self._advance(form, turn, corrected=corrected)
        if taken.problem is not None:
            return self._wrong(form, taken.slot, taken.problem, turn)
        return self._ask(form, taken.slot, turn, options=taken.options)

    def _wrong(self, form: Form, slot: Slot, problem: SlotError, turn: Turn) -> Outcome:
        tried = replace(form, tries=form.tries + 1)
        return GaveUp(tried) if tried.tries >= self._max_tries else self._ask(tried, slot, turn, problem)

    def _ask(
        self,
        form: Form,
        slot: Slot,
        turn: Turn,
        problem: SlotError | None = None,
        *,
        options: tuple[Button, ...] | None = None,
    ) -> Ask:
        shown = offered(slot, turn, form.values) if options is None else options
        return Ask(replace(form, asking=slot.name, options=shown), slot, problem)

    def _advance(self, form: Form, turn: Turn, *, corrected: bool = False) -> Outcome:
        """The next that is missing, or no longer fits the rest; what can only be one thing is taken unasked."""
        for slot in self._slots(form.intent):
            try:
                if slot.name not in form.values:
                    options = offers(slot, turn, form.values)
                    if len(options) != 1 or slot.optional:
                        return replace(self._ask(form, slot, turn, options=options), corrected=corrected)
                    form = _with(form, slot, value_of(options[0]))
            except SlotError as problem:
                if not slot.optional:
                    return Stuck(form, problem)
                form = _with(form, slot, "")
            gone = _no_longer_fits(slot, turn, form.values)
            if gone is not None:
                return self._ask(_without(form, slot), slot, turn, gone)
        done = replace(form, asking=None, options=(), tries=0)
        return Confirm(done) if self._confirms(form.intent) else Ready(done)


def _no_longer_fits(slot: Slot, turn: Turn, values: Mapping[str, str]) -> SlotError | None:
    """Why a value that hangs on the others will not do beside them, as they are now."""
    value = values[slot.name]
    if slot.choose is None or not value:
        return None
    try:
        found = fit(slot, turn, values, value)
    except SlotError as problem:
        return problem
    return None if [value_of(each) for each in found] == [value] else unfit(slot, turn, values)


def _with(form: Form, slot: Slot, value: str) -> Form:
    return replace(form, values={**form.values, slot.name: value}, tries=0)


def _without(form: Form, slot: Slot) -> Form:
    return replace(form, values={name: value for name, value in form.values.items() if name != slot.name})
