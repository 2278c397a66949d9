"""Phone numbers in the one form they are kept and compared in."""

from __future__ import annotations

import phonenumbers

REGION = "IN"
"""Where a phone number without a country code is taken to be."""


def to_e164(text: str) -> str:
    """A phone number as E.164 (+919000000101). Raises ValueError where it is none."""
    try:
        number = phonenumbers.parse(text, REGION)
    except phonenumbers.NumberParseException as error:
        raise ValueError("no phone number") from error
    if not phonenumbers.is_valid_number(number):
        raise ValueError("no phone number")
    return phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)
