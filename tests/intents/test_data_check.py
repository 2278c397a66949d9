"""Every kind of fault in training data is told on its line; sound data is left in peace; no file is too hostile."""

from __future__ import annotations

import string
import tempfile
import unicodedata
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from munshi.intents.data_check import FEW, MOST_TOLD, capped, check_data, check_numbers
from munshi.intents.data_pairs import check_alike, check_same, fold
from munshi.intents.data_rows import Finding, Row, read_rows
from munshi.knowledge.base import Encoder

SOUND = {
    "order": (
        "where is my order",
        "has it been sent",
        "track a parcel for me",
        "mera order kab aayega",
        "मेरा पार्सल कहाँ है",
    ),
    "price": ("what does a filter cost", "rate of engine oil", "battery kitne ki hai", "how much in all", "6*3 का दाम"),
}


def rows(*pairs: tuple[str, str], file: str = "t.csv") -> list[Row]:
    return [Row(text, label, file, line) for line, (text, label) in enumerate(pairs, start=2)]


def sound(*more: tuple[str, str]) -> list[Row]:
    """A sound set, and what is put behind it, from line 12 on."""
    return rows(*((text, label) for label, texts in SOUND.items() for text in texts), *more)


def only(found: list[Finding]) -> Finding:
    assert len(found) == 1, found
    return found[0]


def test_sound_data_is_left_in_peace() -> None:
    assert check_data(sound(), rows(("is my order there", "order"), file="e.csv")) == []


@pytest.mark.parametrize(
    ("text", "label", "kind", "severity"),
    [
        ("", "order", "empty", "error"),
        ("any news of it", "", "empty", "error"),
        ("Where is MY  order?", "order", "twice", "warning"),
        ("Where is my order!!", "price", "two_intents", "error"),
        ("what does a filters cost", "order", "alike", "warning"),
        ("please " * 100, "order", "long", "warning"),
        ("7021645199", "order", "no_words", "warning"),
        ("👍👍 ??", "order", "no_words", "warning"),
        ("is it\u200b sent", "order", "invisible", "warning"),
        ("is it \u202esent", "order", "invisible", "warning"),
        ("is it \x07sent", "order", "invisible", "warning"),
        ("cafÃ© delivery", "order", "encoding", "warning"),
        ("à¤®à¥‡à¤°à¤¾ à¤‘à¤°à¥à¤¡à¤°", "order", "encoding", "warning"),
        ("a caf\ufffd nearby", "order", "encoding", "warning"),
    ],
)
def test_a_fault_is_told_alone_and_on_its_line(text: str, label: str, kind: str, severity: str) -> None:
    found = only(check_data(sound((text, label))))
    assert (found.kind, found.severity, found.file, found.line) == (kind, severity, "t.csv", 12)
    assert found.remedy


@pytest.mark.parametrize(
    "text",
    [
        "मेरा क्‍या हुआ",  # a joiner between letters
        "👨‍👩‍👧 family pack",
        "what is 80980 + 098098 + 80980 + 1243",
        "naïve café in São Paulo",
        "two\nlines of it",
        "C++ books",
    ],
)
def test_what_only_looks_odd_is_no_fault(text: str) -> None:
    assert check_data(sound((text, "order"))) == []


def test_a_pair_is_told_with_both_its_places() -> None:
    found = only(check_data(sound(("what does a filters cost", "order"))))
    assert "line 7" in found.message
    assert "what does a filter cost" in found.message


def test_private_data_is_told_without_being_shown() -> None:
    found = only(
        check_data(
            sound(("call rita@shop.in or 9812345670", "order")), find_pii=lambda text: ["phone"] if "98" in text else []
        )
    )
    assert found.kind == "pii"
    assert "9812345670" not in found.message
    assert "rita" not in found.message


@pytest.mark.parametrize("other", ["Order", "ORDER ", "or_der", "or-der"])
def test_a_label_in_two_spellings_is_an_error(other: str) -> None:
    found = [each for each in check_data(sound(("is there news", other))) if each.kind == "label_spelling"]
    assert only(found).line == 12
    test = rows(("is there news", other), file="e.csv")
    assert only(check_data(sound(), test)).kind == "label_spelling"


def test_a_label_that_is_only_in_the_test_is_an_error_unless_it_marks_what_fits_none() -> None:
    test = rows(("who won the match", "none"), ("is it going to rain", "none"), file="e.csv")
    found = only(check_data(sound(), test))
    assert (found.kind, found.file, found.line) == ("label_unknown", "e.csv", 2)
    assert check_data(sound(), test, oos_label="none") == []
    assert "nothing" in only(check_data(sound(), oos_label="nothing")).message


def test_what_is_learnt_and_asked_is_told() -> None:
    test = rows(("Mera order kab aayega?", "order"), ("What does a filter cost", "order"), file="e.csv")
    found = check_data(sound(), test)
    assert [(each.kind, each.line) for each in found] == [("overlap", 5), ("overlap", 7)]
    assert "e.csv, line 2" in found[0].message
    assert "'order'" in found[1].message


def test_few_examples_and_many_times_as_many() -> None:
    many = rows(
        *((f"{word} is a word", "large") for word in string.ascii_lowercase * 2),
        *((f"say {n}", "small") for n in "abcde"),
    )
    assert [each.kind for each in check_numbers(many)] == ["imbalance"]
    assert [each.kind for each in check_numbers(many[:-1])] == ["few"]
    assert f"{FEW - 1}" in only(list(check_numbers(many[:-1]))).message


@pytest.mark.parametrize(("end", "told"), [("i want my money back", 0), ("when will it arrives", 1)])
def test_long_texts_are_told_apart_by_their_ends(end: str, told: int) -> None:
    story = "i bought a filter last week and my neighbour came by to look at it and we talked of this and that " * 3
    pairs = rows((f"{story} when will it arrive", "order"), (f"{story} {end}", "returns"))
    assert len(list(check_alike(pairs))) == told


class Meaning:
    """An encoder for which a text means its last word."""

    dim = 64
    name = "last word"

    def encode(self, texts: list[str]) -> np.ndarray:
        vectors = np.zeros((len(texts), self.dim), np.float32)
        for at, text in enumerate(texts):
            vectors[at, sum(map(ord, text.split()[-1])) % self.dim] = 1
        return vectors

    def encode_tokens(self, texts: list[str]) -> list[np.ndarray]:
        return [self.encode([text]) for text in texts]


def test_what_means_the_same_is_found_with_an_encoder() -> None:
    pairs = rows(
        ("give it back", "returns"), ("no way back", "other"), ("the road ahead", "other"), ("take back", "returns")
    )
    assert list(check_alike(pairs)) == []
    assert [(each.line, each.kind) for each in check_alike(pairs, Meaning())] == [(3, "alike"), (5, "alike")]


def test_the_real_encoder_sees_nothing_alike_in_a_sound_set(encoder: Encoder) -> None:
    assert check_data(sound(), encoder=encoder) == []


@given(st.lists(st.tuples(st.text(alphabet="ab ", min_size=1, max_size=12), st.sampled_from("XY")), max_size=40))
def test_near_pairs_are_those_that_a_look_at_every_pair_finds(pairs: list[tuple[str, str]]) -> None:
    from rapidfuzz import fuzz

    once = check_same(rows(*pairs))[1]
    wanted = [
        row.line
        for at, row in enumerate(once)
        if any(other.label != row.label and fuzz.ratio(fold(row.text), fold(other.text)) >= 95 for other in once[:at])
    ]
    assert [each.line for each in check_alike(once)] == wanted


@given(st.text())
def test_folding_twice_is_folding_once(text: str) -> None:
    assert fold(fold(text)) == fold(text)


def test_a_kind_of_fault_is_told_some_times_and_then_counted() -> None:
    found = check_data(rows(*(("the same", "a") for _ in range(50)), *((f"{word}", "b") for word in SOUND["price"])))
    told = capped(found)
    twice = [each for each in told if each.kind == "twice"]
    assert len(twice) == MOST_TOLD + 1
    assert f"{49 - MOST_TOLD}" in twice[-1].message
    assert [each for each in told if each.kind != "twice"] == [each for each in found if each.kind != "twice"]


def test_fifteen_thousand_rows_are_compared_every_one() -> None:
    names = [
        f"{first}{second}{third}" for first in "bcdfghklmn" for second in "aeiou" for third in "bcdfghklmnprstvwxyzqj"
    ]
    many = rows(*((f"please show {one} and {two} to me", one[0]) for one in names[:150] for two in names[::10]))
    twin = Row(many[7].text + "s", "other", "t.csv", 99_999)
    found = [each for each in check_data([*many, twin]) if each.line == 99_999 and each.kind == "alike"]
    assert len(many) > 14_000
    assert len(found) == 1


@pytest.mark.parametrize(
    ("content", "line"),
    [
        (b"", 1),
        (b"\n \n", 1),
        (b"text,label\n", None),
        (b"text,other\nhello,greeting\n", 1),
        (b"words,label\nhello,greeting\n", 1),
        (b"text,label\nhi,a\ncaf\xe9,x\n", 3),
        ("text,label\nकब,x\n".encode("utf-16"), 1),
        (b"\x00\xff\xd8\xff" * 30, 1),
        (b'text,label\nhi,a\n"open,b\nbye,c\n', 3),
        (b"text,label\n" + b"x" * 200_000 + b",a\n", 2),
    ],
)
def test_a_file_that_cannot_be_read_is_one_finding(tmp_path: Path, content: bytes, line: int | None) -> None:
    path = tmp_path / "t.csv"
    path.write_bytes(content)
    _, found = read_rows(path)
    assert (only(found).severity, found[0].line) == ("error", line)


@pytest.mark.parametrize("name", [".", "missing.csv", "\0", "x" * 5000])
def test_what_is_no_file_is_one_finding(tmp_path: Path, name: str) -> None:
    assert only(read_rows(tmp_path / name)[1]).kind == "file"


def test_a_huge_file_is_refused_without_being_read(tmp_path: Path) -> None:
    with (tmp_path / "t.csv").open("wb") as file:
        file.truncate(60_000_000)
    assert "60 MB" in only(read_rows(tmp_path / "t.csv")[1]).message


def test_lines_are_those_on_which_a_row_begins(tmp_path: Path) -> None:
    path = tmp_path / "t.csv"
    path.write_text('\n"label";"text"\n"a";"one\ntwo"\n\n"b";"x"\n"c"\n', encoding="utf-8")
    found, faults = read_rows(path)
    assert faults == []
    assert [(row.line, row.label, row.text) for row in found] == [(3, "a", "one\ntwo"), (6, "b", "x"), (7, "c", "")]


@given(
    st.binary(max_size=400) | st.text(max_size=300).map(lambda text: f"text,label\n{text}".encode("utf-8", "replace"))
)
def test_nothing_in_a_file_makes_the_check_fall_over(content: bytes) -> None:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "t.csv"
        path.write_bytes(content)
        found, faults = read_rows(path)
    for each in [*faults, *capped(check_data(found, found))]:
        assert all(unicodedata.category(char) not in ("Cc", "Cf") for char in each.message)
