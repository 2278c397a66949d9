"""Words and sentences, for English, Hindi and what is written between them."""

from __future__ import annotations

import hashlib
import unicodedata
from collections.abc import Iterator, Sequence
from functools import cache

import regex
import Stemmer
from bm25s.stopwords import STOPWORDS_EN_PLUS

# `\w` of the standard library ends a word at a Devanagari vowel sign (a mark, not a letter), hence \p{M}.
_WORD = regex.compile(r"\d+(?:\.\d+)+|[\p{L}\p{M}\p{N}]+")
# Possessive, and never from the middle of a word: a long run of letters would else be tried from each of them.
_CODE = regex.compile(r"(?<![\p{L}\p{N}])[\p{L}\p{N}]++(?:[-/][\p{L}\p{N}]++)+")
_THOUSANDS = regex.compile(r"(?<=\d),(?=\d)")
_INVISIBLE = regex.compile(r"\p{Cf}+")
_DEVANAGARI = regex.compile(r"\p{Devanagari}")
# Possessive, and never begun inside a run: a text of 100,000 dots would take minutes otherwise.
_SENTENCE_END = regex.compile(r"(?<![.!?।॥])[.!?।॥]++[\"'”’)\]]*+(?=\s)|\n+")
_ASCII_DIGITS = {0x0966 + n: str(n) for n in range(10)}
_BYTES_A_TOKEN = 3  # in Hindi; English has about four
_LONGEST_WORD = 40
_ABBREVIATIONS = frozenset(
    "rs no nos mr mrs ms dr st vs e.g i.e approx co ltd pvt inc fig sec art dept ext tel mob govt max min incl".split()
)
# Words that a question about anything may hold, beside the usual function words.
_ASKING = (
    "could would may might must shall please tell want know need give get also many much per hi hello thanks sir madam "
    "ok kindly us let say said like use way thing"
).split()


def words(text: str) -> list[str]:
    """The words of a text, levelled. Signs that are no letter, mark or digit end a word and are dropped.

    A code such as `AP-1042` gives its parts and the whole (`ap`, `1042`, `ap1042`), so that it is found however it is
    typed.
    """
    text = level(text)
    found: list[str] = _WORD.findall(text)
    return found + [regex.sub("[-/]", "", code) for code in _CODE.findall(text) if any(c.isdigit() for c in code)]


def level(text: str) -> str:
    """A text in one spelling: compatibility forms, case, invisible marks, Devanagari digits, `5,000` as `5000`."""
    text = _INVISIBLE.sub("", unicodedata.normalize("NFKC", text)).casefold().translate(_ASCII_DIGITS)
    return str(_THOUSANDS.sub("", text))


def stems(text: str) -> list[str]:
    """The words of a text cut to their stems: English and Hindi by Snowball, anything with a digit left whole."""
    return stem_words(words(text))


def stem_words(found: Sequence[str]) -> list[str]:
    """The stem of each of these words, which are levelled already."""
    # A stemmer is not for two threads at once, and making one costs less than a lock.
    english, hindi = Stemmer.Stemmer("english", 0), Stemmer.Stemmer("hindi", 0)
    return [_stem(word, english, hindi) for word in found]


def _stem(word: str, english: Stemmer.Stemmer, hindi: Stemmer.Stemmer) -> str:
    if len(word) > _LONGEST_WORD:  # Snowball takes minutes over a word of 100,000 letters
        return word
    if not word.isascii():
        return str(hindi.stemWord(word))
    return str(english.stemWord(word)) if word.isalpha() else word


def content_stems(text: str) -> list[str]:
    """The stems that say what a question is about, each once: without function words and words of asking."""
    return [stem for stem in dict.fromkeys(stems(text)) if stem not in function_stems()]


@cache
def function_stems() -> frozenset[str]:
    """The stems that say nothing of what a question is about."""
    return frozenset(stems(" ".join((*STOPWORDS_EN_PLUS, *_ASKING))))


def tokens_of(text: str) -> int:
    """About how many of a language model's tokens a text is, rather too many."""
    return tokens_in(len(text.encode("utf-8", "replace")))


def tokens_in(size: int) -> int:
    """The same by a text's size in bytes of UTF-8."""
    return -(-size // _BYTES_A_TOKEN)


def sentences(text: str) -> list[str]:
    """The sentences of a text, each as it stands there: a danda ends one, a line break too, `Rs. 500` does not."""
    return [text[start:end] for start, end in sentence_spans(text)]


def sentence_spans(text: str) -> list[tuple[int, int]]:
    """Where the sentences of a text begin and end, without the space around them."""
    spans = []
    for start, end in _cuts(text):
        part = text[start:end]
        if part.strip():
            start += len(part) - len(part.lstrip())
            spans.append((start, start + len(part.strip())))
    return spans


def _cuts(text: str) -> Iterator[tuple[int, int]]:
    start = 0
    for mark in _SENTENCE_END.finditer(text):
        if mark.group().startswith(".") and _is_abbreviation(text[start : mark.start()]):
            continue
        yield start, mark.end()
        start = mark.end()
    yield start, len(text)


def _is_abbreviation(before: str) -> bool:
    if before.strip().isdigit():  # the number of a list's item
        return True
    last = before[-12:].split()[-1:] or [""]
    word = last[0].lstrip("(\"'“‘").lower()
    return word in _ABBREVIATIONS or (len(word) == 1 and word.isalpha())


def slug(text: str, *, length: int = 48) -> str:
    """A text as a short, readable part of an id; a longer one is cut and told apart by a digest of the whole."""
    joined = "-".join(_WORD.findall(level(text)))
    if len(joined) <= length:
        return joined
    return f"{joined[:length].rstrip('-')}-{digest(joined)[:8]}"


def digest(text: str) -> str:
    """A fingerprint of a text: 32 hexadecimal digits of BLAKE2."""
    return hashlib.blake2b(text.encode("utf-8", "surrogatepass"), digest_size=16).hexdigest()


def is_devanagari(text: str) -> bool:
    """Whether any of it is written in Devanagari."""
    return _DEVANAGARI.search(text) is not None
