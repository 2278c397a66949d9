"""From when and until when something holds, by its own words: "effective from 1 April 2026", "valid until ..."."""

from __future__ import annotations

import re
import unicodedata
from datetime import date
from typing import NamedTuple

_NAMES = (
    "january jan जनवरी|february feb फरवरी फ़रवरी|march mar मार्च|april apr अप्रैल|may मई|"
    "june jun जून|july jul जुलाई|august aug अगस्त|september sept sep सितंबर सितम्बर|"
    "october oct अक्टूबर अक्तूबर|november nov नवंबर नवम्बर|december dec दिसंबर दिसम्बर"
)  # fmt: skip
_MONTHS = {
    unicodedata.normalize("NFKC", name): number
    for number, names in enumerate(_NAMES.split("|"), 1)
    for name in names.split()
}
_MONTH = "(?:" + "|".join(sorted(_MONTHS, key=len, reverse=True)) + r")\.?"
_DATE = (
    rf"(?:\d{{1,2}}(?:[snrt][tdh])?[ -](?:of )?{_MONTH}[ ,-]+\d{{4}}|{_MONTH} \d{{1,2}}(?:[snrt][tdh])?,? \d{{4}}"
    r"|\d{4}-\d{2}-\d{2}|\d{1,2}[./-]\d{1,2}[./-]\d{4})(?!\d)"
)
_HOLDS = r"(?:valid|effective|applicable|appl(?:y|ies)|(?:comes? |come )?(?:in(?:to)? )(?:force|effect))"
_FROM = (
    rf"(?:{_HOLDS} (?:w\.?e\.?f\.?|with effect from|(?:as )?(?:from|of|on)|since)"
    r"|with effect from|w\.?e\.?f\.?|effective(?: date)?)"
)
_UNTIL = rf"(?:{_HOLDS} (?:only )?(?:until|till|til|up ?to|through|thru))"
_PHRASE = re.compile(
    rf"\b{_FROM} ?:? ?(?P<from>{_DATE})(?:,? (?:and )?(?:{_UNTIL}|to|until|till|up ?to|through|-|–) (?P<to>{_DATE}))?"
    rf"|\b{_UNTIL} ?:? ?(?P<until>{_DATE})"
    rf"|(?P<hindi_from>{_DATE}) से (?:(?P<hindi_to>{_DATE}) तक )?(?:लागू|प्रभावी|मान्य|वैध)"
    rf"|(?P<hindi_until>{_DATE}) तक (?:लागू|प्रभावी|मान्य|वैध)"
)
_DENIED = re.compile(r"\b(?:not|no longer|if|unless|was|were|had|earlier|previous(?:ly)?|old|नहीं|पहले)\b")
# What a paper calls itself. "The Diwali offer is valid until ..." speaks of an offer in it, not of the paper.
_ITSELF = (
    r"[(\[]?(?:(?:this|these|all|our|the)? ?(?:[\w&]+ ){0,3}?"
    r"(?:price ?list|prices?|rates?|charges|fees|tariffs?|polic(?:y|ies)|terms|conditions|rules|list|catalogue|"
    r"schedule|document|notice|circular|मूल्य सूची|दरें|कीमतें|नियम|नीति)"
    r")? ?"
)
_VERB = r"(?:is|are|remains?|shall be|will be|stays?|यह|ये)? ?$"
_PAPER = re.compile(_ITSELF + _VERB)
_SECTION = re.compile(rf"{_ITSELF}{_VERB}|(?:this|these) (?:[\w&]+ ){{1,3}}?{_VERB}")
_DEVANAGARI_DIGITS = {0x0966 + n: str(n) for n in range(10)}
_LONGEST = 2_000


class Validity(NamedTuple):
    """The first and the last day something holds; None where nothing is said."""

    start: date | None = None
    end: date | None = None

    def or_else(self, other: Validity) -> Validity:
        """What it says, and what it leaves open from the other."""
        return Validity(self.start or other.start, self.end or other.end)


UNBOUNDED = Validity()


def stated(text: str) -> Validity:
    """The validity that a heading, a table's row or a file's properties speak of. A denied or past one is none."""
    found = UNBOUNDED
    flat = _flat(text)
    for match in _PHRASE.finditer(flat):
        if not _DENIED.search(flat[: match.start()]) and not flat[match.end() :].startswith(" नहीं"):
            found = found.or_else(_read(match))
    return found


def declared(sentence: str, *, of_section: bool = False) -> Validity:
    """The validity a sentence gives to the paper it stands in; none where it speaks of anything else.

    It has to say nothing more: "These prices are valid until 31 March 2027.", "(w.e.f. 1 April 2026)". Of a section
    "This offer is valid until 15 November 2026" says the same.
    """
    flat = _flat(sentence).strip(" .)]:*।")
    match = _PHRASE.search(flat)
    itself = _SECTION if of_section else _PAPER
    if match is None or flat[match.end() :].strip(" .)]है") or not itself.match(flat[: match.start()]):
        return UNBOUNDED
    return _read(match)


def _flat(text: str) -> str:
    return " ".join(unicodedata.normalize("NFKC", text[:_LONGEST]).casefold().translate(_DEVANAGARI_DIGITS).split())


def _read(match: re.Match[str]) -> Validity:
    start = match["from"] or match["hindi_from"]
    end = match["to"] or match["until"] or match["hindi_to"] or match["hindi_until"]
    return Validity(_day(start) if start else None, _day(end) if end else None)


def _day(text: str) -> date | None:
    """A date as it is written in India, the day first: 01/04/2026 is the first of April."""
    numbers = [int(part) for part in re.findall(r"\d+", text)]
    month = next((_MONTHS[word] for word in re.findall(r"[^\W\d]+[\u0900-\u097f]*", text) if word in _MONTHS), None)
    if month:
        year, day = max(numbers), min(numbers)
    elif numbers[0] > 31:
        year, month, day = numbers
    else:
        day, month, year = numbers
    try:
        return date(year, month, day)
    except ValueError:
        return None
