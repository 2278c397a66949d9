from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from munshi.bot.codes import CodeFinder, FormatError
from munshi.knowledge.normalise import clean
from munshi.knowledge.tokens import tokenise

SHOP = {"order_number": r"NAS-\d{5}"}


def codes(text: str, formats: dict[str, str]) -> list[str]:
    cleaned = clean(text).text
    return [span.value for span in CodeFinder(formats).find(cleaned, tokenise(cleaned))]


@pytest.mark.parametrize(
    "text",
    [
        "NAS-10234",
        "nas-10234",
        "nas 10234",
        "NAS10234",
        "Nas - 10234",
        "NAS_10234",
        "NAS/10234",
        "NAS#10234",
        "NAS–10234",
        "ＮＡＳ－１０２３４",
        "NAS-१०२३४",
        "N\u200bAS-10234",
        "where is NAS-10234?",
        "order no NAS 10234 kab aayega",
        "(nas10234)",
        "order 10234",
        "order no. 10234",
        "order number is 10234",
        "mera order number 10234 hai",
        "Order #10234",
        "ऑर्डर नंबर 10234",
        "10234",
        "#10234.",
    ],
)
def test_an_order_number_however_it_is_written(text: str) -> None:
    assert codes(text, SHOP) == ["NAS-10234"]


@pytest.mark.parametrize(
    "text",
    [
        "",
        "NAS",
        "NAS-1023",
        "NAS-102345",
        "XNAS-10234",
        "NAS-10234A",
        "I paid 10234 rupees",
        "order 1023",
        "order 102345",
        "10234 and 20345",
        "my pin is 10234",
    ],
)
def test_what_is_none(text: str) -> None:
    assert codes(text, SHOP) == []


def test_several() -> None:
    assert codes("NAS-10234 aur nas 10235, NAS10236", SHOP) == ["NAS-10234", "NAS-10235", "NAS-10236"]


@pytest.mark.parametrize(
    ("pattern", "text", "value"),
    [
        (r"AMV[0-9]{8}", "amv 00012345", "AMV00012345"),
        (r"AMV[0-9]{8}", "account 00012345", "AMV00012345"),
        (r"\d{11}", "a/c no 1234 5678 901", "12345678901"),
        (r"\d{4}/\d{6}", "1234-567890", "1234/567890"),
        (r"[A-Z]{2}\d{2}-[A-Z]\d{3}", "mh12 b345", "MH12-B345"),
        (r"^INV\.\d{4}$", "inv 1234", "INV.1234"),
        (r"ORD-?\d{4}", "ord1234", "ORD-1234"),
        (r"(?:A|B)-\d{4}", "b 1234", "B-1234"),
    ],
)
def test_formats_of_other_shops(pattern: str, text: str, value: str) -> None:
    assert codes(text, {"account": pattern}) == [value]


def test_a_format_that_is_no_regular_expression_is_told() -> None:
    with pytest.raises(FormatError, match="order_number"):
        CodeFinder({"order_number": "NAS-("})


def test_without_formats_there_are_no_codes() -> None:
    assert codes("NAS-10234", {}) == []
    assert codes("NAS-10234", {"order_number": ""}) == []


@given(st.integers(min_value=0, max_value=99_999), st.sampled_from(["", " ", "-", " - ", "/"]), st.booleans())
def test_every_spelling_gives_the_one_form(number: int, mark: str, upper: bool) -> None:
    letters = "NAS" if upper else "nas"
    assert codes(f"status of {letters}{mark}{number:05d} please", SHOP) == [f"NAS-{number:05d}"]


@given(st.text())
def test_it_takes_anything(text: str) -> None:
    for value in codes(text, SHOP | {"account": r"AMV\d{8}"}):
        assert value.startswith(("NAS-", "AMV"))
