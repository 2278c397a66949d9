"""Which of a customer's own things a message names: payees by name or nickname, accounts by kind or last digits.

Names are compared by how they sound in roman letters, whatever script they are typed in, and with a slip or two.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal, TypeVar

from rapidfuzz import fuzz

from munshi.knowledge.transliterate import romanise, sound_key

Way = Literal["from", "to", ""]
KeyT = TypeVar("KeyT")

_WORD = re.compile(r"[\w\u0900-\u097f]+")
_NASAL = "ँ"  # mostly left out in roman letters: "maa"
_SLIP_CHARS = 5  # a shorter word with a slip in it is another word
_SLIP_SCORE = 80
_MOST_WORDS = 400

# What stands between a name and the word that tells the way: "from my savings account", "bachat khate se".
_FILLERS = frozenset(
    "my the his her our a of account ac acct khata khate mere meri mera apne apni wale wala ji".split()
)
_BEFORE: Mapping[str, Way] = {"from": "from", "frm": "from", "to": "to", "into": "to", "in": "to", "for": "to"}
_AFTER: Mapping[str, Way] = {
    "se": "from", "ko": "to", "me": "to", "mein": "to", "men": "to", "main": "to", "ka": "to", "ke": "to", "ki": "to",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Mention:
    """Where a thing is named. `weight` counts the words that do so, `way` tells where the money goes."""

    weight: int
    way: Way


@dataclass(frozen=True, slots=True)
class Name:
    """What something is called: words that must all stand together, or of a `loose` name any."""

    text: str
    loose: bool = False


def words_of(text: str) -> list[str]:
    """The words of a text in roman letters and lower case, at most some hundred."""
    folded = unicodedata.normalize("NFKC", text).casefold()
    return [_roman(word) for word in _WORD.findall(folded)[:_MOST_WORDS]]


def mentions(text: str, things: Mapping[KeyT, Iterable[Name]]) -> dict[KeyT, list[Mention]]:
    """Each thing that a text names, with where it does; those it does not name are left out."""
    words = words_of(text)
    found = {key: [one for name in names for one in _found(words, name)] for key, names in things.items()}
    return {key: places for key, places in found.items() if places}


def best(found: Mapping[KeyT, Sequence[Mention]], ways: Sequence[Way]) -> list[KeyT]:
    """What is named in the first of `ways` that anything is named in, by the most words; several where it is open."""
    for way in ways:
        weights = {
            key: max((one.weight for one in places if one.way == way), default=0) for key, places in found.items()
        }
        most = max(weights.values(), default=0)
        if most:
            return [key for key, weight in weights.items() if weight == most]
    return []


def _found(words: Sequence[str], name: Name) -> Iterator[Mention]:
    parts = words_of(name.text)
    if not parts:
        return
    if not name.loose:
        bare = len(words) > 1 and all(map(str.isdecimal, parts))  # "send 2345" is a sum sooner than an account
        for start in range(len(words) - len(parts) + 1):
            end = start + len(parts)
            if all(map(_alike, words[start:end], parts)):
                way = _way(words, start, end)
                if way or not bare:
                    yield Mention(2 * len(parts), way)
        return
    at = [place for place, word in enumerate(words) if any(_alike(word, part) for part in parts)]
    if at:
        yield Mention(len(at), _way(words, at[0], at[-1] + 1))


def _way(words: Sequence[str], start: int, end: int) -> Way:
    before = next((word for word in reversed(words[:start]) if word not in _FILLERS), "")
    after = next((word for word in words[end:] if word not in _FILLERS), "")
    return _BEFORE.get(before) or _AFTER.get(after, "")


def _alike(word: str, part: str) -> bool:
    if word == part:
        return True
    if not (word.isalpha() and part.isalpha()):
        return False
    if len(part) > 2 and sound_key(word) == sound_key(part):
        return True
    long = len(part) >= _SLIP_CHARS and len(word) >= _SLIP_CHARS - 1
    return long and fuzz.ratio(word, part) >= _SLIP_SCORE


def _roman(word: str) -> str:
    if any("\u0900" <= char <= "\u097f" for char in word):
        digits = "".join(str(unicodedata.decimal(char, char)) for char in word)
        return digits if digits.isdecimal() else romanise(word.replace(_NASAL, ""))
    return word
