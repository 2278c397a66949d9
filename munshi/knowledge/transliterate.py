"""Hindi in roman letters: Devanagari as people type it, and a key under which its many spellings meet."""

from __future__ import annotations

import re
from functools import lru_cache

from indic_transliteration import sanscript

# ITRANS-like letters of the library to those people type. Order matters: longer first.
_TYPED = [
    (".D", "d"), (".N", "n"), ("~N", "n"), ("~n", "n"), ("x", "ksh"), ("R", "ri"),
    ("oa", "o"), ("A", "a"), ("I", "i"), ("U", "u"), ("T", "t"), ("D", "d"), ("N", "n"), ("S", "s"), ("L", "l"),
    ("H", "h"), ("M", "n"), ("ie", "iye"),
]  # fmt: skip
# Vowels of English words, which the library's schemes lack.
_PLAIN = str.maketrans("ऍॅऑॉ", "एेओो")
_VOWEL = "aAiIuUeo"
_CONSONANT = r"(?:[kgjtdTDpb]h|chh|ch|Ch|sh|Sh|\.D|[kgjtdTDpbcnNmyrlvwszfqhSL])"
_FINAL_SCHWA = re.compile(rf"(?<=[^{_VOWEL}])a$")
_MEDIAL_SCHWA = re.compile(rf"(?<=[{_VOWEL}])({_CONSONANT})a(?={_CONSONANT}[{_VOWEL}])")

_FOLDS = [
    (re.compile(pattern), to)
    for pattern, to in (
        (r"[^a-z]", ""), (r"w", "v"), (r"z", "j"), (r"q|ck", "k"), (r"ph", "f"), (r"x|ksh", "ks"), (r"(?:c+h+)+", "ch"),
        (r"gny|jny|gy", "gy"), (r"ee+|ii+", "i"), (r"oo+|uu+", "u"), (r"aa+", "a"), (r"au|ou|ao", "o"),
        (r"(?<=i)y(?=[aeou])", ""), (r"ay(?=[aeiou])|a[iey]|e[iy]", "e"), (r"e[iey]+", "e"), (r"([a-z])\1+", r"\1"),
        (r"(?<=[aeiou])h$", ""),
    )
]  # fmt: skip


@lru_cache(maxsize=4096)
def romanise(word: str) -> str:
    """A Devanagari word as people type it in roman letters: "कहाँ" is "kahan", "समझना" is "samajhna".

    The inherent vowel is dropped where it is not spoken: at the end of a word, and between a vowel with one consonant
    and a consonant with a vowel, from the right (Ohala 1983, the rule in its simple form).
    """
    plain = word.translate(_PLAIN).replace("ज्ञ", "ग्य")
    latin: str = sanscript.transliterate(plain, sanscript.DEVANAGARI, sanscript.OPTITRANS)
    latin = re.sub(r"M(?=[pbm])", "m", latin)
    if re.search(rf"[{_VOWEL}].*[{_VOWEL}]", latin):
        latin = _FINAL_SCHWA.sub("", latin)
    latin = _drop_medial_schwas(latin)
    for old, new in _TYPED:
        latin = latin.replace(old, new)
    return re.sub(r"[^a-z]", "", latin)


def _drop_medial_schwas(latin: str) -> str:
    for position in range(len(latin) - 1, 0, -1):
        match = _MEDIAL_SCHWA.match(latin, position)
        if match:
            latin = latin[: match.end() - 1] + latin[match.end() :]
    return latin


@lru_cache(maxsize=8192)
def sound_key(word: str) -> str:
    """What the spellings of a romanised Hindi word have in common: "aayega", "ayega" and "aega" give one key."""
    key = word.lower()
    for pattern, to in _FOLDS:
        key = pattern.sub(to, key)
    return key
