"""The values a pack may hold, each with the check that says plainly what is wrong with one."""

from __future__ import annotations

import re
from datetime import date, time
from itertools import pairwise
from typing import Annotated, Any, TypeVar
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError, available_timezones

import phonenumbers
from pydantic import AfterValidator, BeforeValidator, StringConstraints
from stdnum.in_ import gstin

from munshi.bot.pack.faults import did_you_mean, quote
from munshi.handlers.base import Language

MAX_REGEX_CHARS = 200
HOME_REGION = "IN"
"""Where a phone number without a country code is taken to be."""

# ISO 4217, the codes of money in use (no funds, metals or test codes).
CURRENCIES = frozenset(
    "AED AFN ALL AMD AOA ARS AUD AWG AZN BAM BBD BDT BHD BIF BMD BND BOB BRL BSD BTN BWP BYN BZD CAD CDF CHF CLP CNY "
    "COP CRC CUP CVE CZK DJF DKK DOP DZD EGP ERN ETB EUR FJD FKP GBP GEL GHS GIP GMD GNF GTQ GYD HKD HNL HTG HUF IDR "
    "ILS INR IQD IRR ISK JMD JOD JPY KES KGS KHR KMF KPW KRW KWD KYD KZT LAK LBP LKR LRD LSL LYD MAD MDL MGA MKD MMK "
    "MNT MOP MRU MUR MVR MWK MXN MYR MZN NAD NGN NIO NOK NPR NZD OMR PAB PEN PGK PHP PKR PLN PYG QAR RON RSD RUB RWF "
    "SAR SBD SCR SDG SEK SGD SHP SLE SOS SRD SSP STN SVC SYP SZL THB TJS TMT TND TOP TRY TTD TWD TZS UAH UGX USD UYU "
    "UZS VED VES VND VUV WST XAF XCD XCG XOF XPF YER ZAR ZMW ZWG".split()
)

Span = tuple[time, time]
"""Opens, closes."""

_SPAN = re.compile(r"\s*(\d{1,2}):(\d{2})\s*[-–]\s*(\d{1,2}):(\d{2})\s*\Z")
_REPEAT_OF_REPEAT = re.compile(r"\((?:[^()\\]|\\.)*[+*}](?:[^()\\]|\\.)*\)[+*{]")


class BadValueError(ValueError):
    """A value that has no place in a pack: what is wrong with it, and what to do."""

    def __init__(self, message: str, remedy: str) -> None:
        super().__init__(message)
        self.remedy = remedy


def check_date(value: str) -> str:
    """An ISO date."""
    try:
        if date.fromisoformat(value).isoformat() == value:
            return value
    except ValueError:
        pass
    raise BadValueError(f"{quote(value)} is not a date.", "Write year-month-day, as in 2027-01-26.")


def check_phone(value: str) -> str:
    """A phone number that can exist."""
    try:
        if phonenumbers.is_valid_number(phonenumbers.parse(value, HOME_REGION)):
            return value
    except phonenumbers.NumberParseException:
        pass
    raise BadValueError(
        f"{quote(value)} is not a phone number that exists.", "Write it with its country code, as in +91 22 2766 1234."
    )


def check_regex(value: str) -> str:
    """A regular expression that compiles, says something, and cannot be made to run for minutes."""
    if len(value) > MAX_REGEX_CHARS:
        raise BadValueError(f"The pattern is longer than {MAX_REGEX_CHARS} characters.", "Shorten it.")
    try:
        compiled = re.compile(value, re.IGNORECASE)
    except (re.error, OverflowError, RecursionError) as error:
        raise BadValueError(
            f"The pattern is not a regular expression: {error}.", "Look for an open bracket."
        ) from error
    if _REPEAT_OF_REPEAT.search(value):
        raise BadValueError(
            "The pattern repeats something that repeats, which a long message can make run for minutes.",
            "Write it without a + or * around another, as in 'AB-[0-9]{6}'.",
        )
    if compiled.fullmatch(""):
        raise BadValueError(
            "The pattern matches nothing at all, so it would match everywhere.", "Name what must be there."
        )
    return value


def _check_currency(value: str) -> str:
    if value in CURRENCIES:
        return value
    raise BadValueError(f"{quote(value)} is not a currency code.", "Write the three capital letters, as in INR.")


def _check_timezone(value: str) -> str:
    try:
        return ZoneInfo(value).key
    except (ZoneInfoNotFoundError, ValueError, OSError):
        remedy = did_you_mean(value, sorted(available_timezones())) if len(value) < 50 else ""
        remedy = remedy if remedy.startswith("Did you mean") else "Write it as in Asia/Kolkata."
        raise BadValueError(f"There is no time zone {quote(value)}.", remedy) from None


def _check_email(value: str) -> str:
    if re.fullmatch(r"[^@\s]+@[^@\s]+\.[^@\s.]+", value):
        return value
    raise BadValueError(f"{quote(value)} is not an e-mail address.", "Write it as in shop@example.com.")


def _check_url(value: str) -> str:
    try:
        url = urlsplit(value)
    except ValueError:
        url = urlsplit("")
    if url.scheme in ("http", "https") and url.netloc:
        return value
    raise BadValueError(f"{quote(value)} is not a web address.", "Copy it from the browser, with https:// in front.")


def _check_gstin(value: str) -> str:
    if gstin.is_valid(value):
        return str(gstin.compact(value))
    raise BadValueError(f"{quote(value)} is not a GSTIN.", "Copy its 15 letters and digits from your registration.")


def _check_model(value: str) -> str:
    if value == "none" or re.fullmatch(r"[a-z_]+:\S+", value):
        return value
    raise BadValueError(
        f"{quote(value)} names no language model.", "Write none, or provider:model as in ollama:qwen3:4b."
    )


def _check_template_name(value: str) -> str:
    if re.fullmatch(r"[a-z0-9_]{1,512}", value):
        return value
    raise BadValueError(
        f"{quote(value)} is no name of a template.", "Copy it from WhatsApp Manager: small letters, digits and _."
    )


def _check_template_language(value: str) -> str:
    if re.fullmatch(r"[a-z]{2,3}(_[A-Z]{2})?", value):
        return value
    raise BadValueError(
        f"{quote(value)} is no language of a template.",
        "Write its code, as in en, en_US or hi, as the template has it.",
    )


def _check_content_sid(value: str) -> str:
    if re.fullmatch(r"HX[0-9a-f]{32}", value):
        return value
    raise BadValueError(
        f"{quote(value)} is no content SID of Twilio's.",
        "Copy it from the Content Template Builder: HX and 32 characters.",
    )


def _read_hours(value: Any) -> tuple[Span, ...]:
    """`closed`, or one or more spans as in "10:00-13:00, 16:00-20:00"."""
    if not isinstance(value, str) or not value.strip():
        raise BadValueError("The opening hours are missing.", 'Write "10:00-20:00", or closed.')
    if value.strip().casefold() == "closed":
        return ()
    spans = tuple(_read_span(part) for part in value.split(","))
    if any(later[0] < earlier[1] for earlier, later in pairwise(spans)):
        raise BadValueError(f"The hours {quote(value)} overlap.", "Write the earlier span first, and each but once.")
    return spans


def _read_span(text: str) -> Span:
    match = _SPAN.match(text)
    try:
        opens, closes = (time(int(match[i]), int(match[i + 1])) for i in (1, 3)) if match else (time(), time())
    except ValueError:
        opens = closes = time()
    if opens < closes:
        return opens, closes
    raise BadValueError(
        f"{quote(text.strip())} are not opening hours.",
        'Write "10:00-20:00" on the 24-hour clock, two spans as "10:00-13:00, 16:00-20:00", or closed.',
    )


def _as_list(value: Any) -> Any:
    return [value] if isinstance(value, str) else value


def _in_english(value: Any) -> Any:
    return {"en": value} if isinstance(value, str) else value


T = TypeVar("T")

Text = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1)]
Date = Annotated[str, AfterValidator(check_date)]
Phone = Annotated[Text, AfterValidator(check_phone)]
Regex = Annotated[Text, AfterValidator(check_regex)]
Currency = Annotated[Text, AfterValidator(_check_currency)]
Timezone = Annotated[Text, AfterValidator(_check_timezone)]
Email = Annotated[Text, AfterValidator(_check_email)]
Url = Annotated[Text, AfterValidator(_check_url)]
Gstin = Annotated[Text, AfterValidator(_check_gstin)]
Model = Annotated[Text, AfterValidator(_check_model)]
TemplateName = Annotated[Text, AfterValidator(_check_template_name)]
TemplateLanguage = Annotated[Text, AfterValidator(_check_template_language)]
ContentSid = Annotated[Text, AfterValidator(_check_content_sid)]
Hours = Annotated[tuple[Span, ...], BeforeValidator(_read_hours)]
OneOrMore = Annotated[tuple[T, ...], BeforeValidator(_as_list)]
"""A list, or one value in place of a list of one."""
ByLanguage = Annotated[dict[Language, Text], BeforeValidator(_in_english)]
"""A text by language, or one text in place of an English one."""
