"""A `SlotSpec` from a pack made a `Slot`: its prompt, and the check that says why a value will not do."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import date
from decimal import Decimal, InvalidOperation
from functools import partial

from rapidfuzz import fuzz, process, utils

from munshi.handlers.base import HandlerError, Phrases, Slot, SlotError, SlotKind, SlotSpec
from munshi.handlers.money import grouped, money
from munshi.handlers.phones import to_e164
from munshi.handlers.words import FILLER

MAX_TEXT_CHARS = 1_000
MAX_LINE_CHARS = 120
MAX_NUMBER = Decimal(10) ** 12
_CHOICE_SCORE = 80

_AMOUNT_NOISE = re.compile(r"(?i)\b(?:rs|inr|rupees?|rupaye|rupaya)\b\.?|₹|/-|,|\s")
_FILE = re.compile(r"[0-9a-f]{32}")
_DURATION = re.compile(r"P(\d{1,5})M")
_PERCENT_NOISE = re.compile(r"(?i)%|\b(?:percent|per cent|pct|p\.?a\.?)\b\.?|\s")
_COUNT_NOISE = re.compile(r"(?i)\s*(?:pcs?|pieces?|nos?|units?|sets?|pairs?)\.?$|,")
_EMAIL = re.compile(r"[^@\s<>\"(),;:\\]{1,64}@(?:[^@\s.<>\"(),;:\\]+\.)+[^@\s.<>\"(),;:\\\d]{2,}")
_CODE = re.compile(r"[A-Z0-9](?:[A-Z0-9/-]{0,38}[A-Z0-9])?")
_ASKING = frozenset(
    "what where when why how which kya kahan kahaan kab kaise kyun kyon kaun kidhar kitna kitne kitni"
    " क्या कहाँ कहां कब कैसे क्यों कौन किधर कितना कितने कितनी".split()
)
_NAME_FRAME = re.compile(
    r"(?i)^(?:my name is|i am|i'm|this is|mera naam|मेरा नाम|name is|naam|नाम)\s*[:\-]?\s+|\s+(?:hai|है|hun|hoon|हूँ)\.?$"
)

Check = Callable[[SlotSpec, str], str]


def build(spec: SlotSpec, phrases: Phrases) -> Slot:
    """The slot that a pack describes. Raises HandlerError where its pattern is no regular expression."""
    if spec.pattern is not None:
        try:
            re.compile(spec.pattern, re.IGNORECASE)
        except re.error as error:
            raise HandlerError(
                f"slot '{spec.name}': the pattern {spec.pattern} is wrong ({error}); correct it."
            ) from error
    prompt = spec.prompt or phrases.all(f"ask_{spec.kind}")
    return Slot(spec.name, spec.kind, prompt, partial(_validate, spec), choices=spec.choices, optional=spec.optional)


def own_or(specs: tuple[SlotSpec, ...], default: SlotSpec) -> SlotSpec:
    """The pack's own version of a handler's slot, else `default`. What the pack leaves out is filled from `default`."""
    own = next((spec for spec in specs if spec.name == default.name), default)
    return replace(own, kind=default.kind, prompt=own.prompt or default.prompt)


def _validate(spec: SlotSpec, value: str) -> str:
    """The value to keep. Raises SlotError."""
    value = value.replace("\0", "").strip()
    if spec.kind not in _OWN_WORDS:
        value = unicodedata.normalize("NFKC", value)
    limit = MAX_TEXT_CHARS if spec.kind == "text" else MAX_LINE_CHARS
    if len(value) > limit:
        raise SlotError("slot_invalid_too_long", limit=limit)
    kept = _CHECKS[spec.kind](spec, value)
    if spec.pattern is not None and not re.fullmatch(spec.pattern, kept, re.IGNORECASE):
        raise SlotError(f"slot_invalid_{spec.kind}" if spec.kind in _CODES else "slot_invalid_pattern")
    return kept


def _text(spec: SlotSpec, value: str) -> str:
    if not any(char.isalnum() for char in value):
        raise SlotError(f"slot_invalid_{spec.kind}")
    return value


def _is_asking(text: str) -> bool:
    """Whether words are a question rather than a name: one asks, or there are several and every one is everyday."""
    said = text.casefold().split()
    return not _ASKING.isdisjoint(said) or (len(said) > 1 and FILLER.issuperset(said))


def _name(_spec: SlotSpec, value: str) -> str:
    name = " ".join(_NAME_FRAME.sub("", value).split())
    letters = sum(unicodedata.category(char)[0] in "LM" for char in name)
    if letters < 2 or any(char.isdigit() or char in "@/<>[]{}?" for char in name) or _is_asking(name):
        raise SlotError("slot_invalid_name")
    return name


def _choice(spec: SlotSpec, value: str) -> str:
    if value.isdecimal() and 0 < int(value) <= len(spec.choices):
        return spec.choices[int(value) - 1]
    close = process.extract(
        value, spec.choices, scorer=fuzz.ratio, processor=utils.default_process, score_cutoff=_CHOICE_SCORE, limit=2
    )
    # Two that come equally close leave it open which is meant.
    if not close or (len(close) > 1 and close[0][1] == close[1][1]):
        raise SlotError("slot_invalid_choice", choices=", ".join(spec.choices))
    return close[0][0]


def _code(spec: SlotSpec, value: str) -> str:
    code = _ascii_digits("".join(value.split()).upper())
    if spec.pattern is None and not (_CODE.fullmatch(code) and any(char.isdigit() for char in code)):
        raise SlotError(f"slot_invalid_{spec.kind}")
    return code


def _amount(spec: SlotSpec, value: str) -> str:
    rupees = _number(_AMOUNT_NOISE.sub("", value), spec)
    if rupees != round(rupees, 2):
        raise SlotError("slot_invalid_amount")
    _check_bounds(spec, rupees, lambda bound: money(int(bound * 100)))
    return format(rupees.normalize(), "f")


def _quantity(spec: SlotSpec, value: str) -> str:
    count = _number(_COUNT_NOISE.sub("", value), spec)
    if count != int(count):
        raise SlotError("slot_invalid_quantity")
    _check_bounds(spec, count, lambda bound: grouped(int(bound)))
    return str(int(count))


def _percent(_spec: SlotSpec, value: str) -> str:
    digits = _PERCENT_NOISE.sub("", value)
    percent = Decimal(digits) if re.fullmatch(r"[0-9]{1,3}(\.[0-9]{1,4})?", digits) else Decimal(-1)
    if not 0 <= percent <= 100:
        raise SlotError("slot_invalid_percent")
    return format(percent.normalize(), "f")


def _duration(spec: SlotSpec, value: str) -> str:
    """Months, as ISO 8601 has them: P18M. A bare number is months too."""
    found = _DURATION.fullmatch(value)
    months = _number(found[1] if found else value, spec)
    if months != int(months):
        raise SlotError("slot_invalid_duration")
    return f"P{int(months)}M"


def _number(digits: str, spec: SlotSpec) -> Decimal:
    try:
        number = Decimal(digits) if re.fullmatch(r"\d{1,13}(\.\d+)?", digits) else Decimal(0)
    except InvalidOperation:  # digits of two scripts in one number
        number = Decimal(0)
    if not 0 < number <= MAX_NUMBER:
        raise SlotError(f"slot_invalid_{spec.kind}")
    return number


def _check_bounds(spec: SlotSpec, number: Decimal, shown: Callable[[Decimal], str]) -> None:
    if spec.minimum is not None and number < spec.minimum:
        raise SlotError("slot_invalid_minimum", minimum=shown(spec.minimum))
    if spec.maximum is not None and number > spec.maximum:
        raise SlotError("slot_invalid_maximum", maximum=shown(spec.maximum))


def _date(_spec: SlotSpec, value: str) -> str:
    try:
        return date.fromisoformat(_ascii_digits(value)).isoformat()
    except ValueError:
        raise SlotError("slot_invalid_date") from None


def _phone(_spec: SlotSpec, value: str) -> str:
    try:
        return to_e164(value)
    except ValueError:
        raise SlotError("slot_invalid_phone") from None


def _pin_code(_spec: SlotSpec, value: str) -> str:
    code = re.sub(r"[\s-]", "", _ascii_digits(value))
    if not re.fullmatch(r"[1-9][0-9]{5}", code):
        raise SlotError("slot_invalid_pin_code")
    return code


def _email(_spec: SlotSpec, value: str) -> str:
    if not _EMAIL.fullmatch(value):
        raise SlotError("slot_invalid_email")
    return value


def _file(_spec: SlotSpec, value: str) -> str:
    if not _FILE.fullmatch(value):
        raise SlotError("slot_invalid_file")
    return value


def _ascii_digits(text: str) -> str:
    return "".join(str(unicodedata.decimal(char, char)) for char in text)


_CODES = frozenset({"order_number", "account"})
_OWN_WORDS = frozenset({"text", "name", "product"})
_CHECKS: Mapping[SlotKind, Check] = {
    "text": _text,
    "name": _name,
    "choice": _choice,
    "order_number": _code,
    "account": _code,
    "product": _text,
    "amount": _amount,
    "quantity": _quantity,
    "date": _date,
    "phone": _phone,
    "pin_code": _pin_code,
    "email": _email,
    "percent": _percent,
    "duration": _duration,
    "file": _file,
}
