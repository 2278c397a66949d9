from __future__ import annotations

import pytest

from munshi.knowledge.normalise import clean
from munshi.knowledge.transliterate import romanise, sound_key


@pytest.mark.parametrize(
    ("devanagari", "roman"),
    [
        ("मेरा", "mera"),
        ("कहाँ", "kahan"),
        ("है", "hai"),
        ("क्या", "kya"),
        ("कब", "kab"),
        ("नमस्ते", "namaste"),
        ("मतलब", "matlab"),
        ("समझना", "samajhna"),
        ("कितने", "kitne"),
        ("बदलना", "badalna"),
        ("सकता", "sakta"),
        ("लड़का", "ladka"),
        ("सुबह", "subah"),
        ("ज़रूर", "zarur"),
        ("ज्ञान", "gyan"),
        ("फ़ोन", "fon"),
        ("हूँ", "hun"),
        ("चाहिए", "chahiye"),
        ("कीजिए", "kijiye"),
        ("भेजने", "bhejne"),
        ("मुंबई", "mumbai"),
        ("न", "na"),
    ],
)
def test_devanagari_as_people_type_it(devanagari: str, roman: str) -> None:
    assert romanise(clean(devanagari).text) == roman


@pytest.mark.parametrize(
    "spellings",
    [
        ["aayega", "ayega", "aega", "aaega", "ayegaa"],
        ["nahi", "nahee", "nahii", "naahi"],
        ["kaise", "kese", "kaisey", "kaisay"],
        ["rupaye", "rupae", "rupaaye"],
        ["theek", "thik", "theeek"],
        ["wapas", "vapas", "waapas", "vaapas"],
        ["zyada", "jyada", "jyaada", "zyaada"],
        ["fir", "phir"],
        ["doosra", "dusra", "doosraa"],
        ["accha", "acha", "achchha", "achchaa"],
        ["mausam", "mosam", "mousam"],
        ["kariye", "karie", "kaariye"],
    ],
)
def test_spellings_of_one_word_meet(spellings: list[str]) -> None:
    assert len(set(map(sound_key, spellings))) == 1


@pytest.mark.parametrize(
    ("one", "other"), [("kab", "kaun"), ("mera", "mere"), ("din", "dena"), ("kal", "kaala"), ("milega", "mileage")]
)
def test_different_words_stay_apart(one: str, other: str) -> None:
    assert sound_key(one) != sound_key(other)
