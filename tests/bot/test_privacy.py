from __future__ import annotations

import io
import logging
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st
from stdnum import luhn, verhoeff
from stdnum.in_ import aadhaar, pan

from munshi.bot.privacy import MaskingFilter, mask

SEPARATORS = st.sampled_from(["", " ", "-", "  ", "\u200b", "\u00a0", "."])
NOISE = st.text(alphabet="0123456789 -.xXaA@,\u200b\n", max_size=12)


@pytest.mark.parametrize(
    ("text", "masked"),
    [
        ("aadhaar 2341 2341 2346", "aadhaar XXXX XXXX 2346"),
        ("card 4111-1111-1111-1111 ok", "card XXXX-XXXX-XXXX-1111 ok"),
        ("pan ACUPA7085R", "pan XXXXXX085R"),
        ("mail ravi@example.com", "mail r***@example.com"),
        ("pay ravi@okaxis", "pay r***@okaxis"),
        ("call +91 98765 43210", "call +XX XXXXX X3210"),
        ("otp is 482913", "otp is XXXXXX"),
        ("SBIN0001234", "XXXXXXX1234"),
        ("mail ravi＠example.com", "mail r***@example.com"),
        ("nothing here, order NAS-10234 for ₹5,000", "nothing here, order NAS-10234 for ₹5,000"),
        ("", ""),
    ],
)
def test_the_form_is_kept(text: str, masked: str) -> None:
    assert mask(text) == masked


@st.composite
def numbers(draw: st.DrawFn, check: str) -> str:
    """A number with its check digit, its groups divided by this and that."""
    length = 11 if check == "aadhaar" else draw(st.integers(min_value=12, max_value=18))
    digits = draw(st.integers(min_value=2, max_value=9).map(str)) + draw(
        st.text(alphabet="0123456789", min_size=length - 1, max_size=length - 1)
    )
    digits += verhoeff.calc_check_digit(digits) if check == "aadhaar" else luhn.calc_check_digit(digits)
    mark = draw(SEPARATORS)
    return mark.join(re.findall(".{1,4}", digits))


@given(NOISE, numbers("card"), NOISE)
def test_no_card_is_left(before: str, card: str, after: str) -> None:
    assert not _valid_runs(mask(f"{before}; {card}; {after}"), range(13, 20), luhn.is_valid)


@given(NOISE, numbers("aadhaar"), NOISE)
def test_no_aadhaar_is_left(before: str, number: str, after: str) -> None:
    assert not _valid_runs(mask(f"{before}; {number}; {after}"), range(12, 13), aadhaar.is_valid)


@given(NOISE, st.from_regex(r"[A-Z]{3}[ABCFGHLJPT][A-Z][0-9]{4}[A-Z]", fullmatch=True), NOISE)
def test_no_pan_is_left(before: str, number: str, after: str) -> None:
    masked = mask(f"{before} {number} {after}")
    assert not any(map(pan.is_valid, re.findall(r"\b[A-Za-z]{5}[0-9]{4}[A-Za-z]\b", masked)))


@given(st.one_of(st.text(), NOISE, st.lists(st.one_of(numbers("card"), numbers("aadhaar"), NOISE)).map(" ".join)))
def test_masking_twice_changes_nothing(text: str) -> None:
    once = mask(text)
    assert mask(once) == once


def _valid_runs(text: str, lengths: range, is_valid: object) -> list[str]:
    """Valid numbers among neighbouring groups of digits: what a thief would look for."""
    assert callable(is_valid)
    found = []
    for run in re.findall(r"[0-9]+(?:[ .-]{1,2}[0-9]+)*", text.replace("\u200b", "").replace("\u00a0", " ")):
        groups = re.findall("[0-9]+", run)
        for first in range(len(groups)):
            for last in range(first + 1, len(groups) + 1):
                digits = "".join(groups[first:last])
                if len(digits) in lengths and is_valid(digits):
                    found.append(digits)
    return found


@pytest.mark.parametrize("unit", ["4111 1111 1111 1111 ", "aa@", "1 ", "9876543210,", "otp is 1", "ACUPA7085R ", "़"])
def test_a_huge_text_is_masked_too(unit: str) -> None:
    masked = mask(unit * (50_000 // len(unit)))
    assert "4111 1111 1111 1111" not in masked
    assert "9876543210" not in masked
    assert "ACUPA7085R" not in masked


@pytest.fixture
def log() -> tuple[logging.Logger, io.StringIO]:
    stream = io.StringIO()
    handler = logging.StreamHandler(stream)
    handler.setFormatter(logging.Formatter("%(levelname)s %(message)s %(customer)s", defaults={"customer": "-"}))
    handler.addFilter(MaskingFilter())
    logger = logging.Logger("test")  # one of its own: nothing else hears it
    logger.addHandler(handler)
    return logger, stream


def test_a_record_is_masked_in_message_and_arguments(log: tuple[logging.Logger, io.StringIO]) -> None:
    logger, stream = log
    logger.warning("card %s", "4111 1111 1111 1111")
    logger.warning("phone 9876543210", extra={"customer": "ravi@example.com"})
    assert stream.getvalue() == "WARNING card XXXX XXXX XXXX 1111 -\nWARNING phone XXXXXX3210 r***@example.com\n"


def test_exceptions_and_stacks_are_masked(log: tuple[logging.Logger, io.StringIO]) -> None:
    logger, stream = log
    number = "23412341" + "2346"
    try:
        raise ValueError(f"bad {number}")
    except ValueError:
        logger.exception("failed", stack_info=True)
    assert "Traceback" in stream.getvalue()
    assert "ValueError: bad XXXXXXXX2346" in stream.getvalue()
    assert number not in stream.getvalue()


def test_a_wrong_format_string_is_logged_all_the_same(log: tuple[logging.Logger, io.StringIO]) -> None:
    logger, stream = log
    logger.warning("%d cards", "4111111111111111")
    assert "XXXXXXXXXXXX1111" in stream.getvalue()
    assert "4111111111111111" not in stream.getvalue()
