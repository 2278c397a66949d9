"""Weights chosen on questions: what is found where they matter, and what is not claimed where they do not."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from munshi.knowledge.base import Encoder, KnowledgeError, Passage
from munshi.knowledge.evaluation import Query
from munshi.knowledge.search_settings import SearchSettings
from munshi.knowledge.tuning import WEIGHTS, Choice, Trials, try_all, tune
from munshi.knowledge.tuning_questions import Asked, left_out, read_questions

WORDS = "clutch brake mirror battery filter wiper horn bumper radiator piston gasket bearing".split()


def entry(number: int, *ways: str) -> Passage:
    metadata = {"alternates": "\n".join(ways)}
    return Passage(id=str(number), text="Yes.", source="faq.csv", title=f"q{number}", kind="faq", metadata=metadata)


def long_and_short() -> Asked:
    """For each word a short passage about it, and a long one that only repeats it: k1 and b decide which is first."""
    about = [Passage(id=word, text=f"The {word}.", source="a.md") for word in WORDS]
    filler = " ".join(f"word{i}" for i in range(60))
    around = [Passage(id=f"{word}-long", text=f"{filler} {' '.join([word] * 4)}", source="b.md") for word in WORDS]
    return Asked((*about, *around), tuple(Query(word, frozenset({f"{word}-long"})) for word in WORDS))


def test_weights_that_matter_are_found_and_worth_it() -> None:
    report = tune([long_and_short()], None, folds=4)
    assert report.best.b < report.current.b or report.best.k1 > report.current.k1
    assert report.tuned.value == pytest.approx(1.0)
    assert report.gain.value > 0
    assert report.worthwhile
    assert len(report.chosen_by_fold) == 4


def test_where_all_find_the_same_the_current_weights_stay() -> None:
    passages = tuple(Passage(id=word, text=f"A {word}.", source="a.md") for word in WORDS)
    report = tune([Asked(passages, tuple(Query(word, frozenset({word})) for word in WORDS))], None)
    assert report.best == report.current == Choice(0.7, "lucene", 1.5, 0.75, 0.2)
    assert report.gain.value == 0
    assert not report.worthwhile


def test_alpha_is_tuned_where_there_is_an_encoder(encoder: Encoder) -> None:
    passages = tuple(Passage(id=word, text=f"A {word} for the car.", source="a.md") for word in WORDS)
    asked = Asked(passages, tuple(Query(f"is the {word} sold", frozenset({word})) for word in WORDS))
    report = tune([asked], encoder, folds=2)
    assert report.tried > tune([asked], None, folds=2).tried
    assert report.to_dict()["metric"] == "ndcg@10"


def test_late_interaction_is_weighed_where_there_are_token_vectors(encoder: Encoder) -> None:
    passages = tuple(Passage(id=word, text=f"A {word} for the car.", source="a.md") for word in WORDS)
    asked = Asked(passages, tuple(Query(f"is the {word} sold", frozenset({word})) for word in WORDS))

    def weights(encoder: Encoder | None, *, rerank: bool = True) -> set[float]:
        trials = try_all([asked], encoder, settings=SearchSettings(rerank=rerank, maxsim_weight=0.25))
        return {choice.maxsim_weight for choice in trials.choices}

    assert weights(encoder) == {0.25, *WEIGHTS}
    assert weights(encoder, rerank=False) == weights(None) == {0.25}


def test_a_fold_is_searched_with_what_the_others_chose() -> None:
    # Of two choices each is right for half of the questions: the questions of the others decide, and decide wrongly.
    choices = tuple(Choice(0.7, "lucene", 1.5, 0.75, weight) for weight in (0.2, 0.0))
    relevant = tuple(frozenset({word}) for word in WORDS)
    right = np.arange(len(WORDS)) % 2
    trials = Trials(choices, np.array([right, 1.0 - right]), relevant, len(WORDS))
    alone = trials.report(len(WORDS))
    assert alone.best_seen.value == 0.5
    assert alone.tuned.value == 0
    assert {choice.maxsim_weight for choice in alone.chosen_by_fold} == {0.2, 0.0}


def test_some_choices_alone_count_from_the_first_of_them() -> None:
    choices = tuple(Choice(0.7, "lucene", 1.5, 0.75, weight) for weight in (0.2, 0.0, 0.4))
    table = np.array([[0.5] * len(WORDS), [0.2] * len(WORDS), [0.9] * len(WORDS)])
    trials = Trials(choices, table, tuple(frozenset({word}) for word in WORDS), len(WORDS))
    report = trials.only(lambda choice: choice.maxsim_weight != 0.2).report(2)
    assert (report.current, report.best) == choices[1:]
    assert report.worthwhile


def test_a_question_asked_by_two_ways_of_one_passage_stays_in_one_fold() -> None:
    passages = [entry(number, f"first way {number}", f"second way {number}") for number in range(6)]
    report = tune(left_out(passages), None, folds=6)
    assert report.questions == 12
    with pytest.raises(KnowledgeError, match="few"):
        tune(left_out(passages)[:1], None)


def test_each_way_to_ask_is_put_to_papers_without_it() -> None:
    first, second = left_out([entry(1, "alpha", "beta"), entry(2, "gamma"), Passage("3", "text", "a.md")])
    assert {query.text for query in first.queries} == {"alpha", "gamma"}
    assert [passage.metadata.get("alternates") for passage in first.passages] == ["beta", "", None]
    assert [query.text for query in second.queries] == ["beta"]
    assert second.passages[0].metadata["alternates"] == "alpha"
    assert left_out([Passage("3", "text", "a.md")]) == ()


PASSAGES = (Passage("a/1", "Brake pads cost ₹5,000.", "prices.md"), Passage("b/1", "हम दस बजे खोलते हैं।", "hours.md"))


def written(path: Path, text: str | bytes) -> Path:
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return path


def test_questions_name_their_passage_in_three_ways(tmp_path: Path) -> None:
    file = written(
        tmp_path / "q.csv",
        "\ufeffquestion,passage_id,source,answer\nhow much,a/1,,\nwhen,,HOURS.md,\nprice,,,brake  PADS cost ₹5000\n"
        "who,,,nobody\nwhy,,,\n,a/1,,\n",
    )
    labelled = read_questions(file, PASSAGES)
    assert labelled.asked.queries == (
        Query("how much", frozenset({"a/1"})),
        Query("when", frozenset({"b/1"})),
        Query("price", frozenset({"a/1"})),
    )
    assert len(labelled.unanswered) == 2
    assert "line 5" in labelled.unanswered[0]


@pytest.mark.parametrize(
    "content",
    [
        "",
        "question\nhow much\n",
        "text,source\nhow much,prices.md\n",
        "question,source\nhow much,nothing.md\n",
        "question,source\n",
        "question,source\nhow much,prices.md\n".encode("utf-16"),
        b"question,source\n\xff\xfe,prices.md\n",
        'question,source\n"' + "x" * 200_000 + '",prices.md\n',
    ],
)
def test_a_file_that_is_of_no_use_is_told_in_one_line(tmp_path: Path, content: str | bytes) -> None:
    with pytest.raises(KnowledgeError, match=r"q\.csv") as told:
        read_questions(written(tmp_path / "q.csv", content), PASSAGES)
    assert "\n" not in str(told.value)


def test_a_file_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(KnowledgeError, match="opened"):
        read_questions(tmp_path / "none.csv", PASSAGES)
    with pytest.raises(KnowledgeError, match="opened"):
        read_questions(tmp_path, PASSAGES)
