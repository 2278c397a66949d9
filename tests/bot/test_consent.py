from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from munshi.bot.consent import consent, fold, is_correction


@pytest.mark.parametrize(
    ("text", "said"),
    [
        *((text, "yes") for text in ("yes", "YES!!", "Haan ji", "हाँ", "हां।", "theek hai 👍", "ok.")),
        *((text, "no") for text in ("no", "Nahi", "नहीं", "don't")),
        *((text, "cancel") for text in ("cancel", "rehne do", "रहने दो", "never mind", "STOP")),
        *((text, None) for text in ("yes but how much is delivery", "no idea what you mean", "", "👍", "cancel NAS-1")),
    ],
)
def test_whole_messages_say_yes_no_or_cancel(text: str, said: str | None) -> None:
    assert consent(text) == said


@pytest.mark.parametrize(
    "text", ["no, 12", "nahi 3000", "Sorry I meant two", "actually 5", "गलत, 12", "No - NAS-10234"]
)
def test_a_message_that_puts_a_value_right(text: str) -> None:
    assert is_correction(text)


@pytest.mark.parametrize("text", ["12", "northern branch", "nobody came", "waiter", "", "मेरा नहीं"])
def test_a_message_that_does_not(text: str) -> None:
    assert not is_correction(text)


@given(st.text())
def test_any_text_is_folded_once_and_for_all(text: str) -> None:
    assert fold(fold(text)) == fold(text)
    assert consent(text) in ("yes", "no", "cancel", None)
