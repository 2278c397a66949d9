from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from munshi.bot.dialogue import Dialogue
from munshi.bot.filling import Said
from munshi.bot.form import Ask, Cancelled, Confirm, Digression, Form, GaveUp, Outcome, Ready
from munshi.bot.wording import Phrasebook
from munshi.handlers.base import BusinessProfile, Button, Entity, Slot, SlotError, Turn

NOW = datetime(2026, 11, 20, 12, tzinfo=UTC)
SHOP = BusinessProfile("Shop", "", ("en",), "INR", ZoneInfo("Asia/Kolkata"), (), (), "", "", "", "")


def number(low: int, high: int):
    def validate(text: str) -> str:
        if not text.strip().isdecimal():
            raise SlotError("slot_invalid_quantity")
        if not low <= int(text) <= high:
            raise SlotError("slot_out_of_range", minimum=low, maximum=high)
        return str(int(text))

    return validate


def order_number(text: str) -> str:
    if not text.startswith("NAS-"):
        raise SlotError("slot_invalid_order_number")
    return text


SLOTS = {
    "status": (Slot("order_number", "order_number", {"en": "Which order?"}, order_number),),
    "quote": (
        Slot("product", "product", {"en": "Which part?"}),
        Slot("quantity", "quantity", {"en": "How many?"}, number(1, 100)),
        Slot("name", "name", {"en": "Your name?"}),
        Slot("note", "text", {"en": "Anything else?"}, optional=True),
    ),
}


@pytest.fixture
def dialogue() -> Dialogue:
    return Dialogue(SLOTS.__getitem__, lambda intent: intent == "quote", lifetime=timedelta(minutes=30), max_tries=3)


def entity(kind: str, value: str, start: int = 0) -> Entity:
    return Entity(kind, value, value, start, start + len(value))


def said(text: str, *entities: Entity, question: bool = False) -> Said:
    turn = Turn(text, "en", entities, {}, "s1", "c1", "chat", (), SHOP, NOW)
    return Said(turn, text, text, lambda: question)


def say(
    dialogue: Dialogue, form: Form, text: str, *entities: Entity, question: bool = False, shown: bool = True
) -> Outcome:
    return dialogue.answer(form, said(text, *entities, question=question), shown=shown, now=NOW)


def opened(dialogue: Dialogue, intent: str, *entities: Entity, text: str = "t") -> Outcome:
    return dialogue.fill(dialogue.begin(intent, text=text, query="q", now=NOW), said(text, *entities))


def test_what_the_first_message_gave_is_not_asked_again(dialogue: Dialogue) -> None:
    assert isinstance(opened(dialogue, "status", entity("order_number", "NAS-1")), Ready)
    outcome = opened(dialogue, "quote", entity("quantity", "40"))
    assert isinstance(outcome, Ask)
    assert outcome.slot.name == "product"
    assert outcome.form.values == {"quantity": "40"}


def test_a_form_is_filled_confirmed_and_run(dialogue: Dialogue) -> None:
    outcome = opened(dialogue, "quote")
    for text in ("clutch plate", "12", "Meena", "no"):
        assert isinstance(outcome, Ask)
        outcome = say(dialogue, outcome.form, text)
    assert isinstance(outcome, Confirm)
    outcome = say(dialogue, outcome.form, "haan")
    assert isinstance(outcome, Ready)
    assert outcome.form.values == {"product": "clutch plate", "quantity": "12", "name": "Meena", "note": ""}


@pytest.fixture
def confirming(dialogue: Dialogue) -> Form:
    values = {"product": "clutch plate", "quantity": "12", "name": "Meena", "note": ""}
    return Form("quote", "t", "q", NOW + timedelta(minutes=30), values)


def test_nothing_but_a_plain_yes_confirms(dialogue: Dialogue, confirming: Form) -> None:
    for text in ("yes but 13", "hmm", "yesterday", "👍👍", ""):
        assert not isinstance(say(dialogue, confirming, text), Ready), text


def test_a_correction_while_confirming_is_read_back_again(dialogue: Dialogue, confirming: Form) -> None:
    outcome = say(dialogue, confirming, "no, 15", entity("quantity", "15", 4))
    assert isinstance(outcome, Confirm)
    assert outcome.form.values["quantity"] == "15"


def test_a_correction_out_of_range_tells_the_range_and_asks(dialogue: Dialogue, confirming: Form) -> None:
    outcome = say(dialogue, confirming, "no, 1500", entity("quantity", "1500", 4))
    assert isinstance(outcome, Ask)
    assert outcome.problem is not None
    assert outcome.problem.values == {"minimum": 1, "maximum": 100}


def test_no_asks_what_to_change_and_a_named_slot_is_asked_again(dialogue: Dialogue, confirming: Form) -> None:
    declined = say(dialogue, confirming, "nahi")
    assert isinstance(declined, Confirm)
    assert declined.declined
    outcome = say(dialogue, declined.form, "the quantity")
    assert isinstance(outcome, Ask)
    assert outcome.slot.name == "quantity"


def test_a_question_about_another_product_while_confirming_changes_nothing(
    dialogue: Dialogue, confirming: Form
) -> None:
    outcome = say(dialogue, confirming, "price of horn?", entity("product", "HORN", 9), question=True)
    assert isinstance(outcome, Digression)
    assert outcome.form.values == confirming.values


def test_an_earlier_slot_can_be_corrected_while_a_later_one_is_asked(dialogue: Dialogue) -> None:
    form = Form("quote", "t", "q", NOW, {"product": "horn", "quantity": "2"}, asking="name")
    outcome = say(dialogue, form, "sorry, 5", entity("quantity", "5", 7))
    assert isinstance(outcome, Ask)
    assert outcome.corrected
    assert (outcome.slot.name, outcome.form.values["quantity"]) == ("name", "5")


def test_a_question_in_between_leaves_the_form_as_it_was(dialogue: Dialogue) -> None:
    asked = opened(dialogue, "status")
    assert isinstance(asked, Ask)
    outcome = say(dialogue, asked.form, "what time do you open", question=True)
    assert isinstance(outcome, Digression)
    again = dialogue.again(outcome.form, said("").turn)
    assert isinstance(again, Ask)
    assert again.slot.name == "order_number"


def test_wrong_answers_are_told_and_end_with_a_person(dialogue: Dialogue) -> None:
    asked = opened(dialogue, "status")
    assert isinstance(asked, Ask)
    outcome: Outcome = asked
    for _ in range(2):
        outcome = say(dialogue, outcome.form, "dunno")
        assert isinstance(outcome, Ask)
        assert outcome.problem is not None
    assert isinstance(say(dialogue, outcome.form, "dunno"), GaveUp)


def test_cancel_ends_it_wherever_it_stands(dialogue: Dialogue, confirming: Form) -> None:
    assert isinstance(say(dialogue, confirming, "rehne do"), Cancelled)
    assert isinstance(say(dialogue, replace(confirming, asking="name", values={}), "cancel"), Cancelled)


def test_of_two_products_over_the_same_words_neither_is_taken_but_the_words_are(dialogue: Dialogue) -> None:
    filters = [Entity("product", sku, "oil filter", 0, 10) for sku in ("FLT-1", "FLT-2")]
    outcome = opened(dialogue, "quote", *filters, entity("quantity", "3", 12))
    assert isinstance(outcome, Ask)
    assert outcome.form.values == {"product": "oil filter", "quantity": "3"}


@pytest.mark.parametrize("text", ["haan", "ok", "nahi"])
def test_yes_and_no_are_nobodys_name(dialogue: Dialogue, text: str) -> None:
    form = Form("quote", "t", "q", NOW, {"product": "horn", "quantity": "2"}, asking="name")
    outcome = say(dialogue, form, text)
    assert isinstance(outcome, Ask)
    assert outcome.problem is not None


def test_a_read_back_that_is_never_answered_ends_with_a_person(dialogue: Dialogue, confirming: Form) -> None:
    outcome: Outcome = Confirm(confirming)
    for _ in range(3):
        outcome = say(dialogue, outcome.form, "hmm")
    assert isinstance(outcome, GaveUp)


@given(st.lists(st.text(max_size=30), max_size=12))
def test_whatever_is_said_only_a_yes_to_the_whole_runs_it(lines: list[str]) -> None:
    dialogue = Dialogue(SLOTS.__getitem__, lambda _: True, lifetime=timedelta(minutes=1), max_tries=3)
    outcome = opened(dialogue, "quote")
    for line in [*lines, "12", "yes"]:
        was_complete = isinstance(outcome, Confirm) and len(outcome.form.values) == 4
        outcome = say(dialogue, outcome.form, line)
        assert not isinstance(outcome, Ready) or was_complete
        if isinstance(outcome, (Ready, Cancelled, GaveUp)):
            return


def of_two(turn: Turn, said: str) -> tuple[Button, ...]:
    """The customer's two accounts, one of which the other slot may hold."""
    left = [each for each in (Button("Savings", "S"), Button("Current", "C")) if each.value not in turn.slots.values()]
    found = tuple(each for each in left if said in ("", each.value) or each.label.casefold() in said.casefold())
    if not found:
        raise SlotError("slot_invalid_account")
    return found


MOVE = (
    Slot("target", "account", {"en": "Where to?"}, choose=of_two, cues=("to …",)),
    Slot("source", "account", {"en": "From where?"}, choose=of_two, cues=("from …", "… se", "… से")),
)


@pytest.mark.parametrize(
    "words", ["from savings to current", "current to, from savings", "move to current from savings"]
)
def test_what_a_cue_marks_is_put_where_it_says(words: str) -> None:
    dialogue = Dialogue(lambda _: MOVE, lambda _: True, lifetime=timedelta(minutes=1), max_tries=3)
    outcome = opened(dialogue, "move", text=words)
    assert isinstance(outcome, Confirm)
    assert outcome.form.values == {"source": "S", "target": "C"}


@pytest.mark.parametrize(("words", "gloss"), [("no, from savings", ""), ("नहीं, बचत से", "no savings from")])
def test_a_correction_changes_the_slot_that_its_cue_marks(words: str, gloss: str) -> None:
    slots = (replace(MOVE[0], choose=lambda _turn, said: everywhere(said)), MOVE[1])
    dialogue = Dialogue(lambda _: slots, lambda _: True, lifetime=timedelta(minutes=1), max_tries=3)
    form = Form("move", "t", "q", NOW, {"target": "L", "source": "C"})
    outcome = dialogue.answer(form, replace(said(words), gloss=gloss or words), shown=True, now=NOW)
    assert outcome.form.values == {"target": "L", "source": "S"}


def everywhere(said: str) -> tuple[Button, ...]:
    places = (Button("Landlord", "L"), Button("Savings", "S"), Button("Current", "C"))
    return tuple(each for each in places if said in ("", each.value))


def of_ways(_turn: Turn, said: str) -> tuple[Button, ...]:
    return tuple(each for each in (Button("Deliver", "d"), Button("Pick up", "p")) if said in ("", each.value))


@pytest.mark.parametrize("words", ["yes", "haan", "no", "by balloon"])
@pytest.mark.parametrize("language", ["en", "hi", "hinglish"])
def test_what_is_no_answer_to_a_choice_is_told_with_the_choices(words: str, language: str) -> None:
    slots = (Slot("how", "choice", {"en": "How?"}, choose=of_ways),)
    dialogue = Dialogue(lambda _: slots, lambda _: True, lifetime=timedelta(minutes=1), max_tries=3)
    outcome = say(dialogue, opened(dialogue, "order").form, words)
    assert isinstance(outcome, Ask)
    assert outcome.problem is not None
    told = Phrasebook()(outcome.problem.key, language, **outcome.problem.values)
    assert "Deliver" in told
    assert "Pick up" in told
