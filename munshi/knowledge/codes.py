"""Codes and numbers in one spelling: `BR-204-F`, `br204f` and `BR 204 F` are the same three atoms."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

import regex

from munshi.knowledge.text import function_stems, level, stem_words

# A number with its decimals, or a run of letters: what is left of a code once it is taken apart.
_ATOM = regex.compile(r"\d+(?:\.\d+)+|\d+|[\p{L}\p{M}]+")
_WORD = regex.compile(r"[\p{L}\p{M}\p{N}]+(?:\.\d+)*")
_ORDINAL = regex.compile(r"\d+(?:st|nd|rd|th|s)")
_GLUE = frozenset({"", "-", "/", "_", "\u2010", "\u2011", "\u2013"})
# A phone number or a PIN code in groups: never from the middle of a longer run of digits.
_GROUPS = regex.compile(r"(?<!\d|\d\.)\+?\d{2,5}(?:[ -]\d{3,5}){1,3}(?!\d|[. -]\d)")
_UNGROUPED = regex.compile(r"(?<!\d|\d\.)\d{11,12}(?!\d|\.\d)")
_JOINABLE = regex.compile(rf"{_GROUPS.pattern}|{_UNGROUPED.pattern}")
_MONEY = regex.compile(
    r"(?:₹|\$|€|£|\brs\.?|\binr)\s*(\d+(?:\.\d+)?)"
    r"|(\d+(?:\.\d+)?)\s*(?:/-|₹|rs\b|inr\b|rupees?\b|rupaye\b|lakhs?\b|crores?\b|रुपये|रुपए|लाख|करोड़)"
)
_FEWEST_DIGITS, _MOST_DIGITS, _NATIONAL = 6, 13, 10
_MOST_ATOMS = 12
"""Atoms of one word that are looked at: a fingerprint of 40 characters is no part number."""

_LABELS = (
    "section sec article rule regulation clause schedule chapter act form error code circular notification order "
    "ticket invoice bill receipt model part item serial batch lot version pin pincode number no id plot route platform "
    "annexure appendix table step धारा अनुच्छेद नियम फॉर्म फार्म दफा नंबर क्रमांक पिन dhara niyam"
).split()
"""Words that make a number a name: "Section 42" is not nearly Section 420."""


@dataclass(frozen=True, slots=True)
class Atom:
    """A number, or the stem of a run of letters. `glued` says that it belongs to a code with what stands before it."""

    text: str
    glued: bool

    @property
    def is_number(self) -> bool:
        """Whether it begins with a digit."""
        return self.text[:1].isdigit()


def sequence(text: str) -> list[Atom]:
    """A text's atoms in order, without function words; a single letter beside a number is part of its name.

    "Section 420 of the IPC" is section, 420, ipc; "Form 16A" is form, 16, a.
    """
    found = _atoms(_JOINABLE.sub(_as_one, level(text)))
    functional = function_stems()
    return [
        atom
        for i, atom in enumerate(found)
        if atom.text not in functional or (len(atom.text) == 1 and _beside_number(found, i))
    ]


def _beside_number(atoms: list[Atom], at: int) -> bool:
    return any(0 <= near < len(atoms) and atoms[near].is_number for near in (at - 1, at + 1))


def _atoms(text: str) -> list[Atom]:
    words: list[str] = []
    glued: list[bool] = []
    last = 0
    for match in _ATOM.finditer(text):
        word, between = match.group(), text[last : match.start()]
        last = match.end()
        if words and not between and words[-1][0].isdigit() and _ORDINAL.fullmatch(words[-1] + word):
            words[-1] += word
            continue
        # Plain words keep their hyphens for themselves: only what touches a number is a code.
        touches = bool(words) and between in _GLUE and (word[0].isdigit() or words[-1][0].isdigit())
        words.append(word)
        glued.append(touches)
    return [Atom(stem, touches) for stem, touches in zip(stem_words(words), glued, strict=True)]


@cache
def labels() -> frozenset[str]:
    """The stems of words that make a number a name."""
    return frozenset(stem_words(_LABELS))


def code_terms(text: str) -> list[str]:
    """The terms that make codes findable however they are written, beside the text's own words.

    The atoms of words that mix letters and digits, and the digits of grouped phone numbers and PIN codes as one.
    """
    levelled = level(text)
    terms = [atom for word in _WORD.findall(levelled) if is_mixed(word) for atom in _ATOM.findall(word)[:_MOST_ATOMS]]
    return terms + _whole_numbers(levelled)


def is_mixed(word: str) -> bool:
    """Whether a word is letters and digits together; `19th` and `1930s` are not."""
    letters = any(char.isalpha() for char in word)
    return letters and any(char.isdigit() for char in word) and not _ORDINAL.fullmatch(word)


def plain_stems(text: str) -> list[str]:
    """The stems of a text with each code as its atoms alone, so that all spellings of it are covered alike."""
    found: list[str] = []
    for word in _WORD.findall(level(text)):
        found += _ATOM.findall(word)[:_MOST_ATOMS] if is_mixed(word) else [word]
    return stem_words(found)


def sums_of_money(text: str) -> frozenset[str]:
    """The numbers of a text that are sums of money, as their atoms have them."""
    return frozenset(part for pair in _MONEY.findall(level(text)) for part in pair if part)


def whole_number(digits: str) -> str:
    """A phone number without the country's 91 or the 0 before it; any other number as it is."""
    if len(digits) == _NATIONAL + 2 and digits.startswith("91"):
        return digits[2:]
    return digits[1:] if len(digits) == _NATIONAL + 1 and digits.startswith("0") else digits


def _as_one(grouped: regex.Match[str]) -> str:
    """A phone number or a PIN code as one number; other numbers side by side stay apart."""
    digits = regex.sub(r"\D", "", grouped.group())
    is_pin = regex.fullmatch(r"\d{3}[ -]\d{3}", grouped.group()) is not None
    return whole_number(digits) if is_pin or _NATIONAL <= len(digits) <= _MOST_DIGITS else grouped.group()


def _whole_numbers(levelled: str) -> list[str]:
    grouped = [regex.sub(r"\D", "", group) for group in _GROUPS.findall(levelled)]
    found = [whole_number(digits) for digits in grouped if _FEWEST_DIGITS <= len(digits) <= _MOST_DIGITS]
    plain = _UNGROUPED.findall(levelled)
    return found + [short for digits in plain if (short := whole_number(digits)) != digits]
