"""BM25 over stems: a worked score, what a passage is found by, and the index on disk."""

from __future__ import annotations

from math import log
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from munshi.knowledge.base import Passage
from munshi.knowledge.lexical import LexicalIndex, LexicalSettings
from munshi.knowledge.text import stems
from munshi.knowledge.views import as_is, stem_view

DOCUMENTS = [["battery", "price"], ["battery", "battery", "warranty", "claim"], ["delivery", "pune", "charge"]]
TOKENS = st.lists(st.sampled_from("abcdef"), max_size=6)


def find(passages: list[Passage], question: str) -> list[str]:
    """The ids of the passages that share a word with the question, best first."""
    scores = LexicalIndex.build([stem_view(passage, as_is) for passage in passages]).scores(stems(question))
    return [passages[i].id for i in np.argsort(-scores, kind="stable") if scores[i] > 0]


def test_a_worked_score() -> None:
    scores = LexicalIndex.build(DOCUMENTS).scores(["battery"])

    idf = log(1 + (3 - 2 + 0.5) / (2 + 0.5))
    expected = [idf * tf / (tf + 1.5 * (1 - 0.75 + 0.75 * length / 3)) for tf, length in ((1, 2), (2, 4))]
    assert scores == pytest.approx([*expected, 0], rel=1e-5)


def test_words_of_a_question_add_up() -> None:
    index = LexicalIndex.build(DOCUMENTS)

    both = index.scores(["battery", "warranty"])
    assert both == pytest.approx(index.scores(["battery"]) + index.scores(["warranty"]), rel=1e-5)
    assert both.argmax() == 1


def test_without_length_norm_only_counts_matter() -> None:
    scores = LexicalIndex.build([["a"], ["a", "b", "c"]], LexicalSettings(b=0)).scores(["a"])

    assert scores[0] == pytest.approx(scores[1])


@pytest.mark.parametrize("method", ["lucene", "robertson", "atire", "bm25l", "bm25+"])
def test_every_variant_prefers_the_passage_with_the_rare_word(method: str) -> None:
    index = LexicalIndex.build([*DOCUMENTS, ["hours"], ["address"]], LexicalSettings(method=method))

    assert index.scores(["warranty"]).argmax() == 1


@pytest.mark.parametrize("tokens", [[], ["unheard"], [""]])
def test_a_question_that_shares_no_word_scores_nothing(tokens: list[str]) -> None:
    assert LexicalIndex.build([*DOCUMENTS, []]).scores(tokens).tolist() == [0, 0, 0, 0]


@pytest.mark.parametrize("documents", [[], [[]], [[], []]])
def test_an_index_without_words(documents: list[list[str]], tmp_path: Path) -> None:
    index = LexicalIndex.build(documents)
    index.save(tmp_path)

    for one in (index, LexicalIndex.load(tmp_path)):
        assert one.scores(["battery"]).tolist() == [0] * len(documents)
        assert one.coverage(["battery"]).tolist() == [0] * len(documents)
        assert "battery" not in one


def test_coverage_is_the_share_of_what_the_words_tell() -> None:
    index = LexicalIndex.build(DOCUMENTS)

    assert index.coverage(["battery", "warranty"]).tolist()[1] == pytest.approx(1)
    share = index.idf("battery") / (index.idf("battery") + index.idf("warranty"))
    assert index.coverage(["battery", "warranty"])[0] == pytest.approx(share)
    assert index.coverage(["battery", "moon"]).max() < 0.5


def test_the_rarer_word_tells_more() -> None:
    index = LexicalIndex.build(DOCUMENTS)

    assert [index.frequency(token) for token in ("battery", "pune", "moon")] == [2, 1, 0]
    assert index.idf("moon") > index.idf("pune") > index.idf("battery") > 0


@given(st.lists(TOKENS, max_size=6), TOKENS)
def test_scores_and_coverage_are_positive_just_where_a_word_is_shared(
    documents: list[list[str]], query: list[str]
) -> None:
    index = LexicalIndex.build(documents)
    shared = [bool(set(query) & set(document)) for document in documents]

    assert (index.scores(query) > 0).tolist() == shared
    assert (index.coverage(query) > 0).tolist() == shared
    assert all(0 <= share <= 1.000001 for share in index.coverage(query))


def test_a_saved_index_scores_the_same(tmp_path: Path) -> None:
    index = LexicalIndex.build([*DOCUMENTS, [], stems("बैटरी की वारंटी")])
    index.save(tmp_path)
    loaded = LexicalIndex.load(tmp_path)

    for query in (["battery", "pune"], stems("वारंटी"), ["moon"]):
        assert loaded.scores(query).tolist() == index.scores(query).tolist()
        assert loaded.coverage(query).tolist() == index.coverage(query).tolist()


def test_an_index_that_is_not_whole_says_so(tmp_path: Path) -> None:
    with pytest.raises(OSError, match="size"):
        LexicalIndex.load(tmp_path)
    (tmp_path / "size.json").write_text("{half", encoding="utf-8")
    with pytest.raises(ValueError, match="Expecting"):
        LexicalIndex.load(tmp_path)


def test_a_title_counts_double() -> None:
    in_text = Passage("in_text", text="warranty aaa bbb ccc", source="a.md", title="ddd")
    in_title = Passage("in_title", text="aaa bbb ccc ddd", source="b.md", title="warranty")

    assert stem_view(in_title, as_is).count(*stems("warranty")) == 2
    assert find([in_text, in_title], "warranty") == ["in_title", "in_text"]


def test_a_heading_counts_double_too() -> None:
    in_text = Passage("in_text", text="refunds aaa bbb ccc", source="a.md", heading=("ddd",))
    under_heading = Passage("under_heading", text="aaa bbb ccc ddd", source="b.md", heading=("Refunds",))

    assert find([in_text, under_heading], "refund") == ["under_heading", "in_text"]


def test_alternates_find_an_entry_and_are_not_shown() -> None:
    entry = Passage(
        "entry",
        text="Within seven days.",
        source="faq.csv",
        title="Can I return a part?",
        kind="faq",
        metadata={"alternates": "paisa wapas milega kya\nपैसे वापस मिलेंगे"},
    )
    other = Passage("other", text="Open from ten.", source="faq.csv", title="When are you open?", kind="faq")

    assert find([other, entry], "paisa wapas") == ["entry"]
    assert find([other, entry], "पैसे वापस") == ["entry"]
    assert "paisa" not in entry.text + entry.title


@pytest.mark.parametrize("typed", ["AP-1042", "ap1042", "ap 1042", "AP/1042", "Ap - 1042", "ＡＰ-１０４２", "AP-१०४२"])
def test_a_code_is_found_however_it_is_typed(typed: str) -> None:
    part = Passage("part", text="AP-1042 fits the 2019 Swift.", source="a.md")
    other = Passage("other", text="BX-2077 fits the 2020 Baleno.", source="a.md")

    assert find([other, part], typed) == ["part"]


def test_other_spellings_are_found_after_preparing() -> None:
    hindi = Passage("hindi", text="बैटरी की वारंटी दो साल है।", source="a.md", language="hi")
    found = stem_view(hindi, lambda text: f"{text} battery warranty")

    assert set(stems("battery warranty वारंटी")) <= set(found)
