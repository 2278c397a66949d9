from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from typing import Any, get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st

from munshi.bot.wording import Phrasebook, places
from munshi.handlers.base import HandlerError, Slot, SlotError, SlotKind, SlotSpec
from munshi.handlers.slots import build, own_or

PHRASES = Phrasebook()
KINDS: tuple[SlotKind, ...] = get_args(SlotKind)


def slot(kind: SlotKind, **rest: Any) -> Slot:
    return build(SlotSpec("it", kind, **rest), PHRASES)


def choice() -> Slot:
    return slot("choice", choices=("Morning", "Afternoon", "Evening"))


def problem(of: Slot, value: str) -> SlotError:
    with pytest.raises(SlotError) as raised:
        of.validate(value)
    return raised.value


@pytest.mark.parametrize(
    ("kind", "given_", "kept"),
    [
        ("text", "  two of them 🙏 ", "two of them 🙏"),
        ("name", "Ramesh Patil", "Ramesh Patil"),
        ("name", "my name is Anita Joshi", "Anita Joshi"),
        ("name", "mera naam Sandeep hai", "Sandeep"),
        ("name", "मेरा नाम रमेश है", "रमेश"),
        ("name", "Will May Smith", "Will May Smith"),
        ("name", "Will", "Will"),
        ("name", "O'Brien-Smith Jr.", "O'Brien-Smith Jr."),
        ("order_number", "nas-20401", "NAS-20401"),
        ("order_number", "nas 20401", "NAS20401"),
        ("order_number", "NAS-२०४०१", "NAS-20401"),
        ("account", "1234 5678 9012", "123456789012"),
        ("product", "BRK-1", "BRK-1"),
        ("amount", "500000", "500000"),
        ("amount", "₹5,00,000", "500000"),
        ("amount", "Rs. 2000/-", "2000"),
        ("amount", "1250.50", "1250.5"),
        ("amount", "५०००", "5000"),
        ("quantity", "50", "50"),
        ("quantity", "50 pcs", "50"),
        ("quantity", "1,000", "1000"),
        ("quantity", "१२", "12"),
        ("date", "2026-11-24", "2026-11-24"),
        ("phone", "98765 43210", "+919876543210"),
        ("phone", "+91 98765-43210", "+919876543210"),
        ("phone", "९८७६५४३२१०", "+919876543210"),
        ("phone", "+44 20 7946 0958", "+442079460958"),
        ("pin_code", "400 703", "400703"),
        ("pin_code", "४००७०३", "400703"),
        ("email", "a.b+c@shop.example.com", "a.b+c@shop.example.com"),
    ],
)
def test_a_good_value_is_kept_in_its_canonical_form(kind: SlotKind, given_: str, kept: str) -> None:
    assert slot(kind).validate(given_) == kept


@pytest.mark.parametrize(
    ("kind", "bad"),
    [
        ("text", "???"),
        ("name", "x"),
        ("name", "aap kahan ho"),
        ("name", "आप कहाँ हैं"),
        ("name", "where is the shop"),
        ("name", "will you"),
        ("name", "Asha?"),
        ("name", "9876543210"),
        ("name", "<b>me</b>"),
        ("name", "a@b.com"),
        ("order_number", "where is it"),
        ("order_number", "ORDER"),
        ("order_number", "1; DROP TABLE"),
        ("account", "none"),
        ("amount", "0"),
        ("amount", "-5"),
        ("amount", "1e9"),
        ("amount", "NaN"),
        ("amount", "10.005"),
        ("amount", "9" * 30),
        ("quantity", "0"),
        ("quantity", "2.5"),
        ("quantity", "a few"),
        ("quantity", "5 or 6"),
        ("date", "2026-02-30"),
        ("date", "tomorrow"),
        ("phone", "12345"),
        ("phone", "+91 11111 11111 11111"),
        ("phone", "call me"),
        ("pin_code", "012345"),
        ("pin_code", "40070"),
        ("email", "a@b"),
        ("email", "a b@c.com"),
        ("email", "@c.com"),
    ],
)
def test_a_bad_value_is_told_by_its_kind(kind: SlotKind, bad: str) -> None:
    assert problem(slot(kind), bad).key == f"slot_invalid_{kind}"


@pytest.mark.parametrize("kind", [kind for kind in KINDS if kind != "choice"])
@pytest.mark.parametrize("bad", ["", "   ", "\0", "🙏", "\u200b\u200b"])
def test_nothing_is_no_value(kind: SlotKind, bad: str) -> None:
    problem(slot(kind), bad)


@pytest.mark.parametrize("kind", KINDS)
def test_a_flood_is_told_to_be_too_long(kind: SlotKind) -> None:
    told = problem(slot(kind, choices=("a", "b") if kind == "choice" else ()), "1" * 100_000)
    assert told.key == "slot_invalid_too_long"


@pytest.mark.parametrize(
    ("said", "meant"),
    [
        ("Morning", "Morning"),
        ("evening", "Evening"),
        ("evning", "Evening"),
        ("2", "Afternoon"),
        (" MORNING! ", "Morning"),
    ],
)
def test_a_choice_is_taken_by_name_or_number(said: str, meant: str) -> None:
    assert choice().validate(said) == meant


@pytest.mark.parametrize("said", ["", "0", "4", "night", "noon", "1.5"])
def test_a_choice_that_is_none_lists_them(said: str) -> None:
    told = problem(choice(), said)
    assert (told.key, told.values) == ("slot_invalid_choice", {"choices": "Morning, Afternoon, Evening"})


def test_two_choices_equally_close_leave_it_open() -> None:
    assert problem(slot("choice", choices=("Plan A", "Plan B")), "plan").key == "slot_invalid_choice"


def test_bounds_are_included_and_told_as_money() -> None:
    amount = slot("amount", minimum=Decimal(1000), maximum=Decimal(100_000))
    assert (amount.validate("1000"), amount.validate("100000")) == ("1000", "100000")
    low, high = problem(amount, "999.99"), problem(amount, "100001")
    assert (low.key, low.values) == ("slot_invalid_minimum", {"minimum": "₹1,000"})
    assert (high.key, high.values) == ("slot_invalid_maximum", {"maximum": "₹1,00,000"})
    assert problem(slot("quantity", minimum=Decimal(2)), "1").values == {"minimum": "2"}


def test_a_pattern_must_match_the_whole_value_in_any_case() -> None:
    order = slot("order_number", pattern=r"nas-\d{5}")
    assert order.validate("nas-20401") == "NAS-20401"
    assert problem(order, "NAS-204011").key == "slot_invalid_order_number"
    assert problem(slot("text", pattern="[a-z]+"), "abc1").key == "slot_invalid_pattern"


def test_a_pattern_that_is_none_is_told() -> None:
    with pytest.raises(HandlerError, match="slot 'it'"):
        slot("text", pattern="(")


@pytest.mark.parametrize("kind", KINDS)
def test_every_kind_has_a_question_and_every_problem_a_sentence(kind: SlotKind) -> None:
    assert slot(kind).prompt["en"]
    for key in (f"slot_invalid_{kind}", "slot_invalid_pattern", "slot_invalid_too_long"):
        assert PHRASES.all(key)["en"]
    assert places(PHRASES.all("slot_invalid_choice")["en"]) == {"choices"}


def test_a_packs_own_slot_keeps_the_handlers_kind() -> None:
    default = SlotSpec("order_number", "order_number")
    own = SlotSpec("order_number", "text", {"en": "Your number?"}, pattern=r"\d+")
    assert own_or((SlotSpec("other", "text"), own), default) == SlotSpec(
        "order_number", "order_number", {"en": "Your number?"}, pattern=r"\d+"
    )
    assert own_or((), default) == default


@given(kind=st.sampled_from([kind for kind in KINDS if kind != "choice"]), value=st.text(max_size=200))
def test_what_is_kept_is_kept_again(kind: SlotKind, value: str) -> None:
    check = slot(kind).validate
    kept = _kept(check, value)
    assert kept is None or (kept and check(kept) == kept)


def _kept(check: Callable[[str], str], value: str) -> str | None:
    """The value kept; None where it is turned down with a sentence that can be said."""
    try:
        return check(value)
    except SlotError as problem:
        PHRASES(problem.key, "hi", **problem.values)
        return None
