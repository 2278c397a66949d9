"""However a Hindi word is spelled in roman letters, one form comes out; English words stay as they are."""

from __future__ import annotations

import string
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from munshi.bot.hindi import hindi_lexicon
from munshi.bot.language import detect_language
from munshi.bot.preprocess import Preprocessor
from munshi.bot.spelling import Mender
from munshi.bot.variants import bones, hindi_variants, slips_between
from munshi.knowledge.encoder import known_words
from munshi.knowledge.tokens import tokenise
from munshi.knowledge.transliterate import sound_key

# The first of a line is how most people write it.
SPELLINGS = """
kab kb kabb
aayega aayga ayga ayega aaega aega ayegaa aaeyga aayeega
kitne kitny ktne kitney kitnay kittne
nahi nai nhi nhin nahin naheen nahii nhii nehi
mujhe muje mjhe mujhey mujhay mujey
chahiye chaiye chahie chiye chaheye chahyie cahiye chahiyee
wapas vapas wapis vapis waapas wpas vpas
karna krna karnaa krnaa
kahan kaha kahaan kahaa
batao btao bataao bataaoo
paisa pesa paisaa psa
milega mlega milegaa milaga melega
theek thik teek thk theeek
kharab khrab khraab kharaab kharb karab
zaroorat jarurat zarurat jaroorat jrurat zrurat jrrt
jaldi jldi jaldee jaldy jldee
bahut bhut bohot bahot bht boht bahoot
zyada jyada jada jiyada zyaada jyda
accha acha achha achcha achaa
kaise kese kaisey kse kaisay
dukaan dukan dookan dukkan dukn dookaan
badalna badlna bdlna badalnaa bdalna badlana
bhejo bhejho bejo bhjo bheejo
samajh smjh samaj smj smajh
khareedna kharidna khridna kharidnaa khridnaa
dikhao dkhao dikhaao dikao
lagega lgega lagegaa lgegaa
kyun kyu kyon kyoon kiun
mera mra meraa mraa
tarikh tareekh tareek tarik trikh
mahina maheena mahinaa mhina mahena
chutti chhutti chuti chhuti chutty
shukriya shukria shukriyaa shukreya sukriya
dhanyavad dhanyawad dhanywad dhnyvad dhanyabad
sakte skte sakty saktey
purana puraana purna praana puranaa
mehnga mahanga mehanga mhnga mehengaa
galat glt galt ghalat galath
gaadi gadi gaadee gady gaddi
bhugtan bhugtaan bugtan bhugtn
sawal saval sawaal swal sval
intezar intazar intzar intejar intjar
namaste nmste namastey namste
pahunchega pahuchega pahunchegaa phunchega pohchega
niklega niklegaa niklga
"""
LINES = [line.split() for line in SPELLINGS.split("\n") if line]


@pytest.fixture(scope="module")
def shop() -> Preprocessor:
    return Preprocessor(known_words=known_words(), timezone=ZoneInfo("Asia/Kolkata"))


@pytest.mark.parametrize("spellings", LINES, ids=lambda line: line[0])
def test_spellings_of_one_word_come_out_as_one(shop: Preprocessor, spellings: list[str]) -> None:
    canonical = {spelling: shop.canonical(f"bhai mera order hai {spelling}") for spelling in spellings}
    assert len(set(canonical.values())) == 1, canonical
    assert spellings[0] not in canonical[spellings[0]]


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("मुझे चाहिए", "मुझे चाहिये"),
        ("कब आएगा", "कब आयेगा"),
        ("पैसे वापस", "पैसे वापिस"),
        ("नहीं मिला", "नही मिला"),
        ("ज़रूरत है", "जरुरत है"),
        ("बदलना है", "बदलाना है"),
        ("ख़राब निकला", "खराब निकला"),
    ],
)
def test_devanagari_is_spelled_freely_too(shop: Preprocessor, one: str, other: str) -> None:
    assert shop.canonical(one) == shop.canonical(other)


@pytest.mark.parametrize(
    "text",
    [
        "people call me gary",
        "is it cloudy or sunny in sparks",
        "are my tires full or low",
        "rename bob to betty",
        "delete my paycheck login, i forgot the pin",
        "what is the mileage of the dryer",
        "chilis or cheesy pans for dinner",
    ],
)
def test_english_stays_as_it_is(shop: Preprocessor, text: str) -> None:
    assert detect_language(text) == "en"
    assert shop.canonical(text) == text


@pytest.mark.parametrize(
    "word", ["sunita", "linkin", "payday", "spotify", "playlist", "priyanka", "gst", "kyc", "mileage"]
)
def test_a_name_among_hindi_words_is_not_taken_for_one(shop: Preprocessor, word: str) -> None:
    assert word in shop.canonical(f"bhai mera {word} kahan hai")


def test_the_shops_own_hindi_words_have_one_spelling() -> None:
    mender = Mender(["gullak", "gullak", "gulak", "toofani"], [], known_words())
    assert [word.norm for word in mender.mend(tokenise("gulak gullakk toofaani tufani"), "hinglish")] == [
        "gullak", "gullak", "toofani", "toofani",
    ]  # fmt: skip


@given(st.sampled_from(sorted(word for word in hindi_lexicon().spelled if len(word) > 4)), st.integers(0, 20))
def test_an_a_left_out_inside_a_word_costs_least_of_all(word: str, at: int) -> None:
    key = sound_key(word)
    places = [
        place
        for place in range(1, len(key) - 1)
        if key[place] == "a" and key[place - 1] != "n" and key[place + 1] != "h"
    ]
    if places:
        place = places[at % len(places)]
        typed = key[:place] + key[place + 1 :]
        assert bones(typed) == bones(key)
        assert slips_between(typed, key) == 1


@given(st.text(alphabet=string.ascii_lowercase.replace("y", ""), max_size=12))
def test_what_is_found_has_the_same_bones(word: str) -> None:
    found = hindi_variants().find(word)
    alike = hindi_variants().by_bones.get(bones(sound_key(word)), ())
    assert found is None or found in [entry for _, entry in alike]


@given(st.text())
def test_any_text_has_an_answer(word: str) -> None:
    hindi_variants().find(word)
