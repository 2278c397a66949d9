"""Going on without a photo: said in so many words, and not by every sentence that has a "no" in it."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from sqlalchemy import Engine

from munshi.bot.wording import Phrasebook
from munshi.handlers.base import SlotError, Turn
from munshi.handlers.records import Records
from munshi.handlers.return_photo import ReturnPhoto


@pytest.fixture
def photo(engine: Engine, tmp_path: Path) -> ReturnPhoto:
    return ReturnPhoto(Records(engine, "shop"), Phrasebook())


@pytest.mark.parametrize(
    "said",
    [
        "no", "No photo", "skip", "skip this step", "later", "I don't have a photo", "I don’t have any photo.",
        "without photo please", "nahi hai", "photo nahi hai bhai", "mere paas photo nahi hai", "baad mein bhej dunga",
        "bina photo ke karo", "फ़ोटो नहीं है", "बाद में", "-",
    ],
)  # fmt: skip
def test_no_photo_is_gone_on_without(photo: ReturnPhoto, turn: Callable[..., Turn], said: str) -> None:
    (button,) = photo(turn(channel="chat"), said)
    assert button.value == "-"


@pytest.mark.parametrize(
    "said",
    [
        "the brake pad is not working", "it does not fit my Swift", "no, i want to cancel the order instead",
        "yeh part kaam nahi kar raha", "pump chal nahi raha", "यह पंप काम नहीं कर रहा", "knob", "😀", "x" * 5_000,
    ],
)  # fmt: skip
def test_another_sentence_is_not_taken_for_it(photo: ReturnPhoto, turn: Callable[..., Turn], said: str) -> None:
    with pytest.raises(SlotError):
        photo(turn(channel="chat"), said)
