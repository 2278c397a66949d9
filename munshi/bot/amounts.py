"""Amounts of money, percentages, quantities, and terms in months and years."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from decimal import Decimal

from munshi.bot.spans import Span
from munshi.knowledge.numbers import Number, Unit, plain, read_number, unit_at
from munshi.knowledge.tokens import Token

MOST = Decimal(10) ** 13
"""More than this is no amount that a customer means."""

MOST_PIECES = 1_000_000

_BETWEEN = frozenset(".:-=")  # "Rs.-500", "qty: 5"
_INSIDE = frozenset("-./")  # what joins the parts of a code
_NOT_MONEY = frozenset({"other", "quantity", "percent"})
_LIQUID_REACH = 3
_MONTHS = {"year": 12, "month": 1}
_MOST_MONTHS = 1200


def find_measures(tokens: Sequence[Token], *, hindi: bool) -> list[Span]:
    """The amounts (in rupees), percentages, quantities and durations of a text."""
    spans: list[Span] = []
    index = 0
    while index < len(tokens):
        number = read_number(tokens, index, hindi=hindi) if _may_begin(tokens, index) else None
        span = _classify(tokens, number, spans[-1].end if spans else 0) if number else None
        if span is not None:
            spans.append(span)
        index = number.last if number else index + 1
    return _joined(spans, tokens)


def _may_begin(tokens: Sequence[Token], index: int) -> bool:
    """Whether a number there would stand free, not in a code ("R15", "NAS-10234") or a size ("205/55")."""
    if tokens[index].kind not in ("number", "latin", "devanagari"):
        return False
    at = index
    while at and tokens[at - 1].end == tokens[at].start and tokens[at - 1].text in _INSIDE:
        at -= 1
    if at == 0 or tokens[at - 1].end < tokens[at].start:
        return True
    unit = unit_at(tokens, at - 1)
    if unit is not None and unit.kind == "currency":
        return True
    return tokens[at - 1].kind == "mark" or tokens[at - 1].low == "x"


def _classify(tokens: Sequence[Token], number: Number, taken: int) -> Span | None:
    after = unit_at(tokens, number.last)
    if after is not None and after.kind == "percent":
        return Span("percent", plain(number.value), tokens[number.first].start, tokens[number.last].end)
    money = _money(tokens, number, taken)
    return money or _duration(tokens, number) or _quantity(tokens, number)


def _duration(tokens: Sequence[Token], number: Number) -> Span | None:
    """A term of years or months as ISO 8601 has it, in months: "5 saal" is P60M, "2.5 years" P30M."""
    unit = unit_at(tokens, number.last)
    months = number.value * _MONTHS[unit.name] if unit is not None and unit.name in _MONTHS else Decimal(0)
    whole = months == months.to_integral_value() and 0 < months <= _MOST_MONTHS
    if not whole or _is_negative(tokens, number.first):
        return None
    return Span("duration", f"P{plain(months)}M", tokens[number.first].start, tokens[number.last].end)


def _joined(spans: Sequence[Span], tokens: Sequence[Token]) -> list[Span]:
    """The spans, with "2 years" and "6 months" that follow one another as one term."""
    joined: list[Span] = []
    for span in spans:
        last = joined[-1] if joined else None
        if last is not None and last.kind == span.kind == "duration" and _goes_on(last, span, tokens):
            joined[-1] = Span("duration", f"P{_months(last) + _months(span)}M", last.start, span.end)
        else:
            joined.append(span)
    return joined


def _goes_on(last: Span, span: Span, tokens: Sequence[Token]) -> bool:
    between = [token.low for token in tokens if last.end <= token.start < span.start]
    return between in ([], ["and"], ["aur"], ["और"], [","]) and _months(last) % 12 == 0 and _months(span) < 12


def _months(span: Span) -> int:
    return int(span.value[1:-1])


def _money(tokens: Sequence[Token], number: Number, taken: int) -> Span | None:
    start = _currency_before(tokens, number.first, taken)
    end = _currency_after(tokens, number.last)
    if number.value >= MOST or (start is None and _is_negative(tokens, number.first)):
        return None
    if start is None and end is None and not _is_scaled_money(tokens, number):
        return None
    if start is None:
        start = tokens[number.first].start
    return Span("amount", plain(number.value), start, end or tokens[number.last - 1].end)


def _is_scaled_money(tokens: Sequence[Token], number: Number) -> bool:
    """Whether "5 lakh" or "5k" is money though nothing says rupees: not before "km" or "people"."""
    if number.scale == 1:
        return False
    after = unit_at(tokens, number.last)
    if after is not None and after.kind in _NOT_MONEY:
        return False
    return tokens[number.last - 1].low != "l" or _is_lakh(tokens, number)


def _is_lakh(tokens: Sequence[Token], number: Number) -> bool:
    """Whether "2.5L" is two and a half lakh: not in small letters, and not beside what is sold by the litre."""
    near = range(number.first - _LIQUID_REACH, number.last + _LIQUID_REACH)
    liquid = any(unit is not None and unit.kind == "liquid" for unit in (unit_at(tokens, at) for at in near))
    return tokens[number.last - 1].text == "L" and not liquid


def _is_negative(tokens: Sequence[Token], first: int) -> bool:
    before = tokens[first - 1] if first else None
    return before is not None and before.text == "-" and before.end == tokens[first].start


def _currency_before(tokens: Sequence[Token], first: int, taken: int) -> int | None:
    """Where "Rs." or "₹" before the number begins, unless it belongs to the number before that."""
    at = _before_marks(tokens, first)
    unit = unit_at(tokens, at)
    is_currency = unit is not None and unit.kind == "currency" and tokens[at].start >= taken
    return tokens[at].start if is_currency else None


def _before_marks(tokens: Sequence[Token], first: int) -> int:
    """The place of the last token before `first` that is no mere separator, at most two of them back."""
    at = first - 1
    while at >= 0 and first - at <= 2 and tokens[at].text in _BETWEEN:
        at -= 1
    return at


def _currency_after(tokens: Sequence[Token], last: int) -> int | None:
    """Where "rupees" or "/-" after the number ends."""
    end = None
    texts = [token.text for token in tokens[last : last + 2]]
    if texts == ["/", "-"]:
        end = tokens[last + 1].end
        last += 2
    unit = unit_at(tokens, last)
    return tokens[last].end if unit is not None and unit.kind == "currency" else end


def _quantity(tokens: Sequence[Token], number: Number) -> Span | None:
    start, end = tokens[number.first].start, tokens[number.last - 1].end
    after, before = unit_at(tokens, number.last), unit_at(tokens, _before_marks(tokens, number.first))
    value = number.value
    if after is not None and after.kind == "quantity":
        value, end = value * after.value, tokens[number.last].end
    elif not (_is_asked(after, before) or _is_times(tokens, number)):
        return None
    if value != value.to_integral_value() or not 0 < value <= MOST_PIECES or _is_negative(tokens, number.first):
        return None
    return Span("quantity", plain(value), start, end)


def _is_asked(after: Unit | None, before: Unit | None) -> bool:
    """Whether it is the 5 of "5 chahiye" or "qty 5"."""
    return (after is not None and after.kind == "wanted") or (before is not None and before.kind == "asked")


def _is_times(tokens: Sequence[Token], number: Number) -> bool:
    """Whether it is the 2 of "x2", "2x" or "pad x 2", and no side of a size such as 72x45 or 6' x 4'."""
    before, after = number.first - 1, number.last
    leading = _is_x(tokens, before) and (before == 0 or _is_plain_word(tokens, before - 1))
    trailing = _is_x(tokens, after) and (after + 1 == len(tokens) or _is_plain_word(tokens, after + 1))
    return leading or trailing


def _is_x(tokens: Sequence[Token], at: int) -> bool:
    return 0 <= at < len(tokens) and tokens[at].low in ("x", "×")


def _is_plain_word(tokens: Sequence[Token], at: int) -> bool:
    return tokens[at].is_word and not tokens[at].glued and unit_at(tokens, at) is None


def quantities_before(tokens: Sequence[Token], starts: Sequence[int]) -> Iterator[Span]:
    """The bare count before each of these places where a product is named: "5 brake pads"."""
    places = set(starts)
    for index in range(1, len(tokens)):
        if tokens[index].start not in places or not _may_begin(tokens, index - 1):
            continue
        number = tokens[index - 1]
        if number.text.isdigit() and len(number.text) < 7 and int(number.text) and number.end < tokens[index].start:
            yield Span("quantity", str(int(number.text)), number.start, number.end)
