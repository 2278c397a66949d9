"""Numbers with their units, codes, and runs of digits in a text, as figures."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from functools import cache

from munshi.knowledge import lexicon
from munshi.knowledge.figure_spans import Figure, Taken
from munshi.knowledge.numbers import Number, plain, read_number, unit_at, unit_names, units
from munshi.knowledge.tokens import Token

_WELL_FORMED = re.compile(r"\d{1,3}(?:,\d{2,3})*,\d{3}(?:\.\d+)?|\d+(?:\.\d+)?")
_GROUPED = re.compile(r"(?<!\d)\d+(?:[.,]\d+)+")
_LONG = re.compile(r"(?<![\w.,/-])\+?\d{2,5}(?:[ -]\d{2,5}){1,4}(?![\w/]|[.,-]\d)|(?<![\w.,])\+\d{8,}(?!\w)")
_CODE = re.compile(r"(?<![^\W_])(?<!\d[.,])[^\W_]+(?:-[^\W_]+)*")
_MEASURE = re.compile(r"\d+(?:-\d+)*-?([a-z%]+)|[a-z]{3,}(?:-[a-z]+)*-\d+s?|\d+(?:-[a-z]+)+")
_PRICE = re.compile(r"(?:rs|inr)\d+(?:-?[a-z]+)?")
_RUN = re.compile(r"[^\W\d_]+|\d+")
_INDIA = re.compile(r"^(?:\+?91|0)(?=\d{10}$)")
_FEWEST, _PIN = 8, 6
_LONGEST_RUN = 4
_SUFFIXES = frozenset({"st", "nd", "rd", "th", "s", "x"})
_MANNER = frozenset(
    "working business calendar full whole more further additional extra consecutive करोबारी कार्य".split()
)
_PRONOUN_BEFORE = frozenset("no this that which the any some every each another".split())
_PRONOUN_AFTER = frozenset("of another by can should must may who that 's is has with - . , ? ! ; :".split())
_EVENING = frozenset("shaam sham raat dopahar dopeher शाम रात दोपहर".split())
_MORNING = frozenset("subah सुबह".split())
_HALF_DAY = 12 * 60


def find_digits(text: str) -> Iterator[Figure]:
    """Phone numbers and their like, PIN codes, and what is no well-formed number ("5,0000", "4.2.1")."""
    for match in _GROUPED.finditer(text):
        if not _WELL_FORMED.fullmatch(match.group()):
            yield Figure("raw", match.group(), *match.span())
    for match in _LONG.finditer(text):
        groups = re.findall(r"\d+", match.group())
        digits = "".join(groups)
        is_range = "-" in match.group() and len(groups) == 2 and len(groups[0]) == len(groups[1])
        is_pin = len(digits) == _PIN and len(groups) == 2 and len(groups[0]) == len(groups[1])
        if (len(digits) >= _FEWEST and not is_range) or (is_pin and not is_range):
            yield Figure("digits", _INDIA.sub("", digits), *match.span())


def find_codes(text: str) -> Iterator[Figure]:
    """Codes: letters and digits in one word, which is no number with its unit ("5km", "24-hour", "Rs500")."""
    for match in _CODE.finditer(text):
        word = match.group()
        low = word.lower()
        has_both = any(map(str.isdigit, word)) and any(map(str.isalpha, word))
        if has_both and not (_PRICE.fullmatch(low) or _is_measure(word)):
            yield Figure("code", low.replace("-", ""), *match.span())


def _is_measure(word: str) -> bool:
    found = _MEASURE.fullmatch(word) or _MEASURE.fullmatch(word.lower())
    if found is None:
        return False
    unit = found[1]
    if unit is None or "-" in word:
        return word.islower() or (unit is not None and _measures(unit))
    return _measures(unit)


def _measures(word: str) -> bool:
    return word in unit_names() or word in units() or word in _SUFFIXES


def squeezed(text: str) -> frozenset[str]:
    """What a code could have been written as: up to four neighbouring runs of letters or digits, without space."""
    runs = _RUN.findall(text.lower())
    return frozenset(
        "".join(runs[start : start + size]) for start in range(len(runs)) for size in range(1, _LONGEST_RUN + 1)
    )


def find_numbers(tokens: Sequence[Token], taken: Taken, *, hindi: bool) -> Iterator[Figure]:
    """Numbers in digits or words with their units, ordinals, and hours on the clock."""
    free = [taken.is_free(token.start, token.end) for token in tokens]
    index = 0
    while index < len(tokens):
        number = read_number(tokens, index, hindi=hindi) if free[index] else None
        if number is None or not all(free[number.first : number.last]):
            ordinal = _ordinals().get(tokens[index].low) if free[index] else None
            if ordinal and not _leads(tokens, index):
                yield Figure("number", ordinal, tokens[index].start, tokens[index].end, "th")
            index += 1
            continue
        figure = _figure(tokens, number)
        if figure is not None:
            yield figure
        index = number.last


def _leads(tokens: Sequence[Token], index: int) -> bool:
    """Whether "first" only orders what is said: "First, open the app"."""
    return index + 1 < len(tokens) and tokens[index + 1].text == ","


def _figure(tokens: Sequence[Token], number: Number) -> Figure | None:
    start, end = tokens[number.first].start, tokens[number.last - 1].end
    unit = _unit(tokens, number)
    digits = tokens[number.first].text if number.last == number.first + 1 else ""
    if digits.isdigit() and not unit and len(digits) >= _FEWEST:
        return Figure("digits", _INDIA.sub("", digits), start, end)
    if digits.startswith("0") and digits[1:2].isdigit():
        return Figure("raw", digits, start, end)
    if number.value == 1 and not digits.isdigit() and not unit and _is_pronoun(tokens, number):
        return None
    if unit == "clock":
        return Figure("time", _hours(tokens, number), start, end)
    value = -number.value if _is_negative(tokens, number.first) else number.value
    before = tokens[number.first - 1].low if number.first and tokens[number.first - 1].is_word else ""
    return Figure("number", plain(value), start, end, unit, before=before)


def _is_pronoun(tokens: Sequence[Token], number: Number) -> bool:
    """Whether "one" counts nothing ("one of our staff", "no one"); the Hindi "ek" is "a" as often."""
    before = tokens[number.first - 1].low if number.first else ""
    after = tokens[number.last].low if number.last < len(tokens) else "."
    return tokens[number.first].low != "one" or before in _PRONOUN_BEFORE or after in _PRONOUN_AFTER


def _is_negative(tokens: Sequence[Token], first: int) -> bool:
    """Whether a minus stands before it that joins it to nothing."""
    if not first:
        return False
    before = tokens[first - 1]
    if before.low == "minus":
        return True
    if before.text != "-" or before.end != tokens[first].start:
        return False
    ahead = tokens[first - 2] if first > 1 else None
    return ahead is None or ahead.end < before.start or ahead.text in "(₹$€£:"


def _unit(tokens: Sequence[Token], number: Number) -> str:
    """What the number counts, by the words and marks beside it; empty where they do not tell."""
    names = unit_names()
    before = _before(tokens, number.first)
    if before in ("INR", "USD", "EUR", "GBP"):
        return before
    at = number.last
    texts = [token.low for token in tokens[at : at + 3]]
    if texts[:2] == ["/", "-"]:
        return "INR"
    if texts[:2] == ["per", "cent"]:
        return "percent"
    while at < len(tokens) and (tokens[at].low in _MANNER or (tokens[at].text == "-" and _is_glued(tokens, at))):
        at += 1
    word = tokens[at].low if at < len(tokens) else ""
    if word in ("st", "nd", "rd", "th") and tokens[at].start == tokens[number.last - 1].end:
        return "th"
    return names.get(word, "") or before


def _is_glued(tokens: Sequence[Token], at: int) -> bool:
    """Whether a hyphen joins a number to a word: "24-hour", not the "2 - 5 days" of a range."""
    return at + 1 < len(tokens) and tokens[at - 1].end == tokens[at].start and tokens[at + 1].is_word


def _before(tokens: Sequence[Token], first: int) -> str:
    """The unit that stands before the number ("Rs. -500") or in the heading of its cell ("Rate (%): 7.25")."""
    names = unit_names()
    at = first - 1
    while at >= 0 and first - at <= 2 and tokens[at].text in ".:-=":
        at -= 1
    if at >= 2 and tokens[at].text == ")" and tokens[at - 2].text == "(":
        at -= 1
    return (
        names.get(tokens[at].low, "") if at >= 0 and unit_at(tokens, at) is not None and _leads_unit(tokens, at) else ""
    )


def _leads_unit(tokens: Sequence[Token], at: int) -> bool:
    """Whether a unit before a number is this one's: a currency not behind another number, or a bracketed unit."""
    if at + 1 < len(tokens) and tokens[at + 1].text == ")":
        return True
    is_money = unit_names().get(tokens[at].low) in ("INR", "USD", "EUR", "GBP")
    return is_money and not (at and tokens[at - 1].kind == "number")


def _hours(tokens: Sequence[Token], number: Number) -> str:
    """Minutes after midnight; morning and evening both where nothing says which."""
    minutes = int(number.value * 60)
    near = {token.low for token in tokens[max(0, number.first - 3) : number.last + 3]}
    if minutes > _HALF_DAY or near & _MORNING:
        return str(minutes % (2 * _HALF_DAY))
    later = minutes % _HALF_DAY + _HALF_DAY
    return str(later) if near & _EVENING else f"{minutes % _HALF_DAY}/{later}"


@cache
def _ordinals() -> Mapping[str, str]:
    return {word: row["value"] for row in lexicon.rows("ordinals") for word in lexicon.spellings(row["words"])}
