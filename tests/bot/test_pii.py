from __future__ import annotations

import pytest

from munshi.bot.pii import find_pii
from munshi.bot.privacy import pii_spans


@pytest.mark.parametrize(
    ("kind", "piece"),
    [
        ("aadhaar", "2341 2341 2346"),
        ("aadhaar", "234123412346"),
        ("aadhaar", "2341-2341-2346"),
        ("card", "4111 1111 1111 1111"),
        ("card", "4111111111111111"),
        ("card", "4111-1111-1111-1111"),
        ("card", "4111.1111.1111.1111"),
        ("card", "3782 822463 10005"),
        ("card", "4 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1"),
        ("card", "6521 1111 1111 1110"),
        ("pan", "ACUPA7085R"),
        ("pan", "acupa7085r"),
        ("gstin", "27AAPFU0939F1ZV"),
        ("ifsc", "SBIN0001234"),
        ("upi", "ravi.k@okaxis"),
        ("upi", "9876543210@ybl"),
        ("email", "ravi@example.com"),
        ("phone", "9876543210"),
        ("phone", "+91 98765 43210"),
        ("phone", "022-27812345"),
        ("number", "123456789012"),
        ("number", "4111111111111112"),
    ],
)
def test_kinds(kind: str, piece: str) -> None:
    text = f"yeh hai: {piece} , theek?"
    assert [(span.kind, text[span.start : span.end]) for span in find_pii(text)] == [(kind, piece)]


@pytest.mark.parametrize(
    ("text", "secret"),
    [
        ("otp 482913", "482913"),
        ("OTP is 482913", "482913"),
        ("mera otp 4829 hai", "4829"),
        ("ओटीपी 482913", "482913"),
        ("cvv: 123", "123"),
        ("my password is hunter2!", "hunter2!"),
        ("upi pin 1234", "1234"),
        ("mpin=998877", "998877"),
    ],
)
def test_secrets(text: str, secret: str) -> None:
    (span,) = find_pii(text)
    assert (span.kind, text[span.start : span.end]) == ("secret", secret)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "NAS-10234",
        "₹5,00,000",
        "pin code 400703",
        "pin 400703",
        "the otp did not come",
        "05/11/2026 11:30",
        "took 0.123456789012 s",
        "ABCDE1234",
        "call after 5",
        "user@",
        "size 72x45",
        "id 12345678",
    ],
)
def test_what_is_not_private(text: str) -> None:
    assert find_pii(text) == []


def test_neighbours_are_told_apart() -> None:
    text = "aadhaar 2341 2341 2346, card 4111111111111111 phone 9876543210 pan ACUPA7085R"
    assert [span.kind for span in find_pii(text)] == ["aadhaar", "card", "phone", "pan"]


def test_places_are_those_of_the_text_as_it_was_written() -> None:
    text = "  \u200baadhaar \u202e २३४१ २३४१\u200b  २३४६"
    (span,) = pii_spans(text)
    assert span.kind == "aadhaar"
    assert text[span.start : span.end] == "२३४१ २३४१\u200b  २३४६"
