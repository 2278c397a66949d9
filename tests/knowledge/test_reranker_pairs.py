"""Pairs from files and from the FAQ: what is read, what is refused, and what counts as mistaken."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from munshi.knowledge.base import Encoder, LoadError, Passage
from munshi.knowledge.index import Index
from munshi.knowledge.reranker_metrics import correlations
from munshi.knowledge.reranker_mining import faq_pairs
from munshi.knowledge.reranker_model import Measured, RerankerCard, verify, write_card
from munshi.knowledge.reranker_pairs import Pair, digest, hold_out, read_corrections, read_pairs
from munshi.knowledge.rerankers import RerankerParts, open_reranker
from munshi.knowledge.search import HybridRetriever
from tests.knowledge.cross_encoders import bert_folder


def write(path: Path, text: str, encoding: str = "utf-8") -> Path:
    path.write_bytes(text.encode(encoding))
    return path


def test_sts_b_is_brought_onto_0_to_1(tmp_path: Path) -> None:
    pairs, top = read_pairs(write(tmp_path / "a.csv", 'A man, he,B,5.0\n"x, y",z,2.5\n'.replace("A man, he", "A man")))
    assert top == 5
    assert pairs == [Pair("A man", "B", 1.0, symmetric=True), Pair("x, y", "z", 0.5, symmetric=True)]


@pytest.mark.parametrize(
    "header", ["sentence1,sentence2,score", "Question , ANSWER,label", "\ufeffquery,passage,relevant"]
)
def test_columns_are_found_by_name(header: str, tmp_path: Path) -> None:
    pairs, _ = read_pairs(write(tmp_path / "a.csv", f"{header}\none,other,1\n\nthird,fourth,0\n"))
    assert [(pair.query, pair.passage, pair.label) for pair in pairs] == [("one", "other", 1), ("third", "fourth", 0)]


def test_columns_may_stand_in_any_order(tmp_path: Path) -> None:
    pairs, top = read_pairs(write(tmp_path / "a.tsv", "id\tscore\tsentence2\tsentence1\n7\t4\tother\tone\n"))
    assert (pairs, top) == ([Pair("one", "other", 0.8, symmetric=True)], 5)


def test_the_scale_of_the_training_file_holds_for_others(tmp_path: Path) -> None:
    pairs, _ = read_pairs(write(tmp_path / "a.csv", "one,other,1\n"), top=5)
    assert pairs[0].label == 0.2


@pytest.mark.parametrize(
    "text",
    [
        "",
        "\n\n",
        "sentence1,sentence2,score\n",
        "a,b\n",
        "a,b,many\n",
        "a,b,nan\n",
        "a,b,inf\n",
        "a,b,-1\n",
        "a,b,7\n",
        "a,,3\n",
        " ,b,3\n",
        'a,"b,3\n',
        "a,b,1\nc,d,\n",
    ],
)
def test_what_is_no_pair_is_told_with_its_file(text: str, tmp_path: Path) -> None:
    with pytest.raises(LoadError, match=r"a\.csv") as told:
        read_pairs(write(tmp_path / "a.csv", text))
    assert "\n" not in str(told.value)


def test_a_file_that_cannot_be_read_is_told(tmp_path: Path) -> None:
    for path in (tmp_path / "nowhere.csv", tmp_path, write(tmp_path / "a.csv", "ब्रेक,पैड,1\n", "utf-16")):
        with pytest.raises(LoadError, match=path.name):
            read_pairs(path)


@given(st.lists(st.builds(Pair, st.text(max_size=5), st.text(max_size=5), st.floats(0, 1))), st.integers(0, 5))
def test_held_out_questions_are_held_out_whole(pairs: list[Pair], seed: int) -> None:
    train, dev = hold_out(pairs, seed=seed)
    assert sorted(map(repr, [*train, *dev])) == sorted(map(repr, pairs))
    assert not {pair.query for pair in train} & {pair.query for pair in dev}
    assert bool(dev) == (len({pair.query for pair in pairs}) > 1)
    assert hold_out(pairs, seed=seed) == (train, dev)


def test_other_pairs_have_another_digest() -> None:
    one = Pair("a", "b", 0.5)
    assert (
        len({digest(pairs) for pairs in ([one], [one, one], [Pair("a", "b", 0.25)], [Pair("\ud800", "b", 0.5)], [])})
        == 5
    )


def ways(way: str) -> dict[str, str]:
    return {"alternates": f"{way}\nsame"}


FAQ = (
    Passage("f1", "Six months.", "faq.csv", "Warranty on a clutch?", kind="faq", metadata=ways("clutch warranty")),
    Passage("f2", "One year.", "faq.csv", "Warranty on a battery?", kind="faq", metadata=ways("battery warranty")),
    Passage("f3", "Ten to eight.", "faq.csv", "When are you open?", kind="faq"),
    Passage("t1", "The clutch is changed within a day.", "a.md"),
)


@pytest.fixture(scope="module")
def retriever(encoder: Encoder) -> HybridRetriever:
    return HybridRetriever(Index.from_passages(FAQ, encoder), encoder)


def test_every_way_to_ask_has_its_answer_and_what_is_mistaken_for_it(retriever: HybridRetriever) -> None:
    pairs = faq_pairs(FAQ, retriever)
    right = {(pair.query, pair.passage) for pair in pairs if pair.label == 1}
    wrong = {(pair.query, pair.passage) for pair in pairs if pair.label == 0}
    assert ("clutch warranty", "Warranty on a clutch? Six months.") in right
    assert ("clutch warranty", "Warranty on a battery? One year.") in wrong
    assert len(right) == 7
    assert not right & wrong
    # Both entries can be asked for in these words, so neither is wrong.
    assert not [query for query, passage in wrong if query == "same" and "Warranty" in passage]


def test_papers_without_an_faq_give_no_pairs(retriever: HybridRetriever) -> None:
    assert faq_pairs(FAQ[3:], retriever) == []


def test_corrections_are_read_from_both_kinds_of_file(tmp_path: Path) -> None:
    rows = [("is it open", "f3", "yes"), ("is it open", "f1", "No"), ("gone", "f9", "1")]
    table = write(tmp_path / "c.csv", "question,passage_id,relevant\n" + "".join(",".join(row) + "\n" for row in rows))
    lines = write(
        tmp_path / "c.jsonl",
        "\n".join(json.dumps(dict(zip(("question", "passage_id", "relevant"), row, strict=True))) for row in rows),
    )
    for path in (table, lines):
        pairs, unknown = read_corrections(path, FAQ)
        assert [(pair.query, pair.label) for pair in pairs] == [("is it open", 1), ("is it open", 0)]
        assert unknown == ["f9"]


@pytest.mark.parametrize("relevant", [True, 1, "TRUE"])
def test_yes_is_written_in_many_ways(relevant: object, tmp_path: Path) -> None:
    path = write(tmp_path / "c.jsonl", json.dumps({"question": "q", "passage_id": "f1", "relevant": relevant}))
    assert read_corrections(path, FAQ)[0][0].label == 1


@pytest.mark.parametrize(
    "text",
    [
        "[1]",
        "{",
        '{"question": "q"}',
        '{"question": "", "passage_id": "f1", "relevant": 1}',
        '{"question": "q", "passage_id": "f1", "relevant": "perhaps"}',
        "[" * 5000,
    ],
)
def test_what_is_no_correction_is_told_with_its_line(text: str, tmp_path: Path) -> None:
    with pytest.raises(LoadError, match=r"c\.jsonl, line 2"):
        read_corrections(write(tmp_path / "c.jsonl", f"\n{text}\n"), FAQ)


def test_correlations_are_those_of_the_book() -> None:
    found = correlations([0.1, 0.2, 0.9], [1, 2, 3])
    assert found.spearman == pytest.approx(1)
    assert found.pearson == pytest.approx(0.9177, abs=1e-3)
    assert correlations([1, 1, 1], [1, 2, 3]).mean == 0
    assert correlations([], []).mean == 0


# What is kept beside a trained reranker


def card() -> RerankerCard:
    measured = Measured(2, "0" * 64, correlations([0, 1], [0, 1]), correlations([0, 1], [0, 1]))
    return RerankerCard("minilm", {"seed": 0, "max_tokens": 40}, {"a.csv": 2}, "0" * 64, measured, None, "munshi train")


def test_a_trained_reranker_that_was_changed_is_refused(encoder: Encoder, tmp_path: Path) -> None:
    folder = bert_folder(tmp_path / "model")
    write_card(folder, card())
    parts = RerankerParts(home=tmp_path / "home")
    assert open_reranker(f"cross_encoder:{folder}", parts)
    (folder / "tokenizer.json").write_text("{}")
    with pytest.raises(Exception, match=r"tokenizer\.json"):
        open_reranker(f"cross_encoder:{folder}", parts)


@pytest.mark.parametrize("text", ["", "{", "[]", '{"format": 9, "files": {}}', '{"format": 1}'])
def test_a_description_that_is_none_is_told(text: str, tmp_path: Path) -> None:
    (tmp_path / "model.json").write_text(text)
    with pytest.raises(Exception, match="train the reranker again"):
        verify(tmp_path)
